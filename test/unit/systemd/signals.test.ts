import { describe, expect, it } from 'vitest';
import type { BusSignal } from '../../../src/systemd/bus.ts';
import { DbusFailure, toSystemdError } from '../../../src/systemd/errors.ts';
import { readInvocationId, readSignal } from '../../../src/systemd/signals.ts';

const unitPath = '/org/freedesktop/systemd1/unit/hublet_2da_2eservice';

describe('readSignal', () => {
  it('takes from a Unit snapshot what matters', () => {
    const signal = changed(unitPath, 'org.freedesktop.systemd1.Unit', {
      ActiveState: 'active',
      SubState: 'running',
      Job: [7, '/org/freedesktop/systemd1/job/7'],
      InvocationID: new Uint8Array(16).fill(0xab),
      ActiveEnterTimestamp: 1_700_000_000_000_000n,
      ConditionResult: true,
    });

    expect(readSignal(signal)).toEqual({
      kind: 'unitChanged',
      unit: 'hublet-a.service',
      facts: {
        activeState: 'active',
        subState: 'running',
        job: 7,
        invocationId: 'ab'.repeat(16),
        activeSinceMs: 1_700_000_000_000,
      },
    });
  });

  it('takes nothing for granted that a snapshot does not tell', () => {
    expect(readSignal(changed(unitPath, 'org.freedesktop.systemd1.Unit', {}))).toMatchObject({ facts: {} });
    expect(readSignal(changed(unitPath, 'org.freedesktop.systemd1.Service', { MainPID: '5' }))).toMatchObject({
      service: {},
    });
  });

  it('takes from a Service snapshot how the process ended', () => {
    const facts = { MainPID: 0, Result: 'oom-kill', ExecMainCode: 2, ExecMainStatus: 9 };

    expect(readSignal(changed(unitPath, 'org.freedesktop.systemd1.Service', facts))).toEqual({
      kind: 'serviceChanged',
      unit: 'hublet-a.service',
      service: { mainPid: 0, result: 'oom-kill', execMainCode: 2, execMainStatus: 9 },
    });
  });

  it.each<[string, readonly unknown[], unknown]>([
    ['JobNew', [5, '/j', 'hublet-a.service'], { kind: 'jobNew', unit: 'hublet-a.service', job: 5 }],
    ['JobNew', [5, '/j', 'shutdown.target'], { kind: 'shutdownJob' }],
    ['JobNew', [5, '/j', 'poweroff.target'], { kind: 'shutdownJob' }],
    ['JobNew', [5, '/j', 'cron.service'], undefined],
    [
      'JobRemoved',
      [5, '/j', 'hublet-a.service', 'done'],
      { kind: 'jobRemoved', unit: 'hublet-a.service', job: 5, result: 'done' },
    ],
    ['JobRemoved', [5, '/j', 'cron.service', 'done'], undefined],
    ['UnitRemoved', ['hublet-a.service', '/u'], { kind: 'unitRemoved', unit: 'hublet-a.service' }],
    ['UnitRemoved', ['hublet-a.slice', '/u'], undefined],
    ['UnitNew', ['hublet-a.service', '/u'], undefined],
    ['Reloading', [true], { kind: 'reloading', isActive: true }],
    ['StartupFinished', [], undefined],
  ])('reads %s %j', (member, body, expected) => {
    const signal = {
      sender: ':1.0',
      path: '/org/freedesktop/systemd1',
      interface: 'org.freedesktop.systemd1.Manager',
      member,
      body,
    };

    expect(readSignal(signal)).toEqual(expected);
  });

  it('has no use for other units and interfaces', () => {
    const slice = '/org/freedesktop/systemd1/unit/hublet_2da_2eslice';

    expect(readSignal(changed(slice, 'org.freedesktop.systemd1.Unit', {}))).toBeUndefined();
    expect(readSignal(changed(unitPath, 'org.freedesktop.systemd1.Timer', {}))).toBeUndefined();
    expect(readSignal(changed('/elsewhere', 'org.freedesktop.systemd1.Unit', {}))).toBeUndefined();
  });
});

describe('readInvocationId', () => {
  it('is empty for none, however that is said', () => {
    expect([readInvocationId(new Uint8Array()), readInvocationId(new Uint8Array(16))]).toEqual(['', '']);
  });
});

describe('errors', () => {
  it.each([
    ['org.freedesktop.systemd1.UnitExists', 'UnitExists'],
    ['org.freedesktop.systemd1.NoSuchUnit', 'NoSuchUnit'],
    ['org.freedesktop.DBus.Error.PropertyReadOnly', 'InvalidProperty'],
    ['System.Error.ENXIO', 'InvalidProperty'],
    ['org.freedesktop.DBus.Error.AccessDenied', 'AccessDenied'],
    ['org.freedesktop.DBus.Error.NoReply', 'UnknownOutcome'],
    ['org.freedesktop.DBus.Error.ServiceUnknown', 'Disconnected'],
    ['org.freedesktop.systemd1.TransactionIsDestructive', 'Failed'],
    ['constructor', 'Failed'],
  ])('%s means %s', (dbusName, code) => {
    expect(new DbusFailure(dbusName, 'why', 'StopUnit')).toMatchObject({
      code,
      message: `StopUnit: why (${dbusName})`,
    });
  });

  it('of any other kind are failures that keep their cause', () => {
    const cause = new TypeError('x');

    expect(toSystemdError(cause)).toMatchObject({ code: 'Failed', message: 'x', cause });
  });
});

function changed(path: string, of: string, facts: Readonly<Record<string, unknown>>): BusSignal {
  return {
    sender: ':1.0',
    path,
    interface: 'org.freedesktop.DBus.Properties',
    member: 'PropertiesChanged',
    body: [of, facts, []],
  };
}
