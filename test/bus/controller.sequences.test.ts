import { existsSync, readdirSync, renameSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { canonicalValue } from '../../src/units/canonical.ts';
import { unitName } from '../../src/units/name.ts';
import { liveRows } from '../../src/units/table.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';
import { type Dice, throwDice } from '../machine/dice.ts';

const names = ['ann', 'ben', 'cat', 'dan', 'eve'];
/** More of them: HUBLET_SEQUENCES. */
const sequences = Number(process.env.HUBLET_SEQUENCES ?? 10);
const steps = 50;

/** Further fields of a spec; with each of them a server can be told from one without. */
const variants = [
  '',
  '  resources: {memory: {limit: 1G}}\n',
  '  resources: {tasks: 77, cpu: {weight: 300}}\n',
  '  resources: {cpu: {limit: 0.5}}\n  restartPolicy: Always\n',
  '  environment: {TOKEN: one}\n',
  '  environment: {TOKEN: two}\n  restartPolicy: Never\n',
  '  sandbox: {privateTmp: false}\n',
  '  suspend: true\n',
];
const broken = ['', 'apiVersion: hublet/v1\nkind: Ser', 'spec: {suspend: true}\n', '\0\0\0', 'a: [\n'];

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open({ maxStarting: 2, isAloneWithPorts: true });
});

afterEach(async () => {
  await host.close();
});

describe('whatever happens', () => {
  it('the end is what a new controller makes of the same specs, and nothing else is left', {
    timeout: 60_000 + sequences * 10_000,
  }, async () => {
    const dice = throwDice('random sequences');
    for (let sequence = 0; sequence < sequences; sequence += 1) {
      const steps = await live(dice);
      const what = `sequence ${sequence}:\n${steps.join('\n')}`;
      await settleForGood(what);
      const lived = picture();
      await expectQuiet(what);
      await host.stop();

      await host.beginAnew();
      await host.start();
      await host.until(() => lived.units.every(({ name }) => host.fake.unit(name)?.activeState === 'active'), what);
      await host.pass(1_000);
      expect(lived, what).toEqual(picture());
      await host.stop();
      await host.beginAnew();
      for (const name of readdirSync(host.specs)) host.remove(name.replace('.yaml', ''));
    }
  });
});

/** One life of a controller: edits, ends and faults in any order. Returns what was done, for messages. */
async function live(dice: Dice): Promise<readonly string[]> {
  const done: string[] = [];
  await host.start();
  for (let step = 0; step < steps; step += 1) {
    const name = dice.pick(names);
    const act = dice.pick(acts);
    done.push(`${act.name} ${name}`);
    await act(name, dice);
    if (dice.below(3) > 0) await host.pass(dice.below(4) * 400);
  }
  return done;
}

type Act = (name: string, dice: Dice) => void | Promise<void>;

function edit(name: string, dice: Dice): void {
  host.put(name, spec(name, dice.pick(variants)));
}

const acts: readonly Act[] = [
  edit,
  edit,
  edit,
  function writeInPlace(name, dice) {
    if (existsSync(host.path(name)))
      host.rewrite(name, spec(name, dice.pick(variants)).slice(0, -dice.below(3) || undefined));
  },
  function breakIt(name, dice) {
    host.put(name, dice.pick(broken));
  },
  function remove(name) {
    host.remove(name);
  },
  function renameFile(name, dice) {
    if (existsSync(host.path(name))) renameSync(host.path(name), host.path(dice.pick(names)));
  },
  function askRestart(name, dice) {
    host.put(name, restarted(spec(name, dice.pick(variants)), `${dice.below(1e9)}`));
  },
  function exit(name, dice) {
    if (host.unit(name)?.mainPid) host.fake.kill(unitName(name), { exit: dice.pick([0, 3]) });
  },
  crash,
  function failToStart(name) {
    host.fake.failNextStart(unitName(name));
  },
  function stopByHand(name) {
    if (host.unit(name)?.activeState === 'active') host.fake.stopByOther(unitName(name));
  },
  function restartByHand(name) {
    if (host.unit(name)?.activeState === 'active') host.fake.restartByOther(unitName(name));
  },
  function setByHand(name) {
    if (host.unit(name)?.activeState === 'active') host.fake.setByOther(unitName(name), 'TasksMax', 5n);
  },
  async function reload(name) {
    await host.fake.reload(() => crash(name));
  },
  async function reexecute() {
    await host.fake.reexec();
  },
  async function loseBus(name) {
    await host.fake.killBus();
    crash(name);
    await host.fake.startBus();
  },
  async function loseBusForAWhile(name, dice) {
    await host.fake.killBus();
    edit(name, dice);
    await host.pass(dice.below(3) * 6_000);
    await host.fake.startBus();
  },
  async function killController(name, dice) {
    await host.kill();
    crash(name);
    edit(dice.pick(names), dice);
    await host.start();
  },
  async function stopController(name, dice) {
    await host.stop();
    if (dice.below(2) === 0) host.remove(name);
    await host.start();
  },
];

function crash(name: string): void {
  if (host.unit(name)?.mainPid) host.fake.kill(unitName(name), { signal: 9 });
}

function restarted(text: string, value: string): string {
  return text.replace('metadata:\n', `metadata:\n  annotations: {hublet/restartedAt: "${value}"}\n`);
}

/** Every spec is valid at last, and where a new run is needed to be what it says, it is asked for. */
async function settleForGood(what: string): Promise<void> {
  await host.until(() => host.controller.ports.systemd.isConnected(), 'systemd is there');
  await host.fake.reload();
  for (const name of present()) host.put(name, spec(name, variants[name.charCodeAt(0) % variants.length]));
  await long(20_000);
  for (const name of present()) {
    const isLimited = host.condition(name, 'Resized')?.status !== 'False';
    const isUpToDate = host.condition(name, 'UpdatePending')?.status === 'False' && isLimited;
    const isAsSaid = host.status(name)?.phase === 'Ready' && isUpToDate;
    if (!isAsSaid) host.put(name, restarted(spec(name, variants[name.charCodeAt(0) % variants.length]), 'at the end'));
  }
  // The longest backoff may lie ahead, and a start that fails.
  await long(400_000);
  for (const name of present()) {
    const isSuspended = host.condition(name, 'Suspended')?.status === 'True';
    expect(host.status(name)?.phase, `${name} in ${what}`).toBe(isSuspended ? 'Stopped' : 'Ready');
  }
}

function present(): readonly string[] {
  return names.filter((name) => existsSync(host.path(name)));
}

/** A long time, in steps that no call takes long enough for to be given up. */
async function long(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 20_000) {
    host.clock.advance(20_000);
    await host.settle();
  }
}

/** All that the outside sees of it: units with all their properties, and files. */
function picture() {
  const units = [...host.fake.units()].sort().map((name) => {
    const unit = host.fake.unit(name);
    return { name, activeState: unit?.activeState, properties: settings(unit?.properties ?? {}) };
  });
  // Limits in the environment are as of the start, whatever was changed since.
  const text = (file: string) => host.read(`env/${file}`).replaceAll(/^(?:MEM|CPU)_\w+=.*\n/gm, '');
  const environments = host.files('env').map((file) => ({ file, text: text(file) }));
  return { units, environments, state: host.files('state'), status: host.files('status') };
}

/** A limit that was taken away again is as good as one that was never set. */
function settings(properties: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const unset = new Map(liveRows().map((row) => [row.name, canonicalValue(row.unset)]));
  return Object.fromEntries(
    Object.entries(properties).filter(([name, value]) => unset.get(name) !== canonicalValue(value)),
  );
}

/** Nothing is under way any more: all that a resync does is to list. */
async function expectQuiet(what: string): Promise<void> {
  host.fake.resetCalls();
  const runs = names.map((name) => host.invocation(name));
  await long(140_000);
  const { ListUnitsByPatterns, GetId, ...others } = host.fake.calls();
  const { Get, ...changes } = others;
  expect(ListUnitsByPatterns, what).toBeGreaterThan(0);
  expect(changes, what).toEqual({});
  expect(
    names.map((name) => host.invocation(name)),
    what,
  ).toEqual(runs);
}
