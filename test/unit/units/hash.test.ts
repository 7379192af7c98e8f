import { createSecretKey } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Resources, Sandbox, ServerSpec } from '../../../src/spec/types.ts';
import { canonicalValue } from '../../../src/units/canonical.ts';
import { compileUnit } from '../../../src/units/compile.ts';
import { serverEnvironment } from '../../../src/units/environment.ts';
import { unitHash } from '../../../src/units/hash.ts';
import type { UnitContext } from '../../../src/units/types.ts';
import { CONTEXT, makeServer } from './servers.ts';

const hashOf = (changes: Partial<ServerSpec> = {}, context: Partial<UnitContext> = {}) =>
  compileUnit(makeServer(changes), { ...CONTEXT, ...context }).hash;

describe('the hash of a unit', () => {
  it('is 64 hex digits, and another with another key', () => {
    expect(hashOf()).toMatch(/^[0-9a-f]{64}$/);
    expect(hashOf({}, { hashKey: createSecretKey(Buffer.alloc(32, 2)) })).not.toBe(hashOf());
  });

  it('stays the same from one version of hublet to the next, so that an upgrade restarts nobody', () => {
    expect(hashOf()).toBe('75a48671a0519311cf5e44f36964c1ee2f48647d677d74f9a3e80066d7250417');
  });

  it("does not know fields that say what is systemd's default anyway", () => {
    const sandbox: Sandbox = {
      ...makeServer().spec.sandbox,
      privateDevices: false,
      inaccessiblePaths: [],
      bindPaths: [],
      bindReadOnlyPaths: [],
      protectSystem: false,
      protectHome: false,
      protectProc: 'default',
      privateNetwork: false,
      ipAddressAllow: [],
      ipAddressDeny: [],
    };

    expect(hashOf({ sandbox, resources: { io: { readIops: {} } }, profile: 'notebook' })).toBe(hashOf());
  });

  it('does not know live limits', () => {
    const bytes = fc.integer({ min: 2 ** 24, max: 2 ** 50 });
    const resources = fc.record(
      {
        memoryMaxBytes: bytes,
        memoryHighBytes: bytes,
        memoryLowBytes: bytes,
        memorySwapMaxBytes: bytes,
        cpuLimitCores: fc.integer({ min: 1, max: 10_000 }).map((cents) => cents / 100),
        cpuWeight: fc.integer({ min: 1, max: 10_000 }),
        allowedCpus: fc.uniqueArray(fc.nat(255), { minLength: 1 }),
        tasksMax: fc.integer({ min: 1, max: 4_000_000 }),
        io: fc.record({
          weight: fc.integer({ min: 1, max: 10_000 }),
          readBytesPerSecond: fc.dictionary(fc.constantFrom('/', '/dev/vda'), bytes),
          writeIops: fc.dictionary(fc.constantFrom('/', '/dev/vda'), fc.integer({ min: 1 })),
        }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(resources, (some) => {
        expect(hashOf({ resources: some as Resources })).toBe(hashOf());
      }),
    );
  });

  it('does not know what matters only to hublet or to nobody', () => {
    const changes: Partial<ServerSpec> = {
      startTimeoutMs: 1,
      restartPolicy: 'Never',
      labels: { a: 'b' },
      suspend: {},
      schedule: { windows: [], overrun: 'finish' },
      maxAgeMs: 1,
      idle: { timeoutMs: 60_000, checks: ['cpu'], cpuCores: 1, warnBeforeMs: 1 },
      updateStrategy: 'WhenIdle',
      deletionPolicy: 'Orphan',
      updateIdle: { quietMs: 60_000, checks: ['cpu'], cpuCores: 1 },
    };

    expect(hashOf(changes)).toBe(hashOf());
    expect(hashOf({}, { specPath: '/elsewhere', instanceId: 'beef', environmentDirectory: '/x' })).toBe(hashOf());
  });

  it.each<[string, Partial<ServerSpec>]>([
    ['command', { command: ['/usr/bin/sleep', '1'] }],
    ['one argument in two', { command: ['/usr/bin/sleep', 'inf', 'inity'] }],
    ['environment', { environment: { A: '' } }],
    ['working directory', { workingDirectory: '/' }],
    ['paths', { extraPaths: ['/opt'] }],
    ['shell', { shell: '/bin/sh' }],
    ['temporary directory', { sandbox: { ...makeServer().spec.sandbox, privateTmp: false } }],
    ['read-only path', { sandbox: { ...makeServer().spec.sandbox, readOnlyPaths: ['/a'] } }],
    ['grace period', { terminationGracePeriodMs: 1 }],
    ['group', { group: 'lab' }],
    ['supplementary groups', { supplementaryGroups: ['lab'] }],
    ['commands before it', { preStart: [['/bin/true']] }],
    ['commands after it', { postStop: [['/bin/true']] }],
    ['paths of files of variables', { environmentFiles: ['/a'] }],
    ['paths of secrets', { credentials: { a: '/a' } }],
    ['open files', { resources: { filesMax: 99 } }],
    ['pool', { pool: 'lab' }],
    ['property', { unitProperties: { Nice: '5' } }],
    ['devices', { sandbox: { ...makeServer().spec.sandbox, privateDevices: true } }],
    [
      'allowed devices',
      { sandbox: { ...makeServer().spec.sandbox, deviceAllow: [{ device: '/dev/a', access: 'r' }] } },
    ],
    ['hidden path', { sandbox: { ...makeServer().spec.sandbox, inaccessiblePaths: ['/a'] } }],
    ['protection of the system', { sandbox: { ...makeServer().spec.sandbox, protectSystem: 'full' } }],
    ['protection of homes', { sandbox: { ...makeServer().spec.sandbox, protectHome: 'read-only' } }],
    ['protection of /proc', { sandbox: { ...makeServer().spec.sandbox, protectProc: 'invisible' } }],
    ['network', { sandbox: { ...makeServer().spec.sandbox, privateNetwork: true } }],
    ['allowed addresses', { sandbox: { ...makeServer().spec.sandbox, ipAddressAllow: ['any'] } }],
    ['denied addresses', { sandbox: { ...makeServer().spec.sandbox, ipAddressDeny: ['any'] } }],
    ['capabilities', { sandbox: { ...makeServer().spec.sandbox, capabilities: [] } }],
    ['system calls', { sandbox: { ...makeServer().spec.sandbox, systemCallFilter: ['@mount'] } }],
    ['mask', { sandbox: { ...makeServer().spec.sandbox, umask: 0o77 } }],
  ])('knows the %s', (_what, changes) => {
    expect(hashOf(changes)).not.toBe(hashOf());
  });

  it('knows the port and the account', () => {
    const server = makeServer();

    expect(compileUnit({ ...server, port: 1 }, CONTEXT).hash).not.toBe(hashOf());
    expect(compileUnit({ ...server, account: { ...server.account, name: 'bob' } }, CONTEXT).hash).not.toBe(hashOf());
  });

  it("knows a limit variable that is the spec's own", () => {
    const resources = { memoryMaxBytes: 2 ** 30 };

    expect(hashOf({ resources, environment: { MEM_LIMIT: '1' } })).not.toBe(
      hashOf({ resources, environment: { MEM_LIMIT: '2' } }),
    );
  });

  it('does not depend on the order of properties or variables', () => {
    const environments = fc.dictionary(fc.stringMatching(/^[A-Z]{1,5}$/), fc.string({ unit: 'grapheme-ascii' }));
    fc.assert(
      fc.property(environments, fc.nat(), (environment, seed) => {
        const backwards = Object.fromEntries(Object.entries(environment).reverse());
        expect(hashOf({ environment: backwards })).toBe(hashOf({ environment }));
        const { properties } = compileUnit(makeServer({ environment }), CONTEXT);
        const turned = [
          ...properties.slice(seed % properties.length),
          ...properties.slice(0, seed % properties.length),
        ];
        const variables = serverEnvironment(makeServer({ environment }));
        expect(unitHash(CONTEXT.hashKey, turned, variables)).toBe(hashOf({ environment }));
      }),
    );
  });
});

describe('a canonical value', () => {
  it('is one for one value, however JavaScript carries it', () => {
    expect(canonicalValue([1n, new Uint8Array([1, 2]), true])).toBe(canonicalValue([1, Buffer.from([1, 2]), true]));
  });

  it('tells apart values that look alike', () => {
    const alike = ['1', 1, true, [1], [[1]], ['1'], [], '', [''], ['', ''], 'a1', ['a', '1'], new Uint8Array([1]), 1.5];

    expect(new Set(alike.map(canonicalValue)).size).toBe(alike.length);
  });

  it('tells apart any two lists of strings', () => {
    const lists = fc.array(fc.string({ unit: 'grapheme' }));
    fc.assert(
      fc.property(lists, lists, (a, b) => {
        expect(canonicalValue(a) === canonicalValue(b)).toBe(JSON.stringify(a) === JSON.stringify(b));
      }),
    );
  });

  it.each([undefined, null, {}])('is not %j', (value) => {
    expect(() => canonicalValue(value)).toThrow(TypeError);
  });
});
