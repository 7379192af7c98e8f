import { describe, expect, test } from 'vitest';
import { compareRows, isShown, nextSort, PLAIN_WISH, parseWish } from '../../../src/page/list.ts';
import type { RowKeys } from '../../../src/page/row.ts';

function keys(name: string, fields: Partial<RowKeys> = {}): RowKeys {
  return { name, phase: 'Ready', state: 9, cpu: 0, memory: 0, restarts: 0, up: 0, event: 0, text: name, ...fields };
}

function wish(query: string) {
  return parseWish(new URLSearchParams(query));
}

describe('the address', () => {
  test('says what is shown and in what order', () => {
    expect(wish('q=Al&phase=BackOff&sort=-cpu')).toEqual({
      text: 'Al',
      phase: 'BackOff',
      column: 'cpu',
      isDescending: true,
    });
  });

  test('of whose buttons were pressed says it twice: the last word counts', () => {
    expect(wish('sort=cpu&phase=Ready&sort=-memory&phase=')).toMatchObject({ column: 'memory', phase: undefined });
  });

  test.each(['', 'sort=nonsense', 'sort=-', 'phase=<script>', 'sort=__proto__'])('%s is the plain list', (query) => {
    expect(wish(query)).toEqual(PLAIN_WISH);
  });
});

describe('the filter', () => {
  test('wants every word, in whatever case and order', () => {
    const row = keys('alice', { text: 'alice class notebook ready' });
    expect(isShown(row, wish('q=Notebook+ALI'))).toBe(true);
    expect(isShown(row, wish('q=notebook+bob'))).toBe(false);
    expect(isShown(row, wish('q=++'))).toBe(true);
  });

  test('may want one phase alone', () => {
    expect(isShown(keys('a'), wish('phase=Ready'))).toBe(true);
    expect(isShown(keys('a'), wish('phase=Failed'))).toBe(false);
  });
});

describe('the order', () => {
  const rows = [keys('b', { cpu: 1, state: 9 }), keys('c', { cpu: 3, state: 0 }), keys('a', { cpu: 1, state: 9 })];
  const names = (query: string) => rows.toSorted((a, b) => compareRows(a, b, wish(query))).map(({ name }) => name);

  test('is what needs a person first, then by name', () => {
    expect(names('')).toEqual(['c', 'a', 'b']);
  });

  test('is by any column, equal ones by name whichever way', () => {
    expect(names('sort=cpu')).toEqual(['a', 'b', 'c']);
    expect(names('sort=-cpu')).toEqual(['c', 'a', 'b']);
    expect(names('sort=-name')).toEqual(['c', 'b', 'a']);
  });

  test('turns round where a column is asked for again, and begins with the largest amounts', () => {
    expect(nextSort('cpu', wish(''))).toBe('-cpu');
    expect(nextSort('cpu', wish('sort=-cpu'))).toBe('cpu');
    expect(nextSort('name', wish(''))).toBe('name');
    expect(nextSort('state', wish(''))).toBe('-state');
  });
});
