/** Runs one controller in this process: its lock, its signals, its readiness and its exit code. */
import { execFile } from 'node:child_process';
import { flushCompileCache } from 'node:module';
import { promisify } from 'node:util';
import { type Clock, createSystemClock } from './clock.ts';
import { ConfigKeeper } from './config/keeper.ts';
import type { LoadedConfig } from './config/load.ts';
import type { Config, ConfigLocation } from './config/types.ts';
import { BUS_TIMEOUT_MS, type Controller, createController } from './controller.ts';
import type { Log } from './log.ts';
import { createNotifier } from './notify/notifier.ts';
import { makeFirstSources } from './store/firstRun.ts';
import { LockHeld, takeLock } from './store/lock.ts';
import { openScratch } from './store/scratch.ts';
import { findOwnSystemd } from './systemd/ownSystemd.ts';
import { SystemdError } from './systemd/port.ts';
import { VERSION } from './version.ts';

export interface DaemonOptions {
  /** Reconcile until everything has settled, then end; servers stay. */
  readonly once: boolean;
  readonly dryRun: boolean;
  /** Where the configuration is read anew from; undefined: never. */
  readonly configSource?: DaemonConfigSource | undefined;
  /** How long `once` may take. */
  readonly timeoutMs: number;
  readonly log: Log;
  /** A line for a person who waits. */
  readonly progress?: (line: string) => void;
}

/** Where a configuration is from: its place, and all of it read once more. */
export interface DaemonConfigSource {
  location(): Promise<ConfigLocation>;
  /** `before`: files that had a content at the last load. @throws what is wrong with it, in words */
  load(before: ReadonlySet<string>): Promise<LoadedConfig>;
}

/** Why the controller did not run, with the exit code that says so to scripts. */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  readonly exitCode: number;

  constructor(exitCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

const EX_UNAVAILABLE = 69;
const EX_TEMPFAIL = 75;
const LOCK_CHECK_MS = 30_000;

/**
 * Runs the controller until SIGTERM or SIGINT, or with `once` until everything has settled.
 *
 * @returns the exit code: 0, or 1 where `once` did not see all servers Ready or Stopped in time
 * @throws {DaemonError} another controller runs (75), or there is no D-Bus (69)
 */
export async function runDaemon(config: Config, options: DaemonOptions): Promise<number> {
  const { log } = options;
  const clock = createSystemClock();
  const ownSystemd = config.isUserMode ? findOwnSystemd(process.env, clock, log) : undefined;
  // A dry run changes nothing, so another controller may well be at work.
  const lock = options.dryRun ? undefined : lockOrFail(config.lockPath);
  if (!options.dryRun) {
    for (const path of makeFirstSources(config)) {
      log.info({ path }, 'made the directory for specs: drop one YAML file for each server there');
      options.progress?.(`made ${path}: drop one YAML file for each server there`);
    }
  }
  const keeper = options.once || options.dryRun ? undefined : await openKeeper(config, options, clock);
  const scratch = options.dryRun ? openScratch(config.runtimeDirectory, config.stateDirectory) : undefined;
  const controller = createController({
    config: scratch === undefined ? config : { ...config, ...scratch, metrics: { ...config.metrics, listen: null } },
    configKeeper: keeper,
    clock,
    log,
    version: VERSION,
    isDryRun: options.dryRun,
    isLockIntact: lock === undefined ? undefined : () => lock.isIntact(),
    busTimeoutMs: options.once ? Math.min(options.timeoutMs, BUS_TIMEOUT_MS) : undefined,
    statusGid: config.isUserMode ? undefined : await statusGroup(log),
    ...ownSystemd,
  });
  const ended = Promise.withResolvers<void>();
  const onSignal = (): void => ended.resolve();
  // Never rejects: what is wrong with the configuration is told of, and the last good one stays.
  const onHangup = (): void => void keeper?.reload();
  process.once('SIGTERM', onSignal).once('SIGINT', onSignal).on('SIGHUP', onHangup);
  const notifier = createNotifier(process.env, { clock, log, pid: process.pid });
  const stopWatchdog = notifier.startWatchdog(() => controller.isAlive());
  const stopLockCheck = lock === undefined ? () => undefined : watchLock(clock, log, () => lock.isIntact());
  try {
    const isUp = await Promise.race([startOrFail(controller).then(() => true), ended.promise.then(() => false)]);
    if (!isUp) return options.once ? 1 : 0;
    keeper?.start();
    await notifier.ready(`keeping ${controller.ports.source.names().length} servers`);
    log.info({ version: VERSION, servers: controller.ports.source.names().length }, 'ready');
    // Node writes it at the end of a process: one that is killed would leave the next to compile everything again.
    flushCompileCache();
    if (!options.once && !options.dryRun) {
      await ended.promise;
      return 0;
    }
    return options.dryRun ? 0 : await settle(controller, clock, options, ended.promise);
  } finally {
    stopWatchdog();
    stopLockCheck();
    await keeper?.stop();
    await notifier.stopping();
    await controller.stop();
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal).off('SIGHUP', onHangup);
    scratch?.remove();
    lock?.release();
  }
}

function lockOrFail(path: string): ReturnType<typeof takeLock> {
  try {
    return takeLock(path);
  } catch (error) {
    if (error instanceof LockHeld) throw new DaemonError(EX_TEMPFAIL, error.message, { cause: error });
    throw error;
  }
}

async function openKeeper(
  config: Config,
  { configSource, log }: DaemonOptions,
  clock: Clock,
): Promise<ConfigKeeper | undefined> {
  if (configSource === undefined) return undefined;
  const location = await configSource.location();
  const { files } = await configSource.load(new Set());
  return new ConfigKeeper({
    initial: { config, files },
    location,
    load: (before) => configSource.load(before),
    clock,
    log,
  });
}

async function startOrFail(controller: Controller): Promise<void> {
  try {
    await controller.start();
  } catch (error) {
    if (!(error instanceof SystemdError)) throw error;
    const advice = "is this host run by systemd, and may this user reach its bus? 'hublet doctor' tells";
    throw new DaemonError(EX_UNAVAILABLE, `${error.message}; ${advice}`, { cause: error });
  }
}

/** Says it once where somebody removed the lock file: then a second controller could start. */
function watchLock(clock: Clock, log: Log, isIntact: () => boolean): () => void {
  let cancel = (): void => undefined;
  const check = (): void => {
    if (isIntact()) cancel = clock.after(LOCK_CHECK_MS, check);
    else
      log.error(
        { reason: 'LockRemoved' },
        'the lock file was removed; restart hublet, or another one may start beside it',
      );
  };
  check();
  return () => cancel();
}

const SETTLE_POLL_MS = 200;

/** Waits until every server is where it stays; 0 where all are Ready or Stopped. */
async function settle(
  controller: Controller,
  clock: Clock,
  options: DaemonOptions,
  ended: Promise<void>,
): Promise<number> {
  let isEnded = false;
  void ended.then(() => {
    isEnded = true;
  });
  const untilMs = clock.monotonicMs() + options.timeoutMs;
  for (;;) {
    await controller.loop.idle();
    const settlements = controller.loop.settlements();
    const open = settlements.filter((settlement) => settlement === 'open').length;
    if (open === 0 || isEnded || clock.monotonicMs() >= untilMs) {
      return settlements.every((settlement) => settlement === 'good') ? 0 : 1;
    }
    options.progress?.(`${settlements.length - open} of ${settlements.length} servers settled`);
    await new Promise<void>((resolve) => clock.after(SETTLE_POLL_MS, resolve));
  }
}

/** gid of the group `hublet`; undefined where there is none. */
async function statusGroup(log: Log): Promise<number | undefined> {
  try {
    const { stdout } = await promisify(execFile)('getent', ['group', 'hublet'], { timeout: 5_000 });
    const gid = Number(stdout.split(':')[2]);
    return Number.isSafeInteger(gid) ? gid : undefined;
  } catch (error) {
    log.debug({ err: error }, 'no group hublet: status is for its owner alone');
    return undefined;
  }
}
