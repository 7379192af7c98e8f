import { beforeEach, describe, expect, it, vi } from 'vitest';
import { SystemdError } from '../../../src/systemd/port.ts';
import { World } from '../../fakes/world.ts';

const ALICE = 'hublet-alice.service';
const SLEEP = { command: ['/bin/sleep', 'infinity'] };

let world: World;

beforeEach(() => {
  world = new World();
});

describe('a run that has failed', () => {
  it.each(['the same controller', 'the next one'])(
    'is shown as over at once by %s, before the journal has told why',
    async (who) => {
      world.source.put('alice', { ...SLEEP, resources: { tasks: 10 } });
      await world.start();
      const answered = Promise.withResolvers<void>();
      world.journalAnswers = answered.promise;
      if (who === 'the next one') await world.kill();
      world.systemd.exit(ALICE, { code: 3 });
      if (who === 'the next one') await world.start();
      await world.settle();

      expect(world.status('alice')).toMatchObject({ phase: 'Stopping', mainPid: null, invocationId: null });
      expect(world.condition('alice', 'Ready')).toMatchObject({
        status: 'False',
        reason: 'NotRunning',
        message: 'it has ended; its journal is being asked why',
      });
      expect(world.status('alice').address).not.toBeNull();

      answered.resolve();
      await world.settle();
      expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 1 });
    },
  );
});

describe('a start that systemd does not take now', () => {
  it('keeps no other server from starting', async () => {
    world.maxStarting = 1;
    const start = world.systemd.startTransientUnit.bind(world.systemd);
    vi.spyOn(world.systemd, 'startTransientUnit').mockImplementation(async (unit, properties) => {
      if (unit === ALICE) throw new SystemdError('Failed', 'Transaction is destructive.');
      await start(unit, properties);
    });
    world.source.put('alice', SLEEP);
    world.source.put('bob', SLEEP);
    await world.start();
    await world.pass(2_000);
    expect(world.status('bob').phase).toBe('Ready');
    expect(world.condition('alice', 'Synced')?.message).toContain('destructive');
  });

  it('leaves no environment file behind where it never will be taken', async () => {
    vi.spyOn(world.systemd, 'startTransientUnit').mockRejectedValue(new SystemdError('InvalidProperty', 'no'));
    world.source.put('alice', { ...SLEEP, environment: { TOKEN: 'secret' } });
    await world.start();
    expect(world.condition('alice', 'Stalled')?.reason).toBe('ExecConfigError');
    expect(world.environments.size).toBe(0);
  });

  it('is answered once, though the controller that asked for it died before the answer', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const start = world.systemd.startTransientUnit.bind(world.systemd);
    vi.spyOn(world.systemd, 'startTransientUnit').mockImplementationOnce(async (unit, properties) => {
      await start(unit, properties);
      await new Promise<never>(() => undefined);
    });
    world.source.put('alice', SLEEP, { 'hublet/restartedAt': '1' });
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      world.systemd.settle();
    }
    const asked = world.systemd.unit(ALICE)?.invocationId;
    expect(world.systemd.started).toHaveLength(2);
    // It never ends: a look waits for the answer for ever.
    void world.kill();
    await world.start();
    expect(world.systemd.unit(ALICE)?.invocationId).toBe(asked);
    expect(world.systemd.started).toHaveLength(2);
  });
});

describe('a unit that somebody restarts', () => {
  /** `systemctl restart`: the unit has another run at once, of what systemd stored. */
  async function restartByHand(): Promise<void> {
    world.systemd.put(ALICE, { invocationId: 'f'.repeat(32), activeState: 'active', mainPid: 4712 });
    await world.settle();
  }

  it('is adopted as it runs', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    await restartByHand();

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId: 'f'.repeat(32), restarts: 0 });
    expect(world.systemd.started).toHaveLength(1);
  });

  it.each(['$HOME', 'two words', '100%', 'a;b'])('is started anew where its command has %j', async (argument) => {
    world.source.put('alice', { command: ['/bin/echo', argument] });
    await world.start();
    await restartByHand();

    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0 });
    expect(world.status('alice').invocationId).not.toBe('f'.repeat(32));
    expect(world.systemd.started).toHaveLength(2);
    expect(world.events.findLast(({ reason }) => reason === 'Restarted')?.message).toContain(
      'somebody restarted its unit',
    );
    await world.pass(120_000);
    expect(world.systemd.started).toHaveLength(2);
  });

  it('is left alone while its source is frozen', async () => {
    world.source.put('alice', { command: ['/bin/echo', '$HOME'] });
    await world.start();
    world.source.change('alice', { isFrozen: true });
    await restartByHand();
    expect(world.systemd.started).toHaveLength(1);
  });
});

describe('a stop', () => {
  it('counts as asked for, though the controller that asked for it died before the answer', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const stop = world.systemd.stopUnit.bind(world.systemd);
    vi.spyOn(world.systemd, 'stopUnit').mockImplementationOnce(async (unit) => {
      await stop(unit);
      await new Promise<never>(() => undefined);
    });
    world.source.put('alice', SLEEP, { 'hublet/restartedAt': '1' });
    for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    void world.kill();
    world.systemd.settle();
    world.systemd.units.clear();
    await world.start();
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0, lastExit: null });
  });

  it('is carried out on a full disk', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.fullDisk = 'ENOSPC: no space left on device';
    world.source.put('alice', { ...SLEEP, suspend: true });
    await world.settle();
    expect(world.systemd.unit(ALICE)).toBeUndefined();
  });
});

describe('an end', () => {
  it('is counted once, though the controller that restarted its server died before the answer', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const start = world.systemd.startTransientUnit.bind(world.systemd);
    vi.spyOn(world.systemd, 'startTransientUnit').mockImplementationOnce(async (unit, properties) => {
      await start(unit, properties);
      await new Promise<never>(() => undefined);
    });
    world.systemd.exit(ALICE, { signal: 9 });
    for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    void world.kill();
    await world.start();
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 1 });
    expect(world.systemd.started).toHaveLength(2);
  });

  it('that somebody followed by a new run, before it was looked into, is told, and the new run is seen', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const { invocationId: _, ...rest } = world.systemd.unit(ALICE) ?? {};
    world.systemd.exit(ALICE, { code: 3 });
    const invocationId = 'f'.repeat(32);
    world.systemd.put(ALICE, { ...rest, invocationId });
    await world.settle();
    expect(world.exits).toEqual(['exit-code']);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', invocationId });
    expect(world.systemd.started).toHaveLength(1);
  });
});

describe('a controller that comes back while accounts cannot be looked up', () => {
  const unknown = { kind: 'unknown', message: 'no answer' } as const;

  it('takes no server for Ready that was not', async () => {
    world.source.put('alice', { ...SLEEP, probes: { readiness: { tcp: {} } } });
    world.source.put('bob', SLEEP);
    await world.start();
    await world.kill();
    for (const name of ['alice', 'bob']) world.accounts.set(name, unknown);
    await world.start();
    expect(world.status('alice').phase).toBe('Running');
    expect(world.status('alice').readyAt).toBeNull();
    expect(world.status('bob').phase).toBe('Ready');
  });

  it('keeps to the restart policy of what ended meanwhile', async () => {
    world.source.put('alice', { ...SLEEP, restartPolicy: 'Never' });
    world.source.put('bob', { ...SLEEP, restartPolicy: 'Always' });
    await world.start();
    await world.kill();
    const accounts = new Map(world.accounts);
    for (const name of ['alice', 'bob']) world.accounts.set(name, unknown);
    world.systemd.exit(ALICE, { code: 3 });
    world.systemd.exit('hublet-bob.service', { code: 0 });
    await world.start();
    for (const [name, account] of accounts) world.accounts.set(name, account);
    await world.pass(10_000);
    expect(world.status('alice').phase).toBe('Failed');
    expect(world.status('bob').phase).toBe('Ready');
  });
});

describe('a deletion', () => {
  it('that fails at its last step is called off by a file that returns', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const remove = vi.spyOn(world.environments, 'delete').mockImplementation(() => {
      throw new Error('EROFS: read-only file system');
    });
    world.source.remove('alice');
    await world.settle();
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    remove.mockRestore();
    world.source.put('alice', SLEEP);
    await world.pass(2_000);
    expect(world.status('alice').phase).toBe('Ready');
  });
});

describe('a bus that is away for a moment', () => {
  it('changes no status', async () => {
    world.systemd.put(ALICE, { activeState: 'active', invocationId: 'e'.repeat(32), marks: null });
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.statuses.get('alice');
    expect(world.condition('alice', 'Stalled')?.reason).toBe('NameConflict');
    world.systemd.setConnected(false);
    world.source.change('alice', {});
    await world.pass(5_000);
    expect(world.statuses.get('alice')).toEqual(before);
  });
});

describe('a host that is not going down after all', () => {
  it('is served as before', async () => {
    await world.start();
    world.systemd.emitShutdown();
    world.source.put('alice', SLEEP);
    await world.settle();
    expect(world.systemd.started).toHaveLength(0);
    world.systemd.emitShutdownCancelled();
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });
});
