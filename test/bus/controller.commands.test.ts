import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
});

afterEach(async () => {
  await host.close();
});

const SERVER = 'hublet-alice.service';
const commands = () => host.fake.units().filter((name) => name.startsWith('hublet.probe-'));
const put = (probes: string) => host.put('alice', spec('alice', `  probes: {${probes}}\n`));
const ready = () => host.condition('alice', 'Ready');

describe('a probe by exec', () => {
  it('is a unit of its own for each try, beside its server and never taken for one', async () => {
    const seen: string[][] = [];
    let properties: Readonly<Record<string, unknown>> = {};
    host.fake.commandsExit((argv) => {
      seen.push([...argv]);
      const [name = ''] = commands();
      properties = host.fake.unit(name)?.properties ?? {};
      return seen.length < 3 ? 1 : 0;
    });
    put('readiness: {exec: {command: [/bin/check, "{PORT}", "$x"]}}');
    await host.start();
    await host.untilPhase('alice', 'Ready');

    const port = host.status('alice')?.address?.port;
    expect(seen).toEqual(Array.from({ length: 3 }, () => ['/bin/check', String(port), '$$x']));
    expect(properties).toMatchObject({
      Type: 'oneshot',
      JoinsNamespaceOf: [SERVER],
      CollectMode: 'inactive-or-failed',
    });
    expect(properties.User).toBe(host.unit('alice')?.properties.User);
    expect(properties.EnvironmentFiles).toEqual(host.unit('alice')?.properties.EnvironmentFiles);
    expect(host.fake.units()).toEqual([SERVER]);
    expect([...host.files('env'), ...host.files('status')]).toHaveLength(2);
    expect(host.events('alice')).not.toContain('Orphaned');
  });

  it('that systemd can not run is no failure, whatever it is for, and says why', async () => {
    host.fake.commandsExit(() => 203);
    const all = ['readiness', 'liveness'].map(
      (kind) => `${kind}: {exec: {command: [/gone]}, periodSeconds: 1, failureThreshold: 1}`,
    );
    put(all.join(', '));
    await host.start();
    await host.untilPhase('alice', 'Running');
    const run = host.invocation('alice');
    await host.pass(10_000);
    expect(host.invocation('alice')).toBe(run);
    expect(ready()).toMatchObject({ status: 'False', reason: 'Starting' });
    expect(ready()?.message).toContain('command not found or not executable (203/EXEC)');
    expect(ready()?.message).not.toContain('/gone');
  });

  it('that fails often enough has its server stopped', async () => {
    host.fake.commandsExit(() => 3);
    put('liveness: {exec: {command: [/bin/check]}, periodSeconds: 1, failureThreshold: 2}');
    await host.start();
    await host.until(() => host.status('alice')?.restarts === 1, 'it is started again');
    expect(host.status('alice')?.lastExit).toMatchObject({
      result: 'liveness',
      message: 'its liveness probe failed 2 times in a row: its command ended with 3, so it was stopped',
    });
  });

  it('ends with its server, and by the next controller where the first was killed', async () => {
    host.fake.commandsExit(() => undefined);
    put('readiness: {exec: {command: [/bin/sleep, infinity]}, timeoutSeconds: 3600}');
    await host.start();
    await host.until(() => commands().length === 1, 'it runs');
    const [before] = commands();
    await host.kill();
    expect(commands()).toEqual([before]);

    await host.start();
    await host.until(() => commands().length === 1 && commands()[0] !== before, 'another runs instead');
    host.remove('alice');
    await host.until(() => host.fake.units().length === 0, 'nothing runs any more');
  });

  it('that the bus took away with it is no failure', async () => {
    host.fake.commandsExit(() => undefined);
    put('liveness: {exec: {command: [/bin/check]}, periodSeconds: 1, failureThreshold: 1, timeoutSeconds: 3600}');
    await host.start();
    await host.until(() => commands().length === 1, 'it runs');
    const run = host.invocation('alice');
    const [lost] = commands();
    await host.fake.killBus();
    await host.fake.startBus();
    const isAnother = () => commands().length === 1 && commands()[0] !== lost;
    await host.until(() => host.controller.ports.systemd.isConnected() && isAnother(), 'another runs instead');
    expect(host.invocation('alice')).toBe(run);
    expect(host.status('alice')?.restarts).toBe(0);
  });
});
