/**
 * What the service manager is told about the controller: ready, status, alive, stopping.
 * Through `systemd-notify`, because Node has no unix datagrams; the service says NotifyAccess=all for it.
 */
import type { Clock } from '../clock.ts';
import { type CommandRunner, createCommandRunner } from '../command.ts';
import type { Log } from '../log.ts';
import type { Notifier } from './types.ts';

export interface NotifierOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** This process, which the watchdog must mean. */
  readonly pid: number;
  /** The program; by default `systemd-notify`, from PATH. */
  readonly program?: string;
}

const TIMEOUT_MS = 10_000;
const MAX_STATUS_LENGTH = 200;
/** Three times within the watchdog's time: one may be late and one may be lost. */
const PINGS_PER_TIMEOUT = 3;

/**
 * A notifier for the environment that the service manager gave this process.
 *
 * Does nothing where NOTIFY_SOCKET is not set. Failures are logged, never thrown: a controller that can't say that it
 * is ready still works.
 * @see sd_notify(3), sd_watchdog_enabled(3)
 */
export function createNotifier(
  environment: Readonly<Record<string, string | undefined>>,
  options: NotifierOptions,
): Notifier {
  const { clock, log, pid, program = 'systemd-notify' } = options;
  const socket = environment.NOTIFY_SOCKET;
  if (socket === undefined || socket === '') return SILENT;
  // One at a time, so that what is told arrives in order.
  const runner = createCommandRunner(clock, {
    concurrency: 1,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: 64 * 1024,
    environment: { NOTIFY_SOCKET: socket },
  });
  const tell = (args: readonly string[]): Promise<void> => notify(runner, program, args, log);
  let lastStatus = '';
  return {
    ready(status) {
      lastStatus = status;
      return tell(['--ready', statusArgument(status)]);
    },
    status(text) {
      if (text === lastStatus) return;
      lastStatus = text;
      tell([statusArgument(text)]).catch((err: unknown) => log.warn({ err }, 'service manager not told'));
    },
    stopping: () => tell([statusArgument('stopping'), 'STOPPING=1']),
    startWatchdog(check) {
      const intervalMs = watchdogIntervalMs(environment, pid);
      if (intervalMs === undefined) return () => undefined;
      return pingWatchdog(check, intervalMs, clock, log, () => tell(['WATCHDOG=1']));
    },
  };
}

/** How often to say that the controller is alive; undefined where no watchdog waits for it, or it waits for another process. */
export function watchdogIntervalMs(
  environment: Readonly<Record<string, string | undefined>>,
  pid: number,
): number | undefined {
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: watched } = environment;
  if (usec === undefined || !/^[1-9]\d{0,15}$/.test(usec)) return undefined;
  if (watched !== undefined && watched !== String(pid)) return undefined;
  return Number(usec) / 1000 / PINGS_PER_TIMEOUT;
}

const SILENT: Notifier = {
  ready: () => Promise.resolve(),
  status: () => undefined,
  stopping: () => Promise.resolve(),
  startWatchdog: () => () => undefined,
};

function pingWatchdog(
  check: () => boolean,
  intervalMs: number,
  clock: Clock,
  log: Log,
  ping: () => Promise<void>,
): () => void {
  let isPinging = false;
  let cancel = (): void => undefined;
  const beat = (): void => {
    cancel = clock.after(intervalMs, beat);
    // A slow one is not overtaken: they would only pile up.
    if (isPinging || !isAlive(check, log)) return;
    isPinging = true;
    ping()
      .catch((err: unknown) => log.warn({ err }, 'service manager not told'))
      .finally(() => {
        isPinging = false;
      });
  };
  beat();
  return () => cancel();
}

function isAlive(check: () => boolean, log: Log): boolean {
  try {
    if (check()) return true;
    log.error({}, 'controller does not make progress, watchdog is not told');
  } catch (err) {
    log.error({ err }, 'check for the watchdog failed');
  }
  return false;
}

async function notify(runner: CommandRunner, program: string, args: readonly string[], log: Log): Promise<void> {
  const result = await runner.run(program, args);
  if (result.kind === 'exited' && result.code === 0) return;
  const detail =
    result.kind === 'failed' ? result.message : `ended with ${result.code}: ${result.stderr.trim().slice(0, 300)}`;
  log.warn({ detail }, 'service manager not told');
}

/** A newline would begin another assignment of the protocol. */
function statusArgument(text: string): string {
  return `--status=${text.replace(/[\p{Cc}]+/gu, ' ').slice(0, MAX_STATUS_LENGTH)}`;
}
