import { randomBytes } from 'node:crypto';
import type { Html } from './html.ts';

interface Item {
  readonly markup: string;
  /** The revision that brought it. */
  readonly revision: number;
}

/** What a reader's document needs to show what the board has. Goes out as JSON. */
export interface BoardChange {
  /** Markup by the id of the element that it replaces, or that it is where there is none of that id. */
  readonly set: Readonly<Record<string, string>>;
  /** Ids of rows that are no more. */
  readonly gone?: readonly string[];
  /** All rows there are, for a reader who may have missed that one went. */
  readonly rows?: readonly string[];
}

/**
 * What a page shows now, by element, and since which revision: readers at any revision get what is newer, and nothing is
 * kept for each of them.
 */
export class Board {
  /** Another one for each board: revisions of one mean nothing to another. */
  readonly #name = randomBytes(6).toString('hex');
  readonly #items = new Map<string, Item>();
  #revision = 0;
  /** What went with the newest revision. */
  #gone: readonly string[] = [];

  /** Names what it shows now. */
  get id(): string {
    return `${this.#name}.${this.#revision}`;
  }

  /** Shows these and nothing else from now on. A new revision only where something differs. */
  update(items: ReadonlyMap<string, Html>): void {
    const next = this.#revision + 1;
    const gone = [...this.#items.keys()].filter((id) => !items.has(id));
    for (const id of gone) this.#items.delete(id);
    let isChanged = gone.length > 0;
    for (const [id, { text }] of items) {
      if (this.#items.get(id)?.markup === text) continue;
      this.#items.set(id, { markup: text, revision: next });
      isChanged = true;
    }
    if (!isChanged) return;
    this.#revision = next;
    this.#gone = gone;
  }

  /** What is newer than it showed under that id; undefined: nothing. No id, or one of another board, gets everything. */
  since(id: string | undefined): BoardChange | undefined {
    if (id === this.id) return undefined;
    const revision = this.#revisionOf(id);
    const newer = [...this.#items].filter(([, item]) => revision === undefined || item.revision > revision);
    const set = Object.fromEntries(newer.map(([key, { markup }]) => [key, markup]));
    if (revision === this.#revision - 1) return this.#gone.length === 0 ? { set } : { set, gone: this.#gone };
    return { set, rows: [...this.#items.keys()].filter((key) => key.startsWith('row-')) };
  }

  #revisionOf(id: string | undefined): number | undefined {
    const [name, revision = ''] = id?.split('.', 2) ?? [];
    return name === this.#name && /^\d{1,15}$/.test(revision) ? Number(revision) : undefined;
  }
}
