import { describe, expect, it } from 'vitest';
import { propertyRow, propertyRows, settingOf } from '../../../src/units/table.ts';

const INFINITY = 2n ** 64n - 1n;

const read = (name: string, text: string): unknown => settingOf(name)?.read([text], {})[0]?.value;

describe('the property table', () => {
  it('has one row a property', () => {
    const names = propertyRows().map(({ name }) => name);

    expect(new Set(names).size).toBe(names.length);
    expect(propertyRow('NoSuchProperty')).toBeUndefined();
  });

  it.each<[string, string, unknown]>([
    ['MemoryMax', '512M', 512n * 1024n ** 2n],
    ['MemoryMax', '1.5G', 1536n * 1024n ** 2n],
    ['MemoryMax', 'infinity', INFINITY],
    ['MemoryMax', '0.1K', 102n],
    ['TasksMax', '64', 64n],
    ['TasksMax', 'infinity', INFINITY],
    ['CPUQuota', '115%', 1_150_000n],
    ['CPUQuota', '0.5%', 5000n],
    ['CPUQuota', '', INFINITY],
    ['CPUWeight', '200', 200n],
    ['CPUWeight', 'idle', 0n],
    ['CPUWeight', '', INFINITY],
    ['PrivateTmp', 'yes', true],
    ['PrivateTmp', 'Off', false],
    ['TimeoutStopSec', '1min 30s', 90_000_000n],
    ['TimeoutStopSec', '1h5m', 3_900_000_000n],
    ['TimeoutStopSec', '500ms', 500_000n],
    ['TimeoutStopSec', '30', 30_000_000n],
    ['TimeoutStopSec', 'infinity', INFINITY],
    ['ReadOnlyPaths', '', []],
    [
      'ReadOnlyPaths',
      ' /a  "/b c"\t\'/it"s\' /d\\ e "/x\\"y" "/it\'s"',
      ['/a', '/b c', '/it"s', '/d e', '/x"y', "/it's"],
    ],
    ['AllowedCPUs', '0-3,9', Buffer.from([0x0f, 0x02])],
    ['AllowedCPUs', '0 2', Buffer.from([0x05])],
    ['AllowedCPUs', '', Buffer.alloc(0)],
  ])('reads %s=%s as a unit file does', (name, text, value) => {
    expect(read(name, text)).toEqual(value);
  });

  it.each([
    ['MemoryMax', 'lots'],
    ['MemoryMax', '-1'],
    ['TasksMax', '1.5'],
    ['CPUQuota', '0%'],
    ['CPUQuota', '115'],
    ['CPUWeight', '0'],
    ['CPUWeight', '10001'],
    ['PrivateTmp', 'maybe'],
    ['TimeoutStopSec', ''],
    ['TimeoutStopSec', '5 parsecs'],
    ['ReadOnlyPaths', '"/a'],
    ['AllowedCPUs', '3-1'],
  ])('refuses %s=%s and says what is expected', (name, text) => {
    expect(() => read(name, text)).toThrow(expect.objectContaining({ name: 'PropertySyntaxError' }));
  });
});
