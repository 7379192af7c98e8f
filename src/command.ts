import { spawn } from 'node:child_process';
import type { Clock } from './clock.ts';

export type CommandResult =
  | { readonly kind: 'exited'; readonly code: number; readonly stdout: string; readonly stderr: string }
  /** Not started, killed by a signal, out of its time, or too much output. `message` says which; it holds no arguments. */
  | { readonly kind: 'failed'; readonly message: string };

/** Runs short helper programs of the host (getent, journalctl, systemd-notify), a few at once, each within a time limit. */
export interface CommandRunner {
  /** Never rejects. Arguments are given as they are, never through a shell; NUL in one of them gives `failed`. */
  run(program: string, args: readonly string[]): Promise<CommandResult>;
}

export interface CommandLimits {
  readonly concurrency: number;
  /** From its start; then SIGKILL, and the answer comes whether or not the process dies. */
  readonly timeoutMs: number;
  readonly maxOutputBytes: number;
  /** The whole environment of the program, besides PATH and LC_ALL=C.UTF-8. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A killed process that is still there after this hangs in the kernel. */
const KILL_GRACE_MS = 1_000;
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A runner with its own limit of processes.
 *
 * A process that hangs in the kernel (NFS, a dead NSS module) survives SIGKILL and keeps its place, so hung ones never
 * exceed `concurrency`; once they hold every place, whatever waits or comes is answered `failed` at once.
 */
export function createCommandRunner(clock: Clock, limits: CommandLimits): CommandRunner {
  const waiting: Job[] = [];
  let running = 0;
  let overdue = 0;

  const pump = (): void => {
    while (waiting.length > 0) {
      if (overdue >= limits.concurrency) {
        const job = waiting.shift();
        job?.settle({ kind: 'failed', message: `${job.program}: earlier calls still hang` });
      } else if (running < limits.concurrency) {
        const job = waiting.shift();
        if (job !== undefined) start(job);
      } else return;
    }
  };

  const start = (job: Job): void => {
    running += 1;
    let isOverdue = false;
    const process = startProcess(clock, limits, job, () => {
      isOverdue = true;
      overdue += 1;
      // Those that wait may now have nothing left to wait for.
      pump();
    });
    process
      .finally(() => {
        running -= 1;
        if (isOverdue) overdue -= 1;
        pump();
      })
      .catch((err: unknown) => job.settle({ kind: 'failed', message: `${job.program}: ${wordsOf(err)}` }));
  };

  return {
    run: (program, args) =>
      new Promise((settle) => {
        waiting.push({ program, args, settle });
        pump();
      }),
  };
}

interface Job {
  readonly program: string;
  readonly args: readonly string[];
  readonly settle: (result: CommandResult) => void;
}

/** Starts it and settles the job at its end or at its limit. Resolves when the process is gone, which may be later. */
async function startProcess(clock: Clock, limits: CommandLimits, job: Job, onOverdue: () => void): Promise<void> {
  const { program } = job;
  const fail = (what: string): void => job.settle({ kind: 'failed', message: `${program}: ${what}` });
  // Throws at once for a NUL in an argument: inside this async function that is a rejection, which the caller answers.
  const child = spawn(program, [...job.args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? DEFAULT_PATH, LC_ALL: 'C.UTF-8', ...limits.environment },
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let bytes = 0;
  const take = (into: Buffer[]) => (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= limits.maxOutputBytes) into.push(chunk);
    else {
      fail(`more than ${limits.maxOutputBytes} bytes of output`);
      child.kill('SIGKILL');
    }
  };
  child.stdout.on('data', take(stdout));
  child.stderr.on('data', take(stderr));
  let cancelGrace = (): void => undefined;
  const cancelLimit = clock.after(limits.timeoutMs, () => {
    fail(`no answer within ${limits.timeoutMs / 1000} s`);
    child.kill('SIGKILL');
    // Its own children may hold the pipes open after it is gone.
    child.stdout.destroy();
    child.stderr.destroy();
    cancelGrace = clock.after(KILL_GRACE_MS, onOverdue);
  });
  await new Promise<void>((gone) => {
    child.once('error', (err) => {
      fail(wordsOf(err));
      // A child that could be started reports its end by `close` as well.
      if (child.pid === undefined) gone();
    });
    child.once('close', (code, signal) => {
      if (code === null) fail(`killed by ${signal ?? 'a signal'}`);
      else job.settle({ kind: 'exited', code, stdout: textOf(stdout), stderr: textOf(stderr) });
      gone();
    });
  });
  cancelLimit();
  cancelGrace();
}

function textOf(chunks: readonly Buffer[]): string {
  return Buffer.concat(chunks).toString('utf8');
}

/** Node puts the arguments into some messages of spawn: only the error's code is repeated where it has one. */
function wordsOf(err: unknown): string {
  if (err instanceof Error && 'code' in err && typeof err.code === 'string') return err.code;
  return err instanceof Error ? err.name : 'unknown error';
}
