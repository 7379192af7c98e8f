import { describe, expect, it } from 'vitest';
import { findGaps } from '../../../src/spec/consistency.ts';
import { locateInText, parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';

/** A spec with a command on line 6, so that `lines` begin on line 7. */
function serverWith(...lines: string[]): string {
  const body = ['command: [/bin/sleep, "60"]', ...lines].map((line) => `  ${line}\n`).join('');
  return `apiVersion: hublet/v1\nkind: Server\nmetadata:\n  name: alice\nspec:\n${body}`;
}

function messagesOf(text: string): readonly string[] {
  const parsed = parseSpec(text, 'alice');
  if (parsed.kind === 'incomplete') throw new Error(parsed.problem.message);
  const problems = parsed.kind === 'valid' ? locateInText(findGaps(parsed.document), text) : parsed.problems;
  return problems.map((problem) => formatProblem('alice.yaml', problem));
}

const cases: readonly (readonly [what: string, text: string, ...messages: string[]])[] = [
  [
    'groups that are none',
    serverWith('group: "a b"', 'supplementaryGroups: [video, "-x", "{USER}"]'),
    "alice.yaml:7:10: spec.group: must not hold ':', '/', blanks or control characters",
    'alice.yaml:8:32: spec.supplementaryGroups[1]: is not the name of an account',
    'alice.yaml:8:38: spec.supplementaryGroups[2]: may use no template but {NAME}',
  ],
  [
    'one group without a list',
    serverWith('supplementaryGroups: video'),
    'alice.yaml:7:24: spec.supplementaryGroups: must be a list, not a text',
  ],
  [
    'an account and a dynamic user',
    serverWith('dynamicUser: true', 'user: bob', 'group: lab'),
    'alice.yaml:8:9: spec.user: must be left out with dynamicUser, which is instead of an account',
    'alice.yaml:9:10: spec.group: must be left out with dynamicUser: give it supplementaryGroups',
  ],
  [
    'a dynamic user without what it implies',
    serverWith(
      'dynamicUser: true',
      'sandbox: {privateTmp: false, noNewPrivileges: false, protectSystem: full, protectHome: false}',
    ),
    'alice.yaml:8:25: spec.sandbox.privateTmp: must be true or left out: dynamicUser implies it',
    'alice.yaml:8:49: spec.sandbox.noNewPrivileges: must be true or left out: dynamicUser implies it',
    'alice.yaml:8:71: spec.sandbox.protectSystem: must be strict or left out: dynamicUser implies it',
    'alice.yaml:8:90: spec.sandbox.protectHome: must be read-only, true, tmpfs or left out: dynamicUser implies it',
  ],
  [
    'numbers of a dynamic user',
    serverWith('dynamicUser: true', 'environment: {A: "{USERID}"}', 'resources: {io: {readIops: {"/run/{UID}": 1}}}'),
    'alice.yaml:8:20: spec.environment.A: uses {USERID}, but a dynamic user has no number before it runs',
    'alice.yaml:9:45: spec.resources.io.readIops["/run/{UID}"]: uses {UID}, but a dynamic user has no number before it runs',
  ],
  [
    'hooks that are no lists of commands',
    serverWith('preStart: [/bin/true]', 'postStop: [[bin/x], [], ["+rm", /]]'),
    'alice.yaml:7:14: spec.preStart[0]: must be a list, not a text',
    'alice.yaml:8:15: spec.postStop[0][0]: must be an absolute path or a bare name, not a relative path',
    'alice.yaml:8:23: spec.postStop[1]: must not be an empty list',
    'alice.yaml:8:28: spec.postStop[2][0]: must not begin with +, which means something else to systemd',
  ],
  [
    'files of variables that are no paths',
    serverWith('environmentFiles: [my.env, ~/x, "-/a b", "--/x"]'),
    'alice.yaml:7:22: spec.environmentFiles[0]: must be an absolute path: begin it with / or {HOME}',
    'alice.yaml:7:30: spec.environmentFiles[1]: must be an absolute path: write {HOME} instead of ~',
    "alice.yaml:7:35: spec.environmentFiles[2]: must not hold blanks: systemd can't store such a path in a unit",
    'alice.yaml:7:44: spec.environmentFiles[3]: must be an absolute path: begin it with / or {HOME}',
  ],
  [
    'secrets by strange names and paths',
    serverWith('credentials: {"a/b": /x, "..": /x, token: secret, empty: }'),
    'alice.yaml:7:17: spec.credentials["a/b"]: is not the name of a credential: letters, digits, _, - and .',
    'alice.yaml:7:28: spec.credentials[".."]: is not the name of a credential: letters, digits, _, - and .',
    'alice.yaml:7:45: spec.credentials.token: must be an absolute path: begin it with / or {HOME}',
    'alice.yaml:7:53: spec.credentials.empty: is empty: give it a value or remove the line',
  ],
  [
    'limits of files and disks',
    serverWith(
      'resources:',
      '  files: 0',
      '  io: {weight: 0, readBytesPerSecond: {vda: 1M, /dev/vdb: 0}, writeIops: {/: 1.5}, iops: 3}',
    ),
    'alice.yaml:8:12: spec.resources.files: must be at least 1',
    'alice.yaml:9:18: spec.resources.io.weight: must be at least 1',
    'alice.yaml:9:42: spec.resources.io.readBytesPerSecond.vda: must be an absolute path: begin it with / or {HOME}',
    'alice.yaml:9:61: spec.resources.io.readBytesPerSecond["/dev/vdb"]: must be more than zero',
    'alice.yaml:9:80: spec.resources.io.writeIops["/"]: must be a whole number, not 1.5',
    'alice.yaml:9:86: spec.resources.io.iops: is not a known field',
  ],
  [
    'one limit for every disk',
    serverWith('resources: {io: {readBytesPerSecond: 10M}}'),
    'alice.yaml:7:40: spec.resources.io.readBytesPerSecond: must be a mapping, not a text',
  ],
  [
    'devices that are none',
    serverWith('sandbox: {deviceAllow: [/etc/passwd rw, /dev/null rx, "/dev/a b c", gpu, "/dev/../etc"]}'),
    'alice.yaml:7:27: spec.sandbox.deviceAllow[0]: must name a device node below /dev, or a class such as char-pts',
    'alice.yaml:7:43: spec.sandbox.deviceAllow[1]: must be a device and what is allowed, of r (read), w (write) and m (make), such as "/dev/nvidia0 rw"',
    'alice.yaml:7:57: spec.sandbox.deviceAllow[2]: must be a device and what is allowed, of r (read), w (write) and m (make), such as "/dev/nvidia0 rw"',
    'alice.yaml:7:71: spec.sandbox.deviceAllow[3]: must name a device node below /dev, or a class such as char-pts',
    "alice.yaml:7:76: spec.sandbox.deviceAllow[4]: must not hold '.' or '..' as a part",
  ],
  [
    'a device that a /dev of its own does not have',
    serverWith('sandbox: {privateDevices: true, deviceAllow: [char-pts, /dev/nvidia0]}'),
    'alice.yaml:7:59: spec.sandbox.deviceAllow[1]: is not in the /dev that sandbox.privateDevices makes: leave privateDevices out, since deviceAllow alone closes all other devices, or bind the node with sandbox.bindPaths',
  ],
  [
    'binds in other notations',
    serverWith('sandbox:', '  bindPaths: [/a:/b:ro, "/a:", data:/data, "/a:/b:rbind:x", "/x:/"]'),
    'alice.yaml:8:17: spec.sandbox.bindPaths[0]: must be SOURCE, SOURCE:DESTINATION or SOURCE:DESTINATION:norbind',
    'alice.yaml:8:27: spec.sandbox.bindPaths[1]: must be an absolute path: begin it with / or {HOME}',
    'alice.yaml:8:34: spec.sandbox.bindPaths[2]: must be an absolute path: begin it with / or {HOME}',
    'alice.yaml:8:46: spec.sandbox.bindPaths[3]: must be SOURCE, SOURCE:DESTINATION or SOURCE:DESTINATION:norbind',
    'alice.yaml:8:63: spec.sandbox.bindPaths[4]: must not be bound over /',
  ],
  [
    'protections that there are not',
    serverWith('sandbox: {protectSystem: ful, protectHome: readonly, protectProc: hidden, privateNetwork: yes}'),
    'alice.yaml:7:28: spec.sandbox.protectSystem: must be full, strict, true or false, not "ful", did you mean full?',
    'alice.yaml:7:46: spec.sandbox.protectHome: must be read-only, tmpfs, true or false, not "readonly", did you mean read-only?',
    'alice.yaml:7:69: spec.sandbox.protectProc: must be default, noaccess, invisible or ptraceable, not "hidden"',
    'alice.yaml:7:93: spec.sandbox.privateNetwork: must be true or false, without quotes, not a text',
  ],
  [
    'a probe into a network of its own',
    serverWith('sandbox: {privateNetwork: true}', 'probes: {readiness: {http: {}}}'),
    'alice.yaml:8:30: spec.probes.readiness.http: can reach nothing: with sandbox.privateNetwork the server has a network of its own; ask by exec',
  ],
  [
    'addresses that are none',
    serverWith('sandbox: {ipAddressDeny: [all, 10.0.0.0/33, 1.2.3, "fe80::1%eth0"]}'),
    'alice.yaml:7:29: spec.sandbox.ipAddressDeny[0]: is not an address: write any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 or fd00::/8',
    'alice.yaml:7:34: spec.sandbox.ipAddressDeny[1]: is not an address: write any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 or fd00::/8',
    'alice.yaml:7:47: spec.sandbox.ipAddressDeny[2]: is not an address: write any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 or fd00::/8',
    'alice.yaml:7:54: spec.sandbox.ipAddressDeny[3]: is not an address: write any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 or fd00::/8',
  ],
  [
    'capabilities in other spellings',
    serverWith('sandbox: {capabilities: [net_raw, CAP_NET_ADMN, CAP_FLY]}'),
    'alice.yaml:7:28: spec.sandbox.capabilities[0]: is not the name of a capability, did you mean CAP_NET_RAW?',
    'alice.yaml:7:37: spec.sandbox.capabilities[1]: is not the name of a capability, did you mean CAP_NET_ADMIN?',
    'alice.yaml:7:51: spec.sandbox.capabilities[2]: is not the name of a capability such as CAP_NET_RAW',
  ],
  [
    'system calls that there are not',
    serverWith('sandbox: {systemCallFilter: ["@sistem-service", "Read", "x:y"]}'),
    'alice.yaml:7:32: spec.sandbox.systemCallFilter[0]: is not a group of system calls, did you mean @system-service?',
    'alice.yaml:7:51: spec.sandbox.systemCallFilter[1]: is not the name of a system call or of a group such as @mount',
    'alice.yaml:7:59: spec.sandbox.systemCallFilter[2]: must be a system call or group, such as @mount, ~@mount or ~ptrace:EPERM',
  ],
  [
    'an error number for what is allowed',
    serverWith('sandbox: {systemCallFilter: ["@system-service", "@mount:EPERM"]}'),
    'alice.yaml:7:51: spec.sandbox.systemCallFilter[1]: must have ~ before it: only a refused call can have an error number',
  ],
  [
    'a mask that YAML reads as a number',
    serverWith('sandbox: {umask: 0077}'),
    'alice.yaml:7:20: spec.sandbox.umask: must be a text, not a number: put it in quotes',
  ],
  [
    'a mask that is none',
    serverWith('sandbox: {umask: "u=rwx"}'),
    'alice.yaml:7:20: spec.sandbox.umask: must be three octal digits such as "0077" or "022"',
  ],
  [
    'the name of no pool',
    serverWith('pool: GPU-lab'),
    'alice.yaml:7:9: spec.pool: must be 1 to 32 of a-z, 0-9 and _ to name a pool (no capitals, no hyphens)',
  ],
  [
    'properties in other forms',
    serverWith('unitProperties: {MemoryMin: 64, nice: "5", Nice: "5\\n6", LimitCORE: [0]}'),
    'alice.yaml:7:31: spec.unitProperties.MemoryMin: must be a text or a list, not a number: put it in quotes',
    "alice.yaml:7:35: spec.unitProperties.nice: is not the name of a unit's property, such as MemoryMin",
    'alice.yaml:7:52: spec.unitProperties.Nice: must not hold line breaks: write a list',
    'alice.yaml:7:72: spec.unitProperties.LimitCORE[0]: must be a text, not a number: put it in quotes',
  ],
  [
    "systemdspawner's names",
    serverWith('isolate_devices: true', 'unit_extra_properties: {}', 'dynamic_users: true', 'slice: lab.slice'),
    'alice.yaml:7:3: spec.isolate_devices: is not a known field, did you mean spec.sandbox.privateDevices?',
    'alice.yaml:8:3: spec.unit_extra_properties: is not a known field, did you mean unitProperties?',
    'alice.yaml:9:3: spec.dynamic_users: is not a known field, did you mean dynamicUser?',
    'alice.yaml:10:3: spec.slice: is not a known field, did you mean spec.pool?',
  ],
  [
    "systemd's names",
    serverWith('PrivateDevices: true', 'LimitNOFILE: 4096', 'sandbox: {UMask: "0077"}'),
    'alice.yaml:7:3: spec.PrivateDevices: is not a known field, did you mean spec.sandbox.privateDevices?',
    'alice.yaml:8:3: spec.LimitNOFILE: is not a known field, did you mean spec.resources.files?',
    'alice.yaml:9:13: spec.sandbox.UMask: is not a known field, did you mean umask?',
  ],
];

describe('what people read of', () => {
  it.each(cases)('%s', (_what, text, ...messages) => {
    expect(messagesOf(text)).toEqual(messages);
  });
});
