import { describe, expect, it } from 'vitest';
import { type Difference, findDifferences } from '../../../../src/cli/diff/difference.ts';
import { fieldOfProperty } from '../../../../src/cli/diff/field.ts';
import { propertyText } from '../../../../src/cli/diff/propertyText.ts';
import { liveRows, propertyRow } from '../../../../src/units/table.ts';
import type { UnitPlan, UnitProperty } from '../../../../src/units/types.ts';

type Values = Readonly<Record<string, unknown>>;

function properties(values: Values): UnitProperty[] {
  return Object.entries(values).map(([name, value]) => ({
    name,
    signature: propertyRow(name)?.signature ?? '',
    value,
  }));
}

/** A plan that sends these properties; its live ones are as unset unless they are among them. */
function planOf(values: Values, hash = 'h1'): UnitPlan {
  const live = liveRows().map((row) => ({ ...row, value: values[row.name] ?? row.unset }));
  return {
    unit: 'hublet-alice.service',
    properties: properties(values),
    live: live.map(({ name, signature, value }) => ({ name, signature, value })),
    environmentFile: { path: '/run/hublet/env/x.env', text: '' },
    hash,
  };
}

/** What systemd reports of a unit that was started with these. */
function unitOf(values: Values, hash = 'h1') {
  return { properties: values, hash };
}

const MEBIBYTE = 1024n ** 2n;

function differences(plan: UnitPlan, unit: ReturnType<typeof unitOf>, environment: readonly Difference[] = []) {
  return findDifferences(plan, unit, true, environment);
}

describe('differences of a unit and its plan', () => {
  it('are none where limits and hash are equal', () => {
    const values = { MemoryMax: 512n * MEBIBYTE, PrivateTmp: true };

    expect(differences(planOf(values), unitOf(values))).toEqual([]);
  });

  it('of limits are live, in the units of a spec', () => {
    const plan = planOf({ MemoryMax: 2048n * MEBIBYTE, CPUQuotaPerSecUSec: 1_150_000n });
    const unit = unitOf({ MemoryMax: 1024n * MEBIBYTE });

    expect(differences(plan, unit)).toEqual([
      { field: 'spec.resources.memory.limit', from: '1G', to: '2G', effect: 'live' },
      { field: 'spec.resources.cpu.limit', from: 'none', to: '1.15', effect: 'live' },
    ]);
  });

  it('of all else need a restart, and are found also where a field was taken out', () => {
    const plan = planOf({ WorkingDirectory: '/new', PrivateTmp: true }, 'h2');
    const unit = unitOf({ WorkingDirectory: '/old', PrivateTmp: true, ReadOnlyPaths: ['/', '-/srv'] });

    expect(differences(plan, unit)).toEqual([
      { field: 'spec.workingDirectory', from: '/old', to: '/new', effect: 'restart' },
      { field: 'spec.sandbox.readOnlyPaths', from: '/ -/srv', to: 'none', effect: 'restart' },
    ]);
  });

  it('never show a command, and don’t take when it ran for a part of it', () => {
    const sent = [['/bin/server', ['/bin/server', '--token=secret'], false]];
    const reported = [['/bin/server', ['/bin/server', '--token=secret'], false, 1n, 2n, 3n, 4n, 5, 6, 7]];

    expect(differences(planOf({ ExecStart: sent }, 'h2'), unitOf({ ExecStart: reported }))).toEqual([
      { field: 'the unit as a whole', effect: 'restart' },
    ]);
    const other = [['/bin/server', ['/bin/server', '--token=other'], false]];
    expect(differences(planOf({ ExecStart: other }, 'h2'), unitOf({ ExecStart: reported }))).toEqual([
      { field: 'spec.command', effect: 'restart' },
    ]);
  });

  it('are not looked for in properties where the hash proves that there are none', () => {
    expect(differences(planOf({ PrivateTmp: true }), unitOf({ PrivateTmp: false }))).toEqual([]);
  });

  it('are not what systemd turned on by itself with another setting', () => {
    const plan = planOf({ DynamicUser: true }, 'made with another key');
    const unit = unitOf({ DynamicUser: true, ProtectSystem: 'strict', ProtectHome: 'read-only' });

    expect(findDifferences(plan, unit, false, undefined)).toEqual([]);
  });

  it('without the key are those that systemd shows', () => {
    const plan = planOf({ PrivateTmp: true }, 'made with another key');

    expect(findDifferences(plan, unitOf({ PrivateTmp: false }), false, undefined)).toEqual([
      { field: 'spec.sandbox.privateTmp', from: 'false', to: 'true', effect: 'restart' },
    ]);
    expect(findDifferences(plan, unitOf({ PrivateTmp: true }), false, undefined)).toEqual([]);
  });
});

describe('a property', () => {
  it.each([
    ['MemoryMax', 1536n * MEBIBYTE, '1536M'],
    ['MemoryMax', 2n ** 64n - 1n, 'none'],
    ['CPUQuotaPerSecUSec', 500_000n, '0.5'],
    ['AllowedCPUs', Buffer.from([0b1011]), '0-1,3'],
    ['TasksMax', 200n, '200'],
    ['TimeoutStopUSec', 30_000_000n, '30s'],
    ['UMask', 0o27, '0027'],
    ['NoNewPrivileges', false, 'false'],
    ['WorkingDirectory', '', 'none'],
    ['ExecStart', [['/x', ['/x', 'secret'], false]], undefined],
    ['LoadCredential', [['token', '/etc/token']], undefined],
  ])('%s is shown as a spec would say it', (name, value, text) => {
    expect(propertyText(name, value)).toBe(text);
  });

  it.each([
    ['MemoryMax', 'spec.resources.memory.limit'],
    ['CPUQuotaPerSecUSec', 'spec.resources.cpu.limit'],
    ['TimeoutStopUSec', 'spec.terminationGracePeriod'],
    ['ExecStart', 'spec.command'],
    ['User', 'spec.user'],
    ['KillMode', 'KillMode'],
    ['LimitCORE', 'spec.unitProperties.LimitCORE'],
    ['ExecSearchPath', 'spec.extraPaths'],
  ])('%s belongs to %s', (name, field) => {
    expect(fieldOfProperty(name)).toBe(field);
  });
});
