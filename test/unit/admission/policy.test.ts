import { describe, expect, it } from 'vitest';
import { type AccountFacts, ADMIN_POLICY, type Policy, policyProblems } from '../../../src/admission/policy.ts';
import { completeSpec } from '../../../src/admission/profile.ts';
import type { Profile, ServerDocument } from '../../../src/spec/schema.ts';

const HUB: Policy = {
  name: 'hub',
  isUnrestricted: false,
  users: { groups: ['students'], minUid: 1000, deny: ['mallory', '1007'] },
  profiles: ['notebook'],
  fields: ['profile', 'environment', 'command', 'resources.memory'],
  maxMemoryBytes: 8 * 1024 ** 3,
  maxCpuCores: 4,
};
const NOTEBOOK: Profile = {
  command: ['x'],
  unitProperties: { MemoryMin: '64M' },
  resources: { memory: { limit: '2G' }, cpu: { limit: 2 } },
};
const ALICE: AccountFacts = { name: 'alice', uid: 1001, groups: ['students'] };

function problems(
  spec: ServerDocument['spec'],
  { policy = HUB, account = ALICE, fields = NOTEBOOK, profile = 'notebook' } = {},
): string[] {
  const document: ServerDocument = { apiVersion: 'hublet/v1', kind: 'Server', metadata: { name: 'alice' }, spec };
  // An empty name: none.
  const chosen = profile === '' ? undefined : { name: profile, fields };
  const whole = completeSpec(document, chosen, []);
  if (whole.kind !== 'whole') throw new Error(JSON.stringify(whole));
  return policyProblems(document, whole.spec, chosen?.name, policy, account);
}

describe('a policy', () => {
  it('allows what it lists, and all that a profile brings', () => {
    expect(problems({ profile: 'notebook', environment: { A: 'b' }, command: ['y'] })).toEqual([]);
    expect(problems({ resources: { memory: { limit: '8G', high: '1G' } } })).toEqual([]);
  });

  it('denies every field that it does not list, by its path', () => {
    expect(problems({ shell: '/bin/sh', sandbox: { privateTmp: false }, resources: { tasks: 5 } })).toEqual([
      'spec.shell is not one of the fields that it allows (profile, environment, command, resources.memory)',
      'spec.sandbox.privateTmp is not one of the fields that it allows (profile, environment, command, resources.memory)',
      'spec.resources.tasks is not one of the fields that it allows (profile, environment, command, resources.memory)',
    ]);
  });

  it('does not take a field for another that begins like it', () => {
    expect(problems({ environmentFiles: ['/etc/shadow'] })[0]).toMatch(/^spec\.environmentFiles is not/);
  });

  it('lets a probe run commands only where commands may be chosen, or where that is listed', () => {
    const spec = { probes: { liveness: { exec: { command: ['x'] }, periodSeconds: 5 } } };
    const under = (...fields: string[]) => problems(spec, { policy: { ...HUB, fields } });
    const denied = (fields: string) => [
      `spec.probes.liveness.exec.command is not one of the fields that it allows (${fields})`,
    ];
    expect(under('probes', 'command')).toEqual([]);
    expect(under('probes.liveness.exec', 'probes.liveness.periodSeconds')).toEqual([]);
    expect(under('probes')).toEqual(denied('probes'));
    expect(under('probes.liveness')).toEqual(denied('probes.liveness'));
    expect(under('command')).toHaveLength(2);
  });

  it('denies other profiles, and doing without one', () => {
    expect(problems({ command: ['x'] }, { profile: 'gpu' })).toContain(
      'the profile gpu is not one of those that it allows (notebook)',
    );
    expect(problems({ command: ['x'] }, { profile: '' })).toContain('the server must build on a profile (notebook)');
    expect(problems({ command: ['x'] }, { policy: { ...HUB, profiles: undefined } })).toEqual([
      'the profile notebook is not one of those that it allows (none)',
    ]);
  });

  it('denies limits above its own, and none at all', () => {
    expect(problems({ resources: { memory: { limit: '9G' } } })[0]).toMatch(/^spec\.resources\.memory\.limit is 9G/);
    expect(problems({}, { fields: { command: ['x'], resources: { cpu: { limit: 5 } } } })).toEqual([
      'spec.resources.memory.limit is not set, and at most 8G are allowed',
      'spec.resources.cpu.limit is 5 cores, and at most 4 are allowed',
    ]);
  });

  it('denies accounts that are too low, in none of its groups, or on its list', () => {
    expect(problems({}, { account: { name: 'root', uid: 0, groups: ['students'] } })).toEqual([
      'the account root has the uid 0, and 1000 is the lowest allowed',
    ]);
    expect(problems({}, { account: { ...ALICE, groups: [] } })).toEqual([
      'the account alice is in none of the groups students',
    ]);
    expect(problems({}, { account: { ...ALICE, name: 'mallory' } })).toEqual(['the account mallory is denied']);
    expect(problems({}, { account: { ...ALICE, uid: 1007 } })).toEqual(['the account alice is denied']);
  });

  it('without users allows no account', () => {
    expect(problems({}, { policy: { ...HUB, users: undefined } })).toHaveLength(1);
  });

  it('that allows everything is asked nothing', () => {
    expect(problems({ unitProperties: { MemoryMin: '1M' } }, { policy: ADMIN_POLICY })).toEqual([]);
  });
});
