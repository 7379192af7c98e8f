import { createSecretKey } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { IdleVerdict } from '../../../src/idle/types.ts';
import { countedFields, startedWith } from '../../../src/reconciler/startedWith.ts';
import { serverSchema } from '../../../src/spec/schema.ts';
import { effectOfField } from '../../../src/units/fieldFacts.ts';
import { unitName } from '../../../src/units/name.ts';
import { whole } from '../../fakes/wholeSpec.ts';
import { World } from '../../fakes/world.ts';

const ALICE = unitName('alice');
const MINUTE_MS = 60_000;
const command = (seconds: number) => ({ command: ['sleep', String(seconds)] });

let world: World;

beforeEach(() => {
  world = new World();
});

const runOf = (name = 'alice') => world.systemd.unit(unitName(name))?.invocationId;
const pending = (name = 'alice') => world.condition(name, 'UpdatePending');
const told = (reason: string) => world.events.filter((event) => event.reason === reason).map(({ message }) => message);

async function look(): Promise<void> {
  world.loop.lookAtAll();
  await world.settle();
}

/** The run is found to be as described, for so long. */
async function find(idleMs: number, kind: IdleVerdict['kind'] = 'idle'): Promise<void> {
  const now = world.clock.wallMs();
  const sinceWallMs = kind === 'idle' ? now - idleMs : undefined;
  const invocationId = runOf() ?? '';
  const measuredMs = world.clock.monotonicMs();
  world.idleVerdicts.set('alice', {
    invocationId,
    kind,
    idleMs,
    sinceWallMs,
    lastActivityMs: now - idleMs,
    measuredMs,
  });
  await look();
}

describe('updateStrategy: Immediate', () => {
  it('restarts for what only a restart can change, once, by way of Updating', async () => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    const before = runOf();
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.loop.idle();
    expect(world.status('alice').phase).toBe('Updating');
    await world.settle();
    expect(runOf()).not.toBe(before);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0 });
    expect(pending()?.status).toBe('False');
    await look();
    expect(world.systemd.started).toHaveLength(2);
    expect(told('Restarted')).toEqual(['its spec changed: stopping it in order to start anew']);
  });

  it.each<[string, object]>([
    ['its limits', { resources: { memory: { limit: '1G' } } }],
    ['what hublet alone follows', { restartPolicy: 'Always', maxAge: '9h', priority: 3 }],
    ['nothing', {}],
  ])('restarts nothing where %s changed', async (_what, change) => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate', ...change });
    await world.settle();
    expect(world.systemd.started).toHaveLength(1);
  });

  it('takes what has been waiting when it is written', async () => {
    world.source.put('alice', command(1));
    await world.start();
    world.source.put('alice', command(2));
    await world.settle();
    expect(pending()).toMatchObject({ status: 'True', reason: 'RestartRequired' });
    expect(told('UpdatePending')).toHaveLength(1);
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
    expect(pending()?.status).toBe('False');
  });

  it('restarts for a change that was made while no controller ran', async () => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    await world.kill();
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.start();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('restarts for another pool, which its slice is part of', async () => {
    world.pools = new Map([['lab', {}]]);
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    world.source.put('alice', { ...command(1), pool: 'lab', updateStrategy: 'Immediate' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('leaves alone what another version of hublet would run otherwise, until the next start', async () => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    await world.kill();
    anotherVersionMadeIt();
    await world.start();
    await look();
    expect(world.systemd.started).toHaveLength(1);
    expect(pending()).toMatchObject({ status: 'True', reason: 'RestartRequired' });
    expect(pending()?.message).toContain('what hublet or this host makes of the spec');
    // Neither does an edit of something else bring it about.
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate', maxAge: '9h' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(1);
    // A change of what is run does.
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('takes no difference for a wish where nobody remembers what the run was started with', async () => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    await world.kill();
    world.memories.clear();
    anotherVersionMadeIt();
    await world.start();
    expect(world.systemd.started).toHaveLength(1);
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('waits for a source that is frozen', async () => {
    world.source.put('alice', command(1));
    await world.start();
    world.source.put('alice', command(2));
    await world.settle();
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    world.source.change('alice', { isFrozen: true });
    await world.settle();
    expect(world.systemd.started).toHaveLength(1);
    world.source.change('alice', { isFrozen: false });
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('stops nothing that could not be started again', async () => {
    world.source.put('alice', { ...command(1), updateStrategy: 'Immediate' });
    await world.start();
    world.accounts.set('alice', { kind: 'missing' });
    world.source.put('alice', { ...command(2), updateStrategy: 'Immediate' });
    await world.settle();
    expect(world.systemd.units.get(ALICE)?.activeState).toBe('active');
    expect(world.systemd.started).toHaveLength(1);
  });

  it('takes many servers by maxStarting and priority, so that the others serve on', async () => {
    world.maxStarting = 1;
    const probes = { readiness: { tcp: {} } };
    const spec = (seconds: number, priority: number) => ({
      ...command(seconds),
      probes,
      priority,
      updateStrategy: 'Immediate',
    });
    const names = ['alice', 'bob', 'carol'];
    for (const [priority, name] of names.entries()) world.source.put(name, spec(1, priority));
    const becomeReady = async (name: string) => {
      const invocationId = runOf(name) ?? '';
      world.verdict(name, { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
      await world.settle();
    };
    await world.start();
    for (const name of [...names].reverse()) await becomeReady(name);
    expect(world.systemd.started).toHaveLength(3);

    for (const [priority, name] of names.entries()) world.source.put(name, spec(2, priority));
    await world.settle();
    const updated = () => world.systemd.started.slice(3).map(({ unit }) => unit);
    // The most important first, and each of the others once the one before is Ready.
    expect(updated()).toHaveLength(1);
    expect(pending('bob')).toMatchObject({ status: 'True', reason: 'RestartRequired' });
    expect(names.filter((name) => world.status(name).phase === 'Ready')).toHaveLength(2);
    await becomeReady('carol');
    expect(updated()).toEqual([unitName('carol'), unitName('bob')]);
    expect(world.status('alice').phase).toBe('Ready');
    await becomeReady('bob');
    expect(updated()).toEqual([unitName('carol'), unitName('bob'), unitName('alice')]);
    await becomeReady('alice');
    expect(names.map((name) => pending(name)?.status)).toEqual(['False', 'False', 'False']);
  });

  it('gives its place in line back where the change is taken back', async () => {
    world.maxStarting = 1;
    const spec = (seconds: number) => ({
      ...command(seconds),
      probes: { readiness: { tcp: {} } },
      updateStrategy: 'Immediate',
    });
    for (const name of ['alice', 'bob']) world.source.put(name, { ...spec(1), probes: {} });
    await world.start();
    world.source.put('alice', spec(2));
    world.source.put('bob', { ...spec(2), probes: {} });
    await world.settle();
    expect(world.systemd.started).toHaveLength(3);
    world.source.put('bob', { ...spec(1), probes: {} });
    await world.settle();
    expect(pending('bob')?.status).toBe('False');
    const invocationId = runOf() ?? '';
    world.verdict('alice', { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
    await world.settle();
    expect(world.systemd.started).toHaveLength(3);
  });
});

describe('updateStrategy: WhenIdle', () => {
  const spec = (seconds: number, more: object = {}) => ({ ...command(seconds), updateStrategy: 'WhenIdle', ...more });

  it('waits until nobody uses it, and takes what is not known for use', async () => {
    world.source.put('alice', spec(1));
    await world.start();
    await look();
    expect(world.idleTargets.get('alice')).toMatchObject({ checks: ['cpu', 'connections'], tellAtMs: 600_000 });
    world.source.put('alice', spec(2));
    await world.settle();
    expect(pending()).toMatchObject({ status: 'True', reason: 'WaitingForIdle' });
    expect(pending()?.message).toContain('started anew once idle for 10m; counts as used: not all of cpu, connections');
    expect(world.condition('alice', 'Idle')).toBeUndefined();
    await find(0, 'active');
    await find(0, 'unknown');
    await find(9 * MINUTE_MS);
    expect(world.systemd.started).toHaveLength(1);
    await find(10 * MINUTE_MS);
    expect(world.systemd.started).toHaveLength(2);
    expect(pending()?.status).toBe('False');
  });

  it('is updated at once where it has been idle for long when the change comes', async () => {
    world.source.put('alice', spec(1));
    await world.start();
    await find(60 * MINUTE_MS);
    expect(world.systemd.started).toHaveLength(1);
    world.source.put('alice', spec(2));
    await world.settle();
    expect(world.systemd.started).toHaveLength(2);
  });

  it('is no reason to stop for idleness what is to be started anew for it', async () => {
    const idle = { timeout: '2m', check: ['cpu'], warnBefore: '1m' };
    world.source.put('alice', spec(1, { idle }));
    await world.start();
    world.source.put('alice', spec(2, { idle }));
    await world.settle();
    await find(100_000);
    await find(120_000);
    expect(told('IdleWarning')).toEqual([]);
    expect(world.systemd.started).toHaveLength(2);
    expect(world.status('alice').phase).toBe('Ready');
    // The new run is idle too in the end, and there is nothing to update.
    await find(60_000);
    await world.pass(MINUTE_MS);
    await find(120_000);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('believes no idleness right after the clock jumped', async () => {
    world.source.put('alice', spec(1));
    await world.start();
    world.source.put('alice', spec(2));
    await world.settle();
    world.clock.stepWall(3 * 60 * MINUTE_MS);
    await find(60 * MINUTE_MS);
    expect(world.systemd.started).toHaveLength(1);
    await world.pass(MINUTE_MS);
    await find(60 * MINUTE_MS);
    expect(world.systemd.started).toHaveLength(2);
  });
});

describe('what a run was started with', () => {
  const key = createSecretKey(Buffer.alloc(32));
  const documentOf = (spec: object) => {
    const text = JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Server', metadata: { name: 'alice' }, spec });
    return whole(`${text}\n`, 'alice').document;
  };
  const digest = (spec: object, pool?: string) => startedWith(documentOf({ ...command(1), ...spec }), pool, key);

  it('is the same however it is written', () => {
    expect(digest({ shell: '/bin/sh', environment: { A: '1', B: '2' } })).toBe(
      digest({ environment: { B: '2', A: '1' }, shell: '/bin/sh' }),
    );
    expect(digest({ unitProperties: { MemoryMin: '64M' } })).toBe(digest({}));
  });

  it('tells apart what only a new start changes', () => {
    const others = [{ shell: '/bin/sh' }, { unitProperties: { Nice: '5' } }, { resources: { files: 99 } }];
    expect(new Set([digest({}), digest({}, 'lab'), ...others.map((spec) => digest(spec))]).size).toBe(5);
  });

  it('counts each field whose change needs a restart, and no other', () => {
    for (const [name, schema] of Object.entries(serverSchema.shape.spec.shape)) {
      if (['profile', 'resources', 'sandbox', 'unitProperties', 'pool'].includes(name)) continue;
      const isCounted = name in countedFields({ command: ['a'], [name]: 'x' } as never);
      const effect = effectOfField(`spec.${name}`, schema.meta()?.description ?? '');
      expect([name, isCounted]).toEqual([name, effect === 'restart']);
    }
  });
});

/** Marks the running unit as one that hublet would make otherwise now. */
function anotherVersionMadeIt(): void {
  const unit = world.systemd.units.get(ALICE);
  if (unit?.marks == null) throw new Error('no unit');
  world.systemd.units.set(ALICE, { ...unit, marks: { ...unit.marks, hash: 'f'.repeat(64) } });
}
