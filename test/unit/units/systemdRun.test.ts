import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { canonicalValue } from '../../../src/units/canonical.ts';
import { PropertySyntaxError } from '../../../src/units/syntax.ts';
import { settingOf } from '../../../src/units/table.ts';

/** A byte array as `{hex}`, a 64-bit number as `"5n"`. */
type Plain = string | number | boolean | { readonly hex: string } | readonly Plain[];
type Sent = readonly (readonly [name: string, signature: string, value: Plain])[];

/** What `systemd-run -p TEXT` of systemd 252 sends to systemd, or that it sends nothing but refuses. */
const recorded = readFileSync(new URL('../../fixtures/unitProperties/systemd-run-252.jsonl', import.meta.url), 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => JSON.parse(line) as [text: string, sent: Sent | 'refused']);

describe('a setting is read as systemd-run reads it', () => {
  it('over four hundred times', () => {
    expect(recorded.length).toBeGreaterThan(400);
  });

  it.each(recorded)('%s', (text, sent) => {
    const at = text.indexOf('=');
    const setting = settingOf(text.slice(0, at));
    const read = () => setting?.read([text.slice(at + 1)], {});

    if (sent === 'refused') expect(read).toThrow(PropertySyntaxError);
    else {
      const ours = read()?.map(({ name, signature, value }) => canonical(name, signature, value));
      expect(ours?.sort()).toEqual(sent.map(([name, sign, value]) => canonical(name, sign, revived(value))).sort());
    }
  });
});

/** Masks without the zeros at their end, which mean nothing. */
function canonical(name: string, signature: string, value: unknown): string {
  if (!(value instanceof Uint8Array)) return canonicalValue([name, signature, value]);
  const hex = Buffer.from(value)
    .toString('hex')
    .replace(/(?:00)+$/, '');
  return canonicalValue([name, signature, Buffer.from(hex, 'hex')]);
}

function revived(value: Plain): unknown {
  if (typeof value === 'string' && /^\d+n$/.test(value)) return BigInt(value.slice(0, -1));
  if (Array.isArray(value)) return value.map(revived);
  return typeof value === 'object' && 'hex' in value ? Buffer.from(value.hex, 'hex') : value;
}
