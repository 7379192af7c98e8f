/** Which rows are shown and in what order, as the address of the page says: the page works so without its script. */
import { PHASES, type Phase } from '../status/types.ts';
import type { RowKeys } from './row.ts';

export const COLUMNS = ['name', 'state', 'cpu', 'memory', 'restarts', 'up', 'event'] as const;
export type Column = (typeof COLUMNS)[number];

export interface ListWish {
  /** As typed; empty: all. */
  readonly text: string;
  /** Undefined: all. */
  readonly phase: Phase | undefined;
  readonly column: Column;
  readonly isDescending: boolean;
}

/** What the reader sees who asked for nothing: what needs a person on top. */
export const PLAIN_WISH: ListWish = { text: '', phase: undefined, column: 'state', isDescending: false };

const TEXT_MAX = 200;

/** The wish in a query, its last word on each thing; what makes no sense is left out. */
export function parseWish(query: URLSearchParams): ListWish {
  const last = (name: string): string => query.getAll(name).at(-1) ?? '';
  const sort = last('sort');
  const column = COLUMNS.find((known) => known === sort.replace(/^-/, ''));
  return {
    text: last('q').slice(0, TEXT_MAX),
    phase: PHASES.find((known) => known === last('phase')),
    column: column ?? PLAIN_WISH.column,
    isDescending: column !== undefined && sort.startsWith('-'),
  };
}

/** `cpu`, or `-cpu` from most to least. */
export function sortWord(column: Column, isDescending: boolean): string {
  return `${isDescending ? '-' : ''}${column}`;
}

/** What pressing a column's button asks for: the other way round where it is in use, else amounts from the largest, words from A. */
export function nextSort(column: Column, wish: ListWish): string {
  if (wish.column === column) return sortWord(column, !wish.isDescending);
  return sortWord(column, column !== 'name' && column !== 'state');
}

/** Every word of the filter stands somewhere in the row. */
export function isShown({ text, phase }: RowKeys, wish: ListWish): boolean {
  if (wish.phase !== undefined && phase !== wish.phase) return false;
  return wish.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Below 0: `a` comes first. Equal ones are in the order of their names, whichever way. */
export function compareRows(a: RowKeys, b: RowKeys, { column, isDescending }: ListWish): number {
  const [x, y] = [a[column], b[column]];
  const order = x < y ? -1 : x > y ? 1 : 0;
  if (order !== 0) return isDescending ? -order : order;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
