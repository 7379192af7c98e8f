import { describe, expect, test } from 'vitest';
import { KnownLimits } from '../../../src/cgroup/knownLimits.ts';

const FILES = ['memory.max', 'cpu.weight'];
const WATCH = {};

/** Read once at 0, under the watch. */
function readOnce(): KnownLimits {
  const limits = new KnownLimits();
  limits.note(FILES, 0, WATCH, true);
  return limits;
}

describe('limits need no reading', () => {
  test('where the watch tells of each write, and told of none', () => {
    expect(readOnce().areAsRead(FILES, 299_999, WATCH)).toBe(true);
  });
});

describe('limits need another reading', () => {
  test('before the first, for other files, and after a write', () => {
    expect(new KnownLimits().areAsRead(FILES, 0, WATCH)).toBe(false);
    const limits = readOnce();
    expect(limits.areAsRead([...FILES], 1, WATCH)).toBe(false);
    limits.forget();
    expect(limits.areAsRead(FILES, 1, WATCH)).toBe(false);
  });

  test('where nothing tells of writes, now or when they were read, or something else does than then', () => {
    const watched = readOnce();
    expect(watched.areAsRead(FILES, 1, undefined)).toBe(false);
    expect(watched.areAsRead(FILES, 1, {})).toBe(false);
    const unwatched = new KnownLimits();
    unwatched.note(FILES, 0, undefined, true);
    expect(unwatched.areAsRead(FILES, 1, WATCH)).toBe(false);
    expect(unwatched.areAsRead(FILES, 1, undefined)).toBe(false);
  });

  test('every five minutes, whatever is told', () => {
    expect(readOnce().areAsRead(FILES, 300_000, WATCH)).toBe(false);
  });
});

test('the version is another one after each reading that found others', () => {
  const limits = readOnce();
  const first = limits.version;
  limits.note(FILES, 1, WATCH, false);
  expect(limits.version).toBe(first);
  limits.note(FILES, 2, WATCH, true);
  expect(limits.version).not.toBe(first);
});
