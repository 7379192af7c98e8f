/**
 * The pages for people: what they show is taken from one snapshot, made at most once a second whoever asks, and rows are
 * drawn again only where something about them changed, in slices that leave the loop its turn.
 */
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { type Assets, readAssets } from './assets.ts';
import { Board } from './board.ts';
import { type Html, html } from './html.ts';
import { PAGE_POLICY, renderLayout } from './layout.ts';
import { parseWish } from './list.ts';
import { overviewBody, overviewRegions } from './overview.ts';
import type { Row } from './row.ts';
import { RowCache } from './rowCache.ts';
import { goneRegions, serverBody, serverRegions } from './serverPage.ts';
import { LiveStream, type Sink } from './stream.ts';
import type { PageSnapshot } from './types.ts';

export interface SiteOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly snapshot: () => PageSnapshot;
}

export interface Site {
  /** The page of all servers, filtered and ordered as its address says. */
  overview(query: URLSearchParams): Promise<string>;
  /** Undefined: there is no such server. */
  server(name: string): Promise<string | undefined>;
  /** What is said where there is no such page. */
  missing(): string;
  readonly assets: Assets;
  readonly policy: string;
  /** Events for a page: of all servers, or of the one named. False: too many readers already, nothing was done. */
  follow(server: string | undefined, lastId: string | undefined, sink: Sink): boolean;
  /** Nobody more can follow now. */
  isFull(): boolean;
  /** Ends what is followed. */
  endAll(): void;
}

/** A snapshot serves everybody who asks within this time. */
const FRESH_MS = 900;
/** After this time without a reader what was drawn is forgotten. */
const KEEP_MS = 60_000;
const SERVER_BOARDS_MAX = 64;
const ALL = '';

export function createSite(options: SiteOptions): Site {
  const assets = readAssets();
  return new LiveSite(options, assets);
}

interface Fresh {
  readonly snapshot: PageSnapshot;
  readonly atMs: number;
}

class LiveSite implements Site {
  readonly assets: Assets;
  readonly policy = PAGE_POLICY;
  readonly #options: SiteOptions;
  readonly #stream: LiveStream;
  readonly #rows: RowCache;
  readonly #boards = new Map<string, Board>();
  #fresh: Fresh | undefined;
  #drawing: Promise<readonly Row[]> | undefined;
  #cancelForget: () => void = () => undefined;

  constructor(options: SiteOptions, assets: Assets) {
    const { clock, log } = options;
    this.#options = options;
    this.assets = assets;
    this.#rows = new RowCache(clock);
    this.#stream = new LiveStream({
      clock,
      log,
      board: (topic) => (topic === ALL ? this.#drawOverview() : Promise.resolve(this.#drawServer(topic.slice(1)))),
    });
  }

  async overview(query: URLSearchParams): Promise<string> {
    const board = await this.#drawOverview();
    const { snapshot } = this.#look();
    const wish = parseWish(query);
    const body = overviewBody(overviewRegions(snapshot, wish), this.#rows.rows(), wish);
    const title = `${snapshot.host.name}: ${snapshot.servers.length} servers`;
    return this.#layout(snapshot, title, `/events?since=${board.id}`, body);
  }

  async server(name: string): Promise<string | undefined> {
    const { snapshot } = this.#look();
    const server = snapshot.servers.find((one) => one.name === name);
    if (server === undefined) return undefined;
    const board = this.#drawServer(name);
    const stream = `/events?server=${encodeURIComponent(name)}&since=${board?.id ?? ''}`;
    return this.#layout(
      snapshot,
      `${name} on ${snapshot.host.name}`,
      stream,
      serverBody(serverRegions(server, snapshot.nowMs)),
    );
  }

  missing(): string {
    const { snapshot } = this.#look();
    const body = html`<section class="head rest"><h1>Not here</h1><p class="lead">There is no such page or server. <a href="/">All servers</a></p></section>`;
    return this.#layout(snapshot, 'Not here', '', body);
  }

  follow(server: string | undefined, lastId: string | undefined, sink: Sink): boolean {
    if (this.#stream.isFull) return false;
    this.#stream.join(server === undefined ? ALL : `/${server}`, lastId, sink);
    return true;
  }

  isFull(): boolean {
    return this.#stream.isFull;
  }

  endAll(): void {
    this.#stream.endAll();
    this.#cancelForget();
    this.#forget();
  }

  /** What is there now, or was a moment ago. */
  #look(): Fresh {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#fresh === undefined || nowMs - this.#fresh.atMs >= FRESH_MS) {
      this.#fresh = { snapshot: this.#options.snapshot(), atMs: nowMs };
    }
    this.#cancelForget();
    this.#cancelForget = this.#options.clock.after(KEEP_MS, () => this.#forget());
    return this.#fresh;
  }

  /** Nobody asked for a while: pages that are still open get everything when they come back. */
  #forget(): void {
    this.#fresh = undefined;
    this.#rows.clear();
    this.#boards.clear();
  }

  /** Those who ask while it is being drawn share the drawing. */
  async #drawOverview(): Promise<Board> {
    const { snapshot } = this.#look();
    this.#drawing ??= this.#rows.draw(snapshot).finally(() => {
      this.#drawing = undefined;
    });
    const rows = await this.#drawing;
    const board = this.#board(ALL);
    board.update(
      new Map<string, Html>([...overviewRegions(snapshot), ...rows.map(({ id, markup }) => [id, markup] as const)]),
    );
    return board;
  }

  /** Undefined: there is no such server and was none that anybody looks at. */
  #drawServer(name: string): Board | undefined {
    const { snapshot } = this.#look();
    const server = snapshot.servers.find((one) => one.name === name);
    const key = `/${name}`;
    if (server === undefined && !this.#boards.has(key)) return undefined;
    const board = this.#board(key);
    board.update(server === undefined ? goneRegions(name) : serverRegions(server, snapshot.nowMs));
    return board;
  }

  #board(key: string): Board {
    const known = this.#boards.get(key);
    if (known !== undefined) return known;
    const [oldest] = [...this.#boards.keys()].filter((other) => other !== ALL);
    if (this.#boards.size > SERVER_BOARDS_MAX && oldest !== undefined) this.#boards.delete(oldest);
    const board = new Board();
    this.#boards.set(key, board);
    return board;
  }

  #layout(snapshot: PageSnapshot, title: string, stream: string, body: Html): string {
    const { name, version, systemdVersion } = snapshot.host;
    return renderLayout({ title, assets: this.assets.paths, stream, hostName: name, version, systemdVersion, body });
  }
}
