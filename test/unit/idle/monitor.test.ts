import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Usage } from '../../../src/cgroup/types.ts';
import type { PortUse } from '../../../src/idle/connections.ts';
import { createIdleMonitor } from '../../../src/idle/monitor.ts';
import type { IdleMonitor, IdleReading, IdleTarget, KnownIdleness } from '../../../src/idle/types.ts';
import { type IdleState, nextState } from '../../../src/idle/verdict.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

let clock: FakeClock;
let log: FakeLog;
let monitor: IdleMonitor;
let cpuSeconds: number | undefined;
/** Undefined: a moment ago. */
let sampledAtMs: number | undefined;
let peers: string[];
let isListening: boolean;
let lastActivity: string | undefined;
let holders: number[];
let failure: Error | undefined;
let asked: number;
let told: number;

beforeEach(() => {
  clock = new FakeClock();
  log = new FakeLog();
  sampledAtMs = undefined;
  [cpuSeconds, peers, isListening, lastActivity, holders, failure, asked, told] = [
    5,
    [],
    true,
    'a',
    [1000],
    undefined,
    0,
    0,
  ];
  monitor = createIdleMonitor({
    clock,
    log,
    sampler: {
      usage: (): Usage => ({
        sampledAtMs: sampledAtMs ?? clock.monotonicMs(),
        ...(cpuSeconds === undefined ? {} : { cpuUserSeconds: cpuSeconds, cpuSystemSeconds: 1 }),
      }),
    },
    readPortUse: async () => {
      if (failure !== undefined) throw failure;
      return new Map<number, PortUse>([[20_000, { isListening, peers: new Set(peers) }]]);
    },
    portHolders: () => holders,
    processOwner: () => 61_000,
    askJupyter: async () => {
      asked += 1;
      return lastActivity;
    },
  });
  monitor.on(() => {
    told += 1;
  });
  monitor.start();
});

function target(change: Partial<IdleTarget> = {}): IdleTarget {
  return {
    invocationId: 'one',
    checks: ['cpu', 'connections', 'http'],
    cpuCores: 0.05,
    port: 20_000,
    owner: { kind: 'account', uid: 1000 },
    jupyter: { scheme: 'http', path: '/api/status', headers: {} },
    tellAtMs: Number.POSITIVE_INFINITY,
    tellAfterMs: 60_000,
    ...change,
  };
}

/** One measuring, with the second look at connections. */
async function measure(times = 1): Promise<void> {
  for (let time = 0; time < times; time += 1) {
    for (const ms of [13_000, 2_000]) {
      clock.advance(ms);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  }
}

const kind = () => monitor.verdict('alice')?.kind;

describe('a server', () => {
  it('is idle once every check has found it quiet, and for as long as all do', async () => {
    monitor.follow('alice', target());
    expect(kind()).toBeUndefined();
    await measure();
    expect(kind()).toBe('unknown');
    await measure(2);
    expect(kind()).toBe('idle');
    const before = monitor.verdict('alice')?.idleMs ?? 0;
    await measure(4);
    expect(monitor.verdict('alice')?.idleMs).toBeGreaterThanOrEqual(before + 50_000);
    cpuSeconds = 7;
    await measure();
    expect(monitor.verdict('alice')).toMatchObject({ kind: 'active', idleMs: 0, sinceWallMs: undefined });
  });

  it.each<[string, () => void]>([
    ['a core in use', () => (cpuSeconds = (cpuSeconds ?? 0) + 10)],
    ['a connection that lasts', () => (peers = ['A:1'])],
    ['news from Jupyter', () => (lastActivity = 'b')],
  ])('is used where there is %s', async (_what, change) => {
    monitor.follow('alice', target());
    await measure(5);
    expect(kind()).toBe('idle');
    change();
    await measure(1);
    if (kind() === 'idle') await measure(1);
    expect(kind()).toBe('active');
  });

  it.each<[string, () => void]>([
    ['its cgroup can not be read', () => (cpuSeconds = undefined)],
    ['nobody listens on its port here', () => (isListening = false)],
    ['connections can not be read', () => (failure = new Error('EACCES'))],
    ['Jupyter does not answer', () => (lastActivity = undefined)],
    ['somebody else listens on its port too', () => (holders = [1000, 1001])],
  ])('counts as used where %s', async (_what, change) => {
    change();
    monitor.follow('alice', target());
    await measure(8);
    expect(monitor.verdict('alice')).toMatchObject({ kind: 'unknown', idleMs: 0 });
  });

  it('is not used by a probe that comes and goes', async () => {
    monitor.follow('alice', target({ checks: ['connections'] }));
    for (let time = 0; time < 5; time += 1) {
      peers = [`A:${time}`];
      clock.advance(15_000);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
      peers = [];
      clock.advance(2_000);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
    expect(kind()).toBe('idle');
  });

  it('is told no token of where another account listens on its port', async () => {
    holders = [1001];
    monitor.follow('alice', target());
    await measure(3);
    expect(asked).toBe(0);
  });

  it('begins anew with another run, and keeps its time over a change of what is asked', async () => {
    monitor.follow('alice', target({ checks: ['cpu'] }));
    await measure(5);
    const before = monitor.verdict('alice')?.idleMs ?? 0;
    monitor.follow('alice', target({ checks: ['cpu'], cpuCores: 0.1 }));
    await measure();
    expect(monitor.verdict('alice')?.idleMs).toBeGreaterThan(before);
    monitor.follow('alice', target({ checks: ['cpu'], invocationId: 'two' }));
    expect(monitor.verdict('alice')).toBeUndefined();
    await measure();
    expect(kind()).toBe('unknown');
  });

  it('is told of when that changes, and at each look once it has been idle for long', async () => {
    monitor.follow('alice', target({ checks: ['cpu'] }));
    await measure(3);
    expect(told).toBe(2);
    await measure(2);
    expect(told).toBe(2);
    await measure(4);
    expect(told).toBeGreaterThan(3);
  });

  it('is told of once when it has been idle for as long as an update of it waits', async () => {
    monitor.follow('alice', target({ checks: ['cpu'], tellAtMs: 60_000, tellAfterMs: Number.POSITIVE_INFINITY }));
    await measure(3);
    told = 0;

    await measure(20);

    expect(told).toBe(1);
    expect(monitor.verdict('alice')?.idleMs).toBeGreaterThan(200_000);
  });

  it('stays as it was found while a busy host is late with a sample, and counts as used when none comes', async () => {
    monitor.follow('alice', target({ checks: ['cpu'] }));
    await measure(3);
    const before = monitor.verdict('alice')?.idleMs ?? 0;
    told = 0;

    sampledAtMs = clock.monotonicMs();
    await measure(2);
    expect(monitor.verdict('alice')).toMatchObject({ kind: 'idle', idleMs: before + 30_000 });
    expect(told).toBe(0);

    await measure(4);
    expect(kind()).toBe('unknown');
  });

  it('leaves no timer behind', async () => {
    monitor.follow('alice', target());
    await measure(2);
    monitor.stop();
    monitor.unfollow('alice');
    expect(clock.timers()).toBe(0);
  });
});

describe('the time a server is idle', () => {
  it('is never more than the span in which every measuring found every check quiet', () => {
    const reading = fc.constantFrom<IdleReading>('quiet', 'quiet', 'quiet', 'used', 'unknown');
    const steps = fc.array(
      fc.record({
        readings: fc.array(reading, { maxLength: 3 }),
        afterMs: fc.nat(60_000),
        byMs: fc.integer({ min: -1e7, max: 1e7 }),
      }),
    );
    fc.assert(
      fc.property(steps, (all) => {
        let state: IdleState | undefined;
        let [monotonicMs, wallMs, quietMs] = [0, 1e12, -1];
        for (const { readings, afterMs, byMs } of all) {
          monotonicMs += afterMs;
          wallMs += byMs;
          state = nextState('one', state, readings, { monotonicMs, wallMs });
          const isQuiet = readings.length > 0 && readings.every((one) => one === 'quiet');
          quietMs = isQuiet ? (quietMs < 0 ? 0 : quietMs + afterMs) : -1;
          expect(state.verdict.kind === 'idle').toBe(isQuiet);
          expect(state.verdict.idleMs).toBe(Math.max(0, quietMs));
        }
      }),
    );
  });
});

describe('what an earlier controller knew', () => {
  const known = (change: Partial<KnownIdleness> = {}): KnownIdleness => {
    const nowMs = clock.monotonicMs();
    const wallMs = clock.wallMs();
    return {
      invocationId: 'one',
      sinceMs: nowMs - 600_000,
      sinceWallMs: wallMs - 600_000,
      lastActivityMs: wallMs - 700_000,
      measuredMs: nowMs - 60_000,
      ...change,
    };
  };

  beforeEach(() => clock.advance(3_600_000));

  it('is gone on from once a measuring has found no use', async () => {
    const { sinceWallMs, lastActivityMs } = known();
    monitor.follow('alice', target(), known());
    expect(kind()).toBeUndefined();
    await measure();
    expect(monitor.verdict('alice')).toMatchObject({ kind: 'idle', sinceWallMs, lastActivityMs });
    expect(monitor.verdict('alice')?.idleMs).toBeGreaterThanOrEqual(610_000);
    await measure(2);
    expect(monitor.verdict('alice')?.idleMs).toBeGreaterThanOrEqual(640_000);
  });

  it('is forgotten where it is used now, where a check still can’t be made, or where it was another run', async () => {
    peers = ['A:1'];
    monitor.follow('alice', target(), known());
    await measure(2);
    expect(kind()).toBe('active');
    peers = [];

    cpuSeconds = undefined;
    monitor.follow('bob', target(), known());
    await measure(2);
    expect(monitor.verdict('bob')?.kind).toBe('unknown');

    monitor.follow('carol', target(), known({ invocationId: 'two' }));
    await measure();
    expect(monitor.verdict('carol')?.kind).toBe('unknown');
  });

  it('is not believed where nobody measured for long', async () => {
    monitor.follow('alice', target(), known({ measuredMs: clock.monotonicMs() - 301_000 }));
    await measure();
    expect(kind()).toBe('unknown');
  });
});
