import { describe, expect, it } from 'vitest';
import type { ServerSpec } from '../../../src/spec/types.ts';
import { compileUnit } from '../../../src/units/compile.ts';
import { cpuQuotaUsec } from '../../../src/units/limits.ts';
import { liveRows, propertyRow } from '../../../src/units/table.ts';
import type { UnitContext } from '../../../src/units/types.ts';
import { CONTEXT, makeServer } from './servers.ts';

const compile = (changes: Partial<ServerSpec> = {}, context: Partial<UnitContext> = {}) =>
  compileUnit(makeServer(changes), { ...CONTEXT, ...context });

const sentValue = (name: string, changes: Partial<ServerSpec> = {}, context: Partial<UnitContext> = {}) =>
  compile(changes, context).properties.find((property) => property.name === name)?.value;

describe('a plan', () => {
  it('is the same for the same server', () => {
    expect(compile()).toEqual(compile());
  });

  it('sends each property once, with the type of its row', () => {
    const { properties } = compile({ resources: { memoryMaxBytes: 2 ** 30, cpuWeight: 5, allowedCpus: [1] } });

    expect(new Set(properties.map(({ name }) => name)).size).toBe(properties.length);
    for (const { name, signature } of properties) expect(propertyRow(name)?.signature).toBe(signature);
  });

  it('has a live value for every live row, whatever the spec sets', () => {
    expect(compile().live.map(({ name }) => name)).toEqual(liveRows().map(({ name }) => name));
    expect(compile().live).toContainEqual({ name: 'MemoryMax', signature: 't', value: 2n ** 64n - 1n });
    expect(compile().live).toContainEqual({ name: 'MemoryLow', signature: 't', value: 0n });
  });

  it('leaves limits that the spec does not set to systemd at the start, but not the ones that the host may set', () => {
    const sent = compile().properties.map(({ name }) => name);

    expect(sent).not.toContain('MemoryMax');
    expect(sent).not.toContain('AllowedCPUs');
    expect(sent).toContain('TasksMax');
    expect(sent).toContain('CPUAccounting');
  });

  it('keeps secrets out of the properties', () => {
    const { properties, environmentFile } = compile({ environment: { TOKEN: 's3cret' } });

    expect(environmentFile.text).toContain('TOKEN="s3cret"\n');
    expect(properties.map(({ value }) => String(value)).join()).not.toContain('s3cret');
  });

  it('names the environment file as a pattern that matches only it', () => {
    const file = (sentValue('EnvironmentFiles', {}, { environmentDirectory: '/run/a[1]*' }) as [string, boolean][])[0];

    expect(file?.[0]).toMatch(/^\/run\/a\\\[1\\\]\\\*\/[0-9a-f]{64}\.env$/);
    expect(file?.[1]).toBe(false);
    expect(compile({}, { environmentDirectory: '/run/a[1]*' }).environmentFile.path).toMatch(/^\/run\/a\[1\]\*\//);
  });

  it('allows no swap where memory is limited, unless the spec does', () => {
    expect(sentValue('MemorySwapMax', { resources: { memoryMaxBytes: 2 ** 30 } })).toBe(0n);
    expect(sentValue('MemorySwapMax', { resources: { memoryMaxBytes: 2 ** 30, memorySwapMaxBytes: 5 } })).toBe(5n);
    expect(sentValue('MemorySwapMax', { resources: { memoryHighBytes: 2 ** 30 } })).toBeUndefined();
  });

  it('looks for bare names only, in absolute directories only', () => {
    const environment = { PATH: '/a/../b//c:.:rel::/b/c:/evil\nExecStartPre=/x:/d' };

    expect(sentValue('ExecSearchPath', { command: ['/bin/x'], environment })).toBeUndefined();
    expect(sentValue('ExecSearchPath', { command: ['x'], environment })).toEqual(['/b/c', '/d']);
  });

  it('never gives systemd a timeout of 0, which it takes as none', () => {
    expect(sentValue('TimeoutStopUSec', { terminationGracePeriodMs: 0 })).toBe(1n);
  });

  it('names no specification where its file is gone', () => {
    expect(sentValue('Documentation', {}, { specPath: '' })).toBeUndefined();
  });

  it('leaves no name at the end of a line that systemd stores', () => {
    expect(sentValue('Description', { name: 'a\\' })).toBe('a\\ (hublet server)');
  });
});

describe('for a user manager', () => {
  it('no User= is sent, and PrivateUsers= where the sandbox mounts anything', () => {
    const sandbox = { privateTmp: false, noNewPrivileges: true, readOnlyPaths: [], readWritePaths: [] };

    expect(sentValue('User', {}, { isUserMode: true })).toBeUndefined();
    expect(sentValue('PrivateUsers', {}, { isUserMode: true })).toBe(true);
    expect(sentValue('PrivateUsers', { sandbox }, { isUserMode: true })).toBeUndefined();
    expect(sentValue('PrivateUsers')).toBeUndefined();
    expect(sentValue('User')).toBe('alice');
  });
});

it.each([
  [1.15, 1_150_000n],
  [0.005, 5000n],
  [0.5, 500_000n],
  [4.35, 4_350_000n],
  [100_000, 100_000_000_000n],
])('%d cores are exactly %d microseconds a second', (cores, usec) => {
  expect(cpuQuotaUsec(cores)).toBe(usec);
});
