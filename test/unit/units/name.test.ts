import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapedName, serverFileId, unescapedName, unitName } from '../../../src/units/name.ts';

/** Server names as the schema takes them. */
const names = fc
  .string({ unit: 'grapheme', minLength: 1, maxLength: 128 })
  .filter((name) => name.isWellFormed() && Buffer.byteLength(name) <= 128 && !/^\.|[/~\p{Cc}]/u.test(name));

describe('the name of a unit', () => {
  it.each([
    ['alice', 'hublet-alice.service'],
    ['a.b-c_D9', 'hublet-a.b-c_D9.service'],
    ['a b', 'hublet-a\\x20b.service'],
    ['a@b%', 'hublet-a\\x40b\\x25.service'],
    ['Zoë', 'hublet-Zo\\xc3\\xab.service'],
    ['a\\x20b', 'hublet-a\\x5cx20b.service'],
  ])('of %j is %s', (name, unit) => {
    expect(unitName(name)).toBe(unit);
  });

  it('is cut between escapes where it is too long, and ends in the hash of the name', () => {
    const unit = unitName(`a${'é'.repeat(60)}`);

    expect(unit).toBe(
      `hublet-a${'\\xc3\\xa9'.repeat(19)}\\x7e${serverFileId(`a${'é'.repeat(60)}`).slice(0, 16)}.service`,
    );
  });

  it.each(['', 'a', 'ab', 'abc'])('is never cut inside an escape, with %j before them', (start) => {
    expect(unitName(`${start}${'é'.repeat(60)}`)).toMatch(
      /^hublet-[a-c]*(?:\\x[0-9a-f]{2}){38,39}[0-9a-f]{16}\.service$/,
    );
  });

  it('stays whole at 200 bytes and is cut at 201', () => {
    expect(unitName(`${'é'.repeat(23)}a`)).toHaveLength(200);
    expect(unitName(`${'é'.repeat(23)}a`)).not.toContain('\\x7e');
    expect(unitName(`${'é'.repeat(23)}aa`)).toContain('\\x7e');
  });

  it('is what systemd takes as one: ASCII, at most 200 bytes', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(unitName(name)).toMatch(/^hublet-(?:[A-Za-z0-9_.-]|\\x[0-9a-f]{2})+\.service$/);
        expect(unitName(name).length).toBeLessThanOrEqual(200);
      }),
    );
  });

  it('differs for any two different names, long ones with a common beginning too', () => {
    const long = names.map((end) => `${'é'.repeat(50)}${end}`);
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(names, long), { minLength: 2, maxLength: 20 }), (some) => {
        expect(new Set(some.map(unitName)).size).toBe(some.length);
      }),
    );
  });
});

describe('an escaped name', () => {
  it('gives the name back', () => {
    fc.assert(
      fc.property(names, (name) => {
        expect(unescapedName(escapedName(name))).toBe(name);
      }),
    );
  });

  it.each(['', 'a b', '\\x', '\\x4', '\\xZZ', '\\x41', '\\xff', 'ä'])('is not %j', (text) => {
    expect(unescapedName(text)).toBeUndefined();
  });
});

it('a file id is the SHA-256 of the name in hex', () => {
  expect(serverFileId('alice')).toBe('2bd806c97f0e00af1a1fc3328fa763a9269723c8db8fac4f93af71db186d6e90');
});
