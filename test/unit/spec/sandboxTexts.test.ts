import { describe, expect, it } from 'vitest';
import { bindProblem, splitBind } from '../../../src/spec/binds.ts';
import { capabilityMask } from '../../../src/spec/capabilities.ts';
import { deviceRuleProblem, splitDeviceRule } from '../../../src/spec/devices.ts';
import { systemCallRules } from '../../../src/spec/systemCalls.ts';
import { parseUmask } from '../../../src/spec/umask.ts';

describe('a bind', () => {
  it.each([
    ['/a', { source: '/a', destination: '/a', isOptional: false, isRecursive: true }],
    ['-/a:/b', { source: '/a', destination: '/b', isOptional: true, isRecursive: true }],
    ['{HOME}/a:/b:norbind', { source: '{HOME}/a', destination: '/b', isOptional: false, isRecursive: false }],
    ['/a:/b:rbind', { source: '/a', destination: '/b', isOptional: false, isRecursive: true }],
  ])('%s', (text, bind) => {
    expect(bindProblem(text)).toBeUndefined();
    expect(splitBind(text)).toEqual(bind);
  });
});

describe('a rule for a device', () => {
  it.each([
    ['/dev/nvidia0 rw', { device: '/dev/nvidia0', access: 'rw' }],
    ['/dev/nvidia0  wr', { device: '/dev/nvidia0', access: 'rw' }],
    ['char-pts', { device: 'char-pts', access: 'rwm' }],
    ['block-* r', { device: 'block-*', access: 'r' }],
    ['char-cpu/* m', { device: 'char-cpu/*', access: 'm' }],
  ])('%s', (text, rule) => {
    expect(deviceRuleProblem(text)).toBeUndefined();
    expect(splitDeviceRule(text)).toEqual(rule);
  });
});

describe('a set of capabilities', () => {
  it('has a bit for each, by its number in the kernel', () => {
    expect(capabilityMask([])).toBe(0n);
    expect(capabilityMask(['CAP_CHOWN', 'CAP_NET_RAW', 'CAP_CHOWN'])).toBe(0x2001n);
    expect(capabilityMask(['CAP_CHECKPOINT_RESTORE'])).toBe(1n << 40n);
  });
});

describe('a filter of system calls', () => {
  it.each([
    [['@system-service', 'read'], [{ isAllowed: true, names: ['@system-service', 'read'] }]],
    [['~@mount', 'reboot', '~swapon'], [{ isAllowed: false, names: ['@mount', 'reboot', 'swapon'] }]],
    [
      ['@system-service', '~@mount', 'ptrace'],
      [
        { isAllowed: true, names: ['@system-service', 'ptrace'] },
        { isAllowed: false, names: ['@mount'] },
      ],
    ],
  ])('%j', (entries, rules) => {
    expect(systemCallRules(entries)).toEqual(rules);
  });
});

it.each([
  ['0077', 0o077],
  ['022', 0o022],
  ['0000', 0],
])('the mask %s is %d', (text, bits) => {
  expect(parseUmask(text)).toBe(bits);
});
