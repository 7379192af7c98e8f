import { expect, it } from 'vitest';
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
