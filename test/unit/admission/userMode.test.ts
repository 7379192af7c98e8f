import { describe, expect, it } from 'vitest';
import { fitUserMode, type UserManagerFacts } from '../../../src/admission/userMode.ts';
import type { Sandbox, ServerSpec } from '../../../src/spec/types.ts';
import { makeSpec } from '../units/servers.ts';

const FACTS: UserManagerFacts = {
  uid: 1000,
  userName: 'alice',
  controllers: new Set(['memory', 'pids']),
  namespaceProblem: undefined,
  filesMax: 4096,
  niceMin: 0,
  oomScoreAdjustMin: 200,
};
const BROKEN: UserManagerFacts = { ...FACTS, namespaceProblem: 'users can have no namespaces' };

const open: Sandbox = { privateTmp: false, noNewPrivileges: true, readOnlyPaths: [], readWritePaths: [] };
const withSandbox = (changes: Partial<Sandbox>): Partial<ServerSpec> => ({ sandbox: { ...open, ...changes } });

function refusal(changes: Partial<ServerSpec>, facts = FACTS): string | undefined {
  const fit = fitUserMode(makeSpec(changes), facts);
  return fit.kind === 'refused' ? fit.message : undefined;
}

describe('who a server runs as', () => {
  it.each(['{NAME}', 'alice', '1000'])('is the caller, whatever the server is called: user %s', (user) => {
    const fit = fitUserMode(makeSpec({ name: 'notebook', user }), FACTS);

    expect(fit).toMatchObject({ kind: 'fits', spec: { user: '1000' }, note: undefined });
  });

  it.each<[string, Partial<ServerSpec>]>([
    ['spec.user: can\'t be "bob"', { user: 'bob' }],
    ['spec.group:', { group: 'alice' }],
    ['spec.supplementaryGroups:', { supplementaryGroups: ['video'] }],
    ['spec.dynamicUser:', { dynamicUser: true }],
  ])('is nobody else: %s', (begin, changes) => {
    expect(refusal(changes)).toContain(begin);
    expect(refusal(changes)).toContain('as alice alone');
  });
});

describe('limits', () => {
  it('of controllers that were delegated are taken', () => {
    expect(refusal({ resources: { memoryMaxBytes: 2 ** 30, memorySwapMaxBytes: 0, tasksMax: 100 } })).toBeUndefined();
  });

  it.each<[string, string, ServerSpec['resources']]>([
    ['spec.resources.cpu.limit', 'cpu', { cpuLimitCores: 1 }],
    ['spec.resources.cpu.weight', 'cpu', { cpuWeight: 100 }],
    ['spec.resources.cpu.cpus', 'cpuset', { allowedCpus: [0] }],
    ['spec.resources.io.weight', 'io', { io: { weight: 100 } }],
    ['spec.resources.io.readIops', 'io', { io: { readIops: { '/': 5 } } }],
  ])('of others are refused by name with what an admin does: %s', (field, controller, resources) => {
    const message = refusal({ resources });

    expect(message).toContain(`${field}: the cgroup controller ${controller} is not delegated`);
    expect(message).toContain('(memory pids)');
    expect(message).toContain("'Delegate=cpu cpuset io memory pids' into /etc/systemd/system/user@.service.d/");
    expect(message).toContain('systemctl --user daemon-reexec');
  });

  it('of open files are at most what the manager can grant, which it would else lower in silence', () => {
    expect(refusal({ resources: { filesMax: 4096 } })).toBeUndefined();
    expect(refusal({ resources: { filesMax: 4097 } })).toContain('spec.resources.files: can be at most 4096');
    expect(refusal({ resources: { filesMax: 4097 } }, { ...FACTS, filesMax: undefined })).toBeUndefined();
  });
});

describe('precedence', () => {
  it.each([
    ['Nice', '-1', 0],
    ['OOMScoreAdjust', '-500', 200],
  ])('%s=%s is refused, which the manager would else raise to %d in silence', (name, value, lowest) => {
    expect(refusal({ unitProperties: { [name]: value } })).toContain(
      `spec.unitProperties.${name}: can be ${lowest} at the lowest in user mode`,
    );
    expect(refusal({ unitProperties: { [name]: String(lowest) } })).toBeUndefined();
  });
});

describe('the sandbox', () => {
  it.each<[string, Partial<Sandbox>]>([
    ['deviceAllow', { deviceAllow: [] }],
    ['ipAddressAllow', { ipAddressAllow: ['localhost'] }],
    ['ipAddressDeny', { ipAddressDeny: ['any'] }],
    ['protectProc', { protectProc: 'invisible' }],
  ])('has no %s, which only the system manager can give', (field, changes) => {
    expect(refusal(withSandbox(changes))).toContain(`spec.sandbox.${field}: can't be had in user mode, because`);
  });

  it.each<[string, Partial<Sandbox>]>([
    ['privateTmp', { privateTmp: true }],
    ['privateDevices', { privateDevices: true }],
    ['readOnlyPaths', { readOnlyPaths: ['/srv'] }],
    ['readWritePaths', { readWritePaths: ['/srv'] }],
    ['inaccessiblePaths', { inaccessiblePaths: ['/srv'] }],
    ['bindPaths', { bindPaths: [{ source: '/a', destination: '/b', isOptional: false, isRecursive: true }] }],
    ['protectSystem', { protectSystem: 'strict' }],
    ['protectHome', { protectHome: true }],
    ['privateNetwork', { privateNetwork: true }],
    ['capabilities', { capabilities: [] }],
  ])('has %s where the host lets users have namespaces, and is refused by name elsewhere', (field, changes) => {
    expect(refusal(withSandbox(changes))).toBeUndefined();
    expect(refusal(withSandbox(changes), BROKEN)).toBe(
      `spec.sandbox.${field}: can't be had here, since users can have no namespaces`,
    );
  });

  it('loses a private /tmp that nobody asked for where it can not be had, and says so', () => {
    const fit = fitUserMode(makeSpec(withSandbox({ privateTmp: true, isPrivateTmpDefault: true })), BROKEN);

    expect(fit).toMatchObject({ kind: 'fits', spec: { sandbox: { privateTmp: false } } });
    expect(fit).toHaveProperty('note', expect.stringContaining('since users can have no namespaces'));
  });

  it('needs nothing of the host where it says nothing', () => {
    expect(refusal(withSandbox({ protectProc: 'default', protectSystem: false, umask: 0o77 }), BROKEN)).toBeUndefined();
  });
});

describe('further properties', () => {
  it.each<[string, UserManagerFacts, string | undefined]>([
    ['ProtectKernelTunables', FACTS, undefined],
    ['ProtectKernelTunables', BROKEN, "can't be had here"],
    ['SocketBindDeny', FACTS, "can't be had in user mode"],
    ['IODeviceLatencyTargetSec', FACTS, 'controller io is not delegated'],
    ['StartupCPUWeight', FACTS, 'controller cpu is not delegated'],
    ['LimitNPROC', BROKEN, undefined],
  ])('follow the same rules: %s', (property, facts, expected) => {
    const message = refusal({ ...withSandbox({}), unitProperties: { [property]: 'yes' } }, facts);

    if (expected === undefined) expect(message).toBeUndefined();
    else {
      expect(message).toContain(`spec.unitProperties.${property}: `);
      expect(message).toContain(expected);
    }
  });
});
