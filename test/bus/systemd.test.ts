import { Message, sessionBus } from 'dbus-next';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { type SystemdOptions, SystemdOverDbus } from '../../src/systemd/adapter.ts';
import { connectBus } from '../../src/systemd/bus.ts';
import { SystemdError, type SystemdEvent, type UnitState } from '../../src/systemd/port.ts';
import { hasEnded } from '../../src/systemd/units.ts';
import type { UnitProperty } from '../../src/units/types.ts';
import { type FakeSystemd, startFakeSystemd } from '../fakes/systemd1/main.ts';
import { createMemoryLog } from '../fakes/systemd1/memory-log.ts';

const unit = 'hublet-alice.service';
const mebibyte = 1024n * 1024n;

let fake: FakeSystemd;
let systemd: SystemdOverDbus;
let events: SystemdEvent[];
let called: Record<string, number>;
let reconnects: number;

beforeEach(async () => {
  fake = await startFakeSystemd();
  systemd = makeAdapter();
  await systemd.open(10_000);
});

afterEach(async () => {
  systemd.close();
  await fake.close();
});

describe('a unit', () => {
  it('is active with a process once its start job is done', async () => {
    await systemd.startTransientUnit(unit, service());

    const state = await seen(unit, (now) => now?.activeState === 'active' && !now.hasJob);

    expect(state).toMatchObject({ loaded: true, subState: 'running', result: 'success', stopRequestedBy: undefined });
    expect(state?.invocationId).toMatch(/^[0-9a-f]{32}$/);
    expect(state?.mainPid).toBe(fake.unit(unit)?.mainPid);
    expect(state?.activeSinceMs).toBeGreaterThan(0);
  });

  it('never looks ended between the request and the end of its start job', async () => {
    const looks: boolean[] = [];
    systemd.on((event) => {
      const now = event.kind === 'changed' ? systemd.unit(unit) : undefined;
      if (now !== undefined) looks.push(hasEnded(now));
    });

    await systemd.startTransientUnit(unit, service());
    await seen(unit, (now) => now?.activeState === 'active' && !now.hasJob);

    expect(looks.length).toBeGreaterThan(0);
    expect(looks).not.toContain(true);
  });

  it('has its marks, cgroup and live limits once read, in one call', async () => {
    await started(unit, service({ MemoryMax: ['t', 512n * mebibyte] }));
    fake.resetCalls();

    const state = await systemd.read(unit);

    expect(fake.calls()).toEqual({ GetAll: 1 });
    expect(state?.marks).toEqual({ server: 'alice', instance: 'i1', hash: 'h1' });
    expect(state?.controlGroup).toBe('/hublet.slice/hublet-default.slice/hublet-alice.service');
    expect(state?.live).toEqual({
      MemoryMax: 512n * mebibyte,
      TasksMax: 2n ** 64n - 1n,
      AllowedCPUs: new Uint8Array(),
    });
  });

  it('that exits 0 is unloaded, and its end is kept until forgotten', async () => {
    await started(unit);

    fake.kill(unit, { exit: 0 });
    const state = await seen(unit, (now) => now?.loaded === false);

    expect(state).toMatchObject({ result: 'success', execMainCode: 1, execMainStatus: 0, stopRequestedBy: undefined });
    systemd.forget(unit);
    expect(systemd.unit(unit)).toBeUndefined();
  });

  it.each([
    ['exit code 3', { exit: 3 }, undefined, { result: 'exit-code', execMainCode: 1, execMainStatus: 3 }],
    ['SIGKILL', { signal: 9 }, undefined, { result: 'signal', execMainCode: 2, execMainStatus: 9 }],
    ['an OOM kill', { signal: 9 }, 'oom-kill', { result: 'oom-kill', execMainCode: 2, execMainStatus: 9 }],
  ] as const)('that ends by %s stays failed until it is reset', async (_, end, result, expected) => {
    await started(unit);

    fake.kill(unit, end, result);
    const state = await seen(unit, (now) => now?.activeState === 'failed');

    expect(state).toMatchObject({ loaded: true, mainPid: 0, hasJob: false, stopRequestedBy: undefined, ...expected });
    await systemd.resetFailedUnit(unit);
    await seen(unit, (now) => now?.loaded === false);
  });

  it('whose program is missing fails with 203, and nobody asked for a stop', async () => {
    fake.failNextStart(unit, 203);

    await systemd.startTransientUnit(unit, service());
    const state = await seen(unit, (now) => now?.activeState === 'failed' && !now.hasJob);

    expect(state).toMatchObject({ result: 'exit-code', execMainStatus: 203, stopRequestedBy: undefined });
  });

  it('that we stop says so', async () => {
    await started(unit);

    await systemd.stopUnit(unit);
    const state = await seen(unit, (now) => now?.loaded === false);

    expect(state).toMatchObject({ result: 'success', execMainStatus: 15, stopRequestedBy: 'hublet' });
  });

  it('that we stop while it starts says so', async () => {
    fake.holdStarts();
    await systemd.startTransientUnit(unit, service());
    await seen(unit, (now) => now?.activeState === 'activating');

    await systemd.stopUnit(unit);
    const state = await seen(unit, (now) => now?.loaded === false);

    expect(state?.stopRequestedBy).toBe('hublet');
  });

  it('that somebody else stops says so', async () => {
    await started(unit);

    fake.stopByOther(unit);
    const state = await seen(unit, (now) => now?.loaded === false);

    expect(state?.stopRequestedBy).toBe('other');
  });

  it('that somebody else restarts is another invocation, unread and not stopped', async () => {
    const before = await started(unit);
    await systemd.read(unit);

    fake.restartByOther(unit);
    const state = await seen(
      unit,
      (now) => now?.activeState === 'active' && !now.hasJob && now.invocationId !== before.invocationId,
    );

    expect(state).toMatchObject({ loaded: true, stopRequestedBy: undefined, marks: undefined, live: undefined });
    expect(state?.mainPid).toBe(fake.unit(unit)?.mainPid);
  });

  it('that ignores SIGTERM is deactivating until its grace is over, then failed by timeout', async () => {
    await started(unit, service({ TimeoutStopUSec: ['t', 100_000n] }));
    fake.ignoreTerm(unit);

    await systemd.stopUnit(unit);
    await seen(unit, (now) => now?.activeState === 'deactivating');
    const state = await seen(unit, (now) => now?.activeState === 'failed');

    expect(state).toMatchObject({ result: 'timeout', execMainStatus: 9, stopRequestedBy: 'hublet' });
  });

  it('that is not loaded reads as undefined and leaves no trace', async () => {
    expect(await systemd.read('hublet-nobody.service')).toBeUndefined();
    expect(systemd.unit('hublet-nobody.service')).toBeUndefined();
  });

  it('that ended keeps its end when it is read afterwards', async () => {
    await started(unit);
    fake.kill(unit, { exit: 0 });
    await seen(unit, (now) => now?.loaded === false);

    expect(await systemd.read(unit)).toBeUndefined();

    expect(systemd.unit(unit)).toMatchObject({ loaded: false, execMainCode: 1 });
  });

  it('of another name than ours is not looked at', async () => {
    await systemd.startTransientUnit('cron.service', service());
    await started(unit);

    expect(systemd.unit('cron.service')).toBeUndefined();
  });
});

describe('a refused call', () => {
  it('says UnitExists for a loaded unit, failed ones too, and starts after a reset sent in one go', async () => {
    await started(unit);
    await expect(systemd.startTransientUnit(unit, service())).rejects.toMatchObject({ code: 'UnitExists' });
    fake.kill(unit, { exit: 1 });
    const failed = await seen(unit, (now) => now?.activeState === 'failed');
    await expect(systemd.startTransientUnit(unit, service())).rejects.toMatchObject({ code: 'UnitExists' });

    await Promise.all([systemd.resetFailedUnit(unit), systemd.startTransientUnit(unit, service())]);

    const state = await seen(unit, (now) => now?.activeState === 'active' && now.invocationId !== failed.invocationId);
    expect(state).toMatchObject({ loaded: true, result: 'success', execMainStatus: 0 });
  });

  it('says NoSuchUnit for a unit that is not loaded, and expects no stop of it', async () => {
    await expect(systemd.stopUnit(unit)).rejects.toMatchObject({ code: 'NoSuchUnit' });

    await started(unit);
    fake.stopByOther(unit);

    expect((await seen(unit, (now) => now?.loaded === false))?.stopRequestedBy).toBe('other');
  });

  it('says InvalidProperty for a property that needs a restart, and for an unknown one', async () => {
    await started(unit);

    await expect(systemd.setUnitProperties(unit, [property('User', 's', 'bob')])).rejects.toMatchObject({
      code: 'InvalidProperty',
    });
    await expect(systemd.startTransientUnit('hublet-b.service', service({ Bogus: ['s', 'x'] }))).rejects.toMatchObject({
      code: 'InvalidProperty',
      message: expect.stringContaining('Bogus'),
    });
  });

  it.each<[string, UnitProperty, string]>([
    ['a number for a 64-bit value', property('MemoryMax', 't', 5), 'MemoryMax: a bigint expected ("t"), number given'],
    [
      'a bigint for a 32-bit value',
      property('UMask', 'u', 5n),
      'UMask: an integer number expected ("u"), bigint given',
    ],
    ['a negative unsigned value', property('MemoryMax', 't', -1n), 'MemoryMax: out of the range of "t"'],
    ['NUL in a string', property('User', 's', 'a\0b'), 'User: a string must not hold NUL'],
    ['a lone surrogate', property('User', 's', '\ud800'), 'User: not valid Unicode text'],
    ['undefined', property('User', 's', undefined), 'User: a string expected ("s"), undefined given'],
    ['a struct that is too short', property('ExecStart', 'a(sasb)', [['/bin/a', []]]), 'ExecStart[0]: a list of 3'],
    ['half a signature', property('User', 'a(s', []), '"a(s" is not a D-Bus signature'],
    ['a huge string', property('User', 's', 'x'.repeat(2 ** 21)), 'User: longer than 1048576 bytes'],
  ])('is refused before it is sent: %s', async (_, wrong, message) => {
    await expect(systemd.startTransientUnit(unit, [wrong])).rejects.toMatchObject({
      code: 'InvalidProperty',
      message: expect.stringContaining(message),
    });

    expect(fake.calls().StartTransientUnit).toBeUndefined();
    await started(unit);
  });

  it('never sends an impossible unit name', async () => {
    await expect(systemd.startTransientUnit('hublet-\n.service', service())).rejects.toBeInstanceOf(SystemdError);

    expect(fake.calls().StartTransientUnit).toBeUndefined();
  });
});

describe('live properties', () => {
  it('are changed at run time, and must be read again afterwards', async () => {
    const before = await started(unit, service({ MemoryMax: ['t', 512n * mebibyte] }));
    await systemd.read(unit);

    await systemd.setUnitProperties(unit, [property('MemoryMax', 't', 256n * mebibyte)]);

    expect(systemd.unit(unit)?.live).toBeUndefined();
    expect((await systemd.read(unit))?.live).toMatchObject({ MemoryMax: 256n * mebibyte });
    expect(systemd.unit(unit)?.mainPid).toBe(before.mainPid);
  });

  it('that are lists are replaced, not appended to', async () => {
    await started(unit, service({ IODeviceWeight: ['a(st)', [['/dev/sda', 10n]]] }));

    await systemd.setUnitProperties(unit, [property('IODeviceWeight', 'a(st)', [['/dev/sdb', 20n]])]);

    expect(fake.unit(unit)?.properties.IODeviceWeight).toEqual([['/dev/sdb', 20n]]);
  });

  it('can be set on a slice that does not exist yet', async () => {
    await systemd.setUnitProperties('hublet-gpu.slice', [property('MemoryMax', 't', 1024n * mebibyte)]);

    expect(fake.sliceProperty('hublet-gpu.slice', 'MemoryMax')).toBe(1024n * mebibyte);
  });
});

describe('a listing', () => {
  it('is exactly one D-Bus call where nothing changed', async () => {
    for (const name of ['a', 'b', 'c']) await started(`hublet-${name}.service`);
    await systemd.relist();
    fake.resetCalls();

    expect(await systemd.relist()).toEqual([]);

    expect(fake.calls()).toEqual({ ListUnitsByPatterns: 1 });
  });

  it('reads the marks of units that were there before us', async () => {
    await started(unit);
    const second = makeAdapter();

    await second.open(10_000);

    expect(second.unit(unit)).toMatchObject({ activeState: 'active', marks: { server: 'alice' } });
    expect(second.unit(unit)?.invocationId).toBe(systemd.unit(unit)?.invocationId);
    expect(second.version()).toBe('252.39-1~deb12u2');
    second.close();
  });

  it('leaves out, but does not fail for, a unit that cannot be read', async () => {
    await started(unit);
    fake.failNextCall('GetAll', 'org.freedesktop.DBus.Error.Failed', 'no');

    await systemd.relist();

    expect(systemd.isConnected()).toBe(true);
    expect(systemd.unit(unit)?.activeState).toBe('active');
  });
});

describe('without dbus-daemon', () => {
  it.each(['SIGKILL', 'SIGTERM'] as const)(
    'calls under way and later ones fail, and it comes back (%s)',
    async (signal) => {
      await started(unit);
      fake.hang('SetUnitProperties');
      const underWay = systemd.setUnitProperties(unit, [property('MemoryMax', 't', mebibyte)]);
      const outcome = expect(underWay).rejects.toMatchObject({ code: 'UnknownOutcome' });
      await until(() => fake.calls().SetUnitProperties === 1);

      await fake.killBus(signal);
      await outcome;
      await until(() => !systemd.isConnected());
      await expect(systemd.stopUnit(unit)).rejects.toMatchObject({ code: 'Disconnected' });
      const connected = nextEvent('connected');
      await fake.startBus();
      await connected;

      expect(events.map((event) => event.kind).filter((kind) => kind !== 'changed')).toEqual([
        'connected',
        'disconnected',
        'connected',
      ]);
      expect(reconnects).toBe(1);
      expect(systemd.unit(unit)).toMatchObject({ loaded: true, activeState: 'active' });
      await systemd.stopUnit(unit);
      await seen(unit, (now) => now?.loaded === false);
    },
  );

  it('an unchanged unit costs one Get when it is back, besides the three that are asked of systemd itself', async () => {
    await started(unit);
    await systemd.read(unit);
    await lostBus(() => fake.resetCalls());

    expect(fake.calls()).toMatchObject({ ListUnitsByPatterns: 1, Get: 4 });
    expect(fake.calls().GetAll).toBeUndefined();
  });

  it('an exit is seen at the listing afterwards', async () => {
    for (const name of ['a', 'b', 'c', 'd']) await started(`hublet-${name}.service`);
    for (const name of ['c', 'd']) await systemd.read(`hublet-${name}.service`);

    await lostBus(() => {
      fake.kill('hublet-a.service', { exit: 0 });
      fake.kill('hublet-b.service', { exit: 4 });
      fake.kill('hublet-d.service', { signal: 9 });
    });

    expect(systemd.unit('hublet-a.service')).toMatchObject({ loaded: false });
    expect(systemd.unit('hublet-b.service')).toMatchObject({
      activeState: 'failed',
      result: 'exit-code',
      execMainStatus: 4,
    });
    expect(systemd.unit('hublet-c.service')).toMatchObject({ activeState: 'active' });
    expect(systemd.unit('hublet-d.service')).toMatchObject({ activeState: 'failed', result: 'signal', mainPid: 0 });
    expect(events).toContainEqual({ kind: 'changed', unit: 'hublet-a.service' });
    expect(events).toContainEqual({ kind: 'changed', unit: 'hublet-b.service' });
  });

  it('a restart by somebody else is seen afterwards, though the unit looks the same', async () => {
    const before = await started(unit);
    await systemd.read(unit);

    await lostBus(async () => {
      fake.restartByOther(unit);
      await until(
        () => fake.unit(unit)?.activeState === 'active' && fake.unit(unit)?.invocationId !== before.invocationId,
      );
    });

    expect(systemd.unit(unit)?.invocationId).toBe(fake.unit(unit)?.invocationId);
    expect(systemd.unit(unit)?.mainPid).toBe(fake.unit(unit)?.mainPid);
    expect(events).toContainEqual({ kind: 'changed', unit });
  });

  it('opening fails in time and says why', async () => {
    await fake.killBus();
    const second = makeAdapter();

    await expect(second.open(300)).rejects.toMatchObject({
      code: 'Disconnected',
      message: expect.stringContaining('D-Bus'),
    });
  });

  it('one that lives is asked again and again, and stays connected', async () => {
    const second = makeAdapter({ pingIntervalMs: 5 });
    await second.open(10_000);

    await until(() => (called['GetId success'] ?? 0) >= 10);

    expect(events.map((event) => event.kind)).toEqual(['connected']);
    second.close();
  });

  it('a frozen one is noticed by a ping that gets no answer', async () => {
    const second = makeAdapter({ pingIntervalMs: 50, callTimeoutMs: 200 });
    await second.open(10_000);
    const lost = nextEvent('disconnected', second);

    fake.freezeBus(true);
    const event = await lost;
    fake.freezeBus(false);

    expect(event).toMatchObject({ reason: expect.stringContaining('ping') });
    second.close();
  });
});

describe('a reload of systemd', () => {
  it('is no end of any unit', async () => {
    for (const name of ['a', 'b', 'c']) {
      await started(`hublet-${name}.service`);
      await systemd.read(`hublet-${name}.service`);
    }
    const gone = watchForGone();

    const reloaded = nextEvent('reloaded');
    await fake.reload();
    await reloaded;

    expect(gone).toEqual([]);
    expect(systemd.unit('hublet-a.service')).toMatchObject({ loaded: true, activeState: 'active', live: undefined });
  });

  it('does not hide an end that happens meanwhile', async () => {
    await started(unit);

    const reloaded = nextEvent('reloaded');
    await fake.reload(() => fake.kill(unit, { exit: 0 }));
    await reloaded;

    expect(systemd.unit(unit)).toMatchObject({ loaded: false });
  });
});

describe('a re-execution of systemd', () => {
  it('is no end of any unit, and calls under way have an unknown outcome', async () => {
    await started(unit);
    const gone = watchForGone();
    fake.hang('SetUnitProperties');
    const outcome = expect(
      systemd.setUnitProperties(unit, [property('MemoryMax', 't', 64n * mebibyte)]),
    ).rejects.toMatchObject({ code: 'UnknownOutcome' });
    await until(() => fake.calls().SetUnitProperties === 1);

    const reloaded = nextEvent('reloaded');
    fake.setVersion('257.8-1');
    await fake.reexec();
    await outcome;
    await reloaded;

    expect(gone).toEqual([]);
    expect(systemd.isConnected()).toBe(true);
    expect(systemd.version()).toBe('257.8-1');
    fake.kill(unit, { exit: 5 });
    expect(await seen(unit, (now) => now?.activeState === 'failed')).toMatchObject({ execMainStatus: 5 });
  });

  it.each([
    { exit: 0, expected: { loaded: false } },
    { exit: 4, expected: { activeState: 'failed', result: 'exit-code', execMainStatus: 4, mainPid: 0 } },
  ])('shows an exit with $exit that nobody was told of', async ({ exit, expected }) => {
    await started(unit);
    await systemd.read(unit);

    const reloaded = nextEvent('reloaded');
    await fake.reexec(() => fake.kill(unit, { exit }));
    await reloaded;

    expect(systemd.unit(unit)).toMatchObject(expected);
  });
});

describe('somebody else on the bus', () => {
  it('cannot pass for systemd', async () => {
    await started(unit);
    const gone = watchForGone();
    const stranger = sessionBus({ busAddress: fake.address.replace('unix:path=', 'unix:socket=') });
    await new Promise<void>((resolve) => stranger.on('connect', resolve));
    const [target = ''] = fake.subscribers();

    const path = '/org/freedesktop/systemd1';
    const forged = Message.newSignal(path, 'org.freedesktop.systemd1.Manager', 'UnitRemoved', 'so', [unit, '/']);
    forged.destination = target;
    stranger.send(forged);
    // The bus keeps the order: once it has answered this, the signal is on its way to us, before the listing's reply.
    await stranger.call(
      new Message({
        destination: 'org.freedesktop.DBus',
        path: '/org/freedesktop/DBus',
        interface: 'org.freedesktop.DBus',
        member: 'GetId',
      }),
    );
    await systemd.relist();
    stranger.disconnect();

    expect(gone).toEqual([]);
    expect(systemd.unit(unit)).toMatchObject({ loaded: true, activeState: 'active' });
  });
});

describe('a shutdown of the host', () => {
  it('is told when its job appears, and once', async () => {
    await started(unit);
    const told = nextEvent('shutdown');

    fake.shutdown();
    await told;
    await systemd.systemState();

    expect(events.filter((event) => event.kind === 'shutdown')).toHaveLength(1);
  });

  it('is taken back once systemd says that it runs', async () => {
    fake.shutdown();
    await nextEvent('shutdown');

    fake.setSystemState('running');
    await systemd.systemState();

    expect(events.at(-1)).toEqual({ kind: 'shutdownCancelled' });
  });

  it('is told at connecting when it is under way', async () => {
    fake.setSystemState('stopping');
    const second = makeAdapter();

    await second.open(10_000);

    expect(events).toContainEqual({ kind: 'shutdown' });
    second.close();
  });
});

describe('over time', () => {
  it('a call without an answer ends by its time limit, and the next one works', async () => {
    systemd.close();
    systemd = makeAdapter({ callTimeoutMs: 200 });
    await systemd.open(10_000);
    const release = fake.hang('StartTransientUnit');

    await expect(systemd.startTransientUnit(unit, service())).rejects.toMatchObject({
      code: 'UnknownOutcome',
      message: 'StartTransientUnit: no reply in 200 ms',
    });

    release();
    await seen(unit, (now) => now?.activeState === 'active');
    expect(called['StartTransientUnit error']).toBe(1);
  });

  it('an answer that came in time counts, however late this thread gets to read it', async () => {
    const second = await connectBus({
      address: fake.address,
      connectTimeoutMs: 10_000,
      abort: new AbortController().signal,
      clock: createSystemClock(),
      wantsSignal: () => false,
      onSignal: () => undefined,
      onLost: () => undefined,
      onFault: () => undefined,
    });
    const getId = {
      destination: 'org.freedesktop.DBus',
      path: '/org/freedesktop/DBus',
      interface: 'org.freedesktop.DBus',
      member: 'GetId',
      signature: '',
      body: [],
      timeoutMs: 50,
    };

    // Timers that are due come between this and the next reading of the socket.
    const answer = await new Promise((resolve) => {
      setImmediate(() => {
        resolve(second.call(getId, ([id]) => id));
        const startedMs = performance.now();
        while (performance.now() - startedMs < 300);
      });
    });

    expect(answer).toMatch(/^[0-9a-f]{32}$/);
    second.close();
  });

  it('a thousand starts and stops leave four match rules', async () => {
    for (let round = 0; round < 25; round += 1) {
      const names = Array.from({ length: 40 }, (_, index) => `hublet-u${index}.service`);
      await Promise.all(names.map((name) => started(name)));
      await Promise.all(
        names.map(async (name) => {
          await systemd.stopUnit(name);
          await seen(name, (now) => now?.loaded === false);
          systemd.forget(name);
        }),
      );
    }

    expect(await fake.matchRules()).toBe(4);
    expect(fake.calls()).toMatchObject({ StartTransientUnit: 1000, StopUnit: 1000 });
  });

  it('a listener that throws keeps nobody else from hearing', async () => {
    systemd.on(() => {
      throw new Error('listener');
    });

    await started(unit);

    expect(systemd.isConnected()).toBe(true);
  });
});

function makeAdapter(options: Partial<SystemdOptions> = {}): SystemdOverDbus {
  events = [];
  called = {};
  reconnects = 0;
  const adapter = new SystemdOverDbus({
    clock: createSystemClock(),
    log: createMemoryLog(),
    address: fake.address,
    liveProperties: ['MemoryMax', 'TasksMax', 'AllowedCPUs'],
    onCall: (method, result) => {
      called[`${method} ${result}`] = (called[`${method} ${result}`] ?? 0) + 1;
    },
    onReconnect: () => {
      reconnects += 1;
    },
    ...options,
  });
  adapter.on((event) => events.push(event));
  return adapter;
}

function property(name: string, signature: string, value: unknown): UnitProperty {
  return { name, signature, value };
}

function service(more: Readonly<Record<string, readonly [string, unknown]>> = {}): UnitProperty[] {
  const marks = ['HUBLET_SERVER=alice', 'HUBLET_INSTANCE=i1', 'HUBLET_UNIT_HASH=h1'];
  return [
    property('Description', 's', 'test'),
    property('Type', 's', 'exec'),
    property('CollectMode', 's', 'inactive'),
    property('Slice', 's', 'hublet-default.slice'),
    property('ExecStart', 'a(sasb)', [['/bin/sleep', ['/bin/sleep', 'infinity'], false]]),
    property(
      'LogExtraFields',
      'aay',
      marks.map((mark) => new TextEncoder().encode(mark)),
    ),
    ...Object.entries(more).map(([name, [signature, value]]) => property(name, signature, value)),
  ];
}

async function started(name: string, properties: readonly UnitProperty[] = service()): Promise<UnitState> {
  await systemd.startTransientUnit(name, properties);
  return seen(name, (now) => now?.activeState === 'active' && !now.hasJob);
}

/** Resolves with a unit's state once it is as wanted; looks again at every event. */
function seen(name: string, isWanted: (state: UnitState | undefined) => boolean | undefined): Promise<UnitState> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      const state = systemd.unit(name);
      if (state === undefined || isWanted(state) !== true) return false;
      resolve(state);
      return true;
    };
    if (look()) return;
    const off = systemd.on((event) => {
      if (event.kind === 'changed' && event.unit === name && look()) off();
    });
  });
}

function nextEvent(kind: SystemdEvent['kind'], of: SystemdOverDbus = systemd): Promise<SystemdEvent> {
  return new Promise((resolve) => {
    const off = of.on((event) => {
      if (event.kind !== kind) return;
      off();
      resolve(event);
    });
  });
}

/** Names of units that at any event looked gone or ended. */
function watchForGone(): string[] {
  const gone: string[] = [];
  systemd.on((event) => {
    if (event.kind !== 'changed') return;
    const state = systemd.unit(event.unit);
    if (state === undefined || hasEnded(state)) gone.push(event.unit);
  });
  return gone;
}

async function lostBus(meanwhile: () => void | Promise<void>): Promise<void> {
  await fake.killBus();
  await until(() => !systemd.isConnected());
  await meanwhile();
  const connected = nextEvent('connected');
  await fake.startBus();
  await connected;
}

/** For what tells nobody: the fake's own counters, a connection just lost. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}
