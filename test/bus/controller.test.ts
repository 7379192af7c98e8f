import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const gibibyte = 1024n ** 3n;

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
});

afterEach(async () => {
  await host.close();
});

describe('what it costs', () => {
  it('starts a server with one StartTransientUnit and one GetAll', async () => {
    await host.start();
    host.fake.resetCalls();

    host.put('alice');
    await host.untilPhase('alice', 'Ready');

    expect(host.fake.calls()).toEqual({ StartTransientUnit: 1, GetAll: 1 });
  });

  it('changes a limit of a running server with one SetUnitProperties and one GetAll', async () => {
    host.put('alice', spec('alice', '  resources: {memory: {limit: 1G}}\n'));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');
    host.fake.resetCalls();

    host.put('alice', spec('alice', '  resources: {memory: {limit: 2G}}\n'));
    await host.until(() => host.status('alice')?.applied.memoryMaxBytes === 2 * 1024 ** 3, 'the limit is applied');

    expect(host.unit('alice')?.properties.MemoryMax).toBe(2n * gibibyte);
    expect(host.invocation('alice')).toBe(before);
    expect(host.fake.calls()).toEqual({ SetUnitProperties: 1, GetAll: 1 });
  });
});

describe('what it leaves', () => {
  it('removes every file of a deleted server', async () => {
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');

    host.remove('alice');
    await host.until(() => host.files('state').length === 0, 'alice is forgotten');
    await host.pass(65_000);

    expect(host.fake.units()).toEqual([]);
    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
    expect(host.events('alice').filter((reason) => reason === 'Deleted')).toHaveLength(1);
  });

  it('removes every file of a server that failed and was deleted', async () => {
    host.put('alice', spec('alice', '  restartPolicy: Never\n'));
    await host.start();
    await host.untilPhase('alice', 'Ready');

    host.fake.kill('hublet-alice.service', { exit: 3 });
    host.remove('alice');
    await host.until(() => host.files('state').length === 0, 'alice is forgotten');
    await host.pass(70_000);

    expect(host.fake.units()).toEqual([]);
    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });
});

describe('specs that were never good', () => {
  it('are gone from status a moment after their file is', async () => {
    await host.start();
    host.put('alice', 'kind: Server\n');
    await host.until(() => host.condition('alice', 'Accepted')?.status === 'False', 'it is refused');

    host.remove('alice');
    await host.pass(2_000);

    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });

  it('leave nothing where their file went while no controller ran', async () => {
    await host.start();
    host.put('alice', 'kind: Server\n');
    await host.until(() => host.condition('alice', 'Accepted')?.status === 'False', 'it is refused');
    await host.stop();

    host.remove('alice');
    await host.start();

    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });
});

describe('units that nobody asks for', () => {
  it('leaves a unit whose spec and state are lost alone for a minute, with its environment, and then stops it', async () => {
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    await host.stop();
    host.remove('alice');
    host.forgetAccepted();

    await host.start();
    await host.pass(50_000);

    expect(host.events('alice')).toContain('Orphaned');
    expect(host.files('env')).toHaveLength(1);
    expect(host.unit('alice')?.activeState).toBe('active');
    await host.pass(20_000);
    expect(host.fake.units()).toEqual([]);
    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });

  it('stops a unit whose start was carried out after its server had been deleted', async () => {
    await host.start();
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 1, 'the start is on its way');
    host.remove('alice');
    await host.elapse(60_000);
    expect(host.files('state')).toEqual([]);

    release();
    await host.pass(50_000);
    expect(host.unit('alice')?.activeState).toBe('active');
    // A resync finds it within 66 s, and a minute later it goes.
    await host.pass(80_000);

    expect(host.fake.units()).toEqual([]);
    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });

  it('never stops a server whose spec moves from one source to another', async () => {
    await host.close();
    host = await ControllerHost.open({ sources: 2 });
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    await host.pass(70_000);
    const before = host.invocation('alice');

    // Without a newline at its end the other file takes a moment to be believed.
    host.putElsewhere('alice', spec('alice').trimEnd());
    await host.pass(2_000);
    host.remove('alice');
    await host.pass(5_000);

    expect(host.fake.calls().StopUnit).toBeUndefined();
    expect(host.invocation('alice')).toBe(before);
    expect(host.status('alice')?.phase).toBe('Ready');
  });
});

describe('other people', () => {
  it('takes the end of a unit that it did not make for no exit, and starts its own', async () => {
    host.startForeignUnit('alice');
    host.put('alice');
    await host.start();
    await host.until(() => host.condition('alice', 'Stalled')?.reason === 'NameConflict', 'the name is taken');
    const foreign = host.invocation('alice');
    await host.pass(70_000);
    expect(host.invocation('alice')).toBe(foreign);

    host.fake.kill('hublet-alice.service', { exit: 0 });
    await host.untilPhase('alice', 'Ready');

    expect(host.events('alice')).not.toContain('Exited');
    expect(host.status('alice')?.lastExit).toBeNull();
    expect(host.status('alice')?.restarts).toBe(0);
  });

  it('never touches the units of another instance, and neither do they its', async () => {
    await host.start();
    host.put('alice');
    await host.untilPhase('alice', 'Ready');
    const other = await ControllerHost.open({ fake: host.fake });
    try {
      const before = host.invocation('alice');
      other.put('alice', spec('alice', '  resources: {memory: {limit: 1G}}\n'));
      await other.start();
      await other.until(() => other.condition('alice', 'Stalled')?.reason === 'NameConflict', 'the name is taken');
      other.put('bob');
      await other.untilPhase('bob', 'Ready');
      host.fake.resetCalls();
      await other.pass(70_000);
      other.remove('alice');
      await other.until(() => other.status('alice') === undefined, 'the other forgot alice');
      await host.pass(130_000);
      await other.pass(70_000);

      expect(host.invocation('alice')).toBe(before);
      expect(host.unit('alice')?.properties.MemoryMax).toBeUndefined();
      expect(host.unit('bob')?.activeState).toBe('active');
      expect(host.status('bob')).toBeUndefined();
      expect(Object.keys(host.fake.calls()).filter((method) => !/^(List|Get)/.test(method))).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('adopts nothing and starts nothing where another took the name in the same moment', async () => {
    await host.start();
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 1, 'the start is on its way');
    host.startForeignUnit('alice');
    await host.until(() => host.unit('alice')?.activeState === 'active', 'it is up');
    const foreign = host.invocation('alice');
    release();
    await host.until(() => host.condition('alice', 'Stalled')?.reason === 'NameConflict', 'the name is taken');

    expect(host.invocation('alice')).toBe(foreign);
    expect(host.fake.units()).toEqual(['hublet-alice.service']);
    expect(host.status('alice')?.lastExit).toBeNull();
  });

  it('sees a unit that somebody restarted after it failed, and counts one exit', async () => {
    await host.start();
    host.put('alice');
    await host.untilPhase('alice', 'Ready');

    host.fake.restartByOther('hublet-alice.service');
    await host.settle();
    await host.pass(1_000);

    expect(host.status('alice')?.phase).toBe('Ready');
    expect(host.status('alice')?.invocationId).toBe(host.invocation('alice'));
    expect(host.fake.calls().StartTransientUnit).toBe(1);
  });
});

describe('what may or may not have been done', () => {
  it('ends with exactly one unit where the bus dies after a start was asked for', async () => {
    await host.start();
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 1, 'the start is on its way');
    await host.fake.killBus();
    release();
    await host.fake.startBus();
    await host.untilPhase('alice', 'Ready');
    await host.pass(5_000);

    expect(host.fake.units()).toEqual(['hublet-alice.service']);
    expect(host.status('alice')?.invocationId).toBe(host.invocation('alice'));
    expect(host.status('alice')?.restarts).toBe(0);
  });

  it('ends with exactly one unit where a start is answered too late', async () => {
    await host.start();
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 1, 'the start is on its way');
    await host.elapse(60_000);
    expect(host.fake.units()).toEqual([]);
    release();
    await host.untilPhase('alice', 'Ready');
    const invocation = host.invocation('alice');
    await host.pass(120_000);

    expect(host.fake.units()).toEqual(['hublet-alice.service']);
    expect(host.invocation('alice')).toBe(invocation);
    expect(host.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0, lastExit: null });
  });

  it('restarts once where the controller dies right after the new start was asked for', async () => {
    await host.start();
    host.put('alice');
    await host.untilPhase('alice', 'Ready');
    const release = host.fake.hang('StartTransientUnit');
    host.put(
      'alice',
      spec('alice').replace('  name: alice', '  name: alice\n  annotations: {hublet/restartedAt: "1"}'),
    );
    await host.until(() => host.fake.calls().StartTransientUnit === 2, 'the new start is on its way');

    await host.kill();
    release();
    await host.until(() => host.unit('alice')?.activeState === 'active', 'the new run is up');
    const asked = host.invocation('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    await host.pass(10_000);

    expect(asked).toBeDefined();
    expect(host.invocation('alice')).toBe(asked);
  });

  it('works on other servers while a start gets no answer', async () => {
    host.put('bob');
    host.put('carol');
    await host.start();
    await host.until(
      () => host.status('carol')?.phase === 'Ready' && host.status('bob')?.phase === 'Ready',
      'all Ready',
    );
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 3, 'the start is on its way');

    host.put('bob', spec('bob', '  suspend: true\n'));
    host.put('carol', spec('carol', '  resources: {tasks: 100}\n'));
    await host.until(() => host.status('bob')?.phase === 'Stopped', 'bob is Stopped');
    await host.until(() => host.unit('carol')?.properties.TasksMax === 100n, 'carol has its limit');

    release();
    await host.untilPhase('alice', 'Ready');
  });
});

describe('a stop of the controller', () => {
  it('does not wait for answers that systemd does not give', async () => {
    await host.start();
    const release = host.fake.hang('StartTransientUnit');
    host.put('alice');
    await host.until(() => host.fake.calls().StartTransientUnit === 1, 'the start is on its way');

    let isStopped = false;
    const stopped = host.stop().then(() => {
      isStopped = true;
    });
    await host.until(() => isStopped, 'it has stopped');
    await stopped;

    release();
    await host.until(() => host.unit('alice')?.activeState === 'active', 'it is carried out');
    const invocation = host.invocation('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    expect(host.invocation('alice')).toBe(invocation);
    expect(host.status('alice')?.restarts).toBe(0);
  });
});

describe('the end of the host', () => {
  it('starts nothing, counts no exit and tells of no stop', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
    for (const name of names) host.put(name);
    await host.start();
    await host.until(() => names.every((name) => host.status(name)?.phase === 'Ready'), 'all are Ready');
    host.fake.resetCalls();
    const exits = vi.spyOn(host.controller.ports.instruments, 'serverExited');

    host.fake.shutdown();
    await host.until(() => host.fake.units().length === 0, 'all are stopped by systemd');
    await host.pass(120_000);
    host.put('late');
    await host.pass(3_000);

    expect(host.fake.calls().StartTransientUnit).toBeUndefined();
    for (const name of names) {
      expect(host.events(name)).not.toContain('UnexpectedStop');
      expect(host.status(name)?.lastExit).toBeNull();
    }
    expect(exits).not.toHaveBeenCalled();
  });
});
