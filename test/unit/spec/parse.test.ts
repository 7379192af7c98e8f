import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../../src/spec/parse.ts';
import type { ServerSpec } from '../../../src/spec/types.ts';
import { wholeSpec } from '../../fakes/wholeSpec.ts';

const examples = join(import.meta.dirname, '../../../desired-state');

const FULL = `apiVersion: hublet/v1
kind: Server
metadata:
  name: alice
  labels: {team: physics, example.org/room: "2.14"}
  annotations: {hublet/restartedAt: "2027-01-31T18:00:00Z"}
spec:
  user: 1001
  command: ["{HOME}/bin/run", "--json={\\"a\\": 1}", "--port={PORT}", "100%", "$x"]
  workingDirectory: "{HOME}/work"
  environment: {A: "", B: "a\\nb\\"'\\\\ $c ü", __P: "{UID}"}
  extraPaths: ["{HOME}/.local/bin", /opt/x/bin]
  shell: /bin/zsh
  port: 20500
  resources:
    memory: {limit: 1.5G, high: 1G, guarantee: 256M, swap: 100M}
    cpu: {limit: 500m, weight: 50, cpus: "0-1,3"}
    tasks: 100
  sandbox: {privateTmp: false, noNewPrivileges: false, readOnlyPaths: [/srv, -/opt], readWritePaths: ["{HOME}"]}
  terminationGracePeriod: 1m
  startTimeout: 90
  restartPolicy: Always
  suspend: {reason: exam week, until: "2027-01-31T18:00:00Z"}
  probes:
    readiness:
      http: {path: "/api?x=1", port: "{PORT}", scheme: https, headers: {X-A: b}}
      initialDelaySeconds: 1
      periodSeconds: 5
      timeoutSeconds: 3
      successThreshold: 2
      failureThreshold: 4
`;

const MINIMAL = 'apiVersion: hublet/v1\nkind: Server\nmetadata: {name: alice}\nspec: {command: [sleep, "60"]}\n';

function specOf(text: string, stem = 'alice'): ServerSpec {
  return wholeSpec(text, stem);
}

function canonicalOf(text: string): string {
  const parsed = parseSpec(text, 'alice');
  if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed));
  return parsed.canonical;
}

describe('a valid spec', () => {
  it('gets every default where it says nothing', () => {
    expect(specOf(MINIMAL)).toEqual({
      name: 'alice',
      labels: {},
      annotations: {},
      user: '{NAME}',
      supplementaryGroups: [],
      dynamicUser: false,
      preStart: [],
      postStop: [],
      environmentFiles: [],
      credentials: {},
      unitProperties: {},
      command: ['sleep', '60'],
      workingDirectory: '{HOME}',
      environment: {},
      extraPaths: [],
      shell: '/bin/bash',
      port: 'auto',
      resources: {},
      sandbox: {
        privateTmp: true,
        isPrivateTmpDefault: true,
        noNewPrivileges: true,
        readOnlyPaths: [],
        readWritePaths: [],
      },
      restartPolicy: 'OnFailure',
      backoff: { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 },
      updateStrategy: 'OnRestart',
      deletionPolicy: 'Stop',
      priority: 0,
      terminationGracePeriodMs: 30_000,
      startTimeoutMs: 60_000,
    });
  });

  it('is taken as it is where it says everything', () => {
    expect(specOf(FULL)).toEqual({
      name: 'alice',
      labels: { team: 'physics', 'example.org/room': '2.14' },
      annotations: { 'hublet/restartedAt': '2027-01-31T18:00:00Z' },
      user: '1001',
      supplementaryGroups: [],
      dynamicUser: false,
      preStart: [],
      postStop: [],
      environmentFiles: [],
      credentials: {},
      unitProperties: {},
      command: ['{HOME}/bin/run', '--json={"a": 1}', '--port={PORT}', '100%', '$x'],
      workingDirectory: '{HOME}/work',
      environment: { A: '', B: 'a\nb"\'\\ $c ü', __P: '{UID}' },
      extraPaths: ['{HOME}/.local/bin', '/opt/x/bin'],
      shell: '/bin/zsh',
      port: 20500,
      resources: {
        memoryMaxBytes: 1.5 * 1024 ** 3,
        memoryHighBytes: 1024 ** 3,
        memoryLowBytes: 256 * 1024 ** 2,
        memorySwapMaxBytes: 100 * 1024 ** 2,
        cpuLimitCores: 0.5,
        cpuWeight: 50,
        allowedCpus: [0, 1, 3],
        tasksMax: 100,
      },
      sandbox: {
        privateTmp: false,
        noNewPrivileges: false,
        readOnlyPaths: ['/srv', '-/opt'],
        readWritePaths: ['{HOME}'],
      },
      readinessProbe: {
        check: { kind: 'http', path: '/api?x=1', port: '{PORT}', scheme: 'https', headers: { 'X-A': 'b' } },
        initialDelayMs: 1000,
        periodMs: 5000,
        timeoutMs: 3000,
        successThreshold: 2,
        failureThreshold: 4,
      },
      restartPolicy: 'Always',
      backoff: { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 },
      updateStrategy: 'OnRestart',
      deletionPolicy: 'Stop',
      priority: 0,
      terminationGracePeriodMs: 60_000,
      startTimeoutMs: 90_000,
      suspend: { reason: 'exam week', untilMs: Date.UTC(2027, 0, 31, 18) },
    });
  });

  it('has no swap where it has a memory limit, unless it says so', () => {
    const withMemory = (memory: string) =>
      specOf(MINIMAL.replace('"60"]', `"60"], resources: {memory: ${memory}}`)).resources;
    expect(withMemory('{limit: 1G}')).toEqual({ memoryMaxBytes: 1024 ** 3, memorySwapMaxBytes: 0 });
    expect(withMemory('{high: 1G}')).toEqual({ memoryHighBytes: 1024 ** 3 });
    expect(withMemory('{swap: 0}')).toEqual({ memorySwapMaxBytes: 0 });
  });

  it('probes its own port with the defaults of a probe', () => {
    const withProbe = (check: string) => specOf(MINIMAL.replace('"60"]', `"60"], probes: {readiness: ${check}}`));
    expect(withProbe('{tcp: {}}').readinessProbe).toEqual({
      check: { kind: 'tcp' },
      initialDelayMs: 0,
      periodMs: 10_000,
      timeoutMs: 2000,
      successThreshold: 1,
      failureThreshold: 3,
    });
    expect(withProbe('{http: {}}').readinessProbe?.check).toEqual({
      kind: 'http',
      path: '/',
      scheme: 'http',
      headers: {},
    });
  });

  it.each([
    ['true', {}],
    ['{}', {}],
    ['{reason: x}', { reason: 'x' }],
    ['false', undefined],
  ])('with suspend: %s is kept down, or not', (suspend, expected) => {
    expect(specOf(MINIMAL.replace('"60"]', `"60"], suspend: ${suspend}`)).suspend).toEqual(expected);
  });

  it.each(['.a', 'a/b', 'a~', 'a\tb', 'x'.repeat(129)])('is never called %j', (name) => {
    const text = MINIMAL.replace('name: alice', `name: ${JSON.stringify(name)}`);
    expect(parseSpec(text, name).kind).toBe('invalid');
  });

  it.each(['a', 'A b', 'dom+u@example.org', 'ä', 'a.b', '-x', 'x'.repeat(128), '%n', 'a\\b'])(
    'may be called %j',
    (name) => {
      expect(specOf(MINIMAL.replace('name: alice', `name: ${JSON.stringify(name)}`), name).name).toBe(name);
    },
  );
});

describe('the canonical text', () => {
  it('is the same whatever the order, comments and style', () => {
    const other = `# new\nkind: "Server"\nspec:\n  command:\n  - sleep\n  - '60'\nmetadata:\n  name: alice\napiVersion: hublet/v1\n`;
    expect(canonicalOf(other)).toBe(canonicalOf(MINIMAL));
  });

  it('differs with the content', () => {
    expect(canonicalOf(MINIMAL.replace('"60"', '"61"'))).not.toBe(canonicalOf(MINIMAL));
  });
});

describe('a text that is being written', () => {
  it.each(['', ' \n', '# a comment\n', 'apiVer', 'apiVersion: hublet/v1\n', '---\n'])('is incomplete: %j', (text) => {
    expect(parseSpec(text, 'alice').kind).toBe('incomplete');
  });

  it('is incomplete, invalid or valid at every character, and never throws', () => {
    for (const text of [FULL, MINIMAL]) {
      for (let end = 0; end < text.length; end++) {
        const { kind } = parseSpec(text.slice(0, end), 'alice');
        expect(['incomplete', 'invalid', 'valid']).toContain(kind);
        if (end < text.indexOf('kind: Server')) expect(kind).toBe('incomplete');
      }
    }
  });

  it('never throws with a bit flipped', () => {
    const bytes = Buffer.from(FULL);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(7), (index, bit) => {
        const flipped = Buffer.from(bytes);
        flipped[index] = (flipped[index] ?? 0) ^ (1 << bit);
        expect(['incomplete', 'invalid', 'valid']).toContain(parseSpec(flipped.toString('utf8'), 'alice').kind);
      }),
      { numRuns: 1000 },
    );
  });

  it('never throws with any value in any place', () => {
    const paths = [...FULL.matchAll(/(?<=[:[,] ?)[^\s,:{}[\]]+/g)].map((match) => match.index);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (index, value) => {
        const text = FULL.slice(0, index) + JSON.stringify(value) + FULL.slice(index).replace(/^[^\s,:{}[\]]+/, '');
        expect(['incomplete', 'invalid', 'valid']).toContain(parseSpec(text, 'alice').kind);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('the examples', () => {
  const names = readdirSync(examples).filter((name) => name.endsWith('.yaml'));

  it('are there', () => {
    expect(names).toEqual(['alice.yaml', 'bob.yaml']);
  });

  it.each(names)('%s is valid, limited and probed', (name) => {
    const text = readFileSync(join(examples, name), 'utf8');
    const spec = specOf(text, name.replace(/\.yaml$/, ''));
    expect(spec.resources.memoryMaxBytes).toBeGreaterThan(0);
    expect(spec.readinessProbe?.check.kind).toBe('http');
    expect(text).toMatch(/^# yaml-language-server: \$schema=schema\/server\.schema\.json\n/);
  });

  it('keep no secret in a command and listen on loopback only', () => {
    for (const name of names) {
      const spec = specOf(readFileSync(join(examples, name), 'utf8'), name.replace(/\.yaml$/, ''));
      expect(spec.command.join(' ')).toContain('127.0.0.1');
      expect(spec.command.join(' ')).not.toMatch(/token|password/i);
    }
  });
});
