import { describe, expect, it } from 'vitest';
import { readBackEqual } from '../../../src/units/readBack.ts';
import { propertyRow } from '../../../src/units/table.ts';

const INFINITY = 2n ** 64n - 1n;

function equal(name: string, sent: unknown, reported: unknown): boolean {
  const row = propertyRow(name);
  if (row === undefined) throw new Error(`no row ${name}`);
  return readBackEqual(row, sent, reported);
}

/** As systemd 252 reports them. */
describe('a property that is reported', () => {
  it.each<[string, unknown, unknown]>([
    ['Nice', 5, 5],
    ['MemoryMin', 1024n, 1024n],
    ['MemoryMin', 1024n, 1024],
    ['AllowedCPUs', Buffer.from([5]), [5, 0, 0, 0, 0, 0, 0, 0]],
    ['ProtectHome', 'yes', 'yes'],
    ['FileDescriptorStorePreserve', 'yes', 'yes'],
    ['MemoryPressureWatch', 'off', 'no'],
    ['WorkingDirectory', '-/tmp', '!/tmp'],
    ['ReadOnlyPaths', ['/b', '-/a'], ['-/a', '/b']],
    ['After', ['a.service'], ['sysinit.target', 'a.service', 'hublet.slice']],
    [
      'IOReadBandwidthMax',
      [
        ['/a', 5n],
        ['/b', 6n],
      ],
      [
        ['/b', 6n],
        ['/a', 5],
      ],
    ],
    [
      'IOReadBandwidthMax',
      [
        ['/a', 5n],
        ['/a', 6n],
        ['/b', INFINITY],
      ],
      [['/a', 6n]],
    ],
    ['IPAddressDeny', [[2, Buffer.from([10, 0, 0, 0]), 8]], [[2, Uint8Array.from([10, 0, 0, 0]), 8]]],
    ['SuccessExitStatus', [[75, 143], [15]], [[143, 75], [15]]],
    ['ExecStartPre', [['/bin/a', ['/bin/a', 'x'], true]], [['/bin/a', ['/bin/a', 'x'], true, 0n, 0n, 0n, 0n, 0, 0, 0]]],
    [
      'ExecStartPreEx',
      [['/bin/a', ['/bin/a'], ['ignore-failure', 'ambient']]],
      [['/bin/a', ['/bin/a'], ['ignore-failure'], 0n]],
    ],
    ['SystemCallFilter', [false, ['@mount']], [false, ['mount', 'umount2']]],
    ['RestrictAddressFamilies', [true, ['AF_UNIX', 'AF_INET']], [true, ['AF_INET', 'AF_UNIX']]],
    ['StandardOutputFileToAppend', '/x', ''],
    ['WatchdogUSec', 5n, INFINITY],
    ['SELinuxContext', 'x', undefined],
  ])('%s is the same: %s and %s', (name, sent, reported) => {
    expect(equal(name, sent, reported)).toBe(true);
  });

  it.each<[string, unknown, unknown]>([
    ['Nice', 5, 6],
    ['AllowedCPUs', Buffer.from([5]), [5, 1]],
    ['ProtectHome', 'yes', 'read-only'],
    ['WorkingDirectory', '-/tmp', '/tmp'],
    ['ReadOnlyPaths', ['/b', '-/a'], ['/a', '/b']],
    ['ReadOnlyPaths', ['/b'], ['/b', '/c']],
    ['After', ['a.service'], ['sysinit.target']],
    ['IOReadBandwidthMax', [['/a', 5n]], []],
    ['SuccessExitStatus', [[75], [15]], [[75], []]],
    ['ExecStartPre', [['/bin/a', ['/bin/a', 'x'], true]], [['/bin/a', ['/bin/a', 'y'], true, 0n]]],
    [
      'ExecStartPre',
      [
        ['/bin/a', ['a'], true],
        ['/bin/b', ['b'], true],
      ],
      [
        ['/bin/b', ['b'], true],
        ['/bin/a', ['a'], true],
      ],
    ],
    ['SystemCallFilter', [false, ['@mount']], [true, ['mount']]],
    ['RestrictAddressFamilies', [true, ['AF_UNIX']], [true, ['AF_INET', 'AF_UNIX']]],
  ])('%s is not the same: %s and %s', (name, sent, reported) => {
    expect(equal(name, sent, reported)).toBe(false);
  });
});
