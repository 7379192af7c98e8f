import { describe, expect, it } from 'vitest';
import { parseUnitProperties, type UnitProperties } from '../../../src/units/unitProperties.ts';
import { parseSystemdVersion, unsupportedProblem, unsupportedProperties } from '../../../src/units/versions.ts';

const missing = (texts: UnitProperties, version: string) => {
  const parsed = parseUnitProperties(texts, { memoryBytes: 2 ** 30 });
  return parsed.kind === 'properties' ? unsupportedProperties(parsed.properties, version) : [];
};

describe("systemd's version", () => {
  it.each([
    ['252.39-1~deb12u2', 252],
    ['257', 257],
    ['v258~rc2-1', 258],
    ['systemd 254 (254.5-1)', 254],
    ['260.1', 260],
    ['', undefined],
    ['devel', undefined],
    ['20251122', undefined],
  ])('%s is %s', (text, version) => {
    expect(parseSystemdVersion(text)).toBe(version);
  });
});

describe('a property that this systemd lacks', () => {
  it('is named with the systemd that has it', () => {
    const found = missing({ MemoryZSwapMax: '1G', Nice: '5', PrivateUsers: 'identity' }, '252.39-1~deb12u2');

    expect(found).toEqual([
      { property: 'MemoryZSwapMax', path: 'spec.unitProperties.MemoryZSwapMax', since: 253 },
      { property: 'PrivateUsersEx', path: 'spec.unitProperties.PrivateUsers', since: 257 },
    ]);
    expect(unsupportedProblem(found, '252.39-1~deb12u2')).toBe(
      'spec.unitProperties.MemoryZSwapMax needs systemd 253, spec.unitProperties.PrivateUsers needs systemd 257, and this host has 252: leave it out, or upgrade systemd',
    );
  });

  it('is called by its field where it has one', () => {
    const search = { name: 'ExecSearchPath', signature: 'as', value: ['/bin'] };

    expect(unsupportedProperties([search, search], '249')).toEqual([
      { property: 'ExecSearchPath', path: 'spec.extraPaths', since: 250 },
    ]);
  });

  it('is none in a newer one, nor where the version is not known', () => {
    expect(missing({ MemoryZSwapMax: '1G', PrivateUsers: 'identity' }, '257.8')).toEqual([]);
    expect(missing({ MemoryZSwapMax: '1G' }, '')).toEqual([]);
    expect(missing({ PrivateUsers: 'yes' }, '252')).toEqual([]);
    expect(unsupportedProblem([], '252')).toBeUndefined();
  });
});
