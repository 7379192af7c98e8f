import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const mebibyte = 1024n ** 2n;
const infinity = 2n ** 64n - 1n;
const slice = 'hublet-gpu.slice';
const inPool = (name: string, guarantee = '') =>
  spec(name, `  pool: gpu\n${guarantee === '' ? '' : `  resources: {memory: {guarantee: ${guarantee}}}\n`}`);

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
  host.pools = new Map([
    ['gpu', { memoryMax: { kind: 'exact', amount: 256 * 1024 ** 2 }, cpuLimit: { kind: 'exact', amount: 1.5 } }],
  ]);
});

afterEach(async () => {
  await host.close();
});

describe('a pool', () => {
  it('has its limits before its first server is started, with one call for all of them', async () => {
    await host.start();
    expect(host.fake.sliceProperty(slice, 'MemoryMax')).toBe(256n * mebibyte);
    expect(host.fake.sliceProperty(slice, 'CPUQuotaPerSecUSec')).toBe(1_500_000n);
    expect(host.fake.sliceProperty(slice, 'TasksMax')).toBeUndefined();
    host.fake.resetCalls();

    host.put('alice', inPool('alice'));
    await host.untilPhase('alice', 'Ready');

    expect(host.unit('alice')?.properties.Slice).toBe(slice);
    expect(host.fake.calls()).toEqual({ StartTransientUnit: 1, GetAll: 1 });
    expect(host.status('alice')?.pool).toBe('gpu');
  });

  it('has its guarantee raised before the server that needs it is started', async () => {
    await host.start();
    const release = host.fake.hang('SetUnitProperties');
    host.put('alice', inPool('alice', '64M'));
    await host.until(() => (host.fake.calls().SetUnitProperties ?? 0) === 2, 'the guarantee of the pool is asked for');
    expect(host.fake.calls().StartTransientUnit).toBeUndefined();

    release();
    await host.untilPhase('alice', 'Ready');
    expect(host.fake.sliceProperty(slice, 'MemoryLow')).toBe(64n * mebibyte);

    host.remove('alice');
    await host.until(() => host.fake.sliceProperty(slice, 'MemoryLow') === 0n, 'the guarantee is given back');
  });

  it('is set back within a resync where somebody changed it', async () => {
    host.put('alice', inPool('alice'));
    await host.start();
    await host.untilPhase('alice', 'Ready');

    host.fake.setByOther(slice, 'MemoryMax', 77n * mebibyte);
    host.fake.setByOther(slice, 'TasksMax', 5n);
    await host.pass(67_000);

    expect(host.fake.sliceProperty(slice, 'MemoryMax')).toBe(256n * mebibyte);
    expect(host.fake.sliceProperty(slice, 'TasksMax')).toBe(infinity);
    expect(host.hostEvents('DriftCorrected')).toEqual([
      `pool gpu: changed by somebody, set back on ${slice}: MemoryMax, TasksMax`,
    ]);
    expect(host.status('alice')).toMatchObject({ phase: 'Ready', restarts: 0 });
  });

  it('is read again after a daemon-reload and after the bus was away', async () => {
    await host.start();
    host.fake.setByOther(slice, 'MemoryMax', 77n * mebibyte);
    await host.fake.reload();
    await host.until(
      () => host.fake.sliceProperty(slice, 'MemoryMax') === 256n * mebibyte,
      'set back after the reload',
    );

    await host.fake.killBus();
    await host.until(() => !host.controller.ports.systemd.isConnected(), 'the bus is lost');
    host.fake.setByOther(slice, 'MemoryMax', 78n * mebibyte);
    await host.fake.startBus();
    await host.until(() => host.fake.sliceProperty(slice, 'MemoryMax') === 256n * mebibyte, 'set back after the loss');
  });

  it('is adopted by the next controller without a call that changes anything', async () => {
    host.put('alice', inPool('alice', '64M'));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    await host.kill();
    host.fake.resetCalls();

    await host.start();
    await host.pass(67_000);

    expect(host.fake.calls().SetUnitProperties).toBeUndefined();
    expect(host.fake.calls().StartTransientUnit).toBeUndefined();
    expect(host.fake.sliceProperty(slice, 'MemoryLow')).toBe(64n * mebibyte);
  });

  it('that has gone from the configuration meanwhile has no limits any more once it is empty', async () => {
    host.put('alice', inPool('alice'));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    await host.kill();
    host.pools = new Map();

    await host.start();
    expect(host.fake.sliceProperty(slice, 'MemoryMax')).toBe(256n * mebibyte);
    expect(host.condition('alice', 'Accepted')?.status).toBe('False');

    host.remove('alice');
    await host.pass(70_000);
    expect(host.fake.units()).toEqual([]);
    expect(host.fake.sliceProperty(slice, 'MemoryMax')).toBe(infinity);
    expect(host.fake.sliceProperty(slice, 'CPUQuotaPerSecUSec')).toBe(infinity);
    expect(existsSync(join(host.runtimeDirectory, 'pools.json'))).toBe(false);
  });

  it('whose limits systemd refuses is tried again, and its servers are started in it after that', async () => {
    host.fake.failNextCall('SetUnitProperties', 'org.freedesktop.DBus.Error.InvalidArgs', 'MemoryMax is out of range');
    host.put('alice', inPool('alice'));
    await host.start();
    await host.untilPhase('alice', 'Ready');

    expect(host.fake.calls().StartTransientUnit).toBe(1);
    expect(host.log.lines.map(({ message }) => message)).toContain('limits of a pool could not be set');
    expect(host.fake.sliceProperty(slice, 'MemoryMax')).toBe(256n * mebibyte);
  });
});

it('a hundred servers with guarantees in one pool cost the pool few calls, and add up', async () => {
  await host.close();
  host = await ControllerHost.open({ maxStarting: 16 });
  host.pools = new Map([['gpu', {}]]);
  await host.start();
  host.fake.resetCalls();
  const names = Array.from({ length: 100 }, (_, index) => `s${index}`);
  for (const name of names) host.put(name, inPool(name, '1M'));
  await host.until(() => names.every((name) => host.status(name)?.phase === 'Ready'), 'all Ready');
  await host.settle();

  expect(host.fake.sliceProperty(slice, 'MemoryLow')).toBe(100n * mebibyte);
  expect(host.fake.calls().SetUnitProperties).toBeLessThanOrEqual(100);
});
