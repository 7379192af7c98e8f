import { expect, it } from 'vitest';
import { DEFAULT_BACKOFF } from '../../../src/machines/backoff.ts';
import { wholeSpec } from '../../fakes/wholeSpec.ts';

it('every field becomes what it says, quantities as numbers', () => {
  const spec = wholeSpec(
    `apiVersion: hublet/v1
kind: Server
metadata: {name: lab}
spec:
  group: 100
  supplementaryGroups: [video, 44]
  command: [/bin/x]
  preStart: [[/bin/a, "1"], [b]]
  postStop: [[/bin/c]]
  environmentFiles: ["-{HOME}/.env"]
  credentials: {token: "/etc/{NAME}"}
  resources:
    files: 1024
    io: {weight: 50, readBytesPerSecond: {/: 1M}, writeBytesPerSecond: {/: 5}, readIops: {/a: 7}, writeIops: {}}
  sandbox:
    privateDevices: true
    deviceAllow: [char-pts rw]
    inaccessiblePaths: [-/a]
    bindPaths: ["-/a:/b:norbind"]
    bindReadOnlyPaths: [/c]
    protectSystem: strict
    protectHome: tmpfs
    protectProc: invisible
    privateNetwork: true
    ipAddressAllow: [localhost]
    ipAddressDeny: [any]
    capabilities: [CAP_KILL]
    systemCallFilter: ["~@mount"]
    umask: "0077"
  pool: gpu
  unitProperties: {Nice: "5", ExecStartPre: [/bin/a, /bin/b]}
`,
    'lab',
  );

  expect(spec).toMatchObject({
    group: '100',
    supplementaryGroups: ['video', '44'],
    dynamicUser: false,
    preStart: [['/bin/a', '1'], ['b']],
    postStop: [['/bin/c']],
    environmentFiles: ['-{HOME}/.env'],
    credentials: { token: '/etc/{NAME}' },
    pool: 'gpu',
    unitProperties: { Nice: '5', ExecStartPre: ['/bin/a', '/bin/b'] },
  });
  expect(spec.resources).toEqual({
    filesMax: 1024,
    io: {
      weight: 50,
      readBytesPerSecond: { '/': 1024 ** 2 },
      writeBytesPerSecond: { '/': 5 },
      readIops: { '/a': 7 },
      writeIops: {},
    },
  });
  expect(spec.sandbox).toEqual({
    privateTmp: true,
    isPrivateTmpDefault: true,
    privateDevices: true,
    deviceAllow: [{ device: 'char-pts', access: 'rw' }],
    noNewPrivileges: true,
    readOnlyPaths: [],
    readWritePaths: [],
    inaccessiblePaths: ['-/a'],
    bindPaths: [{ source: '/a', destination: '/b', isOptional: true, isRecursive: false }],
    bindReadOnlyPaths: [{ source: '/c', destination: '/c', isOptional: false, isRecursive: true }],
    protectSystem: 'strict',
    protectHome: 'tmpfs',
    protectProc: 'invisible',
    privateNetwork: true,
    ipAddressAllow: ['localhost'],
    ipAddressDeny: ['any'],
    capabilities: ['CAP_KILL'],
    systemCallFilter: ['~@mount'],
    umask: 0o77,
  });
});

it('an empty list of devices closes none, so that it takes back what a profile allows', () => {
  const spec = wholeSpec(
    `apiVersion: hublet/v1
kind: Server
metadata: {name: lab}
spec: {command: [/bin/x], sandbox: {deviceAllow: []}}
`,
    'lab',
  );

  expect(spec.sandbox.deviceAllow).toBeUndefined();
});

it('probes, pauses and priority are as written, and each probe has defaults of its own', () => {
  const spec = wholeSpec(
    `apiVersion: hublet/v1
kind: Server
metadata: {name: lab}
spec:
  command: [/bin/x]
  probes:
    startup: {tcp: {}}
    readiness: {tcp: {}}
    liveness: {tcp: {port: 80}, periodSeconds: 7}
  backoff: {initial: 1s, resetAfter: 90}
  priority: -4
`,
    'lab',
  );

  const times = { initialDelayMs: 0, successThreshold: 1 };
  expect(spec.startupProbe).toEqual({
    ...times,
    check: { kind: 'tcp' },
    periodMs: 2_000,
    timeoutMs: 2_000,
    failureThreshold: 30,
  });
  expect(spec.readinessProbe).toMatchObject({ periodMs: 10_000, timeoutMs: 2_000, failureThreshold: 3 });
  expect(spec.livenessProbe).toEqual({
    ...times,
    check: { kind: 'tcp', port: 80 },
    periodMs: 7_000,
    timeoutMs: 5_000,
    failureThreshold: 5,
  });
  expect(spec.backoff).toEqual({ initialMs: 1_000, maxMs: 300_000, resetAfterMs: 90_000 });
  expect(spec.priority).toBe(-4);
});

it('what is known of a server without a spec is judged by the pauses that a spec has by default', () => {
  const text = 'apiVersion: hublet/v1\nkind: Server\nmetadata: {name: lab}\nspec: {command: [/bin/x]}\n';
  expect(wholeSpec(text, 'lab').backoff).toEqual(DEFAULT_BACKOFF);
});
