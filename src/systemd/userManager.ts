/** Finds out what a user's own systemd can carry out, by starting units in it: what it can't, it takes and leaves undone in silence. */
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { UserManagerFacts } from '../admission/userMode.ts';
import type { Clock } from '../clock.ts';
import { type CommandResult, type CommandRunner, createCommandRunner } from '../command.ts';
import type { Log } from '../log.ts';
import { judgeNamespaces, readLimits } from './userManagerAnswers.ts';

export interface UserManagerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly uid: number;
  readonly userName: string | undefined;
  /** D-Bus address of the manager. */
  readonly busAddress: string;
  /** The user's runtime directory, `/run/user/UID`. A directory for the look is made in it for a moment: /tmp would be another for the unit. */
  readonly runtimeDirectory: string;
  /** The program; by default `systemd-run`, from PATH. */
  readonly program?: string;
}

export interface UserManager {
  /** Undefined: not known yet; `problem` says why. */
  facts(): UserManagerFacts | undefined;
  problem(): string;
  /** Looks; resolves when it is known, or was tried often enough for now. Never rejects. */
  probe(): Promise<void>;
  /** Told when another look found other facts. */
  on(listener: () => void): () => void;
  stop(): void;
}

const TIMEOUT_MS = 30_000;
const TRIES = 3;
const RETRY_MS = 30_000;

/** Every limit at a value that limits nothing, so that the manager makes use of each controller it has, and wishes it can only fulfil in part. */
const LIMITS = [
  'CPUWeight=100',
  'IOWeight=100',
  'AllowedCPUs=0',
  'MemoryMax=1G',
  'TasksMax=64',
  'LimitNOFILE=infinity',
  'Nice=-20',
  'OOMScoreAdjust=-1000',
];
const LIMITS_SCRIPT =
  'ulimit -Hn; nice; cat /proc/self/oom_score_adj; cat "/sys/fs/cgroup$$(cut -d: -f3 /proc/self/cgroup)/cgroup.controllers"';
/** In a directory that is read-only for it alone, where the sandbox is in force. */
const NAMESPACES_SCRIPT = 'if echo > written; then echo ignored; else echo works; fi 2>/dev/null';

/** A user manager that nothing is known of before `probe`. */
export function createUserManager(options: UserManagerOptions): UserManager {
  return new ProbedUserManager(options);
}

class ProbedUserManager implements UserManager {
  readonly #options: UserManagerOptions;
  readonly #runner: CommandRunner;
  readonly #listeners = new Set<() => void>();
  #facts: UserManagerFacts | undefined;
  #problem = 'not looked at yet';
  #looking: Promise<void> | undefined;
  #cancelRetry = (): void => undefined;
  #isStopped = false;

  constructor(options: UserManagerOptions) {
    this.#options = options;
    this.#runner = createCommandRunner(options.clock, {
      concurrency: 2,
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: 64 * 1024,
      environment: {
        XDG_RUNTIME_DIR: options.runtimeDirectory,
        DBUS_SESSION_BUS_ADDRESS: options.busAddress,
      },
    });
  }

  facts(): UserManagerFacts | undefined {
    return this.#facts;
  }

  problem(): string {
    return this.#problem;
  }

  on(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry();
  }

  probe(): Promise<void> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<void> {
    this.#cancelRetry();
    const { log, clock } = this.#options;
    for (let tries = 0; tries < TRIES && !this.#isStopped; tries += 1) {
      const found = await this.#ask();
      if (typeof found !== 'string') return this.#learn(found);
      this.#problem = found;
    }
    if (this.#isStopped) return;
    log.warn({ reason: this.#problem }, 'what the user manager can do could not be found out, trying again');
    this.#cancelRetry = clock.after(RETRY_MS, () => void this.probe());
  }

  #learn(facts: UserManagerFacts): void {
    const before = this.#facts;
    if (before !== undefined && textOf(before) === textOf(facts)) return;
    this.#facts = facts;
    this.#problem = '';
    const controllers = [...facts.controllers].join(' ');
    this.#options.log.info({ controllers, namespaceProblem: facts.namespaceProblem }, 'user manager looked at');
    for (const listener of this.#listeners) listener();
  }

  /** The facts, or why they are not known. */
  async #ask(): Promise<UserManagerFacts | string> {
    const { uid, userName, runtimeDirectory } = this.#options;
    let place: string | undefined;
    try {
      place = mkdtempSync(join(runtimeDirectory, 'hublet-probe-'));
      const readOnly = `ReadOnlyPaths="${place.replaceAll(/["\\]/g, '\\$&')}"`;
      const [limited, confined] = await Promise.all([
        this.#run(place, LIMITS, LIMITS_SCRIPT),
        this.#run(place, ['PrivateUsers=yes', 'PrivateTmp=yes', readOnly], NAMESPACES_SCRIPT),
      ]);
      const limits = readLimits(limited);
      if (limits.kind === 'unknown') return limits.message;
      const namespaces = judgeNamespaces(confined);
      if (namespaces.kind === 'unknown') return namespaces.message;
      return {
        uid,
        userName,
        controllers: new Set(limits.controllers),
        namespaceProblem: namespaces.problem,
        filesMax: limits.filesMax,
        niceMin: limits.niceMin,
        oomScoreAdjustMin: limits.oomScoreAdjustMin,
      };
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    } finally {
      if (place !== undefined) rmSync(place, { recursive: true, force: true });
    }
  }

  #run(place: string, properties: readonly string[], script: string): Promise<CommandResult> {
    return this.#runner.run(this.#options.program ?? 'systemd-run', [
      ...['--user', '--quiet', '--wait', '--pipe', '--collect', `--working-directory=${place}`],
      '--description=hublet looks what this user manager can do',
      ...properties.map((property) => `--property=${property}`),
      ...['/bin/sh', '-c', script],
    ]);
  }
}

function textOf(facts: UserManagerFacts): string {
  return JSON.stringify({ ...facts, controllers: [...facts.controllers].sort() });
}
