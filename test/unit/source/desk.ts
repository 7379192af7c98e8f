import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SourceSet, type SourceSetOptions } from '../../../src/source/set.ts';
import type { DocumentRecord } from '../../../src/source/types.ts';
import type { WatchDirectory, WatchEvents } from '../../../src/source/watcher.ts';
import { parseSpec } from '../../../src/spec/parse.ts';
import { formatProblem } from '../../../src/spec/problems.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

export const PARSER = { parse: parseSpec, formatProblem };

/** A spec's text; `command` tells one version from another. */
export function specText(name: string, command = 'sleep', more = ''): string {
  return `apiVersion: hublet/v1\nkind: Server\nmetadata: {name: ${name}}\nspec:\n  command: [${command}]\n${more}`;
}

/** A watch whose events the test makes. */
export class FakeWatch {
  readonly built: string[] = [];
  failing: Error | undefined;
  #events: WatchEvents | undefined;

  readonly watch: WatchDirectory = (path, events) => {
    this.built.push(path);
    if (this.failing !== undefined) throw this.failing;
    this.#events = events;
    events.ready();
    return { close: async () => undefined };
  };

  hint(fileName?: string): void {
    this.#events?.hint(fileName);
  }

  fail(error: Error): void {
    this.#events?.failed(error);
  }
}

/** Directories, a clock and a controller's view of them; `restart` is what a crash and a new start of the controller do. */
export class Desk {
  readonly root = mkdtempSync(join(tmpdir(), 'hublet-source-'));
  readonly specs = join(this.root, 'specs');
  readonly log = new FakeLog();
  readonly told: (string | undefined)[] = [];
  clock = new FakeClock();
  watch = new FakeWatch();
  #set: SourceSet | undefined;
  readonly #options: Partial<SourceSetOptions>;

  constructor(options: Partial<SourceSetOptions> = {}) {
    this.#options = options;
    mkdirSync(this.specs, { mode: 0o755 });
  }

  get set(): SourceSet {
    if (this.#set === undefined) throw new Error('not started');
    return this.#set;
  }

  async start(options: Partial<SourceSetOptions> = {}): Promise<this> {
    this.#set = new SourceSet({
      sources: [{ path: this.specs, ownerUid: process.getuid?.() ?? 0, prune: true }],
      stateDirectory: join(this.root, 'state'),
      bootId: 'boot',
      settings: () => ({ rescanMs: 20_000, prune: { minCount: 3, maxFraction: 0.5 } }),
      parser: PARSER,
      clock: this.clock,
      log: this.log,
      watch: this.watch.watch,
      ...this.#options,
      ...options,
    });
    this.#set.on((name) => this.told.push(name));
    await this.#set.start();
    return this;
  }

  /** The old controller just stops existing: its timers never fire again. */
  async restart(options: Partial<SourceSetOptions> = {}): Promise<this> {
    this.clock = new FakeClock();
    this.watch = new FakeWatch();
    return this.start(options);
  }

  async close(): Promise<void> {
    await this.#set?.stop();
    rmSync(this.root, { recursive: true, force: true });
  }

  path(name: string): string {
    return join(this.specs, `${name}.yaml`);
  }

  /** Writes into the file that is there, or a new one, and tells nobody. */
  writeInPlace(name: string, text: string | Buffer): void {
    writeFileSync(this.path(name), text, { mode: 0o644 });
  }

  /** A new file, renamed into place, as `hublet apply` and most editors do it; the watcher reports it. */
  replace(name: string, text: string | Buffer): void {
    const temporary = join(this.specs, `.${name}.tmp`);
    writeFileSync(temporary, text, { mode: 0o644 });
    chmodSync(temporary, 0o644);
    renameSync(temporary, this.path(name));
    this.watch.hint(`${name}.yaml`);
  }

  remove(name: string): void {
    rmSync(this.path(name));
    this.watch.hint(`${name}.yaml`);
  }

  record(name: string): DocumentRecord {
    const record = this.set.record(name);
    if (record === undefined) throw new Error(`nothing is known of ${name}`);
    return record;
  }

  /** The first word of the command in force; undefined: there is no spec. */
  command(name: string): string | undefined {
    return this.set.record(name)?.document?.spec.command?.[0];
  }

  deleted(): readonly string[] {
    return this.set.names().filter((name) => this.record(name).isDeleted);
  }
}
