import { describe, expect, it } from 'vitest';
import { needsPrivateUsers, userModeNeed } from '../../../src/units/userMode.ts';

const property = (name: string, value: unknown) => ({ name, signature: 'v', value });

describe('PrivateUsers= in a user manager', () => {
  it.each([
    property('PrivateTmp', true),
    property('ReadOnlyPaths', ['/srv']),
    property('ProtectSystem', 'strict'),
    property('CapabilityBoundingSet', 0n),
  ])('is needed for $name', (one) => {
    expect(needsPrivateUsers([property('Type', 'exec'), one])).toBe(true);
  });

  it.each([
    property('PrivateTmp', false),
    property('ReadOnlyPaths', []),
    property('ProtectSystem', 'no'),
    property('NoNewPrivileges', true),
    property('MemoryMax', 1n),
  ])('is not for $name = $value', (one) => {
    expect(needsPrivateUsers([one])).toBe(false);
  });
});

it.each([
  ['MemoryMax', 'memory'],
  ['MemorySwapMax', 'memory'],
  ['CPUQuotaPerSecUSec', 'cpu'],
  ['StartupAllowedCPUs', 'cpuset'],
  ['TasksMax', 'pids'],
  ['IOReadBandwidthMax', 'io'],
])('%s belongs to the controller %s', (name, controller) => {
  expect(userModeNeed(name)).toEqual({ kind: 'controller', controller });
});

it.each(['MemoryDenyWriteExecute', 'CPUSchedulingPolicy', 'CPUAffinity', 'IOSchedulingClass', 'LimitNOFILE'])(
  '%s is no limit of a cgroup',
  (name) => {
    expect(userModeNeed(name)).toBeUndefined();
  },
);
