import { describe, expect, it } from 'vitest';
import {
  parseHasSwap,
  parseHierarchy,
  parseKernelConfig,
  parseNumber,
  parseOpenFilesLimit,
  parsePortList,
  parsePortPair,
} from '../../../src/doctor/parse.ts';

const V2 = '26 23 0:24 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate';
const TMPFS = '31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755';
const V1 = '32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu';
const BESIDE = '41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw';

describe('how cgroups are mounted', () => {
  it.each([
    ['unified', [V2]],
    ['unified', ['22 1 8:1 / / rw - ext4 /dev/vda1 rw', V2]],
    ['hybrid', [TMPFS, V1, BESIDE]],
    ['legacy', [TMPFS, V1]],
    ['none', [TMPFS]],
    ['none', []],
  ])('is %s', (hierarchy, lines) => {
    expect(parseHierarchy(`${lines.join('\n')}\n`, '/sys/fs/cgroup')).toBe(hierarchy);
  });

  it('is what the last mount at the place says', () => {
    expect(parseHierarchy([TMPFS, V2].join('\n'), '/sys/fs/cgroup')).toBe('unified');
  });
});

describe('small files of the kernel', () => {
  it('options of its build', () => {
    const config = parseKernelConfig('# Linux\nCONFIG_PSI=y\n# CONFIG_CFS_BANDWIDTH is not set\nCONFIG_EXT4_FS=m\n');

    expect([config.get('PSI'), config.get('CFS_BANDWIDTH'), config.get('EXT4_FS')]).toEqual(['y', undefined, 'm']);
  });

  it('the hard limit of open files', () => {
    const line = (hard: string) =>
      `Limit  Soft Limit  Hard Limit  Units\nMax open files            1024        ${hard}    files\n`;

    expect(parseOpenFilesLimit(line('524288'))).toBe(524_288);
    expect(parseOpenFilesLimit(line('unlimited'))).toBe(Number.POSITIVE_INFINITY);
    expect(parseOpenFilesLimit('')).toBeUndefined();
  });

  it('numbers, and what is none', () => {
    expect([parseNumber('128\n'), parseNumber('max'), parseNumber(undefined)]).toEqual([128, undefined, undefined]);
  });

  it('ranges of ports', () => {
    expect(parsePortPair('32768\t60999\n')).toEqual({ first: 32_768, last: 60_999 });
    expect(parsePortPair(undefined)).toBeUndefined();
    expect(parsePortList('8080,9148-9150\n')).toEqual([
      { first: 8080, last: 8080 },
      { first: 9148, last: 9150 },
    ]);
    expect(parsePortList('\n')).toEqual([]);
  });

  it('whether there is swap', () => {
    const heading = 'Filename  Type  Size  Used  Priority\n';

    expect(parseHasSwap(heading)).toBe(false);
    expect(parseHasSwap(`${heading}/swapfile  file  2097148  0  -2\n`)).toBe(true);
    expect(parseHasSwap(undefined)).toBeUndefined();
  });
});
