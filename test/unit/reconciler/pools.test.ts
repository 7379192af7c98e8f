import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Pool } from '../../../src/spec/pool.ts';
import { poolOfControlGroup } from '../../../src/units/pool.ts';
import { World } from '../../fakes/world.ts';

const gibibyte = 1024 ** 3;
const infinity = 2n ** 64n - 1n;
const slice = 'hublet-gpu.slice';
const limited: Pool = { memoryMax: { kind: 'exact', amount: 4 * gibibyte } };
const inPool = (more: object = {}) => ({ command: ['/bin/true'], pool: 'gpu', ...more });
const guaranteed = (guarantee: string) => inPool({ resources: { memory: { guarantee } } });

let world: World;
beforeEach(() => {
  world = new World();
  world.pools = new Map([['gpu', limited]]);
});

function property(name: string): unknown {
  return world.systemd.slices.get(slice)?.[name];
}

/** What the host's events say. */
function told(reason: string): readonly string[] {
  return world.events.filter((event) => event.server === undefined && event.reason === reason).map((e) => e.message);
}

function slicesSet(): number {
  return world.systemd.calls.filter((call) => call === 'SetUnitProperties').length;
}

describe('the first server of a pool', () => {
  it('finds the limits of its slice set', async () => {
    const callsAtStart: (readonly string[])[] = [];
    world.source.put('alice', inPool());
    world.systemd.on(() => {
      if (callsAtStart.length === 0) callsAtStart.push([...world.systemd.calls]);
    });
    await world.start();

    expect(callsAtStart[0]).toContain('SetUnitProperties');
    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.systemd.started[0]?.properties.find(({ name }) => name === 'Slice')?.value).toBe(slice);
    expect(told('Resized')).toEqual([`pool gpu: set on ${slice}: MemoryMax`]);
  });

  it('is not started while they can not be set, and says why', async () => {
    world.systemd.refuseSlices = 'Cannot set property MemoryMax';
    world.source.put('alice', inPool());
    world.source.put('bob', { command: ['/bin/true'] });
    await world.start();

    expect(world.systemd.started.map(({ unit }) => unit)).toEqual(['hublet-bob.service']);
    expect(world.condition('alice', 'Ready')?.message).toContain(
      'pool gpu: its limits could not be set: Cannot set property MemoryMax',
    );
    world.systemd.refuseSlices = undefined;
    await world.pass(70_000);
    expect(world.status('alice').phase).toBe('Ready');
  });
});

describe('a server', () => {
  it('that names a pool which is none is refused and told which was meant', async () => {
    world.source.put('alice', { ...inPool(), pool: 'gup' });
    await world.start();

    expect(world.condition('alice', 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'SchemaError',
      message: 'spec.pool: there is no pool gup, did you mean gpu? (pools are in the configuration, which has gpu)',
    });
    expect(world.systemd.started).toEqual([]);
  });

  it('without a pool is in hublet.slice, and nothing is set there', async () => {
    world.pools = new Map();
    world.source.put('alice', { command: ['/bin/true'], resources: { memory: { guarantee: '1G' } } });
    await world.start();

    expect(world.systemd.started[0]?.properties.find(({ name }) => name === 'Slice')?.value).toBe('hublet.slice');
    expect([...world.systemd.slices.keys()]).toEqual([]);
    expect(world.systemd.calls).not.toContain('ReadSlice');
  });

  it('without a pool is in the default one where there is one', async () => {
    world.defaultPool = 'gpu';
    world.source.put('alice', { command: ['/bin/true'] });
    await world.start();

    expect(world.systemd.started[0]?.properties.find(({ name }) => name === 'Slice')?.value).toBe(slice);
  });

  it('whose pool changes stays in its slice until it is restarted', async () => {
    world.pools = new Map([
      ['gpu', {}],
      ['cpu', {}],
    ]);
    world.source.put('alice', guaranteed('1G'));
    await world.start();

    world.source.put('alice', { ...guaranteed('1G'), pool: 'cpu' });
    await world.settle();

    expect(world.condition('alice', 'UpdatePending')).toMatchObject({ status: 'True', reason: 'RestartRequired' });
    expect(world.systemd.started).toHaveLength(1);
    expect(property('MemoryLow')).toBe(BigInt(gibibyte));
    expect(world.systemd.slices.get('hublet-cpu.slice')?.MemoryLow).toBeUndefined();

    world.source.put('alice', { ...guaranteed('1G'), pool: 'cpu' }, { 'hublet/restartedAt': 'now' });
    await world.settle();

    expect(world.systemd.started).toHaveLength(2);
    expect(property('MemoryLow')).toBe(0n);
    expect(world.systemd.slices.get('hublet-cpu.slice')?.MemoryLow).toBe(BigInt(gibibyte));
  });
});

describe('the guarantee of a pool', () => {
  it('is what its servers that run are guaranteed together', async () => {
    world.source.put('alice', guaranteed('1G'));
    world.source.put('bob', guaranteed('512M'));
    world.source.put('carol', { ...guaranteed('2G'), suspend: true });
    await world.start();
    expect(property('MemoryLow')).toBe(BigInt(1.5 * gibibyte));

    world.source.put('carol', guaranteed('2G'));
    await world.settle();
    expect(property('MemoryLow')).toBe(BigInt(3.5 * gibibyte));

    world.source.put('alice', guaranteed('256M'));
    world.source.remove('bob');
    await world.settle();
    expect(property('MemoryLow')).toBe(BigInt(2.25 * gibibyte));
    expect(told('DriftCorrected')).toEqual([]);
    // Of it the servers' own events tell.
    expect(told('Resized')).toEqual([`pool gpu: set on ${slice}: MemoryMax`]);
  });

  it('never shrinks below what runs while a new controller gets to know its servers', async () => {
    world.source.put('alice', guaranteed('1G'));
    await world.start();
    await world.kill();
    const seen: unknown[] = [];
    world.systemd.onSliceSet = () => seen.push(property('MemoryLow'));

    await world.start();

    expect(seen).toEqual([]);
    expect(property('MemoryLow')).toBe(BigInt(gibibyte));
  });
});

describe('a resize of a pool', () => {
  beforeEach(async () => {
    world.source.put('alice', inPool());
    await world.start();
  });

  it('is set on the slice that is there, and no server is touched', async () => {
    world.pools = new Map([['gpu', { ...limited, tasksMax: 50 }]]);
    await world.loop.lookAtPools();

    expect(property('TasksMax')).toBe(50n);
    expect(world.systemd.started).toHaveLength(1);
    expect(told('Resized').at(-1)).toBe(`pool gpu: set on ${slice}: TasksMax`);
  });

  it('to less than its servers use waits, and is done when there is room', async () => {
    world.poolWorkingSetBytes = 2 * gibibyte;
    world.pools = new Map([['gpu', { memoryMax: { kind: 'exact', amount: gibibyte }, tasksMax: 50 }]]);
    await world.loop.lookAtPools();

    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    expect(property('TasksMax')).toBe(50n);
    expect(told('ResizeDeferred')).toEqual([
      'pool gpu: MemoryMax 1G waits: pool gpu uses 2048M, and a limit below that and 5% more would stop it',
    ]);

    world.poolWorkingSetBytes = 0.5 * gibibyte;
    await world.pass(31_000);

    expect(property('MemoryMax')).toBe(BigInt(gibibyte));
    expect(told('ResizeDeferred')).toHaveLength(1);
    expect(told('DriftCorrected')).toEqual([]);
  });

  it('keeps servers that come meanwhile guaranteed', async () => {
    world.poolWorkingSetBytes = 2 * gibibyte;
    world.pools = new Map([['gpu', { memoryMax: { kind: 'exact', amount: gibibyte } }]]);
    await world.loop.lookAtPools();

    world.source.put('bob', guaranteed('256M'));
    await world.settle();

    expect(world.status('bob').phase).toBe('Ready');
    expect(property('MemoryLow')).toBe(BigInt(gibibyte / 4));
    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
  });
});

describe('a limit of the slice that somebody else changed', () => {
  it('is set back within a resync, and told of', async () => {
    world.source.put('alice', inPool());
    await world.start();
    world.systemd.slices.set(slice, { ...world.systemd.slices.get(slice), MemoryMax: 77n * 4096n, CPUWeight: 10n });

    await world.pass(67_000);

    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    expect(property('CPUWeight')).toBe(infinity);
    expect(told('DriftCorrected')).toEqual([
      `pool gpu: changed by somebody, set back on ${slice}: MemoryMax, CPUWeight`,
    ]);
  });

  it('again and again is set back twice more, and then every five minutes', async () => {
    world.source.put('alice', inPool());
    await world.start();
    const meddle = (value: bigint) =>
      void world.systemd.slices.set(slice, { ...world.systemd.slices.get(slice), MemoryMax: value });
    for (let time = 0; time < 3; time += 1) {
      meddle(77n * 4096n);
      await world.pass(67_000);
      expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    }
    expect(told('DriftCorrected').at(-1)).toContain('MemoryMax keeps being changed and is set back every 5 min');

    meddle(78n * 4096n);
    await world.pass(180_000);
    expect(property('MemoryMax')).toBe(78n * 4096n);
    await world.pass(180_000);
    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    expect(told('DriftCorrected')).toHaveLength(4);
  });

  it('by a drop-in is left to it, also where the configuration says something new', async () => {
    world.source.put('alice', inPool());
    await world.start();
    world.systemd.dropIns.set(slice, new Map([['MemoryMax', '/etc/systemd/system.control/x.conf']]));
    world.systemd.slices.set(slice, { ...world.systemd.slices.get(slice), MemoryMax: 77n * 4096n });
    await world.pass(67_000);
    world.pools = new Map([['gpu', { memoryMax: { kind: 'exact', amount: 2 * gibibyte }, tasksMax: 9 }]]);
    await world.loop.lookAtPools();
    await world.pass(67_000);

    expect(property('MemoryMax')).toBe(77n * 4096n);
    expect(property('TasksMax')).toBe(9n);
    await world.kill();
    await world.start();
    expect(property('MemoryMax')).toBe(77n * 4096n);
    expect(told('DriftCorrected')).toEqual([]);
  });

  it.each([
    ['is not corrected', { isCorrected: false, ignore: [] }],
    ['is ignored by name', { isCorrected: true, ignore: ['MemoryMax'] }],
  ])('is left where drift %s, and a new limit is set all the same', async (_how, drift) => {
    world.drift = drift;
    await world.start();
    world.systemd.slices.set(slice, { ...world.systemd.slices.get(slice), MemoryMax: 77n * 4096n });
    await world.pass(67_000);
    expect(property('MemoryMax')).toBe(77n * 4096n);
    expect(told('DriftCorrected')).toEqual([]);

    world.pools = new Map([['gpu', { memoryMax: { kind: 'exact', amount: gibibyte } }]]);
    await world.loop.lookAtPools();
    expect(property('MemoryMax')).toBe(BigInt(gibibyte));
  });

  it('costs a resync without any one reading of each pool', async () => {
    await world.start();
    const [reads, sets] = [world.systemd.calls.filter((call) => call === 'ReadSlice').length, slicesSet()];
    await world.pass(67_000);
    expect(world.systemd.calls.filter((call) => call === 'ReadSlice')).toHaveLength(reads + 1);
    expect(slicesSet()).toBe(sets);
  });
});

describe('a pool that is taken out of the configuration', () => {
  it('keeps its limits and its servers until the last of them is gone; then it has none', async () => {
    world.source.put('alice', inPool());
    await world.start();

    world.pools = new Map();
    await world.loop.lookAtPools();
    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.condition('alice', 'Accepted')?.message).toBe(
      'spec.pool: there is no pool gpu (pools are in the configuration, which has none)',
    );
    expect(world.loop.pools.names()).toEqual(['gpu']);

    world.source.remove('alice');
    await world.settle();
    await world.pass(67_000);

    expect(property('MemoryMax')).toBe(infinity);
    expect(world.loop.pools.names()).toEqual([]);
    expect([...world.storedPools]).toEqual([]);
    expect(told('Resized').at(-1)).toBe(`pool gpu: no longer a pool, set back to none on ${slice}: MemoryMax`);
  });

  it('while no controller ran is found by the next, which takes back what the earlier one had set', async () => {
    await world.start();
    expect(property('MemoryMax')).toBe(4n * BigInt(gibibyte));
    await world.kill();
    world.pools = new Map();

    await world.start();

    expect(property('MemoryMax')).toBe(infinity);
    expect([...world.storedPools]).toEqual([]);
  });

  it('is left as it is where hublet never set any of its limits', async () => {
    world.pools = new Map([['gpu', {}]]);
    world.source.put('alice', inPool());
    await world.start();
    world.pools = new Map();
    world.systemd.slices.set(slice, { MemoryMax: 99n });
    world.source.remove('alice');
    await world.settle();
    await world.pass(67_000);

    expect(property('MemoryMax')).toBe(99n);
  });
});

describe('whatever comes in whatever order', () => {
  it('the guarantee of a pool is never less than what its running servers have, and in the end their sum', async () => {
    const name = fc.constantFrom('alice', 'bob', 'carol');
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('put' as const),
        name,
        pool: fc.constantFrom('gpu', 'cpu'),
        megabytes: fc.integer({ min: 1, max: 999 }),
      }),
      fc.record({ kind: fc.constant('remove' as const), name }),
      fc.record({ kind: fc.constant('stop' as const), name }),
      fc.record({ kind: fc.constant('restart' as const), name }),
      fc.record({ kind: fc.constant('kill' as const) }),
      fc.record({ kind: fc.constant('pass' as const), ms: fc.integer({ min: 1, max: 70_000 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const own = new World();
        own.pools = new Map<string, Pool>([
          ['gpu', {}],
          ['cpu', {}],
        ]);
        const lowOf = (pool: string) =>
          (own.systemd.slices.get(`hublet-${pool}.slice`)?.MemoryLow as bigint | undefined) ?? 0n;
        const sumOf = (pool: string) =>
          [...own.systemd.units.values()]
            .filter(({ loaded, controlGroup }) => loaded && poolOfControlGroup(controlGroup) === pool)
            .reduce((sum, { live }) => sum + BigInt((live?.MemoryLow as bigint | undefined) ?? 0n), 0n);
        const tooLittle: string[] = [];
        const everEnough = () => {
          for (const pool of ['gpu', 'cpu']) {
            if (lowOf(pool) < sumOf(pool)) tooLittle.push(`${pool}: ${lowOf(pool)} for ${sumOf(pool)}`);
          }
        };
        own.systemd.on(everEnough);
        await own.start();
        for (const one of steps) {
          switch (one.kind) {
            case 'put':
              own.source.put(one.name, {
                command: ['/bin/true'],
                pool: one.pool,
                resources: { memory: { guarantee: `${one.megabytes}M` } },
              });
              break;
            case 'remove':
              own.source.remove(one.name);
              break;
            case 'stop':
              own.systemd.stopByOther(`hublet-${one.name}.service`);
              break;
            case 'restart': {
              const spec = own.source.record(one.name)?.spec;
              if (spec === undefined) break;
              own.source.change(one.name, {
                spec: { ...spec, annotations: { 'hublet/restartedAt': String(own.clock.monotonicMs()) } },
              });
              break;
            }
            case 'kill':
              await own.kill();
              await own.start();
              break;
            case 'pass':
              await own.pass(one.ms);
              break;
          }
          await own.settle();
        }
        await own.pass(140_000);
        expect(tooLittle).toEqual([]);
        for (const pool of ['gpu', 'cpu']) expect(lowOf(pool)).toBe(sumOf(pool));
        await own.kill();
      }),
      { numRuns: 15 },
    );
  }, 120_000);
});
