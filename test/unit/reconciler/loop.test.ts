import { beforeEach, describe, expect, it } from 'vitest';
import { World } from '../../fakes/world.ts';

const ALICE = 'hublet-alice.service';
const SLEEP = { command: ['/bin/sleep', 'infinity'] };

describe('the loop', () => {
  let world: World;
  beforeEach(() => {
    world = new World();
  });

  it('starts a server whose spec appears and says Ready when its unit is active', async () => {
    await world.start();
    world.source.put('alice', { ...SLEEP, environment: { TOKEN: 'secret' } });
    await world.settle();
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    expect(world.status('alice').phase).toBe('Ready');
    expect([...world.environments.values()].join()).toContain('TOKEN="secret"');
    expect(
      JSON.stringify(world.systemd.started, (_key, value) => (typeof value === 'bigint' ? `${value}` : value)),
    ).not.toContain('secret');
    expect(JSON.stringify([...world.statuses.values()])).not.toContain('secret');
  });

  it('is Running until its readiness probe succeeds for this very run', async () => {
    world.source.put('alice', { ...SLEEP, probes: { readiness: { tcp: {} } } });
    await world.start();
    expect(world.status('alice').phase).toBe('Running');
    const invocationId = world.systemd.unit(ALICE)?.invocationId ?? '';
    world.verdict('alice', { invocationId: 'of another run', isReady: true, reason: 'ProbeSucceeded', message: '' });
    await world.settle();
    expect(world.status('alice').phase).toBe('Running');
    world.verdict('alice', { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('does nothing at all when looked at again', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const statusBefore = world.statuses.get('alice');
    world.systemd.calls.length = 0;
    await world.pass(70_000);
    expect(world.systemd.calls).toEqual(['ListUnitsByPatterns']);
    expect(world.statuses.get('alice')).toEqual(statusBefore);
  });

  it.each([
    [0, 54],
    [0.5, 60],
    [1, 66],
  ])(
    'looks at everything again after a minute or a tenth more or less: with %d after %i s',
    async (random, seconds) => {
      world.random = random;
      world.source.put('alice', SLEEP);
      await world.start();
      const listings = () => world.systemd.calls.filter((call) => call === 'ListUnitsByPatterns').length;
      const before = listings();
      await world.pass((seconds - 1) * 1000);
      expect(listings()).toBe(before);
      await world.pass(2_000);
      expect(listings()).toBe(before + 1);
    },
  );

  it('changes limits on the running unit and leaves its run alone', async () => {
    world.source.put('alice', { ...SLEEP, resources: { memory: { limit: '512M' } } });
    await world.start();
    const before = world.systemd.unit(ALICE)?.invocationId;
    world.source.put('alice', { ...SLEEP, resources: { memory: { limit: '1G' } } });
    await world.settle();
    expect(world.systemd.unit(ALICE)?.invocationId).toBe(before);
    expect(world.status('alice').applied.memoryMaxBytes).toBe(1024 ** 3);
    expect(world.condition('alice', 'UpdatePending')?.status).toBe('False');
  });

  it('puts a smaller limit off while the server uses more, and applies it when there is room', async () => {
    world.source.put('alice', { ...SLEEP, resources: { memory: { limit: '1G' } } });
    await world.start();
    world.workingSetBytes = 800 * 1024 ** 2;
    world.source.put('alice', { ...SLEEP, resources: { memory: { limit: '512M' } } });
    await world.settle();
    expect(world.status('alice').applied.memoryMaxBytes).toBe(1024 ** 3);
    expect(world.condition('alice', 'Resized')).toMatchObject({ status: 'False', reason: 'Deferred' });
    world.workingSetBytes = 100 * 1024 ** 2;
    await world.pass(31_000);
    expect(world.status('alice').applied.memoryMaxBytes).toBe(512 * 1024 ** 2);
    expect(world.condition('alice', 'Resized')).toBeUndefined();
  });

  it('sets a limit back that somebody changed, and tells it apart from a new limit', async () => {
    world.source.put('alice', { ...SLEEP, resources: { tasks: 10 } });
    await world.start();
    const told = () => world.events.map(({ reason }) => reason).filter((reason) => /Resized|Drift/.test(reason));
    world.source.put('alice', { ...SLEEP, resources: { tasks: 20 } });
    await world.settle();
    expect(told()).toEqual(['Resized']);
    await world.systemd.setUnitProperties(ALICE, [{ name: 'TasksMax', signature: 't', value: 99n }]);
    await world.systemd.read(ALICE);
    await world.pass(70_000);
    expect(world.status('alice').applied.tasksMax).toBe(20);
    expect(told()).toEqual(['Resized', 'DriftCorrected']);
  });

  it('says that a change needs a restart and waits for it', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.systemd.unit(ALICE)?.invocationId;
    world.source.put('alice', { command: ['/bin/sleep', '1000'] });
    await world.settle();
    expect(world.systemd.unit(ALICE)?.invocationId).toBe(before);
    expect(world.condition('alice', 'UpdatePending')).toMatchObject({ status: 'True', reason: 'RestartRequired' });
    world.source.put('alice', { command: ['/bin/sleep', '1000'] }, { 'hublet/restartedAt': '2026-01-01T00:00:00Z' });
    await world.settle();
    expect(world.systemd.unit(ALICE)?.invocationId).not.toBe(before);
    expect(world.condition('alice', 'UpdatePending')?.status).toBe('False');
    expect(world.systemd.started).toHaveLength(2);
  });

  it('restarts a crashed server at once, then with backoff, and tells why', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.exit(ALICE, { signal: 9 });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.status('alice').restarts).toBe(1);
    expect(world.status('alice').lastExit).toMatchObject({ result: 'signal', code: 'killed', status: 9 });
    world.systemd.exit(ALICE, { code: 3 });
    await world.settle();
    expect(world.status('alice').phase).toBe('BackOff');
    expect(world.status('alice').nextTransition?.phase).toBe('Starting');
    await world.pass(9_000);
    expect(world.status('alice').phase).toBe('BackOff');
    await world.pass(2_000);
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.exits).toEqual(['signal', 'exit-code']);
  });

  it('reports a main process killed for memory as oom-kill, and counts it once', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.journal = { result: 'oom-kill', isOomSeen: true };
    world.systemd.exit(ALICE, { signal: 9 });
    await world.settle();
    expect(world.status('alice').lastExit?.result).toBe('oom-kill');
    expect(world.exits).toEqual(['oom-kill']);
    expect(world.events.filter((event) => event.reason === 'OOMKilled')).toHaveLength(1);
    const entry = world.loop.entries.get('alice');
    expect(entry && world.loop.ends.oomKills(entry)).toBe(1);
  });

  it('says of a server that stays up that processes of it were killed for memory, in an event and in Ready', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    expect(world.condition('alice', 'Ready')).toMatchObject({ status: 'True', message: '' });
    world.oomKills = 2;
    world.loop.lookAtAll();
    await world.settle();
    expect(world.condition('alice', 'Ready')).toMatchObject({
      status: 'True',
      message: '2 of its processes were killed for memory since it was started',
    });
    expect(world.events.find((event) => event.reason === 'OOMKilled')?.message).toBe('2 process(es) killed for memory');
  });

  it('is Stalled where the command can not be executed, and tries again when the spec changes', async () => {
    world.systemd.startOutcome.set(ALICE, { execMainStatus: 203 });
    world.source.put('alice', { command: ['/nowhere'] });
    await world.start();
    expect(world.condition('alice', 'Stalled')).toMatchObject({ status: 'True', reason: 'ExecConfigError' });
    world.systemd.startOutcome.clear();
    world.source.put('alice', SLEEP);
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.condition('alice', 'Stalled')).toBeUndefined();
  });

  it.each([
    [7, 'BackOff', 'a command before it (preStart) failed: exit code 7'],
    [203, 'BackOff', /^a command before it \(preStart\) failed: .* prepare not found on PATH \/usr/],
  ])(
    'tells of a command before it that failed the start with %i, and waits long where that is its spec',
    async (status, phase, message) => {
      world.systemd.startOutcome.set(ALICE, { execMainCode: 0, execMainStatus: 0 });
      world.journal = { result: 'exit-code', exitBefore: { code: 1, status } };
      world.source.put('alice', { command: ['/bin/sleep', '9'], preStart: [['prepare']] });
      await world.start();
      expect(world.status('alice')).toMatchObject({ phase, lastExit: { code: 'exited', status } });
      expect(world.status('alice').lastExit?.message).toMatch(message);
      expect(world.condition('alice', 'Stalled')?.reason).toBe(status === 203 ? 'ExecConfigError' : undefined);
    },
  );

  it('says on which PATH a bare name was looked for', async () => {
    world.systemd.startOutcome.set(ALICE, { execMainStatus: 203 });
    world.source.put('alice', { command: ['nowhere'], extraPaths: ['/opt/lab/bin'] });
    await world.start();
    expect(world.condition('alice', 'Stalled')?.message).toMatch(/nowhere not found on PATH \/opt\/lab\/bin:\/usr/);
  });

  it('starts a server again that somebody stopped by hand, after five seconds', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.stopByOther(ALICE);
    await world.settle();
    expect(world.status('alice').phase).toBe('BackOff');
    expect(world.events.map((event) => event.reason)).toContain('UnexpectedStop');
    await world.pass(6_000);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('leaves a server stopped that exited 0, until its spec changes', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.exit(ALICE, { code: 0 });
    await world.settle();
    expect(world.status('alice').phase).toBe('Stopped');
    await world.pass(120_000);
    expect(world.status('alice').phase).toBe('Stopped');
    world.source.put('alice', { command: ['/bin/sleep', '5'] });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('stops while suspended and comes back after', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.source.put('alice', { ...SLEEP, suspend: { reason: 'exam' } });
    await world.settle();
    expect(world.status('alice').phase).toBe('Stopped');
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    expect(world.condition('alice', 'Suspended')).toMatchObject({ status: 'True', message: 'exam' });
    world.source.put('alice', SLEEP);
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('deletes what was deleted, down to its files, and starts anew when the file comes back', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.source.remove('alice');
    await world.settle();
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    expect(world.statuses.size + world.memories.size + world.environments.size + world.ports.size).toBe(0);
    expect(world.source.names()).toEqual([]);
    world.source.put('alice', SLEEP);
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('runs on through a bad spec and says what is wrong with it', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const before = world.systemd.unit(ALICE)?.invocationId;
    world.source.put('alice', { comand: ['/bin/true'] });
    await world.settle();
    expect(world.systemd.unit(ALICE)?.invocationId).toBe(before);
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.condition('alice', 'Accepted')).toMatchObject({ status: 'False' });
  });

  it('refuses what this systemd lacks, by name, and sends nothing', async () => {
    world.source.put('dora', { ...SLEEP, user: 'alice', unitProperties: { MemoryZSwapMax: '1G', Nice: '5' } });
    await world.start();
    expect(world.condition('dora', 'Accepted')).toMatchObject({
      status: 'False',
      reason: 'SchemaError',
      message: expect.stringContaining('spec.unitProperties.MemoryZSwapMax needs systemd 253, and this host has 252'),
    });
    expect(world.systemd.started).toEqual([]);
  });

  it('takes percentages of the memory of the host in unitProperties', async () => {
    world.source.put('alice', { ...SLEEP, unitProperties: { MemoryMin: '25%' } });
    await world.start();
    const properties = world.systemd.started[0]?.properties;
    expect(properties).toContainEqual({ name: 'MemoryMin', signature: 't', value: 2n * 1024n ** 3n });
  });

  it('waits for a missing account and starts by itself when it appears', async () => {
    world.source.put('dora', SLEEP);
    await world.start();
    expect(world.status('dora').phase).toBe('Pending');
    expect(world.condition('dora', 'Stalled')).toMatchObject({ reason: 'UserNotFound' });
    world.addAccount('dora', 1100);
    await world.pass(61_000);
    expect(world.status('dora').phase).toBe('Ready');
    expect(world.condition('dora', 'Stalled')).toBeUndefined();
  });

  it('never starts more servers at once than it may', async () => {
    world.maxStarting = 2;
    for (const name of ['alice', 'bob', 'carol'])
      world.source.put(name, { ...SLEEP, probes: { readiness: { tcp: {} } } });
    await world.start();
    const phases = ['alice', 'bob', 'carol'].map((name) => world.status(name).phase);
    expect(phases).toEqual(['Running', 'Running', 'Pending']);
    expect(world.condition('carol', 'Ready')).toMatchObject({ reason: 'StartQueued' });
    const invocationId = world.systemd.unit(ALICE)?.invocationId ?? '';
    world.verdict('alice', { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
    await world.settle();
    expect(world.status('carol').phase).toBe('Running');
  });

  it('does not let a server that never becomes Ready hold its place for ever', async () => {
    world.maxStarting = 1;
    world.source.put('alice', { ...SLEEP, probes: { readiness: { tcp: {} } } });
    world.source.put('bob', SLEEP);
    await world.start();
    expect(world.status('bob').phase).toBe('Pending');
    await world.pass(62_000);
    expect(world.status('bob').phase).toBe('Ready');
    expect(world.status('alice').phase).toBe('Running');
  });

  it('gives no port twice', async () => {
    world.source.put('alice', { ...SLEEP, port: 20_500 });
    await world.start();
    world.source.put('bob', { ...SLEEP, port: 20_500 });
    await world.settle();
    expect(world.status('bob').phase).toBe('Pending');
    expect(world.condition('bob', 'Accepted')).toMatchObject({ status: 'False', reason: 'PortConflict' });
    expect(world.status('alice').address?.port).toBe(20_500);
  });

  it('never touches a unit of its name that another instance made', async () => {
    world.systemd.put(ALICE, {
      activeState: 'active',
      invocationId: 'f'.repeat(32),
      marks: { server: 'alice', instance: 'b'.repeat(32), hash: 'x' },
    });
    world.source.put('alice', SLEEP);
    await world.start();
    world.source.remove('alice');
    await world.settle();
    expect(world.systemd.calls).not.toContain('StopUnit');
    expect(world.systemd.calls).not.toContain('SetUnitProperties');
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
  });

  it('does nothing any more once the host goes down', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.emitShutdown();
    world.systemd.stopByOther(ALICE);
    await world.settle();
    await world.pass(10_000);
    expect(world.systemd.started).toHaveLength(1);
    expect(world.exits).toEqual([]);
  });

  it('says Unknown after ten seconds without a bus, and knows again when it is back', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.setConnected(false);
    await world.pass(5_000);
    expect(world.status('alice').phase).toBe('Ready');
    await world.pass(6_000);
    expect(world.status('alice').phase).toBe('Unknown');
    world.systemd.setConnected(true);
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('keeps every server on a full disk and writes its status when there is room again', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    world.fullDisk = 'ENOSPC: no space left on device';
    world.source.put('bob', SLEEP);
    await world.settle();
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    world.fullDisk = undefined;
    await world.pass(61_000);
    expect(world.status('bob').phase).toBe('Ready');
  });
});

describe('a controller that comes back', () => {
  it('adopts every running unit untouched, with its restarts and its Ready time', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    world.systemd.exit(ALICE, { signal: 9 });
    await world.settle();
    const before = structuredClone(world.status('alice'));
    await world.kill();
    world.systemd.calls.length = 0;
    await world.start();
    expect(world.systemd.calls).not.toContain('StartTransientUnit');
    expect(world.status('alice')).toEqual(before);
  });

  it('takes a server for as ready as it was, until its probe says otherwise', async () => {
    const world = new World();
    world.source.put('alice', { ...SLEEP, probes: { readiness: { tcp: {} } } });
    await world.start();
    const invocationId = world.systemd.unit(ALICE)?.invocationId ?? '';
    world.verdict('alice', { invocationId, isReady: true, reason: 'ProbeSucceeded', message: '' });
    await world.settle();
    const before = structuredClone(world.status('alice'));
    await world.kill();
    await world.start();
    expect(world.status('alice')).toEqual(before);
    world.verdict('alice', { invocationId, isReady: false, reason: 'ProbeFailed', message: '' });
    await world.settle();
    expect(world.status('alice').phase).toBe('Running');
    await world.kill();
    await world.start();
    expect(world.status('alice').phase).toBe('Running');
  });

  it.each(['before its stop was over', 'after it'])(
    'carries a restart through that it was killed in, %s',
    async (when) => {
      const world = new World();
      world.source.put('alice', SLEEP);
      await world.start();
      world.source.put('alice', SLEEP, { 'hublet/restartedAt': 'now' });
      await world.loop.idle();
      expect(world.systemd.unit(ALICE)?.activeState).toBe('deactivating');
      await world.kill();
      // What an earlier controller asked for looks like anybody's stop.
      world.systemd.put(ALICE, { stopRequestedBy: 'other' });
      if (when === 'after it') world.systemd.units.clear();
      world.journal = { result: 'success' };
      await world.start();
      expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0, lastExit: null });
      expect(world.systemd.started).toHaveLength(2);
      expect(world.events.map(({ reason }) => reason)).not.toContain('UnexpectedStop');
    },
  );

  it('starts a server anew for which a restart was asked while nobody saw it end', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    await world.kill();
    world.systemd.units.clear();
    world.journal = { result: 'success' };
    world.source.put('alice', SLEEP, { 'hublet/restartedAt': 'now' });
    await world.start();
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('goes on with a backoff where it was', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    for (const code of [1, 2]) {
      world.systemd.exit(ALICE, { code });
      await world.settle();
    }
    expect(world.status('alice').phase).toBe('BackOff');
    await world.kill();
    await world.pass(4_000);
    await world.start();
    expect(world.status('alice').phase).toBe('BackOff');
    await world.pass(8_000);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it.each([-2, 2])('goes on with a backoff where it was, though the clock was set by %i h meanwhile', async (hours) => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    for (const code of [1, 2]) {
      world.systemd.exit(ALICE, { code });
      await world.settle();
    }
    await world.kill();
    world.clock.stepWall(hours * 3_600_000);
    await world.start();
    await world.pass(5_000);
    expect(world.status('alice').phase).toBe('BackOff');
    await world.pass(8_000);
    expect(world.status('alice').phase).toBe('Ready');
  });

  it('still says why a server is in backoff', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    world.systemd.startOutcome.set(ALICE, { execMainStatus: 203 });
    await world.start();
    const before = world.condition('alice', 'Stalled');
    expect(before).toMatchObject({ status: 'True', reason: 'ExecConfigError' });
    await world.kill();
    await world.start();
    expect(world.condition('alice', 'Stalled')).toMatchObject({ status: 'True', reason: 'ExecConfigError' });
  });

  it('asks the journal how a run ended that is gone, and restarts by policy', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    world.source.put('bob', SLEEP);
    await world.start();
    await world.kill();
    world.systemd.units.clear();
    world.journal = { result: 'exit-code', exit: { code: 1, status: 7 } };
    await world.start();
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', lastExit: { result: 'exit-code', status: 7 } });
    await world.kill();
    world.systemd.units.clear();
    world.journal = { result: undefined, exit: undefined };
    await world.start();
    await world.pass(5_000);
    expect(world.status('alice').phase).toBe('Stopped');
  });

  it('removes environment files that no loaded unit reads, and keeps the others', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    const [kept] = world.environments.keys();
    await world.kill();
    world.environments.set('/run/hublet/env/of-a-unit-that-ended-unseen.env', '');
    await world.start();
    expect([...world.environments.keys()]).toEqual([kept]);
  });

  it('stops a unit that no spec asks for only after a minute, and only where every source was read', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    await world.kill();
    world.source.remove('alice');
    world.source.forget('alice');
    world.source.isReady = false;
    await world.start();
    await world.pass(70_000);
    expect(world.systemd.unit(ALICE)?.activeState).toBe('active');
    world.source.isReady = true;
    await world.pass(70_000);
    expect(world.systemd.unit(ALICE)).toBeUndefined();
    expect(world.statuses.has('alice')).toBe(false);
  });

  it('takes a unit that systemd is about to unload for no server', async () => {
    const world = new World();
    world.source.put('alice', SLEEP);
    await world.start();
    const { invocationId, marks } = world.systemd.unit(ALICE) ?? {};
    world.source.remove('alice');
    await world.settle();
    expect(world.statuses.has('alice')).toBe(false);
    const ended = { activeState: 'inactive', ...(invocationId && { invocationId }), ...(marks && { marks }) } as const;
    world.systemd.put(ALICE, ended);
    world.verdict('alice', { invocationId: '', isReady: false, reason: 'ProbeFailed', message: '' });
    await world.pass(70_000);
    expect(world.statuses.has('alice')).toBe(false);
    expect(
      world.events.map(({ reason }) => reason).filter((reason) => /Stopped|Orphaned|Deleted/.test(reason)),
    ).toEqual(['Stopped', 'Deleted']);
  });
});
