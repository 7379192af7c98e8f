import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseScale, parseSize } from '../../../src/units/syntax/amounts.ts';
import { parseCommands } from '../../../src/units/syntax/commands.ts';
import { parseAddresses } from '../../../src/units/syntax/network.ts';
import { CAPABILITIES, parseCapabilities } from '../../../src/units/syntax/sets.ts';
import { parseSignal } from '../../../src/units/syntax/signals.ts';
import { parseTimespan } from '../../../src/units/syntax/times.ts';
import { parseEscapedWords, parseWords } from '../../../src/units/syntax/words.ts';
import { allSettings } from '../../../src/units/table.ts';

/** Any word that a unit file can hold: no NUL, and Unicode. */
const word = fc.string({ unit: 'binary', minLength: 0, maxLength: 20 }).filter((text) => !text.includes('\0'));
const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;

describe('words', () => {
  it('come back from quotes as they were', () => {
    fc.assert(
      fc.property(fc.array(word), (words) => {
        expect(parseWords(words.map(quoted).join('  '))).toEqual(words);
        expect(parseEscapedWords(words.map(quoted).join('\t'))).toEqual(words);
      }),
    );
  });

  it('come back from bytes written as escapes', () => {
    fc.assert(
      fc.property(word.filter(Boolean), (text) => {
        const escaped = [...Buffer.from(text)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('');
        expect(parseEscapedWords(escaped)).toEqual([text]);
      }),
    );
  });
});

describe('a command', () => {
  it('has the arguments that it was written with', () => {
    fc.assert(
      fc.property(fc.array(word), (args) => {
        expect(parseCommands(['/bin/x', ...args.map(quoted)].join(' '))).toEqual([
          { program: '/bin/x', argv: ['/bin/x', ...args], ignoresFailure: false, privilege: undefined },
        ]);
      }),
    );
  });
});

describe('amounts', () => {
  it('of time are the sum of their parts', () => {
    const units = { us: 1n, ms: 1000n, s: 1_000_000n, min: 60_000_000n, h: 3_600_000_000n, days: 86_400_000_000n };
    const part = fc.tuple(fc.nat(100_000), fc.constantFrom(...(Object.keys(units) as (keyof typeof units)[])));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1 }), fc.constantFrom('', ' '), (parts, blank) => {
        const sum = parts.reduce((total, [count, unit]) => total + BigInt(count) * units[unit], 0n);
        expect(parseTimespan(parts.map(([count, unit]) => `${count}${unit}`).join(blank))).toBe(sum);
      }),
    );
  });

  it('of bytes are what they say', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom('', 'K', 'M', 'G'), (count, unit) => {
        expect(parseSize(`${count}${unit}`)).toBe(BigInt(count) * 1024n ** BigInt(['', 'K', 'M', 'G'].indexOf(unit)));
      }),
    );
  });

  it('in percent grow with the percentage', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(100), (a, b) => {
        expect(Math.sign(parseScale(`${a}%`) - parseScale(`${b}%`))).toBe(Math.sign(a - b));
      }),
    );
    expect(parseScale('100%')).toBe(2 ** 32 - 1);
  });
});

describe('sets', () => {
  it('of capabilities have each bit that was named, or all others', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(CAPABILITIES.length - 1), { minLength: 1 }), (numbers) => {
        const names = numbers.map((number) => CAPABILITIES[number]).join(' ');
        const bits = numbers.reduce((sum, number) => sum | (1n << BigInt(number)), 0n);
        expect(parseCapabilities([names], 0n)).toBe(bits);
        expect(parseCapabilities([`~${names}`], 2n ** 64n - 1n)).toBe(2n ** 64n - 1n - bits);
      }),
    );
  });

  it('of addresses keep only the bits of the prefix', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(32), (address, length) => {
        const [[family, bytes, bits] = [0, Buffer.alloc(0), 0]] = parseAddresses(`${address}/${length}`);
        const all = address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
        const mask = (2n ** 32n - 1n) ^ (2n ** BigInt(32 - length) - 1n);
        expect([family, BigInt(`0x${bytes.toString('hex')}`), bits]).toEqual([2, all & mask, length]);
      }),
    );
    fc.assert(
      fc.property(fc.ipV6(), (address) => {
        const [[family, bytes] = [0, Buffer.alloc(0)]] = parseAddresses(address);
        expect([family, bytes.length]).toEqual([10, 16]);
        expect(new URL(`http://[${address}]`).hostname).toBe(new URL(`http://[${fullText(bytes)}]`).hostname);
      }),
    );
  });

  it('of signals have one number for each way to write it', () => {
    for (const name of ['HUP', 'INT', 'QUIT', 'TERM', 'SYS', 'RTMIN+3', 'RTMAX-1']) {
      expect(parseSignal(name)).toBe(parseSignal(`SIG${name}`));
      expect(parseSignal(String(parseSignal(name)))).toBe(parseSignal(name));
    }
    expect(['SYS', 'IO', 'RTMIN', 'RTMAX'].map(parseSignal)).toEqual([31, 29, 34, 64]);
  });
});

describe('any text', () => {
  it('is read or refused by every setting, never more', () => {
    const settings = allSettings();
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', 'yes', '1', '~', ':', '-', '5%', '/a:/b', 'a'),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), fc.nat(settings.length - 1), (texts, index) => {
        try {
          settings[index]?.read(texts, { memoryBytes: 2 ** 31 });
        } catch (err) {
          expect((err as Error).name).toBe('PropertySyntaxError');
          expect((err as Error).message).not.toBe('');
        }
      }),
      { numRuns: 5000 },
    );
  });
});

function fullText(bytes: Buffer): string {
  return (bytes.toString('hex').match(/.{4}/g) ?? []).join(':');
}
