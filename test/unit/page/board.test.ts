import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Board, type BoardChange } from '../../../src/page/board.ts';
import { Html } from '../../../src/page/html.ts';

function shown(items: Readonly<Record<string, string>>): ReadonlyMap<string, Html> {
  return new Map(Object.entries(items).map(([id, text]) => [id, new Html(text)]));
}

/** A document that does what the page's script does with a change. */
class Reader {
  readonly items = new Map<string, string>();
  id: string | undefined;

  take(change: BoardChange | undefined, id: string): void {
    this.id = id;
    if (change === undefined) return;
    for (const [key, text] of Object.entries(change.set)) this.items.set(key, text);
    for (const key of change.gone ?? []) this.items.delete(key);
    if (change.rows === undefined) return;
    for (const key of [...this.items.keys()]) {
      if (key.startsWith('row-') && !change.rows.includes(key)) this.items.delete(key);
    }
  }
}

describe('a board', () => {
  test('has nothing to tell who has it already', () => {
    const board = new Board();
    board.update(shown({ summary: 'a', 'row-x': 'b' }));
    expect(board.since(board.id)).toBeUndefined();
    const { id } = board;
    board.update(shown({ summary: 'a', 'row-x': 'b' }));
    expect(board.id).toBe(id);
  });

  test('tells what changed and what went', () => {
    const board = new Board();
    board.update(shown({ summary: 'a', 'row-x': 'b', 'row-y': 'c' }));
    const { id } = board;
    board.update(shown({ summary: 'a', 'row-y': 'd' }));
    expect(board.since(id)).toEqual({ set: { 'row-y': 'd' }, gone: ['row-x'] });
  });

  test.each([undefined, '', 'nonsense', 'of-another.1'])('tells everything to who has %s', (id) => {
    const board = new Board();
    board.update(shown({ summary: 'a', 'row-x': 'b' }));
    expect(board.since(id)).toEqual({ set: { summary: 'a', 'row-x': 'b' }, rows: ['row-x'] });
  });

  test('leaves every reader with exactly what it shows, whenever that one looks', () => {
    const content = fc.dictionary(fc.constantFrom('row-a', 'row-b', 'row-c', 'row-d'), fc.constantFrom('1', '2', '3'));
    const steps = fc.array(fc.tuple(content, fc.constantFrom('x', 'y'), fc.array(fc.nat(2))), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (states) => {
        const board = new Board();
        const readers = [new Reader(), new Reader(), new Reader()];
        for (const [rows, summary, who] of states) {
          const items = { summary, ...rows };
          board.update(shown(items));
          for (const reader of who.map((at) => readers[at] as Reader)) {
            reader.take(board.since(reader.id), board.id);
            expect(Object.fromEntries(reader.items)).toEqual({ ...items });
          }
        }
      }),
    );
  });
});
