import { describe, expect, it } from 'vitest';
import { dynamicAccount } from '../../../src/admission/dynamicAccount.ts';
import { type AdmissionFacts, admit } from '../../../src/admission/resolve.ts';
import { accountName } from '../../../src/admission/runsAs.ts';
import type { ProbeSpec, ServerSpec } from '../../../src/spec/types.ts';
import { ALICE, makeSpec } from '../units/servers.ts';

const FACTS: AdmissionFacts = { account: ALICE, port: 20_001 };

const server = (changes: Partial<ServerSpec>, facts: Partial<AdmissionFacts> = {}) => {
  const result = admit(makeSpec(changes), { ...FACTS, ...facts });
  if (result.kind === 'refused') throw new Error(result.message);
  return result.server;
};

const refusal = (changes: Partial<ServerSpec>, facts: Partial<AdmissionFacts> = {}) => {
  const result = admit(makeSpec(changes), { ...FACTS, ...facts });
  return result.kind === 'refused' ? result.message : undefined;
};

const portless = (spec: ServerSpec) => admit({ ...spec, port: 'none' }, { account: ALICE });

const probe = (check: ProbeSpec['check']): ProbeSpec => ({
  check,
  initialDelayMs: 0,
  periodMs: 1000,
  timeoutMs: 1000,
  successThreshold: 1,
  failureThreshold: 3,
});

describe('an admitted server', () => {
  it('has its account, port and unit', () => {
    expect(server({})).toMatchObject({ account: ALICE, port: 20_001, unit: 'hublet-alice.service' });
    expect(server({}).spec).toMatchObject({ user: 'alice', workingDirectory: '/home/alice' });
  });

  it('has every template expanded, everywhere', () => {
    const { spec } = server({
      name: 'lab',
      command: ['{HOME}/bin/{NAME}', '--port={PORT}', '{UID}:{GID}:{USERID}', '{USER} {USERNAME}', '{UNIT} {POOL}'],
      environment: { WHERE: '{HOME}/x' },
      extraPaths: ['{HOME}/bin'],
      shell: '{HOME}/sh',
      sandbox: { privateTmp: true, noNewPrivileges: true, readOnlyPaths: ['-{HOME}/r'], readWritePaths: ['{HOME}/w'] },
    });

    expect(spec.command).toEqual([
      '/home/alice/bin/lab',
      '--port=20001',
      '1001:1001:1001',
      'alice alice',
      'hublet-lab.service default',
    ]);
    expect(spec.environment).toEqual({ WHERE: '/home/alice/x' });
    expect(spec.extraPaths).toEqual(['/home/alice/bin']);
    expect(spec.shell).toBe('/home/alice/sh');
    expect(spec.sandbox).toMatchObject({ readOnlyPaths: ['-/home/alice/r'], readWritePaths: ['/home/alice/w'] });
  });

  it('has paths of disks, devices and binds as systemd reports them', () => {
    const bind = { source: '{HOME}//a/', destination: '//b/', isOptional: false, isRecursive: true };
    const { spec } = server({
      resources: { io: { readIops: { '{HOME}/': 1, '//': 2 } } },
      sandbox: { ...makeSpec().sandbox, bindPaths: [bind], deviceAllow: [{ device: '/dev//dri/card0', access: 'r' }] },
    });

    expect(spec.resources.io?.readIops).toEqual({ '/home/alice': 1, '/': 2 });
    expect(spec.sandbox.bindPaths).toMatchObject([{ source: '/home/alice/a', destination: '/b' }]);
    expect(spec.sandbox.deviceAllow).toEqual([{ device: '/dev/dri/card0', access: 'r' }]);
  });

  it('has directories of its own where its spec speaks of them, and only there', () => {
    const used = server({ name: 'a b', command: ['/bin/x', '{RUNTIME_DIR}'], credentials: { key: '{STATE_DIR}/key' } });

    expect(used).toMatchObject({ runtimeDirectory: 'hublet-servers/a=20b', stateDirectory: 'hublet-servers/a=20b' });
    expect(used.spec.command[1]).toBe('/run/hublet-servers/a=20b');
    expect(used.spec.credentials).toEqual({ key: '/var/lib/hublet-servers/a=20b/key' });
    expect(Object.keys(server({ command: ['/bin/x', '{{RUNTIME_DIR}}'], labels: { a: '{STATE_DIR}' } }))).toEqual([
      'spec',
      'account',
      'port',
      'unit',
    ]);
  });

  it('keeps other text in braces, and literal templates as text', () => {
    const { spec } = server({ command: ['/bin/x', '{"a": {}}', '{{NAME}}', '{name}'] });

    expect(spec.command.slice(1)).toEqual(['{"a": {}}', '{NAME}', '{name}']);
  });

  it('probes a port that is a number', () => {
    const http = (port?: number | string) =>
      probe({
        kind: 'http',
        path: '/u/{NAME}',
        scheme: 'http',
        headers: { 'X-User': '{USER}' },
        ...(port === undefined ? {} : { port }),
      });

    expect(server({ readinessProbe: http() }).spec.readinessProbe?.check).toEqual({
      kind: 'http',
      path: '/u/alice',
      scheme: 'http',
      headers: { 'X-User': 'alice' },
      port: 20_001,
    });
    expect(server({ readinessProbe: http('{PORT}') }).spec.readinessProbe?.check).toMatchObject({ port: 20_001 });
    expect(server({ startupProbe: http('{PORT}') }).spec.startupProbe?.check).toMatchObject({ port: 20_001 });
    expect(server({ livenessProbe: http('{PORT}') }).spec.livenessProbe?.check).toMatchObject({ port: 20_001 });
    expect(server({ readinessProbe: http(99) }).spec.readinessProbe?.check).toMatchObject({ port: 99 });
    expect(server({ readinessProbe: probe({ kind: 'tcp' }) }).spec.readinessProbe?.check).toMatchObject({
      port: 20_001,
    });
  });

  it('is not changed by being admitted again', () => {
    const once = server({ command: ['/bin/x', '{NAME}'], environment: { A: '{HOME}' } });

    const again = admit(once.spec, FACTS);
    expect(again.kind === 'admitted' ? again.server : again).toEqual(once);
  });

  it('keeps a variable called __proto__', () => {
    const { spec } = server({ environment: JSON.parse('{"__proto__": "{NAME}"}') });

    expect(Object.entries(spec.environment)).toEqual([['__proto__', 'alice']]);
  });
});

describe('a spec is refused', () => {
  it.each<[string, Partial<ServerSpec>, Partial<AdmissionFacts>, string]>([
    ['a home that is none', {}, { account: { ...ALICE, home: '' } }, 'spec.workingDirectory: {HOME} has no value here'],
    [
      'a home with a line break',
      {},
      { account: { ...ALICE, home: '/h\nExecStartPre=/x' } },
      'spec.workingDirectory: must hold no control characters',
    ],
    [
      'a home that ends in a backslash',
      {},
      { account: { ...ALICE, home: '/h\\' } },
      'spec.workingDirectory: must not end in a backslash',
    ],
    [
      'a literal template for a path',
      { workingDirectory: '{{HOME}}/x' },
      {},
      'spec.workingDirectory: must be an absolute path once',
    ],
    ['a relative program', { command: ['{USER}/x'] }, {}, 'spec.command[0]: must be an absolute path or a bare name'],
    [
      'a state directory that depends on the version of the user manager',
      { command: ['/bin/x', '{STATE_DIR}'] },
      { isUserMode: true },
      'spec.command[1]: {STATE_DIR} has no value here in user mode: write a path below {HOME}',
    ],
    [
      'a directory that protectHome hides',
      { sandbox: { ...makeSpec().sandbox, protectHome: true } },
      {},
      'spec.workingDirectory: is hidden by sandbox.protectHome: write tmpfs and bind it with sandbox.bindPaths, or',
    ],
    [
      'a directory that an empty home does not have',
      { sandbox: { ...makeSpec().sandbox, protectHome: 'tmpfs' } },
      {},
      'spec.workingDirectory: is hidden by sandbox.protectHome: bind it with sandbox.bindPaths, or choose another',
    ],
    ['an argument with NUL', { command: ['/bin/x', 'a\0'] }, {}, 'spec.command[1]: must be Unicode text'],
    ['a colon in a path', { name: 'a:b', extraPaths: ['/{NAME}'] }, {}, "spec.extraPaths[0]: must not hold ':'"],
    ['a variable of systemd', { environment: { LISTEN_FDS: '1' } }, {}, 'spec.environment: "LISTEN_FDS" belongs to'],
    [
      'a probe of no port',
      { readinessProbe: probe({ kind: 'tcp', port: '1{PORT}0' }) },
      {},
      'spec.probes.readiness.tcp.port: must be a port between 1 and 65535',
    ],
    [
      'a liveness probe of no port',
      { livenessProbe: probe({ kind: 'tcp', port: '1{PORT}0' }) },
      {},
      'spec.probes.liveness.tcp.port: must be a port between 1 and 65535',
    ],
  ])('for %s', (_what, changes, facts, message) => {
    expect(refusal(changes, facts)?.slice(0, message.length)).toBe(message);
  });

  it('for {PORT} or a probe without one where there is no port', () => {
    expect(portless(makeSpec({ environment: { A: '{PORT}' } }))).toMatchObject({
      kind: 'refused',
      reason: 'SchemaError',
      message: 'spec.environment.A: {PORT} has no value here, since spec.port is none',
    });
    expect(portless(makeSpec({ readinessProbe: probe({ kind: 'tcp' }) }))).toMatchObject({
      message: 'spec.probes.readiness.tcp.port: must be set, since spec.port is none',
    });
    expect(portless(makeSpec())).toMatchObject({ kind: 'admitted' });
  });

  it.each(['UID', 'GID', 'USERID'])('for {%s} of a dynamic user', (template) => {
    const account = dynamicAccount('alice', true);

    expect(refusal({ environment: { A: `{${template}}` } }, { account })).toMatch(
      `spec.environment.A: {${template}} has no value here, since a dynamic user gets its numbers only when it starts`,
    );
    expect(server({ environment: { A: '{USER} {HOME}' } }, { account }).spec.environment).toEqual({
      A: 'hublet-alice /var/lib/hublet-servers/alice',
    });
  });

  it('without telling values or arguments', () => {
    expect(refusal({ command: ['/bin/x', 's3cret {PORT}\0'] })).not.toContain('s3cret');
    expect(refusal({ environment: { A: 's3cret\0' } })).not.toContain('s3cret');
  });
});

it('the account is named by the spec, where {NAME} is the name of the server', () => {
  expect(accountName(makeSpec({ name: 'alice' }))).toBe('alice');
  expect(accountName(makeSpec({ name: 'alice', user: 'lab-{NAME}' }))).toBe('lab-alice');
  expect(accountName(makeSpec({ user: '1001' }))).toBe('1001');
});
