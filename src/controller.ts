/**
 * Builds the parts of one controller and hands them to each other. Nothing starts before `start`, and what it starts,
 * `stop` stops; the lock, signals and exit codes are daemon.ts's.
 */
import { concernsAll } from './config/change.ts';
import type { Config } from './config/types.ts';
import { isLoopAlive, livenessChecks, readinessChecks } from './controllerHealth.ts';
import { type ControllerOptions, createParts } from './controllerParts.ts';
import { alsoTell, createControllerSite } from './controllerSite.ts';
import { collectGarbage, HeapCompactor, spareMemory } from './heapCompactor.ts';
import { createHttpServer } from './metrics/http.ts';
import { keepListening } from './metrics/listener.ts';
import { LoopDelay } from './metrics/loopDelay.ts';
import { createMetricsRegistry } from './metrics/registry.ts';
import { HostPublisher } from './reconciler/hostPublisher.ts';
import { ReconcileLoop } from './reconciler/loop.ts';
import { metricsSnapshot } from './reconciler/metricsView.ts';
import type { LoopPorts } from './reconciler/ports.ts';
import { jumpWords } from './schedule/clockWatch.ts';
import { PruneRequests } from './source/pruneRequests.ts';
import { SystemdError } from './systemd/port.ts';

export interface Controller {
  /**
   * Connects, lists, adopts; resolves when every server known now has had its first look.
   *
   * @throws {SystemdError} `Disconnected`: no systemd over D-Bus in time
   */
  start(): Promise<void>;
  /** Ends all of the controller's own, a start under way too; servers, their environment files and status stay. */
  stop(): Promise<void>;
  readonly loop: ReconcileLoop;
  readonly ports: LoopPorts;
  /** Whether the loop turns and its work moves: what the watchdog asks. */
  isAlive(): boolean;
}

/** How long a start waits for systemd where nobody is in a hurry. */
export const BUS_TIMEOUT_MS = 20_000;
/** A stop waits so long for systemd's answers. What was asked for is remembered: the next controller sees what became of it. */
const STOP_GRACE_MS = 3_000;

/** A controller that has not started. @throws {NodeJS.ErrnoException} where its directories can't be made or written */
export function createController(options: ControllerOptions): Controller {
  const { config, clock, log, version, userManager } = options;
  const startedAtMs = clock.wallMs();
  const loopDelay = new LoopDelay(clock);
  const registry = createMetricsRegistry({
    build: { version, nodeVersion: process.versions.node },
    level: () => (options.configKeeper?.current ?? config).metrics.level,
    snapshot: () => snapshot(),
    loopDelay,
  });
  let onSampled = (): void => undefined;
  const { ports, documents, desired, clockWatch, idle, commands, reconnects, closeEvents } = createParts(
    options,
    alsoTell(registry.instruments, () => onSampled()),
  );
  const host = new HostPublisher(ports, {
    version,
    pid: process.pid,
    reconnects,
    configState: () => options.configKeeper?.state(),
    clockJump: () => clockWatch.jump(),
  });
  const heap = new HeapCompactor({
    clock,
    log,
    rssBytes: () => process.memoryUsage.rss(),
    collect: collectGarbage,
    beSparing: spareMemory,
  });
  const onLooked = (): void => {
    host.note();
    heap.note();
  };
  const loop = new ReconcileLoop({ ports, isDryRun: options.isDryRun, onHostChange: onLooked });
  host.attach(loop);
  const pruneRequests = new PruneRequests({
    runtimeDirectory: config.runtimeDirectory,
    clock,
    log,
    release(digest) {
      const answer = documents.releasePrune(digest);
      if (answer.kind === 'released') {
        const message = `${answer.source}: the removal of ${answer.names.length} servers was confirmed (digest ${digest})`;
        ports.events.record({ reason: 'PruneReleased', message });
      }
      return answer;
    },
  });

  function snapshot() {
    return metricsSnapshot(loop.entries.values(), ports, {
      ends: loop.ends,
      pools: loop.pools.names(),
      config: options.configKeeper?.state() ?? { isGood: true, loadedAtMs: startedAtMs },
      queueDepth: loop.queueDepth(),
      busLostMs: loop.busLostMs(),
    });
  }

  const { site, sampled } = createControllerSite(ports, loop, { version, metrics: snapshot });
  onSampled = sampled;
  const http = createHttpServer({
    clock,
    log,
    render: (format) => registry.render(format),
    liveness: livenessChecks(loop),
    readiness: readinessChecks(ports, { isStarted: () => host.isStarted, isLockIntact: options.isLockIntact }),
    site,
  });

  const onConfig = (before: Config, after: Config): void => {
    host.note();
    if (before === after) {
      const [first = ''] = (options.configKeeper?.state().message ?? '').split('\n');
      ports.events.record({ reason: 'ConfigRejected', message: `${first}; the last good one stays in force` });
      return;
    }
    ports.events.record({ reason: 'ConfigReloaded', message: 'the configuration was read anew' });
    // Never rejects: a directory that can't be read is a state of its source.
    void documents.update(after.sources).then(() => {
      desired.configChanged();
      if (concernsAll(before, after)) void loop.lookAtPools();
    });
  };
  let unsubscribe = (): void => undefined;
  // A manager that began anew may have been granted more, or have lost something.
  ports.systemd.on((event) => {
    if (event.kind === 'reloaded') void userManager?.probe();
  });
  clockWatch.on((jump) => {
    host.note();
    if (jump === undefined) return;
    ports.events.record({ reason: 'ClockJump', message: `${jumpWords(jump)}; nothing is stopped by it for a minute` });
    loop.lookAtAll();
  });
  const sweepCommands = async (): Promise<void> => {
    try {
      await commands.sweep(ports.instance.id);
    } catch (err) {
      if (!(err instanceof SystemdError)) throw err;
      log.warn({ err }, 'commands that an earlier controller ran for probes are left to end by themselves');
    }
  };
  let isWanted = false;
  let stopHttp = (): Promise<void> => Promise.resolve();

  return {
    loop,
    ports,
    isAlive: () => isLoopAlive(loop),
    async start() {
      isWanted = true;
      const { listen } = config.metrics;
      if (listen !== null)
        stopHttp = keepListening(http, listen, { clock, log, tell: (state) => host.noteHttp(state) });
      clockWatch.start();
      idle.start();
      ports.sampler.start();
      ports.poolSampler.start();
      // Not at the same time: reading hundreds of specs would keep this thread from systemd's answer until it counts as late.
      await ports.systemd.open(options.busTimeoutMs ?? BUS_TIMEOUT_MS);
      await userManager?.probe();
      if (!options.isDryRun) await sweepCommands();
      if (isWanted) await ports.source.start();
      if (isWanted) pruneRequests.start();
      if (isWanted) await loop.start();
      if (!isWanted) return;
      unsubscribe = options.configKeeper?.on(onConfig) ?? unsubscribe;
      host.markStarted();
      ports.events.record({ reason: 'ControllerStarted', message: `hublet ${version}` });
    },
    async stop() {
      isWanted = false;
      unsubscribe();
      pruneRequests.stop();
      ports.events.record({ reason: 'ControllerStopping', message: 'servers run on' });
      const cancelHurry = clock.after(STOP_GRACE_MS, () => ports.systemd.close());
      userManager?.stop();
      await loop.stop();
      heap.stop();
      cancelHurry();
      host.stop();
      await stopHttp();
      loopDelay.stop();
      ports.prober.stop();
      clockWatch.stop();
      idle.stop();
      ports.sampler.stop();
      ports.poolSampler.stop();
      await ports.source.stop();
      ports.portStore.close();
      ports.systemd.close();
      closeEvents();
    },
  };
}
