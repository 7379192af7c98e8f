import { afterEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

let host: ControllerHost;

afterEach(async () => {
  await host.close();
});

const immediate = (name: string, grace: string) =>
  spec(name, `  updateStrategy: Immediate\n  terminationGracePeriod: ${grace}\n`);
const isActive = (name: string) => host.unit(name)?.activeState === 'active';

describe('updateStrategy: Immediate', () => {
  it('is carried out once, though its controller is killed between the stop and the start', async () => {
    host = await ControllerHost.open();
    host.put('alice', immediate('alice', '30s'));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');
    const release = host.fake.hang('StartTransientUnit');
    const starts = host.fake.calls().StartTransientUnit ?? 0;

    host.put('alice', immediate('alice', '40s'));
    await host.until(() => (host.fake.calls().StartTransientUnit ?? 0) > starts, 'its new start is on its way');
    expect(host.status('alice')?.phase).not.toBe('Ready');
    await host.kill();
    release();
    await host.start();
    await host.untilPhase('alice', 'Ready');

    expect(host.invocation('alice')).not.toBe(before);
    expect(host.unit('alice')?.properties.TimeoutStopUSec).toBe(40_000_000n);
    expect(host.condition('alice', 'UpdatePending')?.status).toBe('False');
    const run = host.invocation('alice');
    await host.pass(70_000);
    expect(host.invocation('alice')).toBe(run);
    expect(host.status('alice')?.restarts).toBe(0);
  });

  it('takes a change that was written while no controller ran, and a touched file for none', async () => {
    host = await ControllerHost.open();
    host.put('alice', immediate('alice', '30s'));
    host.put('bob', immediate('bob', '30s'));
    await host.start();
    for (const name of ['alice', 'bob']) await host.untilPhase(name, 'Ready');
    const [alice, bob] = ['alice', 'bob'].map((name) => host.invocation(name));
    await host.stop();
    host.put('alice', immediate('alice', '40s'));
    host.put('bob', `${immediate('bob', '30s')}# looked at\n`);

    await host.start();
    await host.until(() => host.invocation('alice') !== alice && isActive('alice'), 'alice runs anew');
    await host.settle();
    expect(host.invocation('bob')).toBe(bob);
  });

  it('stops one of many at a time where one may start at a time', async () => {
    host = await ControllerHost.open({ maxStarting: 1 });
    const names = ['alice', 'bob', 'carol', 'dave'];
    for (const name of names) host.put(name, immediate(name, '30s'));
    await host.start();
    for (const name of names) await host.untilPhase(name, 'Ready');
    const before = names.map((name) => host.invocation(name));

    for (const name of names) host.put(name, immediate(name, '40s'));
    let fewest = names.length;
    await host.until(() => {
      fewest = Math.min(fewest, names.filter(isActive).length);
      return names.every((name, at) => host.invocation(name) !== before[at] && host.status(name)?.phase === 'Ready');
    }, 'all run anew');
    expect(fewest).toBeGreaterThanOrEqual(names.length - 1);
  });
});
