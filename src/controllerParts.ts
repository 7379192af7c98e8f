/** Builds the parts of a controller that touch the world: files, D-Bus, cgroups, sockets. Nothing of them starts here; controller.ts starts and stops them. */
import { createAccounts, createGroups } from './accounts/directory.ts';
import type { AccountPaths } from './accounts/localFile.ts';
import { createMemberships } from './accounts/memberships.ts';
import { ownDescriptorBudget } from './cgroup/descriptors.ts';
import { readHostResources } from './cgroup/host.ts';
import { hasProcesses } from './cgroup/population.ts';
import { CGROUP_ROOT } from './cgroup/read.ts';
import { createUsageSampler } from './cgroup/sampler.ts';
import type { Clock } from './clock.ts';
import type { ConfigKeeper } from './config/keeper.ts';
import type { Config } from './config/types.ts';
import { readPortUse } from './idle/connections.ts';
import { createAskJupyter } from './idle/jupyter.ts';
import { createIdleMonitor } from './idle/monitor.ts';
import type { IdleMonitor } from './idle/types.ts';
import { createJournal } from './journal/journalctl.ts';
import type { Log } from './log.ts';
import type { Instruments } from './metrics/types.ts';
import { createCheck } from './probes/check.ts';
import { createCommandCheck } from './probes/command.ts';
import { createListenerTable, holdersOf } from './probes/listeners.ts';
import { createProber } from './probes/prober.ts';
import { readProcessOwner } from './probes/processOwner.ts';
import { DesiredState } from './reconciler/desired.ts';
import type { LoopPorts } from './reconciler/ports.ts';
import { ClockWatch } from './schedule/clockWatch.ts';
import { SourceSet } from './source/set.ts';
import { parseSpec } from './spec/parse.ts';
import { formatProblem } from './spec/problems.ts';
import { createEventLog } from './status/events.ts';
import { createStatusFiles } from './status/files.ts';
import { holdEvents } from './status/heldEvents.ts';
import { openAdmittedStore } from './store/admitted.ts';
import { readBootId } from './store/boot.ts';
import { openClockMemory } from './store/clockOffset.ts';
import { openInstance } from './store/instance.ts';
import { openRuntimeStore } from './store/memory.ts';
import { openPoolStore } from './store/pools.ts';
import { openPortStore } from './store/ports.ts';
import { openReleasedStore } from './store/released.ts';
import { SystemdOverDbus } from './systemd/adapter.ts';
import type { CommandRunner } from './systemd/port.ts';
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
  /** Whether the lock is still held, for `/readyz`; absent: there is none. */
  readonly isLockIntact?: (() => boolean) | undefined;
  /** Group that may read status; undefined: only the owner. */
  readonly statusGid: number | undefined;
  /** D-Bus address; undefined: the system bus. */
  readonly busAddress?: string | undefined;
  /** For a user's own systemd: what that can carry out. Absent: the system's. */
  readonly userManager?: UserManager | undefined;
  /** How long `start` waits for systemd; 20 s where absent. */
  readonly busTimeoutMs?: number | undefined;
  readonly cgroupRoot?: string;
  /** Directory of the kernel's tables of sockets; absent: /proc/net. */
  readonly socketTables?: string;
  /** Part of what this process may open that files of cgroups may keep open; absent: as much as is usual. */
  readonly cgroupFilesShare?: number;
  /** Where accounts are read from; absent: this host's own files. */
  readonly accountPaths?: AccountPaths;
  /** Absent: `id`, from PATH. */
  readonly idProgram?: string;
  /** Absent: `journalctl`, from PATH. */
  readonly journalProgram?: string;
}

/** What controller.ts joins together. */
export interface ControllerParts {
  readonly ports: LoopPorts;
  /** The directories of specs as they are, before profiles and policies. */
  readonly documents: SourceSet;
  readonly desired: DesiredState;
  readonly clockWatch: ClockWatch;
  readonly idle: IdleMonitor;
  /** Runs the commands of probes. */
  readonly commands: CommandRunner;
  /** How often the connection to systemd was made anew. */
  reconnects(): number;
  /** Writes what is still held of events, and lets go of their file. */
  closeEvents(): void;
}

/** @throws {NodeJS.ErrnoException} where its directories can't be made or written */
export function createParts(options: ControllerOptions, instruments: Instruments): ControllerParts {
  const { config, clock, log } = options;
  const bootId = readBootId();
  const cgroupRoot = options.cgroupRoot ?? CGROUP_ROOT;
  const listeners = createListenerTable(clock, options.socketTables);
  const runtime = openRuntimeStore({ runtimeDirectory: config.runtimeDirectory, bootId, log });
  const statusFiles = createStatusFiles({ runtimeDirectory: config.runtimeDirectory, gid: options.statusGid, log });
  const recorded = createEventLog({
    runtimeDirectory: config.runtimeDirectory,
    gid: options.statusGid,
    bootId,
    clock,
    log,
  });
  const events = holdEvents({
    record(event) {
      instruments.eventRecorded(event.reason);
      recorded.record(event);
    },
    recent: (server) => recorded.recent(server),
  });
  const closeEvents = (): void => {
    events.release();
    recorded.close();
  };
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
    hasRun: (name) => (runtime.readMemory(name)?.invocationId ?? '') !== '',
  });
  let reconnects = 0;
  const clockWatch = new ClockWatch(clock, openClockMemory({ runtimeDirectory: config.runtimeDirectory, bootId, log }));
  const reading = {
    descriptors: ownDescriptorBudget(options.cgroupFilesShare),
    isDetailed: () => inForce().metrics.level === 'full',
  };
  const sampler = createUsageSampler({
    clock,
    log,
    root: cgroupRoot,
    ...reading,
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
  const instance = openInstance(config.stateDirectory);
  const systemd = new SystemdOverDbus({
    clock,
    log,
    address: options.busAddress,
    liveProperties: liveRows().map((row) => row.name),
    hasProcesses: (controlGroup) => hasProcesses(controlGroup, cgroupRoot),
    onCall: (method, result, seconds) => instruments.dbusCalled(method, result, seconds),
    onReconnect: () => {
      reconnects += 1;
      instruments.dbusReconnected();
    },
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
    systemd,
    runtime: {
      ...runtime,
      writeMemory(memory) {
        events.release();
        runtime.writeMemory(memory);
      },
    },
    poolStore: openPoolStore({ runtimeDirectory: config.runtimeDirectory, bootId, log }),
    released: openReleasedStore({ stateDirectory: config.stateDirectory, bootId, log }),
    portStore: openPortStore({ stateDirectory: config.stateDirectory, clock, log }),
    accounts,
    groups,
    prober: createProber({
      clock,
      log,
      check: createCheck(clock),
      checkCommand: createCommandCheck(systemd.commands, instance.id),
      listeners,
    }),
    idle,
    poolSampler: createUsageSampler({ clock, log, root: cgroupRoot, ...reading }),
    hostFacts: () => readHostResources(cgroupRoot),
    sampler,
    journal: createJournal({
      clock,
      manager: config.isUserMode ? { kind: 'user', uid: process.getuid?.() ?? 0 } : { kind: 'system' },
      ...(options.journalProgram === undefined ? {} : { program: options.journalProgram }),
    }),
    statusFiles,
    events,
    instance,
    ...(options.userManager === undefined ? {} : { userManager: options.userManager }),
    // One reading for all that are dropped at once; a server that finds its port taken gets another.
    isPortFree: (port) => !listeners('recent').has(port),
    portHolders: (port) => holdersOf(port, listeners),
  };
  return {
    ports,
    documents,
    desired,
    clockWatch,
    idle,
    commands: systemd.commands,
    reconnects: () => reconnects,
    closeEvents,
  };
}
