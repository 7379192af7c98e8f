import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  formatCores,
  formatCpus,
  formatDuration,
  formatSize,
  parseCores,
  parseCpus,
  parseDurationMs,
  parseSizeBytes,
  QuantityError,
} from '../../../src/spec/quantities.ts';

describe('sizes', () => {
  it.each([
    ['512M', 512 * 1024 ** 2],
    ['1.5G', 1.5 * 1024 ** 3],
    ['2Gi', 2 * 1024 ** 3],
    ['2GiB', 2 * 1024 ** 3],
    ['100KB', 100 * 1024],
    ['1T', 1024 ** 4],
    ['4096', 4096],
    ['4096B', 4096],
    [4096, 4096],
    ['0.3K', 307],
    ['0', 0],
  ])('reads %s as %d bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each(['', 'lots', '-1', '1e9', '512 M', '1.5', 'M', '99999999T', '9007199254740992', 'NaN', '1.G', '0x10'])(
    'refuses %j',
    (text) => {
      expect(() => parseSizeBytes(text)).toThrow(QuantityError);
    },
  );

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 1.5, 2 ** 53])('refuses the number %d', (value) => {
    expect(() => parseSizeBytes(value)).toThrow(QuantityError);
  });

  it('says what to write for a unit in lower case', () => {
    expect(() => parseSizeBytes('512m')).toThrow('"512m" is not a size: write 512M');
  });

  it('reads back every size that it writes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (bytes) => parseSizeBytes(formatSize(bytes)) === bytes));
  });

  it('writes the largest unit that is exact', () => {
    expect([0, 1, 1024, 1536 * 1024 ** 2, 2 * 1024 ** 3, 1000].map(formatSize)).toEqual([
      '0',
      '1',
      '1K',
      '1536M',
      '2G',
      '1000',
    ]);
  });
});

describe('durations', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['5m', 300_000],
    ['1h30m', 5_400_000],
    ['2d1ms', 172_800_001],
    ['45', 45_000],
    [45, 45_000],
    ['0s', 0],
  ])('reads %s as %d ms', (text, durationMs) => {
    expect(parseDurationMs(text)).toBe(durationMs);
  });

  it.each(['', 'soon', '-1s', '1.5s', '30m1h', '1h1h', '10 s', '1y', '9007199254740992ms', '999999999999999999d'])(
    'refuses %j',
    (text) => {
      expect(() => parseDurationMs(text)).toThrow(QuantityError);
    },
  );

  it('reads back every duration that it writes', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (ms) => parseDurationMs(formatDuration(ms)) === ms));
  });
});

describe('cores', () => {
  it.each([
    ['0.5', 0.5],
    ['2', 2],
    ['500m', 0.5],
    ['1150m', 1.15],
    [1.15, 1.15],
    ['0.005', 0.005],
    ['5m', 0.005],
    ['0.001', 0.001],
  ])('reads %s as %d cores', (text, cores) => {
    expect(parseCores(text)).toBe(cores);
  });

  it.each(['', '0', '0.0009', '-1', 'two', '1e3', '0.5m', '100001', 0, -2, Number.NaN, 1e-9, 1e300])(
    'refuses %j',
    (value) => {
      expect(() => parseCores(value)).toThrow(QuantityError);
    },
  );

  it('reads back every number of cores that it writes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1000, max: 100_000_000_000 }), (micros) => {
        const cores = micros / 1_000_000;
        return parseCores(formatCores(cores)) === cores;
      }),
    );
  });
});

describe('lists of CPUs', () => {
  it.each<[string | number, number[]]>([
    ['0-3,5', [0, 1, 2, 3, 5]],
    ['5,1,1,0-1', [0, 1, 5]],
    ['0, 2', [0, 2]],
    ['4-6,0-2,1-4,5', [0, 1, 2, 3, 4, 5, 6]],
    [`${'0-8191,'.repeat(8_000)}7`, Array.from({ length: 8192 }, (_, cpu) => cpu)],
    [3, [3]],
  ])('reads %.20s in order and without duplicates', (text, cpus) => {
    expect(parseCpus(text)).toEqual(cpus);
  });

  it.each(['', '3-1', 'all', '1-', ',', '0-99999', -1, 1.5])('refuses %j', (value) => {
    expect(() => parseCpus(value)).toThrow(QuantityError);
  });

  it('reads back every list that it writes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(8191), { minLength: 1 }), (numbers) => {
        const cpus = numbers.sort((a, b) => a - b);
        expect(parseCpus(formatCpus(cpus))).toEqual(cpus);
      }),
    );
  });
});

it('throws nothing but its own error, whatever the text', () => {
  const parsers = [parseSizeBytes, parseDurationMs, parseCores, parseCpus];
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.double(), fc.stringMatching(/^[0-9.dhmsKMGTiB,-]*$/)), (value) => {
      for (const parse of parsers) {
        try {
          parse(value);
        } catch (error) {
          expect(error).toBeInstanceOf(QuantityError);
        }
      }
    }),
  );
});
