import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pruneDigest } from '../../src/source/prune.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
});

afterEach(async () => {
  await host.close();
});

const isThere = (name: string) => host.files('status').includes(`${name}.json`);

describe('deletionPolicy: Orphan', () => {
  const orphan = (name: string) => spec(name, '  deletionPolicy: Orphan\n');

  it('leaves its unit to itself over restarts of the controller, until it ends or its file is back', async () => {
    for (const name of ['alice', 'bob']) host.put(name, orphan(name));
    await host.start();
    for (const name of ['alice', 'bob']) await host.untilPhase(name, 'Ready');
    const runs = ['alice', 'bob'].map((name) => host.invocation(name));
    for (const name of ['alice', 'bob']) host.remove(name);
    await host.until(() => !isThere('alice') && !isThere('bob'), 'they are forgotten');
    expect(host.files('env')).toHaveLength(2);

    await host.kill();
    await host.start();
    await host.pass(130_000);
    expect(['alice', 'bob'].map((name) => host.invocation(name))).toEqual(runs);
    expect([...host.files('status'), ...host.files('state')]).toEqual([]);
    expect(host.files('env')).toHaveLength(2);

    host.put('alice', orphan('alice'));
    await host.untilPhase('alice', 'Ready');
    expect(host.invocation('alice')).toBe(runs[0]);
    expect(host.condition('alice', 'UpdatePending')?.status).toBe('False');

    host.fake.kill('hublet-bob.service', { exit: 3 });
    await host.until(() => host.files('env').length === 1, 'what is left of it is cleared away');
    expect(host.unit('bob')).toBeUndefined();
    expect(host.controller.ports.portStore.ports.has('bob')).toBe(false);
  });
});

describe('units whose specs and state are lost', () => {
  const names = ['alice', 'bob', 'carol', 'dave'];

  it('count as vanished: many of them wait for a person', async () => {
    Object.assign(host.config.sources[0] ?? {}, { prune: true });
    for (const name of names) host.put(name);
    await host.start();
    for (const name of names) await host.untilPhase(name, 'Ready');
    await host.stop();
    for (const name of names.slice(0, 3)) host.remove(name);
    host.forgetAccepted();

    await host.start();
    await host.pass(50_000);
    expect(host.controller.ports.source.states()[0]?.heldForPrune).toEqual([]);
    await host.pass(80_000);
    const digest = pruneDigest(names.slice(0, 3));
    expect(host.controller.ports.source.states()[0]).toMatchObject({
      heldForPrune: names.slice(0, 3),
      pruneDigest: digest,
    });
    expect(host.condition('alice', 'Accepted')).toMatchObject({ status: 'Unknown', reason: 'Unreadable' });
    expect(host.fake.units()).toHaveLength(4);

    // A file that is back is no orphan's.
    host.put('carol');
    await host.until(() => host.condition('carol', 'Accepted')?.status === 'True', 'it is accepted');
    const held = () => host.controller.ports.source.states()[0]?.heldForPrune.join();
    await host.until(() => held() === 'alice,bob', 'it is held no more');
  });
});
