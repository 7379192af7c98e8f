import { userInfo } from 'node:os';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { unitName } from '../../src/units/name.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';
import { type Dice, throwDice } from '../machine/dice.ts';

const names = ['ann', 'ben', 'cat', 'dan', 'eve', 'fay'];
const kills = 12;

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

it('a controller killed at any moment leaves every run as it is, and the next one does what is left to do once', async () => {
  const dice = throwDice('kills');
  for (const name of names) put(name, '', '');
  await hublet.start();
  await host.until(() => names.every(isReady), 'all are Ready');
  const restartsAsked = new Map(names.map((name) => [name, '']));
  let starts = names.length;

  for (let kill = 0; kill < kills; kill += 1) {
    const before = new Map(names.map((name) => [name, host.invocation(name)]));
    const restarted = dice.pick(names);
    restartsAsked.set(restarted, `${kill}`);
    for (const name of names) if (name === restarted || dice.below(2) === 0) edit(name, dice, restartsAsked);
    starts += 1;
    await new Promise<void>((resolve) => setTimeout(resolve, dice.below(120)));
    await hublet.kill();

    await hublet.start();
    const isDone = () => isReady(restarted) && host.invocation(restarted) !== before.get(restarted);
    await host.until(isDone, `${restarted} is restarted after kill ${kill}`);
    for (const name of names) if (name !== restarted) expect(host.invocation(name), name).toBe(before.get(name));
  }

  // Whoever asked for each: an attempt that finds the unit there already would be one too many.
  expect(host.fake.calls().StartTransientUnit).toBe(starts);
  expect(names.map((name) => host.status(name)?.restarts)).toEqual(names.map(() => 0));
  expect(host.files('env')).toHaveLength(names.length);
});

it('an end that nobody saw is dealt with once by the next controller', async () => {
  for (const name of names) put(name, '', '');
  await hublet.start();
  await host.until(() => names.every(isReady), 'all are Ready');

  await hublet.kill();
  for (const name of names) host.fake.kill(unitName(name), { exit: 3 });
  await hublet.start();
  await host.until(() => names.every((name) => isReady(name) && host.status(name)?.restarts === 1), 'all are back');
  await hublet.kill();
  await hublet.start();

  expect(names.map((name) => host.status(name)?.restarts)).toEqual(names.map(() => 1));
  expect(names.map((name) => host.status(name)?.lastExit?.status)).toEqual(names.map(() => 3));
  expect(host.fake.calls().StartTransientUnit).toBe(2 * names.length);
});

/** Ready, and not only said to be so by a status from before. */
function isReady(name: string): boolean {
  const status = host.status(name);
  return status?.phase === 'Ready' && status.invocationId === host.invocation(name);
}

/** Some limit is changed; with it the last restart that was asked for, new or not. */
function edit(name: string, dice: Dice, restartsAsked: ReadonlyMap<string, string>): void {
  put(name, `  resources: {tasks: ${100 + dice.below(100)}}\n`, restartsAsked.get(name) ?? '');
}

function put(name: string, more: string, restartedAt: string): void {
  const text = spec(name, more).replace('user: alice', `user: ${userInfo().username}`);
  const annotations = restartedAt === '' ? '' : `  annotations: {hublet/restartedAt: "restart ${restartedAt}."}\n`;
  host.put(name, text.replace('metadata:\n', `metadata:\n${annotations}`));
}
