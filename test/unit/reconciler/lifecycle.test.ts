import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { unitName } from '../../../src/units/name.ts';
import { World } from '../../fakes/world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The fake clock begins on a Thursday at midnight UTC. */
const OFFICE = { timeZone: 'UTC', windows: [{ start: '0 8 * * *', stop: '0 18 * * *' }] };
const base = { command: ['sleep', 'infinity'] };

let world: World;

beforeEach(() => {
  world = new World();
});

const reasons = () => world.events.map(({ reason }) => reason);

/** Lets hours pass in one go: nothing is due in between but what the loop itself set alarms for. */
async function leap(ms: number): Promise<void> {
  world.clock.advance(ms);
  await world.settle();
}

describe('a schedule', () => {
  it('keeps a server down until its window opens, runs it, and stops it when that closes', async () => {
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.start();
    expect(world.status('alice')).toMatchObject({
      phase: 'Stopped',
      nextTransition: { phase: 'Starting', at: '2026-01-01T08:00:00.000Z', reason: 'WindowOpened' },
    });
    expect(world.condition('alice', 'WindowOpen')).toMatchObject({ status: 'False', reason: 'Closed' });
    expect(reasons()).not.toContain('Starting');

    await leap(8 * HOUR_MS);
    expect(world.status('alice')).toMatchObject({
      phase: 'Ready',
      nextTransition: { phase: 'Stopped', at: '2026-01-01T18:00:00.000Z', reason: 'WindowClosed' },
    });
    expect(world.condition('alice', 'WindowOpen')).toMatchObject({ status: 'True', reason: 'InWindow' });
    expect(reasons()).toContain('WindowOpened');

    await leap(10 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    expect(reasons()).toContain('WindowClosed');
    await leap(14 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('lets a run finish where it is to, and starts no other before the next window', async () => {
    world.source.put('alice', { ...base, restartPolicy: 'Always', schedule: { ...OFFICE, overrun: 'finish' } });
    await world.start();
    await leap(9 * HOUR_MS);
    await leap(10 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.condition('alice', 'WindowOpen')?.message).toContain('runs on until it ends');
    world.systemd.exit(unitName('alice'), { code: 1 });
    await world.pass(10 * MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    await leap(13 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('starts again at its next window what ended by itself in this one', async () => {
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.start();
    await leap(9 * HOUR_MS);
    world.systemd.exit(unitName('alice'), { code: 0 });
    await world.settle();
    await leap(MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    await leap(10 * HOUR_MS);
    await leap(13 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('acts at once when it is written, changed and taken away', async () => {
    world.source.put('alice', base);
    await world.start();
    const run = world.status('alice').invocationId;
    world.source.put('alice', {
      ...base,
      schedule: { ...OFFICE, windows: [{ start: '0 0 * * *', stop: '59 23 * * *' }] },
    });
    await world.settle();
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.settle();
    expect(world.status('alice').phase).toBe('Stopped');
    world.source.put('alice', base);
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.condition('alice', 'WindowOpen')).toBeUndefined();
  });

  it('is believed a minute after the clock jumped, not before', async () => {
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.start();
    await leap(9 * HOUR_MS);
    const run = world.status('alice').invocationId;
    world.clock.stepWall(12 * HOUR_MS);
    world.loop.lookAtAll();
    await world.settle();
    await leap(59_000);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });
    expect(reasons()).not.toContain('WindowClosed');
    await leap(2_000);
    expect(world.status('alice').phase).toBe('Stopped');
    expect(reasons()).toContain('WindowClosed');
  });

  it('stops nothing where the clock is set right again in time', async () => {
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.start();
    await leap(9 * HOUR_MS);
    const run = world.status('alice').invocationId;
    world.clock.stepWall(12 * HOUR_MS);
    await leap(30_000);
    world.clock.stepWall(-12 * HOUR_MS);
    await leap(5 * MINUTE_MS);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });
  });

  it('has a part in nothing else: a suspension that was over stays so where the clock is set right in time', async () => {
    world.source.put('alice', { ...base, suspend: { until: '2026-01-01T08:00:00Z' } });
    await world.start();
    await leap(9 * HOUR_MS);
    const run = world.status('alice').invocationId;
    expect(world.status('alice').phase).toBe('Ready');

    world.clock.stepWall(-2 * HOUR_MS);
    await leap(30_000);
    world.loop.lookAtAll();
    await world.settle();
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });
    world.clock.stepWall(2 * HOUR_MS);
    await leap(5 * MINUTE_MS);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: run });

    world.clock.stepWall(-2 * HOUR_MS);
    world.loop.lookAtAll();
    await world.settle();
    await leap(61_000);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('keeps nobody from suspending a server while it is doubted', async () => {
    world.source.put('alice', base);
    await world.start();
    world.clock.stepWall(2 * HOUR_MS);
    await leap(10_000);
    world.source.put('alice', { ...base, suspend: { until: '2026-01-01T08:00:00Z' } });
    await world.settle();
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('tells of a window that closed while no controller ran, once', async () => {
    world.source.put('alice', { ...base, schedule: OFFICE });
    await world.start();
    await leap(9 * HOUR_MS);
    await world.kill();
    world.clock.advance(10 * HOUR_MS);
    await world.start();
    expect(world.status('alice').phase).toBe('Stopped');
    await world.kill();
    await world.start();
    expect(reasons().filter((reason) => reason === 'WindowClosed')).toHaveLength(1);
  });
});

describe('maxAge', () => {
  it('stops a run that is older, and keeps it down until its spec changes', async () => {
    world.source.put('alice', { ...base, maxAge: '2h' });
    await world.start();
    expect(world.status('alice').nextTransition).toMatchObject({ phase: 'Stopped', reason: 'AgeStopped' });
    await leap(2 * HOUR_MS - 1_000);
    expect(world.status('alice').phase).toBe('Ready');
    await leap(1_000);
    expect(world.status('alice').phase).toBe('Stopped');
    expect(world.condition('alice', 'Ready')?.message).toContain('older than maxAge');
    await leap(10 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    expect(reasons().filter((reason) => reason === 'AgeStopped')).toHaveLength(1);

    world.source.put('alice', { ...base, maxAge: '2h' }, { 'hublet/resumedAt': 'now' });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
    await leap(HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
    await leap(HOUR_MS);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('counts over restarts of the controller, which neither hurry it nor wake what it stopped', async () => {
    world.source.put('alice', { ...base, maxAge: '2h' });
    await world.start();
    await leap(HOUR_MS);
    await world.kill();
    world.clock.advance(30 * MINUTE_MS);
    await world.start();
    expect(world.status('alice').phase).toBe('Ready');
    await leap(29 * MINUTE_MS);
    expect(world.status('alice').phase).toBe('Ready');
    await leap(MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    await world.kill();
    await world.start();
    expect(world.status('alice').phase).toBe('Stopped');
    expect(reasons().filter((reason) => reason === 'AgeStopped')).toHaveLength(1);
  });

  it('is told by no clock on a wall', async () => {
    world.source.put('alice', { ...base, maxAge: '2h' });
    await world.start();
    world.clock.stepWall(5 * HOUR_MS);
    await leap(HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('gives way to the next window', async () => {
    world.source.put('alice', { ...base, maxAge: '2h', schedule: OFFICE });
    await world.start();
    await leap(8 * HOUR_MS);
    await leap(2 * HOUR_MS);
    expect(world.status('alice')).toMatchObject({
      phase: 'Stopped',
      nextTransition: { phase: 'Starting', at: '2026-01-02T08:00:00.000Z', reason: 'WindowOpened' },
    });
    await leap(8 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    await world.kill();
    world.clock.advance(14 * HOUR_MS);
    await world.start();
    expect(world.status('alice').phase).toBe('Ready');
  });
});

describe('idle', () => {
  const spec = { ...base, idle: { timeout: '30m', warnBefore: '5m' } };

  /** What the monitor finds next of the present run. */
  async function find(idleMs: number, kind: 'idle' | 'active' | 'unknown' = 'idle'): Promise<void> {
    const invocationId = world.status('alice').invocationId ?? '';
    const wallMs = world.clock.wallMs();
    const sinceWallMs = kind === 'idle' ? wallMs - idleMs : undefined;
    const measuredMs = world.clock.monotonicMs();
    const lastActivityMs = wallMs - idleMs;
    world.idleVerdicts.set('alice', { invocationId, kind, idleMs, sinceWallMs, lastActivityMs, measuredMs });
    world.loop.lookAtAll();
    await world.settle();
  }

  beforeEach(async () => {
    world.source.put('alice', spec);
    await world.start();
    world.loop.lookAtAll();
    await world.settle();
  });

  it('is remembered over a restart of the controller, and no more once it is used', async () => {
    const startAnew = async (): Promise<void> => {
      await world.kill();
      world.idleVerdicts.clear();
      await world.start();
      world.loop.lookAtAll();
      await world.settle();
    };
    world.clock.advance(3_600_000);
    await find(20 * 60_000);
    const sinceMs = world.clock.monotonicMs() - 20 * 60_000;
    const invocationId = world.status('alice').invocationId ?? '';
    await startAnew();

    expect(world.idleKnown.get('alice')).toMatchObject({ invocationId, sinceMs });
    await startAnew();
    expect(world.idleKnown.get('alice')).toMatchObject({ invocationId, sinceMs });
    await find(0, 'active');
    await startAnew();
    expect(world.idleKnown.get('alice')).toBeUndefined();
  });

  it('is measured as its spec says', () => {
    expect(world.idleTargets.get('alice')).toMatchObject({
      invocationId: world.status('alice').invocationId,
      checks: ['cpu', 'connections'],
      cpuCores: 0.05,
      port: world.ports.get('alice'),
      owner: { kind: 'account', uid: 1000 },
      tellAtMs: Number.POSITIVE_INFINITY,
      tellAfterMs: 25 * MINUTE_MS,
    });
    expect(world.condition('alice', 'Idle')).toMatchObject({ status: 'Unknown', reason: 'NotMeasured' });
  });

  it('warns, then stops, and stays down until its spec changes', async () => {
    await find(24 * MINUTE_MS);
    expect(world.condition('alice', 'Idle')).toMatchObject({ status: 'True', reason: 'NoActivity' });
    expect(reasons()).not.toContain('IdleWarning');
    await find(25 * MINUTE_MS);
    expect(reasons()).toContain('IdleWarning');
    await leap(5 * MINUTE_MS);
    await find(30 * MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
    expect(world.condition('alice', 'Ready')?.message).toContain('was idle; stays down until hublet resume');
    expect(reasons().filter((reason) => reason === 'IdleStopped')).toHaveLength(1);
    expect(world.idleTargets.has('alice')).toBe(false);
    await world.kill();
    await world.start();
    expect(world.status('alice').phase).toBe('Stopped');

    world.source.put('alice', spec, { 'hublet/resumedAt': 'now' });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('is not stopped where it is used after the warning, nor where that is not known', async () => {
    await find(26 * MINUTE_MS);
    await find(0, 'active');
    expect(world.condition('alice', 'Idle')).toMatchObject({ status: 'False', reason: 'Active' });
    await find(0, 'unknown');
    await leap(HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
    await find(26 * MINUTE_MS);
    expect(reasons().filter((reason) => reason === 'IdleWarning')).toHaveLength(2);
  });

  it('is warned first however long it has been idle', async () => {
    await find(2 * HOUR_MS);
    expect(world.status('alice').phase).toBe('Ready');
    expect(reasons()).toContain('IdleWarning');
    await leap(5 * MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('waits a minute after the clock jumped', async () => {
    await find(26 * MINUTE_MS);
    await leap(5 * MINUTE_MS);
    world.clock.stepWall(3 * HOUR_MS);
    await find(31 * MINUTE_MS);
    expect(world.status('alice').phase).toBe('Ready');
    await leap(MINUTE_MS);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('asks Jupyter below the path of its readiness probe', async () => {
    const http = { path: '/user/alice/api', headers: { Authorization: 'token t' } };
    world.source.put('alice', { ...spec, idle: { timeout: '1m', check: ['http'] }, probes: { readiness: { http } } });
    await world.settle();
    world.loop.lookAtAll();
    await world.settle();
    expect(world.idleTargets.get('alice')?.jupyter).toEqual({
      scheme: 'http',
      path: '/user/alice/api/status',
      headers: { Authorization: 'token t' },
    });
  });
});

describe('whatever clocks and controllers do', () => {
  it('nothing is stopped before it is due, and in the end everything is', async () => {
    const act = fc.oneof(
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1_000, max: 2 * HOUR_MS }) }),
      fc.record({ kind: fc.constant('step' as const), ms: fc.integer({ min: -3 * HOUR_MS, max: 3 * HOUR_MS }) }),
      fc.constant({ kind: 'restart' as const }),
      fc.constant({ kind: 'look' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const own = new World();
        own.source.put('alice', { ...base, maxAge: '6h' });
        own.source.put('bob', { ...base, schedule: OFFICE });
        await own.start();
        const bornMs = own.clock.monotonicMs();
        for (const one of acts) {
          const wasUp = own.status('bob').phase === 'Ready';
          if (one.kind === 'pass') own.clock.advance(one.ms);
          if (one.kind === 'step') own.clock.stepWall(one.ms);
          if (one.kind === 'restart') await own.kill();
          if (one.kind === 'restart') await own.start();
          if (one.kind === 'look') own.loop.lookAtAll();
          await own.settle();
          const isOld = own.clock.monotonicMs() - bornMs >= 6 * HOUR_MS;
          if (!isOld) expect(own.status('alice').phase).toBe('Ready');
          // At the moment of a jump, whatever it says, what ran runs on.
          own.loop.lookAtAll();
          await own.settle();
          if (one.kind === 'step' && Math.abs(one.ms) > 5 * MINUTE_MS && wasUp) {
            expect(own.status('bob').phase).toBe('Ready');
          }
        }
        own.clock.advance(6 * HOUR_MS);
        await own.settle();
        own.clock.advance(2 * MINUTE_MS);
        own.loop.lookAtAll();
        await own.settle();
        expect(own.status('alice').phase).toBe('Stopped');
        const hour = new Date(own.clock.wallMs()).getUTCHours();
        expect(own.status('bob').phase).toBe(hour >= 8 && hour < 18 ? 'Ready' : 'Stopped');
        await own.kill();
      }),
      { numRuns: 25 },
    );
  }, 60_000);
});
