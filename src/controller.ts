/**
 * Builds the parts of one controller and hands them to each other. Nothing starts before `start`, and what it starts,
 * `stop` stops; the lock, signals and exit codes are daemon.ts's.
 */
import { createAccounts, createGroups } from './accounts/directory.ts';
import type { AccountPaths } from './accounts/localFile.ts';
import { createMemberships } from './accounts/memberships.ts';
import { readHostResources } from './cgroup/host.ts';
import { CGROUP_ROOT } from './cgroup/read.ts';
import { createUsageSampler } from './cgroup/sampler.ts';
import type { Clock } from './clock.ts';
import { concernsAll } from './config/change.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import type { Config } from './config/types.ts';
import { readPortUse } from './idle/connections.ts';
import { createAskJupyter } from './idle/jupyter.ts';
import { createIdleMonitor } from './idle/monitor.ts';
import { createJournal } from './journal/journalctl.ts';
import type { Log } from './log.ts';
import { createHttpServer } from './metrics/http.ts';
import { keepListening } from './metrics/listener.ts';
import { createMetricsRegistry } from './metrics/registry.ts';
import { createCheck } from './probes/check.ts';
import { createListenerTable, holdersOf } from './probes/listeners.ts';
import { createProber } from './probes/prober.ts';
import { readProcessOwner } from './probes/processOwner.ts';
import { DesiredState } from './reconciler/desired.ts';
import { HostPublisher } from './reconciler/hostPublisher.ts';
import { ReconcileLoop } from './reconciler/loop.ts';
import { metricsSnapshot } from './reconciler/metricsView.ts';
import type { LoopPorts } from './reconciler/ports.ts';
import { ClockWatch, jumpWords } from './schedule/clockWatch.ts';
import { PruneRequests } from './source/pruneRequests.ts';
import { SourceSet } from './source/set.ts';
import { parseSpec } from './spec/parse.ts';
import { formatProblem } from './spec/problems.ts';
import { createEventLog } from './status/events.ts';
import { createStatusFiles } from './status/files.ts';
import { openAdmittedStore } from './store/admitted.ts';
import { readBootId } from './store/boot.ts';
import { openClockMemory } from './store/clockOffset.ts';
import { openInstance } from './store/instance.ts';
import { openRuntimeStore } from './store/memory.ts';
import { openPoolStore } from './store/pools.ts';
import { openPortStore } from './store/ports.ts';
import { SystemdOverDbus } from './systemd/adapter.ts';
import type { UserManager } from './systemd/userManager.ts';
import { liveRows } from './units/table.ts';

export interface ControllerOptions {
  readonly config: Config;
  /** Where newer configurations come from; absent: `config` stays. Its directories and addresses count once, at the start. */
  readonly configKeeper?: ConfigKeeper | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly version: string;
  readonly isDryRun: boolean;
  /** Group that may read status; undefined: only the owner. */
  readonly statusGid: number | undefined;
  /** D-Bus address; undefined: the system bus. */
  readonly busAddress?: string | undefined;
  /** For a user's own systemd: what that can carry out. Absent: the system's. */
  readonly userManager?: UserManager | undefined;
  /** How long `start` waits for systemd; 20 s where absent. */
  readonly busTimeoutMs?: number | undefined;
  readonly cgroupRoot?: string;
  /** Where accounts are read from; absent: this host's own files. */
  readonly accountPaths?: AccountPaths;
  /** Absent: `id`, from PATH. */
  readonly idProgram?: string;
  /** Absent: `journalctl`, from PATH. */
  readonly journalProgram?: string;
}

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
/** Work that has waited this long without any being done means that the loop hangs. */
const STUCK_MS = 45_000;

/** A controller that has not started. @throws {NodeJS.ErrnoException} where its directories can't be made or written */
export function createController(options: ControllerOptions): Controller {
  const { config, clock, log, version } = options;
  const bootId = readBootId();
  const cgroupRoot = options.cgroupRoot ?? CGROUP_ROOT;
  const listeners = createListenerTable(clock);
  const registry = createMetricsRegistry({
    build: { version, nodeVersion: process.versions.node },
    level: () => (options.configKeeper?.current ?? config).metrics.level,
    snapshot: () => snapshot(),
  });
  const { instruments } = registry;
  const runtime = openRuntimeStore({ runtimeDirectory: config.runtimeDirectory, bootId, log });
  const statusFiles = createStatusFiles({ runtimeDirectory: config.runtimeDirectory, gid: options.statusGid, log });
  const recorded = createEventLog({
    runtimeDirectory: config.runtimeDirectory,
    gid: options.statusGid,
    bootId,
    clock,
    log,
  });
  const { accountPaths } = options;
  const accountOptions = { clock, log, ...(accountPaths === undefined ? {} : { paths: accountPaths }) };
  const accounts = createAccounts(accountOptions);
  const groups = createGroups(accountOptions);
  const inForce = (): Config => options.configKeeper?.current ?? config;
  const documents = new SourceSet({
    sources: config.sources,
    stateDirectory: config.stateDirectory,
    bootId,
    settings: () => ({ rescanMs: inForce().reconcile.rescanMs, prune: inForce().prune }),
    parser: { parse: parseSpec, formatProblem },
    clock,
    log,
  });
  const desired = new DesiredState({
    documents,
    config: inForce,
    admitted: openAdmittedStore({ stateDirectory: config.stateDirectory, clock, log }),
    accounts,
    groups,
    memberships: createMemberships({
      clock,
      ...(options.idProgram === undefined ? {} : { program: options.idProgram }),
    }),
    clock,
  });
  const startedAtMs = clock.wallMs();
  let reconnects = 0;
  const clockWatch = new ClockWatch(clock, openClockMemory({ runtimeDirectory: config.runtimeDirectory, bootId, log }));
  const sampler = createUsageSampler({
    clock,
    log,
    root: cgroupRoot,
    sampled: (seconds) => instruments.sampled(seconds),
  });
  const idle = createIdleMonitor({
    clock,
    log,
    sampler,
    readPortUse: () => readPortUse(),
    portHolders: (port) => holdersOf(port, listeners),
    processOwner: (pid) => readProcessOwner(pid),
    askJupyter: createAskJupyter(clock),
  });
  const ports: LoopPorts = {
    clock,
    clockJudge: clockWatch,
    log,
    get config() {
      return inForce();
    },
    bootId,
    instruments,
    random: Math.random,
    source: desired,
    systemd: new SystemdOverDbus({
      clock,
      log,
      address: options.busAddress,
      liveProperties: liveRows().map((row) => row.name),
      onCall: (method, result, seconds) => instruments.dbusCalled(method, result, seconds),
      onReconnect: () => {
        reconnects += 1;
        instruments.dbusReconnected();
      },
    }),
    runtime,
    poolStore: openPoolStore({ runtimeDirectory: config.runtimeDirectory, bootId, log }),
    portStore: openPortStore({ stateDirectory: config.stateDirectory, clock, log }),
    accounts,
    groups,
    prober: createProber({ clock, log, check: createCheck(clock), listeners }),
    idle,
    poolSampler: createUsageSampler({ clock, log, root: cgroupRoot }),
    hostFacts: () => readHostResources(cgroupRoot),
    sampler,
    journal: createJournal({
      clock,
      manager: config.isUserMode ? { kind: 'user', uid: process.getuid?.() ?? 0 } : { kind: 'system' },
      ...(options.journalProgram === undefined ? {} : { program: options.journalProgram }),
    }),
    statusFiles,
    events: {
      record(event) {
        instruments.eventRecorded(event.reason);
        recorded.record(event);
      },
      recent: (server) => recorded.recent(server),
    },
    instance: openInstance(config.stateDirectory),
    ...(options.userManager === undefined ? {} : { userManager: options.userManager }),
    isPortFree: (port) => !listeners().has(port),
    portHolders: (port) => holdersOf(port, listeners),
  };
  const host = new HostPublisher(ports, {
    version,
    pid: process.pid,
    reconnects: () => reconnects,
    configState: () => options.configKeeper?.state(),
    clockJump: () => clockWatch.jump(),
  });
  const loop = new ReconcileLoop({ ports, isDryRun: options.isDryRun, onHostChange: () => host.note() });
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

  const http = createHttpServer({
    clock,
    log,
    render: (format) => registry.render(format),
    liveness: [{ name: 'loop', check: () => (loop.stuckMs() < STUCK_MS ? undefined : 'work waits and none is done') }],
    readiness: [
      { name: 'started', check: () => (host.isStarted ? undefined : 'the first look at every server is not done') },
      { name: 'dbus', check: () => (ports.systemd.isConnected() ? undefined : 'no connection to systemd') },
      {
        name: 'sources',
        check: () => ports.source.states().find((state) => !state.isReady)?.message,
      },
    ],
    page: () => ({ version, snapshot: snapshot(), nowMs: clock.wallMs() }),
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
  const { userManager } = options;
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
  let isWanted = false;
  let stopHttp = (): Promise<void> => Promise.resolve();

  return {
    loop,
    ports,
    isAlive: () => loop.stuckMs() < STUCK_MS,
    async start() {
      isWanted = true;
      const { listen } = config.metrics;
      if (listen !== null)
        stopHttp = keepListening(http, listen, { clock, log, tell: (state) => host.noteHttp(state) });
      clockWatch.start();
      idle.start();
      ports.sampler.start();
      ports.poolSampler.start();
      await Promise.all([
        ports.systemd.open(options.busTimeoutMs ?? BUS_TIMEOUT_MS).then(() => userManager?.probe()),
        ports.source.start(),
      ]);
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
      cancelHurry();
      host.stop();
      await stopHttp();
      ports.prober.stop();
      clockWatch.stop();
      idle.stop();
      ports.sampler.stop();
      ports.poolSampler.stop();
      await ports.source.stop();
      ports.portStore.close();
      ports.systemd.close();
    },
  };
}
