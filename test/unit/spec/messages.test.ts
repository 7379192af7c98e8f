import { describe, expect, it } from 'vitest';
import { completeSpec } from '../../../src/admission/profile.ts';
import { locateInText, parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';

/** A spec with `lines` below `spec:`; the first of them is line 6. */
function specWith(...lines: string[]): string {
  return `apiVersion: hublet/v1\nkind: Server\nmetadata:\n  name: alice\nspec:\n${lines.map((line) => `  ${line}\n`).join('')}`;
}

/** The same with a command on line 6, so that `lines` begin on line 7. */
function serverWith(...lines: string[]): string {
  return specWith('command: [/bin/sleep, "60"]', ...lines);
}

function messagesOf(text: string): readonly string[] {
  const parsed = parseSpec(text, 'alice');
  const problems =
    parsed.kind === 'incomplete' ? [parsed.problem] : parsed.kind === 'invalid' ? parsed.problems : gaps();
  function gaps() {
    const whole = parsed.kind === 'valid' ? completeSpec(parsed.document, undefined, []) : undefined;
    return whole?.kind === 'invalid' ? locateInText(whole.problems, text) : [];
  }
  return problems.map((problem) => formatProblem('alice.yaml', problem));
}

const cases: readonly (readonly [what: string, text: string, ...messages: string[]])[] = [
  [
    'an unknown field, nearly right',
    serverWith('prot: 5'),
    'alice.yaml:7:3: spec.prot: is not a known field, did you mean port?',
  ],
  [
    "systemdspawner's name of a field",
    serverWith('mem_limit: 1G'),
    'alice.yaml:7:3: spec.mem_limit: is not a known field, did you mean spec.resources.memory.limit?',
  ],
  ['an unknown field like no other', serverWith('xyzzy: 1'), 'alice.yaml:7:3: spec.xyzzy: is not a known field'],
  [
    'a field of spec at the top',
    `${serverWith()}port: 5\n`,
    'alice.yaml:7:1: port: is not a known field, did you mean spec.port?',
  ],
  [
    'a field one level too high',
    serverWith('privateTmp: false'),
    'alice.yaml:7:3: spec.privateTmp: is not a known field, did you mean spec.sandbox.privateTmp?',
  ],
  [
    'what becomes of it, and a command of a probe',
    serverWith('deletionPolicy: Orphaned', 'probes:', '  liveness: {exec: {command: []}}'),
    'alice.yaml:7:19: spec.deletionPolicy: must be Stop or Orphan, not "Orphaned", did you mean Orphan?',
    'alice.yaml:9:32: spec.probes.liveness.exec.command: must not be an empty list',
  ],
  [
    'no command',
    specWith('user: alice'),
    'alice.yaml:5:1: spec.command: is missing: write it here or name a profile that has one',
  ],
  ['an empty command', specWith('command: []'), 'alice.yaml:6:12: spec.command: must not be an empty list'],
  ['a command in one text', specWith('command: sleep 60'), 'alice.yaml:6:12: spec.command: must be a list, not a text'],
  [
    'a relative program',
    specWith('command: [bin/run]'),
    'alice.yaml:6:13: spec.command[0]: must be an absolute path or a bare name, not a relative path',
  ],
  [
    'a number as argument',
    specWith('command: [sleep, 60]'),
    'alice.yaml:6:20: spec.command[1]: must be a text, not a number: put it in quotes',
  ],
  ['an empty argument', specWith('command: [echo, ""]'), 'alice.yaml:6:19: spec.command[1]: must not be empty'],
  [
    'a name that is not the file',
    serverWith().replace('name: alice', 'name: bob'),
    'alice.yaml:4:9: metadata.name: must be "alice", as the file is called, not "bob"',
  ],
  [
    'a name with a slash',
    serverWith().replace('name: alice', 'name: a/b'),
    "alice.yaml:4:9: metadata.name: must not hold '/' or '~'",
    'alice.yaml:4:9: metadata.name: must be "alice", as the file is called, not "a/b"',
  ],
  [
    'a number as name',
    serverWith().replace('name: alice', 'name: 7'),
    'alice.yaml:4:9: metadata.name: must be a text, not a number: put it in quotes',
  ],
  [
    'no metadata',
    'apiVersion: hublet/v1\nkind: Server\nspec: {command: [sleep]}\n',
    'alice.yaml:1:1: metadata: is missing',
  ],
  [
    'an empty field',
    serverWith('environment:'),
    'alice.yaml:7:3: spec.environment: is empty: give it a value or remove the line',
  ],
  ['another kind', serverWith().replace('Server', 'Pod'), 'alice.yaml:2:7: kind: must be Server, not "Pod"'],
  [
    'another version',
    serverWith().replace('hublet/v1', 'v2'),
    'alice.yaml:1:13: apiVersion: must be hublet/v1, not "v2"',
  ],
  [
    'values of variables that are no texts',
    serverWith('environment: {A: 1, B: true, C: [x]}'),
    'alice.yaml:7:20: spec.environment.A: must be a text, not a number: put it in quotes',
    'alice.yaml:7:26: spec.environment.B: must be a text, not true: put it in quotes',
    'alice.yaml:7:35: spec.environment.C: must be a text, not a list',
  ],
  [
    'a bad name of a variable',
    serverWith('environment: {A-B: x}'),
    'alice.yaml:7:17: spec.environment.A-B: is not the name of a variable: letters, digits and _, not beginning with a digit',
  ],
  [
    "variables of systemd's",
    serverWith('environment:', '  NOTIFY_SOCKET: x', '  LISTEN_FDS: "3"'),
    'alice.yaml:8:5: spec.environment.NOTIFY_SOCKET: belongs to systemd, which sets it itself',
    'alice.yaml:9:5: spec.environment.LISTEN_FDS: belongs to systemd, which sets it itself',
  ],
  [
    'too little memory',
    serverWith('resources: {memory: {limit: 10M}}'),
    'alice.yaml:7:31: spec.resources.memory.limit: must be at least 16M: with less nothing starts',
  ],
  [
    'a limit of zero',
    serverWith('resources: {memory: {guarantee: 0}, cpu: {limit: 0}, tasks: 0}'),
    'alice.yaml:7:35: spec.resources.memory.guarantee: must be more than zero',
    'alice.yaml:7:52: spec.resources.cpu.limit: "0" is less than the smallest CPU limit, 0.001 cores',
    'alice.yaml:7:63: spec.resources.tasks: must be at least 1',
  ],
  [
    'a size that is none',
    serverWith('resources: {memory: {limit: lots, high: 512m, guarantee: -1, swap: .nan}}'),
    'alice.yaml:7:31: spec.resources.memory.limit: "lots" is not a size: write 512M, 1.5G or a number of bytes',
    'alice.yaml:7:43: spec.resources.memory.high: "512m" is not a size: write 512M',
    'alice.yaml:7:60: spec.resources.memory.guarantee: -1 is not a size',
    'alice.yaml:7:70: spec.resources.memory.swap: must be a text or a number, not NaN',
  ],
  [
    'limits that contradict each other',
    serverWith('resources: {memory: {limit: 1G, high: 2G, guarantee: 1025M}}'),
    'alice.yaml:7:41: spec.resources.memory.high: must not be more than the limit, 1G',
    'alice.yaml:7:56: spec.resources.memory.guarantee: must not be more than the limit, 1G',
  ],
  [
    'a weight beyond its range',
    serverWith('resources: {cpu: {weight: 20000, cpus: 3-1}}'),
    'alice.yaml:7:29: spec.resources.cpu.weight: must be at most 10000',
    'alice.yaml:7:42: spec.resources.cpu.cpus: the range 3-1 runs backwards: write 1-3',
  ],
  [
    'half a task',
    serverWith('resources: {tasks: 1.5}'),
    'alice.yaml:7:22: spec.resources.tasks: must be a whole number, not 1.5',
  ],
  [
    'a choice in the wrong case',
    serverWith('restartPolicy: always'),
    'alice.yaml:7:18: spec.restartPolicy: must be Always, OnFailure or Never, not "always", did you mean Always?',
  ],
  [
    'yes for true',
    serverWith('sandbox: {privateTmp: yes}'),
    'alice.yaml:7:25: spec.sandbox.privateTmp: must be true or false, without quotes, not a text',
  ],
  [
    'a port in quotes',
    serverWith('port: "8080"'),
    'alice.yaml:7:9: spec.port: must be auto, none or a number, not a text: take the quotes away',
  ],
  ['a port beyond the last', serverWith('port: 70000'), 'alice.yaml:7:9: spec.port: must be at most 65535'],
  [
    'a port by a strange word',
    serverWith('port: auot'),
    'alice.yaml:7:9: spec.port: must be auto, none or a number, not "auot", did you mean auto?',
  ],
  [
    'a duration that is none',
    serverWith('startTimeout: soon', 'terminationGracePeriod: 0'),
    'alice.yaml:7:17: spec.startTimeout: "soon" is not a duration: write 500ms, 10s, 5m, 1h30m or a number of seconds',
    'alice.yaml:8:27: spec.terminationGracePeriod: must be more than zero',
  ],
  [
    'paths that systemd cannot store',
    serverWith('sandbox:', '  readOnlyPaths: [/a b, "-/c$d", rel]', '  readWritePaths: ["/x;y", /a/../b]'),
    "alice.yaml:8:21: spec.sandbox.readOnlyPaths[0]: must not hold blanks: systemd can't store such a path in a unit",
    "alice.yaml:8:27: spec.sandbox.readOnlyPaths[1]: must not hold $: systemd can't store such a path in a unit",
    'alice.yaml:8:36: spec.sandbox.readOnlyPaths[2]: must be an absolute path: begin it with / or {HOME}',
    "alice.yaml:9:22: spec.sandbox.readWritePaths[0]: must not hold ;: systemd can't store such a path in a unit",
    "alice.yaml:9:30: spec.sandbox.readWritePaths[1]: must not hold '.' or '..' as a part",
  ],
  [
    'a home by its tilde',
    serverWith('workingDirectory: ~/work', 'extraPaths: ["/a:/b"]', 'shell: bash'),
    'alice.yaml:7:21: spec.workingDirectory: must be an absolute path: write {HOME} instead of ~',
    "alice.yaml:8:16: spec.extraPaths[0]: must not hold ':', which parts the entries of PATH",
    'alice.yaml:9:10: spec.shell: must be an absolute path: begin it with / or {HOME}',
  ],
  [
    'an account that cannot be',
    serverWith('user: "{USER}"'),
    'alice.yaml:7:9: spec.user: may use no template but {NAME}',
  ],
  [
    'labels that Kubernetes would refuse',
    serverWith().replace('name: alice', 'name: alice\n  labels: {"a b": x, team: "phys ics", v: 1.0}'),
    'alice.yaml:5:12: metadata.labels["a b"]: is not a key: at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends',
    'alice.yaml:5:28: metadata.labels.team: must be at most 63 letters, digits, dashes, underscores and dots, with a letter or digit at both ends',
    'alice.yaml:5:43: metadata.labels.v: must be a text, not a number: put it in quotes',
  ],
  [
    'a probe of nothing',
    serverWith('probes: {readiness: {periodSeconds: 5}}'),
    'alice.yaml:7:23: spec.probes.readiness: must have http, tcp or exec',
  ],
  [
    'a probe of two kinds',
    serverWith('probes: {readiness: {http: {}, tcp: {}}}'),
    'alice.yaml:7:23: spec.probes.readiness: must have only one of http, tcp and exec',
  ],
  [
    'a probe with wrong parts',
    serverWith('probes: {readiness: {http: {path: api, port: "80x", scheme: ftp}, timeoutSeconds: 2s}}'),
    'alice.yaml:7:37: spec.probes.readiness.http.path: must begin with /',
    'alice.yaml:7:48: spec.probes.readiness.http.port: must be a number or a template such as "{PORT}"',
    'alice.yaml:7:63: spec.probes.readiness.http.scheme: must be http or https, not "ftp"',
    'alice.yaml:7:85: spec.probes.readiness.timeoutSeconds: must be a number, without quotes or units',
  ],
  [
    'other probes of two kinds',
    serverWith('probes: {startup: {http: {}, tcp: {}}, liveness: {http: {}, tcp: {}}}'),
    'alice.yaml:7:21: spec.probes.startup: must have only one of http, tcp and exec',
    'alice.yaml:7:52: spec.probes.liveness: must have only one of http, tcp and exec',
  ],
  [
    'a liveness probe that takes two successes',
    serverWith('probes: {liveness: {tcp: {}, successThreshold: 2}}'),
    'alice.yaml:7:50: spec.probes.liveness.successThreshold: must be 1, not 2',
  ],
  [
    'a startup probe that waits for longer than a start may take',
    serverWith('probes: {startup: {tcp: {}, initialDelaySeconds: 60}}'),
    'alice.yaml:7:52: spec.probes.startup.initialDelaySeconds: must be less than spec.startTimeout, 60s',
  ],
  [
    'pauses that would shrink',
    serverWith('backoff: {initial: 10m}'),
    'alice.yaml:7:22: spec.backoff.initial: must not be more than max, 5m',
  ],
  [
    'a longest pause that is shorter than the first',
    serverWith('backoff: {max: 1s}'),
    'alice.yaml:7:18: spec.backoff.max: must not be less than initial, 10s',
  ],
  [
    'a backoff and a priority that are none',
    serverWith('backoff: {initial: 0, max: soon}', 'priority: high'),
    'alice.yaml:7:22: spec.backoff.initial: must be more than zero',
    'alice.yaml:7:30: spec.backoff.max: "soon" is not a duration: write 500ms, 10s, 5m, 1h30m or a number of seconds',
    'alice.yaml:8:13: spec.priority: must be a number, without quotes or units',
  ],
  [
    'a probe by exec',
    serverWith('probes: {readiness: {exec: {command: x}, tcp: {}}, startup: {}}'),
    'alice.yaml:7:40: spec.probes.readiness.exec.command: must be a list, not a text',
  ],
  [
    'a probe and a template of no port',
    serverWith('port: none', 'environment: {P: "{PORT}"}', 'probes: {readiness: {tcp: {}}}'),
    'alice.yaml:8:20: spec.environment.P: uses {PORT}, but spec.port is none',
  ],
  [
    'a probe of no port',
    serverWith('port: none', 'probes: {readiness: {tcp: {}}}'),
    'alice.yaml:8:29: spec.probes.readiness.tcp: must have a port, since spec.port is none',
  ],
  [
    'a probe of no port',
    serverWith('port: none', 'probes: {readiness: {tcp: {}}}'),
    'alice.yaml:8:29: spec.probes.readiness.tcp: must have a port, since spec.port is none',
  ],
  [
    'a suspension until no day',
    serverWith('suspend: {until: 2027-02-30}'),
    'alice.yaml:7:20: spec.suspend.until: is not a moment: write 2027-01-31T18:00:00Z, or a local date such as 2027-01-31',
  ],
  [
    'a suspension with an unknown part',
    serverWith('suspend: {untill: 2027-02-28}'),
    'alice.yaml:7:13: spec.suspend.untill: is not a known field, did you mean until?',
  ],
  [
    'a suspension by a word',
    serverWith('suspend: maybe'),
    'alice.yaml:7:12: spec.suspend: must be true, false or a mapping, not a text',
  ],
  ['a key twice', serverWith('port: 1', 'port: 2'), 'alice.yaml:8:3: spec.port: is written twice, first on line 7'],
  [
    'a second document',
    `${serverWith()}---\n${serverWith()}`,
    'alice.yaml:7:1: has a second document (---): one file holds one',
  ],
  ['a list', '- a\n- b\n', 'alice.yaml:1:1: must be a mapping, not a list'],
  ['an empty file', '', 'alice.yaml:1:1: is empty: it begins with apiVersion: hublet/v1 and kind: Server'],
  [
    'neither version nor kind',
    'spec: {}\n',
    'alice.yaml:1:1: has no apiVersion and no kind: it begins with apiVersion: hublet/v1 and kind: Server',
  ],
  [
    'a template in a flow list',
    specWith('command: [run, --port={PORT}]', 'user: x'),
    'alice.yaml:6:25: lacks a character here: a closing quote or bracket, a comma, or the colon after a key (inside of [ ] put {PORT} in quotes)',
  ],
  [
    'an open quote',
    serverWith('user: "al'),
    'alice.yaml:8:1: lacks a character here: a closing quote or bracket, a comma, or the colon after a key (inside of [ ] put {PORT} in quotes)',
  ],
];

describe('what people read of', () => {
  it.each(cases)('%s', (_what, text, ...messages) => {
    expect(messagesOf(text)).toEqual(messages);
  });
});

it('never repeats a value of a variable, an argument or a header', () => {
  const text = specWith(
    'command: [hunter2/x, 123454321]',
    'environment: {LISTEN_X: hunter2, A: 123454321}',
    'probes: {readiness: {http: {headers: {A: "hunter2\\n"}}}}',
  );
  expect(messagesOf(text)).toHaveLength(4);
  expect(messagesOf(text).join()).not.toMatch(/hunter2|123454321/);
});

it('stops at a screenful', () => {
  const text = serverWith(...Array.from({ length: 2000 }, (_, index) => `x${index}: 1`));
  expect(messagesOf(text)).toHaveLength(25);
});
