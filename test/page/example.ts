/** A class on one host, made up: what the page's tests and its pictures show. */
import { UsageHistory } from '../../src/page/history.ts';
import type { PagePool, PageServer, PageSnapshot, ServerDetails } from '../../src/page/types.ts';
import type { Condition, HubletEvent, Phase } from '../../src/status/types.ts';

export const NOW_MS = Date.UTC(2026, 2, 12, 10, 42, 30);
const GIB = 2 ** 30;
const MIB = 2 ** 20;
const PASS_MS = 10_000;

/** How something is used: around a level, with waves and bursts. */
interface Load {
  readonly cpu: number;
  readonly memory: number;
  /** 0: level. */
  readonly unrest: number;
  /** Minutes since it came up; before that nothing is known. */
  readonly upMinutes: number;
  /** Grows to its level over the hour. */
  readonly isGrowing?: boolean;
}

interface Made {
  readonly phase: Phase;
  readonly user?: string;
  readonly pool?: string;
  readonly profile?: string;
  readonly load?: Load;
  readonly cpuLimit?: number;
  readonly memoryLimit?: number;
  readonly restarts?: number;
  readonly oomKills?: number;
  readonly conditions?: readonly Partial<Condition>[];
  readonly lastExit?: PageServer['lastExit'];
  readonly next?: ServerDetails['next'];
  readonly events?: readonly (readonly [
    minutesAgo: number,
    reason: HubletEvent['reason'],
    message: string,
    count?: number,
  ])[];
}

const NOTEBOOK = { pool: 'class', profile: 'notebook', cpuLimit: 2, memoryLimit: 2 * GIB } as const;

const CLASS: Readonly<Record<string, Made>> = {
  alice: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 0.42, memory: 880 * MIB, unrest: 0.6, upMinutes: 187 },
    events: [
      [187, 'Starting', 'spec changed'],
      [186, 'Ready', 'answers /api'],
    ],
  },
  bob: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 1.35, memory: 1.2 * GIB, unrest: 0.3, upMinutes: 164 },
    events: [[164, 'Ready', 'answers /api']],
  },
  chen: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 0.03, memory: 410 * MIB, unrest: 0.9, upMinutes: 92 },
    events: [[91, 'Ready', 'answers /api']],
  },
  dora: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 0.21, memory: 640 * MIB, unrest: 0.5, upMinutes: 140 },
    conditions: [
      {
        type: 'Accepted',
        status: 'False',
        reason: 'SchemaError',
        message:
          '/etc/hublet/desired-state/dora.yaml:11:15: spec.resources.memory.limit: "2 Gigs" is not a size: write 512M, 2G or a number of bytes',
      },
    ],
    events: [
      [140, 'Ready', 'answers /api'],
      [
        6,
        'SpecRejected',
        '/etc/hublet/desired-state/dora.yaml:11:15: spec.resources.memory.limit: "2 Gigs" is not a size',
      ],
    ],
  },
  emil: {
    ...NOTEBOOK,
    phase: 'BackOff',
    restarts: 7,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'CrashLoop',
        message: 'exit code 1; restart 8 follows after a pause',
      },
    ],
    lastExit: { result: 'exit-code', at: iso(3), message: 'exit code 1' },
    next: { phase: 'Starting', at: iso(-2.4), reason: 'Crashed' },
    events: [
      [31, 'Ready', 'answers /api'],
      [3, 'Crashed', 'exit code 1', 7],
      [2.9, 'BackOff', 'started again in 5m', 4],
    ],
  },
  fatima: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 0.88, memory: 1.93 * GIB, unrest: 0.25, upMinutes: 24, isGrowing: true },
    restarts: 1,
    oomKills: 2,
    lastExit: { result: 'oom-kill', at: iso(24.5), message: 'out of memory (limit 2G)' },
    events: [
      [24.5, 'OOMKilled', 'a process was killed for memory (limit 2G)', 2],
      [24, 'Restarted', 'started again after out of memory (limit 2G)'],
      [23.8, 'Ready', 'answers /api'],
    ],
  },
  gustav: {
    ...NOTEBOOK,
    phase: 'Stopped',
    conditions: [
      { type: 'Ready', status: 'False', reason: 'NotRunning', message: 'suspended by its spec' },
      { type: 'Suspended', status: 'True', reason: 'Until', message: 'away until after Easter' },
    ],
    events: [[1440 * 3, 'Suspended', 'away until after Easter']],
  },
  hana: {
    ...NOTEBOOK,
    phase: 'Starting',
    load: { cpu: 0.9, memory: 190 * MIB, unrest: 0.2, upMinutes: 0.5 },
    conditions: [
      { type: 'Ready', status: 'False', reason: 'Starting', message: 'waiting for its first readiness probe' },
    ],
    events: [[0.4, 'Starting', 'its file is new']],
  },
  ines: {
    ...NOTEBOOK,
    phase: 'Ready',
    load: { cpu: 1.98, memory: 1.6 * GIB, unrest: 0.08, upMinutes: 55 },
    events: [[54, 'Ready', 'answers /api']],
  },
  jonas: {
    ...NOTEBOOK,
    phase: 'Stopped',
    conditions: [
      { type: 'Ready', status: 'False', reason: 'NotRunning', message: 'was idle; hublet resume starts it' },
      { type: 'Idle', status: 'True', reason: 'NoActivity', message: 'stopped for it' },
    ],
    events: [[38, 'IdleStopped', 'not used for 2h; hublet resume starts it']],
  },
  'kira-train': {
    user: 'kira',
    pool: 'gpu',
    profile: 'gpu',
    cpuLimit: 8,
    memoryLimit: 48 * GIB,
    phase: 'Ready',
    load: { cpu: 6.7, memory: 31 * GIB, unrest: 0.15, upMinutes: 2210 },
    events: [[2210, 'Ready', 'answers on port 20010']],
  },
  'liam-llm': {
    user: 'liam',
    pool: 'gpu',
    profile: 'gpu',
    cpuLimit: 8,
    memoryLimit: 48 * GIB,
    phase: 'Ready',
    load: { cpu: 2.4, memory: 36 * GIB, unrest: 0.5, upMinutes: 640 },
    conditions: [
      {
        type: 'UpdatePending',
        status: 'True',
        reason: 'RestartRequired',
        message: 'the spec changed in something that only a restart can change; run: hublet restart',
      },
    ],
    events: [[12, 'UpdatePending', 'command changed']],
  },
  'nightly-report': {
    user: 'reports',
    phase: 'Stopped',
    cpuLimit: 1,
    memoryLimit: GIB,
    conditions: [
      { type: 'Ready', status: 'False', reason: 'NotRunning', message: 'outside the windows of its schedule' },
      { type: 'WindowOpen', status: 'False', reason: 'Closed', message: 'opens 2026-03-13T01:00:00.000Z' },
    ],
    next: { phase: 'Starting', at: iso(-857.5), reason: 'WindowOpened' },
    events: [[580, 'WindowClosed', 'until 01:00']],
  },
  'rstudio-lab': {
    user: 'lab',
    phase: 'Running',
    cpuLimit: 4,
    memoryLimit: 8 * GIB,
    load: { cpu: 0.34, memory: 2.1 * GIB, unrest: 0.4, upMinutes: 12 },
    restarts: 1,
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'ProbeFailed',
        message: 'GET /health-check on port 20014: status 502, not 2xx or 3xx',
      },
    ],
    events: [
      [12, 'Restarted', 'hublet restart'],
      [4, 'Unhealthy', 'GET /health-check on port 20014: status 502, not 2xx or 3xx', 24],
    ],
  },
};

function iso(minutesAgo: number): string {
  return new Date(NOW_MS - minutesAgo * 60_000).toISOString();
}

/** The class at this moment. Same in, same out. */
export function exampleSnapshot(nowMs: number = NOW_MS): PageSnapshot {
  const names = Object.keys(CLASS);
  const history = new UsageHistory();
  const pools = new UsageHistory();
  const host = new UsageHistory();
  for (let pass = 360; pass >= 0; pass -= 1) {
    const amounts = new Map(
      names.map((name, at) => [name, loadAt(CLASS[name]?.load, CLASS[name]?.cpuLimit ?? 8, pass, at)]),
    );
    const atMs = 10 * 3_600_000 - pass * PASS_MS;
    history.take(amounts, atMs);
    const ofPool = (pool: string) =>
      sum(names.filter((name) => CLASS[name]?.pool === pool).map((name) => amounts.get(name)));
    pools.take(new Map(['class', 'gpu'].map((pool) => [pool, ofPool(pool)])), atMs);
    host.take(new Map([['', sum([...amounts.values()])]]), atMs);
  }
  const servers = names.map((name) => madeServer(name, CLASS[name] as Made, history));
  const poolOf = (name: string, cpuLimitCores: number, memoryLimitBytes: number): PagePool => {
    const used = lastOf(pools, name);
    return {
      name,
      servers: servers.filter(({ pool }) => pool === name).length,
      usage: {
        sampledAtMs: 0,
        cpuCores: used.cpuCores ?? 0,
        memoryWorkingSetBytes: used.memoryBytes ?? 0,
        cpuLimitCores,
        memoryLimitBytes,
      },
      recent: () => pools.recent(name),
    };
  };
  return {
    nowMs,
    historyVersion: 1,
    host: {
      name: 'campus-01.example.edu',
      version: '0.1.0',
      systemdVersion: '252.39-1~deb12u1',
      isDbusConnected: true,
      config: { isGood: true },
      memoryBytes: 128 * GIB,
      cpuCount: 32,
      recent: () => host.recent(''),
    },
    servers,
    pools: [poolOf('class', 12, 24 * GIB), poolOf('gpu', 16, 96 * GIB)],
    sources: [
      {
        path: '/etc/hublet/desired-state',
        isReady: true,
        message: '',
        files: 12,
        ignored: ['dora.yaml~'],
        heldForPrune: [],
      },
      { path: '/srv/class/servers', isReady: true, message: '', files: 2, ignored: [], heldForPrune: [] },
    ],
    events: names.flatMap((name) => eventsOf(name, CLASS[name] as Made)).sort((a, b) => (a.at < b.at ? -1 : 1)),
  };
}

function madeServer(name: string, made: Made, history: UsageHistory): PageServer {
  const { phase, load, cpuLimit, memoryLimit } = made;
  const now = lastOf(history, name);
  const isUp = load !== undefined;
  const events = eventsOf(name, made);
  const event = events.at(-1);
  return {
    name,
    user: made.user ?? name,
    unit: `hublet-${name.replaceAll('-', '\\x2d')}.service`,
    pool: made.pool ?? '',
    profile: made.profile ?? '',
    phase,
    conditions: conditionsOf(made, load),
    restarts: made.restarts ?? 0,
    oomKills: made.oomKills ?? 0,
    ...(isUp ? { startedMs: NOW_MS - load.upMinutes * 60_000 } : {}),
    usage: isUp
      ? {
          sampledAtMs: 1,
          cpuCores: now.cpuCores ?? 0,
          memoryWorkingSetBytes: now.memoryBytes ?? 0,
          memoryPeakBytes: Math.min((memoryLimit ?? 0) * 1.0, (now.memoryBytes ?? 0) * 1.12),
          cpuThrottledSeconds: Math.round(load.cpu * 31),
          ...(cpuLimit === undefined ? {} : { cpuLimitCores: cpuLimit }),
          ...(memoryLimit === undefined ? {} : { memoryLimitBytes: memoryLimit }),
        }
      : { sampledAtMs: 1 },
    recent: () => history.recent(name),
    ...(made.lastExit === undefined ? {} : { lastExit: made.lastExit }),
    ...(event === undefined ? {} : { event }),
    details: () => ({
      hour: history.hour(name),
      applied: isUp
        ? {
            ...(memoryLimit === undefined ? {} : { memoryMaxBytes: memoryLimit, memorySwapMaxBytes: 0 }),
            ...(cpuLimit === undefined ? {} : { cpuMaxCores: cpuLimit, cpuWeight: 100 }),
            tasksMax: 400,
          }
        : {},
      address: `127.0.0.1:${20_001 + Object.keys(CLASS).indexOf(name)}`,
      labels: made.pool === 'class' ? { course: 'ds101' } : {},
      ...(made.next === undefined ? {} : { next: made.next }),
      specPath: `/etc/hublet/desired-state/${name}.yaml`,
      events,
    }),
  };
}

function conditionsOf({ phase, conditions = [] }: Made, load: Load | undefined): readonly Condition[] {
  const since = iso(load?.upMinutes ?? 30);
  const usual: readonly Partial<Condition>[] = [
    { type: 'Accepted', status: 'True', reason: 'Valid' },
    { type: 'Admitted', status: 'True', reason: 'WithinPolicy' },
    { type: 'Synced', status: 'True', reason: 'InSync' },
    ...(phase === 'Ready' ? [{ type: 'Ready', status: 'True', reason: 'ProbeSucceeded' } as const] : []),
    { type: 'UpdatePending', status: 'False', reason: 'UpToDate' },
    { type: 'Suspended', status: 'False', reason: 'NotSuspended' },
  ];
  const own = new Map(conditions.map((condition) => [condition.type, condition]));
  const merged = usual.map((condition) => own.get(condition.type) ?? condition);
  const more = conditions.filter(({ type }) => !usual.some((condition) => condition.type === type));
  return [...merged, ...more].map(
    (condition) => ({ message: '', observedGeneration: 3, lastTransitionTime: since, ...condition }) as Condition,
  );
}

function eventsOf(name: string, { events = [] }: Made): readonly HubletEvent[] {
  return events.map(([minutesAgo, reason, message, count = 1]) => ({
    at: iso(minutesAgo),
    server: name,
    type: WARNINGS.has(reason) ? 'Warning' : 'Normal',
    reason,
    message,
    count,
  }));
}

const WARNINGS: ReadonlySet<string> = new Set(['SpecRejected', 'Crashed', 'BackOff', 'OOMKilled', 'Unhealthy']);

function loadAt(load: Load | undefined, cpuLimit: number, passesAgo: number, seed: number) {
  const minutesAgo = (passesAgo * PASS_MS) / 60_000;
  if (load === undefined || minutesAgo > load.upMinutes) return { cpuCores: undefined, memoryBytes: undefined };
  const { cpu, memory, unrest, isGrowing = false } = load;
  const wave = Math.sin((passesAgo + seed * 17) / 9) * 0.5 + Math.sin((passesAgo * (seed + 3)) / 23) * 0.5;
  const noise = fraction(Math.sin((passesAgo + 1) * 12.9898 + seed * 78.233) * 43_758.5453) - 0.5;
  const burst = fraction(Math.sin(Math.floor(passesAgo / 5) * 3.7 + seed) * 9_871.3) > 0.8 ? unrest : 0;
  const growth = isGrowing ? 1 - 0.72 * (minutesAgo / load.upMinutes) ** 1.4 : 1;
  return {
    cpuCores: Math.min(cpuLimit, Math.max(0.005, cpu * (1 + unrest * (0.6 * wave + 0.5 * noise) + burst))),
    memoryBytes: memory * growth * (1 + 0.06 * unrest * (wave + noise)),
  };
}

function fraction(value: number): number {
  return value - Math.floor(value);
}

function sum(
  amounts: readonly (
    | { readonly cpuCores?: number | undefined; readonly memoryBytes?: number | undefined }
    | undefined
  )[],
) {
  return {
    cpuCores: amounts.reduce((total, amount) => total + (amount?.cpuCores ?? 0), 0),
    memoryBytes: amounts.reduce((total, amount) => total + (amount?.memoryBytes ?? 0), 0),
  };
}

function lastOf(history: UsageHistory, key: string) {
  const recent = history.recent(key);
  return { cpuCores: recent?.cpuCores.at(-1), memoryBytes: recent?.memoryBytes.at(-1) };
}
