import { createSecretKey } from 'node:crypto';
import type { AccountAnswer, NssAnswer } from '../../src/accounts/types.ts';
import type { Group } from '../../src/admission/types.ts';
import type { UsageSampler } from '../../src/cgroup/types.ts';
import type { Config } from '../../src/config/types.ts';
import type { IdleTarget, IdleVerdict, KnownIdleness } from '../../src/idle/types.ts';
import { type InvocationRecord, JournalError } from '../../src/journal/types.ts';
import type { Instruments } from '../../src/metrics/types.ts';
import type { KnownHealth, ProbeTarget, ProbeVerdict } from '../../src/probes/types.ts';
import { ReconcileLoop } from '../../src/reconciler/loop.ts';
import type { LoopPorts } from '../../src/reconciler/ports.ts';
import { ClockWatch } from '../../src/schedule/clockWatch.ts';
import type { Source, SpecRecord } from '../../src/source/types.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { Pools } from '../../src/spec/pool.ts';
import type { HubletEvent, ServerStatus } from '../../src/status/types.ts';
import type { ServerMemory } from '../../src/store/types.ts';
import { unitName } from '../../src/units/name.ts';
import { FakeClock } from './clock.ts';
import { FakeLog } from './log.ts';
import { FakeSystemd } from './systemd.ts';
import { whole } from './wholeSpec.ts';

/** Specs in memory: `put` and `remove` are what an editor does to the directory. */
export class FakeSource implements Source {
  readonly #records = new Map<string, SpecRecord>();
  readonly #listeners = new Set<(name: string | undefined) => void>();
  isReady = true;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  names(): readonly string[] {
    return [...this.#records.keys()];
  }
  record(name: string): SpecRecord | undefined {
    return this.#records.get(name);
  }
  adopt(): boolean {
    return false;
  }
  forget(name: string): void {
    if (this.#records.get(name)?.isDeleted === true) this.#records.delete(name);
  }
  states() {
    return [
      {
        path: '/specs',
        isReady: this.isReady,
        message: '',
        files: this.#records.size,
        invalid: 0,
        ignored: [],
        heldForPrune: [],
        pruneDigest: undefined,
      },
    ];
  }
  quotas() {
    return [];
  }
  on(listener: (name: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Writes a spec; `spec` is YAML's `spec:` as an object, `annotations` its metadata. */
  put(name: string, spec: object, annotations: Record<string, string> = {}): void {
    const text = JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Server', metadata: { name, annotations }, spec });
    const parsed = parseSpec(`${text}\n`, name);
    const before = this.#records.get(name);
    const file = { path: `/specs/${name}.yaml`, ino: 1, size: text.length, mtimeNs: '1' };
    const base = { name, file, isDeleted: false, isFrozen: false, warnings: [] };
    if (parsed.kind === 'valid') {
      const { spec: resolved, document } = whole(text, name);
      this.#set({
        ...base,
        spec: resolved,
        document,
        generation: (before?.generation ?? 0) + 1,
        refusal: undefined,
      });
    } else {
      const message = parsed.kind === 'invalid' ? parsed.problems[0].message : parsed.problem.message;
      this.#set({
        ...base,
        spec: before?.spec,
        ...(before?.document === undefined ? {} : { document: before.document }),
        generation: before?.generation ?? 0,
        refusal: { reason: 'SchemaError', message },
      });
    }
  }

  remove(name: string): void {
    const before = this.#records.get(name);
    if (before !== undefined) this.#set({ ...before, file: undefined, isDeleted: true });
  }

  change(name: string, change: Partial<SpecRecord>): void {
    const before = this.#records.get(name);
    if (before !== undefined) this.#set({ ...before, ...change });
  }

  #set(record: SpecRecord): void {
    this.#records.set(record.name, record);
    for (const listener of this.#listeners) listener(record.name);
  }
}

/** A loop on fakes, with everything a test wants to look at. What survives a controller's death is kept over `restart`. */
export class World {
  readonly clock = new FakeClock();
  readonly clockWatch = new ClockWatch(this.clock);
  readonly log = new FakeLog();
  readonly systemd = new FakeSystemd();
  readonly source = new FakeSource();
  readonly statuses = new Map<string, ServerStatus>();
  readonly memories = new Map<string, ServerMemory>();
  readonly environments = new Map<string, string>();
  readonly ports = new Map<string, number>();
  readonly storedPools = new Set<string>();
  readonly released = new Set<string>();
  /** The configuration's; may change while the controller runs. */
  pools: Pools = new Map();
  defaultPool: string | undefined;
  poolWorkingSetBytes = 0;
  drift: Config['drift'] = { isCorrected: true, ignore: [] };
  /** Uids of other people's sockets, by port. */
  readonly listeners = new Map<number, number[]>();
  readonly accounts = new Map<string, AccountAnswer>();
  readonly groups = new Map<string, NssAnswer<Group>>();
  /** Another text: /etc/passwd was changed. */
  localVersion = '';
  readonly verdicts = new Map<string, ProbeVerdict>();
  /** What was last asked to be probed, by server. */
  readonly probed = new Map<string, ProbeTarget>();
  /** And what was said to be known of that run. */
  readonly known = new Map<string, KnownHealth | undefined>();
  /** What is to be measured of servers, and what was. */
  readonly idleTargets = new Map<string, IdleTarget>();
  /** And what was said to be known of their idleness. */
  readonly idleKnown = new Map<string, KnownIdleness | undefined>();
  readonly idleVerdicts = new Map<string, IdleVerdict>();
  readonly events: HubletEvent[] = [];
  readonly exits: string[] = [];
  /** What each look at a server was counted as. */
  readonly looks: string[] = [];
  /** What every draw comes to, 0 to 1. */
  random = 0;
  workingSetBytes = 0;
  /** Limits as the kernel has them, by control group. */
  readonly limitFiles = new Map<string, string>();
  readonly #limitTexts: string[] = [];
  oomKills = 0;
  /** Where set, writing anything fails with this message. */
  fullDisk: string | undefined;
  journal: Partial<InvocationRecord> = {};
  /** So many readings of the journal fail from now on. */
  journalFailures = 0;
  /** The journal answers once this is resolved. */
  journalAnswers: Promise<void> = Promise.resolve();
  maxStarting = 16;
  reconcileConcurrency = 16;
  instanceId = 'a'.repeat(32);
  loop!: ReconcileLoop;
  #probeListeners = new Set<(server: string) => void>();

  constructor() {
    for (const [index, name] of ['alice', 'bob', 'carol'].entries()) this.addAccount(name, 1000 + index);
  }

  addAccount(name: string, uid: number): void {
    const entry = { name, uid, gid: uid, home: `/home/${name}`, shell: '/bin/bash' };
    this.accounts.set(name, { kind: 'found', entry });
  }

  /** A controller comes up; an earlier one, if any, was killed without a word. */
  async start(): Promise<void> {
    this.loop = new ReconcileLoop({ ports: this.#loopPorts(), isDryRun: false, onHostChange: () => undefined });
    await this.loop.start();
    await this.settle();
  }

  /** SIGKILL: nothing is written or told any more. */
  async kill(): Promise<void> {
    await this.loop.stop();
    this.verdicts.clear();
  }

  /** Lets every job finish and every look be had. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn++) {
      await this.loop.idle();
      this.systemd.settle();
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await this.loop.idle();
  }

  /** Time passes, a second at a time, with everything settling in between. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 1_000) {
      this.clock.advance(Math.min(left, 1_000));
      await this.settle();
    }
  }

  status(name: string): ServerStatus['status'] {
    const status = this.statuses.get(name);
    if (status === undefined) throw new Error(`no status of ${name}`);
    return status.status;
  }

  condition(name: string, type: string) {
    return this.status(name).conditions.find((condition) => condition.type === type);
  }

  verdict(name: string, verdict: ProbeVerdict): void {
    this.verdicts.set(name, verdict);
    for (const listener of this.#probeListeners) listener(name);
  }

  #write(): void {
    if (this.fullDisk !== undefined) throw new Error(this.fullDisk);
  }

  /** A number of its own for each text. */
  #limitsVersion(server: string): number {
    const text = this.limitFiles.get(this.systemd.unit(unitName(server))?.controlGroup ?? '') ?? '';
    if (!this.#limitTexts.includes(text)) this.#limitTexts.push(text);
    return this.#limitTexts.indexOf(text);
  }

  #sampler(workingSetBytes: () => number): UsageSampler {
    return {
      start: () => undefined,
      stop: () => undefined,
      follow: () => undefined,
      followKills: () => false,
      unfollow: () => undefined,
      forget: () => undefined,
      // The last sample is from before any of it was used.
      usage: () => ({ sampledAtMs: 0, memoryWorkingSetBytes: 0 }),
      gauges: () => undefined,
      measure: () => ({ sampledAtMs: this.clock.monotonicMs(), memoryWorkingSetBytes: workingSetBytes() }),
      limitsVersion: (server) => this.#limitsVersion(server),
      oomKills: () => this.oomKills,
      oomKillsOf: () => this.oomKills,
      on: () => () => undefined,
    };
  }

  /** As the loop sees the world, for others that look at it too. */
  get loopPorts(): LoopPorts {
    return this.#loopPorts();
  }

  #loopPorts(): LoopPorts {
    const instruments = new Proxy({} as Instruments, {
      get: (_target, key) => {
        if (key === 'serverExited') return (result: string) => this.exits.push(result);
        if (key === 'reconciled') return (result: string) => this.looks.push(result);
        return () => undefined;
      },
    });
    const pools = () => this.pools;
    const drift = () => this.drift;
    const { defaultPool } = this;
    const config: Config = {
      sources: [],
      profiles: {},
      get pools() {
        return pools();
      },
      ...(defaultPool === undefined ? {} : { defaultPool }),
      prune: { minCount: 3, maxFraction: 0.5 },
      get drift() {
        return drift();
      },
      ports: { first: 20_000, last: 29_999 },
      reconcile: {
        concurrency: this.reconcileConcurrency,
        maxStarting: this.maxStarting,
        resyncMs: 60_000,
        rescanMs: 20_000,
      },
      metrics: { listen: null, level: 'basic', userLabel: 'name', labels: [] },
      runtimeDirectory: '/run/hublet',
      stateDirectory: '/var/lib/hublet',
      lockPath: '/run/hublet.lock',
      isUserMode: false,
    };
    return {
      clock: this.clock,
      clockJudge: this.clockWatch,
      log: this.log,
      config,
      source: this.source,
      systemd: this.systemd,
      bootId: 'boot',
      instruments,
      random: () => this.random,
      isPortFree: (port) => !this.listeners.has(port),
      portHolders: (port) => this.listeners.get(port) ?? [],
      instance: { id: this.instanceId, key: createSecretKey(Buffer.alloc(32)) },
      runtime: {
        readMemory: (name) => this.memories.get(name),
        writeMemory: (memory) => {
          this.#write();
          this.memories.set(memory.name, memory);
        },
        removeMemory: (name) => void this.memories.delete(name),
        sweepMemories: (names) => {
          for (const name of this.memories.keys()) if (!names.has(name)) this.memories.delete(name);
        },
        writeEnvironment: (path, text) => {
          this.#write();
          this.environments.set(path, text);
        },
        removeEnvironment: (path) => void this.environments.delete(path),
        sweepEnvironment: (keep) => {
          for (const path of this.environments.keys()) if (!keep.has(path)) this.environments.delete(path);
        },
      },
      poolStore: {
        pools: this.storedPools,
        add: (pool) => void this.storedPools.add(pool),
        remove: (pool) => void this.storedPools.delete(pool),
      },
      hostFacts: () => ({ memoryBytes: 8 * 1024 ** 3, cpuCount: 4 }),
      poolSampler: this.#sampler(() => this.poolWorkingSetBytes),
      released: {
        names: this.released,
        add: (name) => {
          this.#write();
          this.released.add(name);
        },
        remove: (name) => void this.released.delete(name),
      },
      portStore: {
        ports: this.ports,
        assign: (name, port) => {
          this.#write();
          this.ports.set(name, port);
        },
        release: (name) => void this.ports.delete(name),
        close: () => undefined,
      },
      accounts: {
        cached: (name) => this.accounts.get(name) ?? { kind: 'missing' },
        lookup: async (name) => this.accounts.get(name) ?? { kind: 'missing' },
        localVersion: () => this.localVersion,
      },
      groups: {
        cached: (name) => this.groups.get(name) ?? { kind: 'missing' },
        lookup: async (name) => this.groups.get(name) ?? { kind: 'missing' },
        localVersion: () => '',
      },
      prober: {
        follow: (server, target, known) => {
          const { invocationId } = target;
          this.probed.set(server, target);
          this.known.set(server, known);
          if (known?.isReady !== true || this.verdicts.has(server)) return;
          this.verdicts.set(server, { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
        },
        unfollow: (server) => void this.verdicts.delete(server),
        verdict: (server) => this.verdicts.get(server),
        on: (listener) => {
          this.#probeListeners.add(listener);
          return () => this.#probeListeners.delete(listener);
        },
        stop: () => undefined,
      },
      idle: {
        follow: (server, target, known) => {
          this.idleTargets.set(server, target);
          this.idleKnown.set(server, known);
        },
        unfollow: (server) => {
          this.idleTargets.delete(server);
          this.idleVerdicts.delete(server);
        },
        verdict: (server) => this.idleVerdicts.get(server),
        on: () => () => undefined,
        start: () => undefined,
        stop: () => undefined,
      },
      sampler: this.#sampler(() => this.workingSetBytes),
      journal: {
        readInvocation: async () => {
          await this.journalAnswers;
          if (this.journalFailures > 0) {
            this.journalFailures -= 1;
            throw new JournalError('journal not read: no answer within 5 s');
          }
          return {
            lines: [],
            result: 'exit-code',
            exit: undefined,
            exitBefore: undefined,
            isOomSeen: false,
            ...this.journal,
          };
        },
      },
      statusFiles: {
        write: (status) => {
          this.#write();
          this.statuses.set(status.metadata.name, status);
        },
        remove: (name) => void this.statuses.delete(name),
        writeHost: () => undefined,
        names: () => [...this.statuses.keys()],
        read: (name) => this.statuses.get(name),
      },
      events: {
        record: ({ server, reason, message }) =>
          void this.events.push({
            at: '',
            type: 'Normal',
            reason,
            message,
            count: 1,
            ...(server === undefined ? {} : { server }),
          }),
        recent: () => this.events,
      },
    };
  }
}
