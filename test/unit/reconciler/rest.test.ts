import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Admission } from '../../../src/reconciler/admitter.ts';
import type { ServerEntry } from '../../../src/reconciler/entry.ts';
import { Rest } from '../../../src/reconciler/rest.ts';
import { World } from '../../fakes/world.ts';

const SLEEP = { command: ['/bin/sleep', '1'], port: 'none' };
const ALICE = 'hublet-alice.service';
/** The first resync has a look at everything; it takes the second to know that nothing came of it. */
const UNTIL_AT_REST_MS = 140_000;
const RESYNC_MS = 67_000;

let world: World;

beforeEach(async () => {
  world = new World();
  world.source.put('alice', SLEEP);
  await world.start();
});

const looks = () => vi.spyOn(world.statuses, 'set');

describe('a resync of servers that are at rest', () => {
  it('asks systemd once, looks at none of a thousand, and counts them all', async () => {
    for (let index = 1; index < 1000; index += 1) {
      world.addAccount(`s${index}`, 2000 + index);
      world.source.put(`s${index}`, SLEEP);
    }
    await world.settle();
    while (![...world.statuses.values()].every(({ status }) => status.phase === 'Ready')) await world.pass(1_000);
    await world.pass(UNTIL_AT_REST_MS);
    world.systemd.calls.length = 0;
    const before = world.looks.length;
    const had = looks();

    await world.pass(RESYNC_MS);

    expect(had).not.toHaveBeenCalled();
    expect(world.systemd.calls).toEqual(['ListUnitsByPatterns']);
    expect(world.looks.length - before).toBe(1000);
  });

  it('goes on to find what no signal told of', async () => {
    await world.pass(UNTIL_AT_REST_MS);
    const unit = world.systemd.unit(ALICE);
    if (unit === undefined) throw new Error('alice is not there');
    world.systemd.units.set(ALICE, { ...unit, activeState: 'failed', result: 'signal', execMainCode: 2, mainPid: 0 });

    await world.pass(RESYNC_MS);

    expect(world.exits).toHaveLength(1);
    expect(world.status('alice').restarts).toBe(1);
  });

  it('goes on to find a limit that somebody changed, and to set it back', async () => {
    world.source.put('alice', { ...SLEEP, resources: { memory: { limit: '64M' } } });
    await world.settle();
    await world.pass(UNTIL_AT_REST_MS);

    await world.systemd.setUnitProperties(ALICE, [{ name: 'MemoryMax', signature: 't', value: 1n << 30n }]);
    await world.pass(RESYNC_MS);

    expect(world.systemd.unit(ALICE)?.live?.MemoryMax).toBe(64n << 20n);
    expect(world.events.map(({ reason }) => reason)).toContain('DriftCorrected');
  });

  it('writes a status again that somebody removed', async () => {
    await world.pass(UNTIL_AT_REST_MS);
    world.statuses.delete('alice');
    await world.pass(RESYNC_MS);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('goes on to find an account that is gone', async () => {
    await world.pass(UNTIL_AT_REST_MS);
    world.accounts.set('alice', { kind: 'missing' });
    await world.pass(RESYNC_MS);
    expect(world.condition('alice', 'Stalled')?.reason).toBe('UserNotFound');
  });

  it('looks at one that is stopped as little as at one that runs', async () => {
    world.source.put('alice', { ...SLEEP, suspend: true });
    await world.pass(10_000);
    expect(world.status('alice').phase).toBe('Stopped');
    await world.pass(UNTIL_AT_REST_MS);
    const had = looks();
    await world.pass(RESYNC_MS);
    expect(had).not.toHaveBeenCalled();
  });
});

describe('a server', () => {
  let rest: Rest;
  let entry: ServerEntry;
  let admission: Admission;

  beforeEach(() => {
    const found = world.loop.entries.get('alice');
    if (found === undefined) throw new Error('alice is not there');
    entry = found;
    admission = found.admission;
    rest = new Rest(world.loopPorts, { admit: () => admission });
    expect(rest.isAtRest(entry)).toBe(false);
    rest.note(entry, { kind: 'done' });
    expect(rest.isAtRest(entry)).toBe(true);
  });

  it('stays at rest while nothing happens, and after a look that found nothing new', () => {
    expect(rest.isAtRest(entry)).toBe(true);
    rest.note(entry, { kind: 'again', afterMs: 1_000 });
    expect(rest.isAtRest(entry)).toBe(true);
  });

  it.each<[what: string, change: () => void]>([
    ['its unit', () => world.systemd.put(ALICE, { mainPid: 12 })],
    ['what is in force for it', () => world.systemd.put(ALICE, { live: { TasksMax: 3n } })],
    ['its spec', () => world.source.put('alice', { ...SLEEP, command: ['/bin/sleep', '2'] })],
    [
      'what there is to say of its file',
      () => {
        const record = world.source.record('alice');
        if (record !== undefined)
          vi.spyOn(world.source, 'record').mockReturnValue({ ...record, warnings: ['chmod o-r'] });
      },
    ],
    ['what it is admitted as', () => (admission = { kind: 'waiting', message: 'looking up the account alice' })],
    [
      'what its probes say',
      () => world.verdicts.set('alice', { invocationId: 'x', isReady: false, reason: 'ProbeFailed', message: '' }),
    ],
    ['kills of it', () => (world.oomKills = 1)],
    ['the wall clock', () => world.clock.stepWall(5_000)],
  ])('is looked at where %s changed, until a look has come to nothing', (_what, change) => {
    change();
    expect(rest.isAtRest(entry)).toBe(false);
    expect(rest.isAtRest(entry)).toBe(false);
    rest.note(entry, { kind: 'done' });
    expect(rest.isAtRest(entry)).toBe(true);
  });

  it('is not at rest where its look changed what a look sees, though it then came to be as before', () => {
    const { TasksMax } = world.systemd.unit(ALICE)?.live ?? {};
    world.systemd.put(ALICE, { live: { TasksMax: 3n } });
    expect(rest.isAtRest(entry)).toBe(false);
    world.systemd.put(ALICE, { live: { TasksMax } });
    rest.note(entry, { kind: 'done' });
    world.systemd.put(ALICE, { live: { TasksMax: 3n } });
    expect(rest.isAtRest(entry)).toBe(false);
  });

  it.each<[why: string, change: () => void]>([
    ['something keeps it from being done', () => (entry.fault = 'no room')],
    ['its last look is to be repeated', () => rest.note(entry, { kind: 'retry' })],
    [
      'more than one look came between',
      () => {
        rest.note(entry, { kind: 'done' });
        rest.note(entry, { kind: 'done' });
      },
    ],
    ['its end is being looked into', () => (entry.startRequestedMs = 0)],
    [
      'somebody sets its limits',
      () => (entry.rivals = { ...entry.rivals, dropIns: new Map([['TasksMax', '/etc/x']]) }),
    ],
    ['an update waits', () => (entry.update = { ...entry.update, kind: 'due' } as ServerEntry['update'])],
  ])('is not at rest while %s', (_why, change) => {
    change();
    expect(rest.isAtRest(entry)).toBe(false);
  });
});
