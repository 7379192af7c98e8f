import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unitName } from '../../src/units/name.ts';
import type { UnitProperty } from '../../src/units/types.ts';
import { FakeSystemd } from '../fakes/systemd.ts';
import { World } from '../fakes/world.ts';

const NAMES = ['alice', 'bob'];

/** systemd that writes down what nobody should ask it for. */
class WatchedSystemd extends FakeSystemd {
  readonly wrongs: string[] = [];

  override async startTransientUnit(name: string, properties: readonly UnitProperty[]): Promise<void> {
    const unit = this.units.get(name);
    if (unit?.loaded === true) {
      this.wrongs.push(`start of ${name}, which is ${unit.activeState}${unit.hasJob ? ' and has a job' : ''}`);
    }
    await super.startTransientUnit(name, properties);
  }

  override async stopUnit(name: string): Promise<void> {
    const unit = this.units.get(name);
    // That somebody else stops it may come too late to be known.
    if (unit?.activeState === 'deactivating' && unit.stopRequestedBy === 'hublet')
      this.wrongs.push(`second stop of ${name}`);
    await super.stopUnit(name);
  }
}

class WatchedWorld extends World {
  override readonly systemd = new WatchedSystemd();
}

type Act = (world: WatchedWorld, name: string) => void | Promise<void>;

const VARIANTS: readonly object[] = [
  {},
  { resources: { tasks: 77 } },
  { environment: { TOKEN: 'one' } },
  { command: ['sleep', '1000'], restartPolicy: 'Always' },
  { restartPolicy: 'Never' },
  { suspend: true },
  { suspend: { until: '2026-01-01T00:30:00Z' } },
  { maxAge: '10m' },
  {
    schedule: { timeZone: 'UTC', windows: [{ start: '5,25,45 * * * *', stop: '15,35,55 * * * *' }], overrun: 'finish' },
  },
  { schedule: { timeZone: 'UTC', windows: [{ start: '0 * * * *', stop: '10 * * * *' }] } },
  { deletionPolicy: 'Orphan' },
  { updateStrategy: 'Immediate', environment: { TOKEN: 'three' } },
];

const ACTS: Readonly<Record<string, Act>> = {
  ...Object.fromEntries(VARIANTS.map((variant, index) => [`edit ${index}`, edit(variant)])),
  'break the file': ({ source }, name) => source.put(name, { command: 7 }),
  'remove the file': ({ source }, name) => source.remove(name),
  'ask for a restart': ({ source, clock }, name) =>
    source.put(name, { command: ['sleep', '1'] }, { 'hublet/restartedAt': String(clock.monotonicMs()) }),
  'finish a job': ({ systemd }, name) => systemd.step(unitName(name)),
  'exit 0': ({ systemd }, name) => systemd.exit(unitName(name), { code: 0 }),
  'exit 3': ({ systemd }, name) => systemd.exit(unitName(name), { code: 3 }),
  'exit 203': ({ systemd }, name) => systemd.exit(unitName(name), { code: 203 }),
  'stop by hand': ({ systemd }, name) => systemd.stopByOther(unitName(name)),
  'fail to start': ({ systemd }, name) => void systemd.startOutcome.set(unitName(name), { execMainStatus: 1 }),
  'start well': ({ systemd }, name) => void systemd.startOutcome.delete(unitName(name)),
  'look at it': ({ loop }) => loop.lookAtAll(),
  'a second passes': ({ clock }) => clock.advance(1_000),
  'a minute passes': ({ clock }) => clock.advance(60_000),
  'ten minutes pass': ({ clock }) => clock.advance(600_000),
  'the clock is set ahead': (world) => setClock(world, 3_600_000),
  'the clock is set back': (world) => setClock(world, -3_600_000),
  'kill the controller': async (world) => {
    await world.kill();
    // Without systemd none comes up.
    world.systemd.setConnected(true);
    await world.start();
  },
  'lose the bus': ({ systemd }) => systemd.setConnected(false),
  'find the bus': ({ systemd }) => systemd.setConnected(true),
};

function setClock({ clock, loop }: WatchedWorld, byMs: number): void {
  clock.stepWall(byMs);
  loop.lookAtAll();
}

function edit(variant: object): Act {
  return ({ source }, name) => source.put(name, { command: ['sleep', 'infinity'], ...variant });
}

const life = fc.array(
  fc.record({
    act: fc.constantFrom(...Object.keys(ACTS)),
    name: fc.constantFrom(...NAMES),
    /** Whether it is looked at before the next one. */
    isSeen: fc.boolean(),
  }),
  { maxLength: 40 },
);

async function live(world: WatchedWorld, acts: readonly { act: string; name: string; isSeen: boolean }[]) {
  for (const name of NAMES) world.source.put(name, { command: ['sleep', 'infinity'] });
  await world.start();
  for (const { act, name, isSeen } of acts) {
    await ACTS[act]?.(world, name);
    if (isSeen) await world.loop.idle();
  }
}

/** Everything works from now on, and the longest pause goes by. */
async function calm(world: WatchedWorld): Promise<void> {
  world.systemd.setConnected(true);
  world.systemd.startOutcome.clear();
  await world.settle();
  for (let minute = 0; minute < 6; minute += 1) {
    world.clock.advance(60_000);
    world.loop.lookAtAll();
    await world.settle();
  }
}

const phases = (world: WatchedWorld) => NAMES.map((name) => world.statuses.get(name)?.status.phase);

describe('whatever happens, in any order and however often it is looked at', () => {
  it('no unit ever has two jobs, and none is started that is there or about to stop', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (acts) => {
        const world = new WatchedWorld();
        await live(world, acts);
        await calm(world);
        expect(world.systemd.wrongs).toEqual([]);
        await world.kill();
      }),
      { numRuns: 60 },
    );
  });

  it('the end is what a fresh start makes of the same files', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (acts) => {
        const world = new WatchedWorld();
        await live(world, acts);
        await calm(world);
        const lived = phases(world);
        const runs = NAMES.map((name) => world.systemd.unit(unitName(name))?.invocationId);

        await world.kill();
        await world.start();

        expect(phases(world)).toEqual(lived);
        expect(NAMES.map((name) => world.systemd.unit(unitName(name))?.invocationId)).toEqual(runs);
        await world.kill();
      }),
      { numRuns: 40 },
    );
  });

  it('a controller that comes up says of every server what the one before said', async () => {
    await fc.assert(
      fc.asyncProperty(life, async (acts) => {
        const world = new WatchedWorld();
        await live(world, acts);
        world.systemd.setConnected(true);
        await world.settle();
        const before = said(world);

        await world.kill();
        await world.start();

        expect(said(world)).toEqual(before);
        await world.kill();
      }),
      { numRuns: 60 },
    );
  });
});

/** All that is told of the servers. */
function said(world: WatchedWorld) {
  return NAMES.map((name) => world.statuses.get(name)?.status);
}
