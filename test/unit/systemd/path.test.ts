import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isOurUnitName, isUnitName, ourUnitPathPrefix, unitOfPath, unitPath } from '../../../src/systemd/path.ts';

describe('unitPath', () => {
  it.each([
    ['hublet-alice.service', '/org/freedesktop/systemd1/unit/hublet_2dalice_2eservice'],
    ['hublet-a\\x40b_c.service', '/org/freedesktop/systemd1/unit/hublet_2da_5cx40b_5fc_2eservice'],
    ['0.service', '/org/freedesktop/systemd1/unit/_30_2eservice'],
  ])('escapes %s as systemd does', (name, path) => {
    expect(unitPath(name)).toBe(path);
  });

  it('is undone by unitOfPath, and is a valid object path, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (name) => {
        fc.pre(name.isWellFormed());
        expect(unitPath(name)).toMatch(/^\/org\/freedesktop\/systemd1\/unit\/[A-Za-z0-9_]+$/);
        expect(unitOfPath(unitPath(name))).toBe(name);
      }),
    );
  });

  it('of every unit of ours begins with the prefix that is filtered by', () => {
    expect(unitPath('hublet-x.service').startsWith(ourUnitPathPrefix)).toBe(true);
    expect(unitPath('hublet.slice').startsWith(ourUnitPathPrefix)).toBe(false);
  });
});

describe('unitOfPath', () => {
  it.each([
    '/org/freedesktop/systemd1',
    '/org/freedesktop/systemd1/unit/',
    '/org/freedesktop/systemd1/unit/a_zz',
    '/a/b',
  ])('knows no unit at %s', (path) => {
    expect(unitOfPath(path)).toBeUndefined();
  });
});

describe('unit names', () => {
  it('are ours by prefix and type', () => {
    expect(isOurUnitName('hublet-a.service')).toBe(true);
    expect(isOurUnitName('hublet-gpu.slice')).toBe(false);
    expect(isOurUnitName('hublet.service')).toBe(false);
  });

  it('are possible within systemd.unit(5)', () => {
    expect(isUnitName('hublet-a\\x20b.service')).toBe(true);
    expect(isUnitName(`${'a'.repeat(247)}.service`)).toBe(true);
    expect(isUnitName(`${'a'.repeat(248)}.service`)).toBe(false);
    expect(isUnitName('hublet-a b.service')).toBe(false);
    expect(isUnitName('hublet-ä.service')).toBe(false);
    expect(isUnitName('hublet-a.target')).toBe(false);
  });
});
