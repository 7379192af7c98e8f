import type { Clock } from '../clock.ts';
import { type Row, renderRow } from './row.ts';
import type { PageServer, PageSnapshot } from './types.ts';

/** Longest stretch of drawing before others get their turn. */
const SLICE_MS = 5;
const MINUTE_MS = 60_000;

/** What a row was drawn from: the same again, and it looks the same. */
interface Basis {
  readonly server: PageServer;
  readonly historyVersion: number;
  /** Ages are told in minutes. */
  readonly minute: number;
}

/** Rows of the table as they were last drawn. */
export class RowCache {
  readonly #clock: Clock;
  #drawn = new Map<string, { readonly basis: Basis; readonly row: Row }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All rows of this snapshot; those that changed are drawn anew, a few milliseconds at a time. */
  async draw(snapshot: PageSnapshot): Promise<readonly Row[]> {
    const drawn = new Map<string, { readonly basis: Basis; readonly row: Row }>();
    let untilMs = this.#clock.monotonicMs() + SLICE_MS;
    for (const server of snapshot.servers) {
      const { historyVersion, nowMs } = snapshot;
      const basis = { server, historyVersion, minute: Math.floor(nowMs / MINUTE_MS) };
      const before = this.#drawn.get(server.name);
      const isSame = before !== undefined && isSameBasis(before.basis, basis);
      drawn.set(server.name, { basis, row: isSame ? before.row : renderRow(server, nowMs) });
      if (this.#clock.monotonicMs() < untilMs) continue;
      await new Promise<void>((resolve) => this.#clock.after(0, resolve));
      untilMs = this.#clock.monotonicMs() + SLICE_MS;
    }
    this.#drawn = drawn;
    return this.rows();
  }

  /** As they were last drawn. */
  rows(): readonly Row[] {
    return [...this.#drawn.values()].map(({ row }) => row);
  }

  clear(): void {
    this.#drawn.clear();
  }
}

function isSameBasis(a: Basis, b: Basis): boolean {
  return (
    a.historyVersion === b.historyVersion &&
    a.minute === b.minute &&
    a.server.phase === b.server.phase &&
    a.server.conditions === b.server.conditions &&
    a.server.event === b.server.event &&
    a.server.usage?.sampledAtMs === b.server.usage?.sampledAtMs &&
    a.server.restarts === b.server.restarts &&
    a.server.oomKills === b.server.oomKills &&
    a.server.startedMs === b.server.startedMs &&
    a.server.user === b.server.user &&
    a.server.pool === b.server.pool &&
    a.server.profile === b.server.profile
  );
}
