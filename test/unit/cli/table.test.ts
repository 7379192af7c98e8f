import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { printable, renderTable, textWidth } from '../../../src/cli/table.ts';

describe('textWidth', () => {
  it.each([
    ['abc', 3],
    ['日本', 4],
    ['é', 1],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['\x1b[31mred\x1b[39m', 3],
    ['', 0],
  ])('of %j is %d', (text, width) => {
    expect(textWidth(text)).toBe(width);
  });
});

describe('renderTable', () => {
  it('aligns columns of any script, coloured or not, without blanks at the end', () => {
    expect(
      renderTable([
        ['NAME', 'PHASE', 'X'],
        ['日本', '\x1b[32mReady\x1b[39m', ''],
        ['a', 'BackOff', 'y'],
      ]),
    ).toBe('NAME   PHASE     X\n日本   \x1b[32mReady\x1b[39m\na      BackOff   y\n');
  });

  it('keeps the columns of an earlier table', () => {
    expect(renderTable([['a', 'b']], { minWidths: [4] })).toBe('a      b\n');
  });

  it('is empty for no rows', () => {
    expect(renderTable([])).toBe('');
  });

  it('gives every row a line of its own, whatever foreign text is in it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })), { minLength: 1 }),
        (rows) => {
          const lines = renderTable(rows.map((row) => row.map(printable))).split('\n');
          expect(lines).toHaveLength(rows.length + 1);
        },
      ),
    );
  });
});

describe('printable', () => {
  it('takes the power over a terminal from foreign text', () => {
    expect(printable('a\x1b[2Jb\r\n\u202ec')).toBe('a\\x1b[2Jb\\x0d\\x0a\\u{202e}c');
  });

  it('leaves letters of any script alone', () => {
    expect(printable('Jürgen 日本 👩')).toBe('Jürgen 日本 👩');
  });
});
