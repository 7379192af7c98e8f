import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ServerSpec } from '../../../src/spec/types.ts';
import { EnvironmentError, encodeEnvironment, serverEnvironment } from '../../../src/units/environment.ts';
import { decodeEnvironmentFile } from './environmentFile.ts';
import { makeServer } from './servers.ts';

const variablesOf = (changes: Partial<ServerSpec>) =>
  Object.fromEntries(serverEnvironment(makeServer(changes)).variables);

describe('the environment of a server', () => {
  it('has the account, PATH, PORT and the server, and no limits where there are none', () => {
    expect(variablesOf({})).toEqual({
      HOME: '/home/alice',
      HUBLET_SERVER: 'alice',
      LOGNAME: 'alice',
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      PORT: '20001',
      SHELL: '/bin/bash',
      USER: 'alice',
    });
  });

  it("tells limits under systemdspawner's names", () => {
    const resources = { memoryMaxBytes: 1024 ** 3, memoryLowBytes: 1024 ** 2, cpuLimitCores: 1.15 };

    expect(variablesOf({ resources })).toMatchObject({
      MEM_LIMIT: '1073741824',
      MEM_GUARANTEE: '1048576',
      CPU_LIMIT: '1.15',
    });
  });

  it("lets the spec's own variables win", () => {
    const environment = { HOME: '/x', USER: 'y', PORT: '1', SHELL: '/z', HUBLET_SERVER: 'w', LOGNAME: 'v' };

    expect(variablesOf({ environment })).toMatchObject(environment);
  });

  it('puts extraPaths before PATH, whoever set it', () => {
    expect(variablesOf({ extraPaths: ['/a', '/b'] }).PATH).toMatch(/^\/a:\/b:\/usr\/local\/sbin:/);
    expect(variablesOf({ extraPaths: ['/a'], environment: { PATH: '/own' } }).PATH).toBe('/a:/own');
  });

  it('is sorted by name and knows which variables only tell a live limit', () => {
    const resources = { memoryMaxBytes: 1024 ** 3, cpuLimitCores: 2 };
    const { variables, liveNames } = serverEnvironment(
      makeServer({ resources, environment: { ZZ: '', AA: '', CPU_LIMIT: 'mine' } }),
    );

    expect([...variables.keys()]).toEqual([...variables.keys()].sort());
    expect(liveNames).toEqual(new Set(['MEM_LIMIT']));
  });

  it('refuses more than exec takes', () => {
    const environment = Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`V${n}`, 'x'.repeat(100_000)]));

    expect(() => serverEnvironment(makeServer({ environment }))).toThrow(EnvironmentError);
  });
});

describe('an environment file', () => {
  const names = fc
    .stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,20}$/)
    .filter((name) => !/^(SYSTEMD|LISTEN|EXIT)_/.test(name));
  const special = fc.constantFrom(
    '"',
    "'",
    '\\',
    '$',
    '`',
    '\n',
    '\r\n',
    '\t',
    ' ',
    '#',
    ';',
    '=',
    '%',
    '\u2028',
    '\ufeff',
  );
  const texts = fc
    .array(fc.oneof(special, fc.string({ unit: 'grapheme', maxLength: 3 })))
    .map((parts) => parts.join(''));
  const values = texts.filter((text) => text.isWellFormed() && !/[\0\ufdd0-\ufdef\ufffe\uffff]/.test(text));

  it("gives every value back through systemd's grammar", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(names, values), { selector: ([name]) => name }), (entries) => {
        const variables = new Map(entries);
        expect(decodeEnvironmentFile(encodeEnvironment(variables))).toEqual(variables);
      }),
      { numRuns: 500 },
    );
  });

  it('holds 100 KiB in one value', () => {
    const variables = new Map([['BIG', '"$\n\\'.repeat(25_600)]]);

    expect(decodeEnvironmentFile(encodeEnvironment(variables))).toEqual(variables);
  });

  it.each([
    ['NUL', 'K', 'a\0b'],
    ['a lone surrogate', 'K', '\ud800'],
    ['a noncharacter', 'K', '\ufdd0'],
    ['the last two of a plane', 'K', '\u{1fffe}'],
    ['more than 100 KiB', 'K', 'x'.repeat(102_401)],
    ['no name', '', 'v'],
    ['a digit first', '1A', 'v'],
    ['a dash', 'A-B', 'v'],
    ['a line break', 'A\nB', 'v'],
    ['export', 'export A', 'v'],
    ['a variable of systemd', 'NOTIFY_SOCKET', 'v'],
    ['another of systemd', 'LISTEN_FDS', 'v'],
  ])('refuses %s', (_what, name, value) => {
    expect(() => encodeEnvironment(new Map([[name, value]]))).toThrow(EnvironmentError);
  });

  it('never tells a value in its errors', () => {
    expect(() => encodeEnvironment(new Map([['TOKEN', 'secret\0']]))).toThrow(/^(?!.*secret).*TOKEN/);
  });
});
