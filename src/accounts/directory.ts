/**
 * The host's accounts and groups: who a server runs as. Local ones come from /etc/passwd and /etc/group at once, all
 * others from NSS through getent, batched and kept for a while. docs/adr/0004-accounts.md tells why both.
 */
import type { Clock } from '../clock.ts';
import { type CommandRunner, createCommandRunner } from '../command.ts';
import type { Log } from '../log.ts';
import type { NssDatabase, NssEntry } from './database.ts';
import { type AskableKey, askNss } from './getent.ts';
import { GROUP } from './group.ts';
import { nssKey } from './key.ts';
import { ACCOUNT_PATHS, type AccountPaths, createLocalFile, type LocalFile } from './localFile.ts';
import { PASSWD } from './passwd.ts';
import type { Accounts, Groups, NssAnswer, NssDirectory } from './types.ts';

export interface AccountsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The program; by default `getent`, from PATH. */
  readonly program?: string;
  readonly paths?: AccountPaths;
}

/** How long an answer is kept. A failure is kept so that whoever asks again at once doesn't start a process at once. */
const KEPT_MS = { found: 60_000, missing: 10_000, unknown: 5_000 } as const;
const TIMEOUT_MS = 5_000;
const CONCURRENCY = 4;
/** A hundred groups with all their members may be long. */
const MAX_OUTPUT_BYTES = { passwd: 1024 * 1024, group: 16 * 1024 * 1024 } as const;
const MISSING = { kind: 'missing' } as const;

/** Accounts of this host, nothing asked yet. */
export function createAccounts(options: AccountsOptions): Accounts {
  return createDirectory(PASSWD, options);
}

/** Groups of this host, nothing asked yet. They have processes of their own: a hung look-up of one doesn't hold up the other. */
export function createGroups(options: AccountsOptions): Groups {
  return createDirectory(GROUP, options);
}

function createDirectory<Entry extends NssEntry>(
  database: NssDatabase<Entry>,
  { clock, log, program = 'getent', paths = ACCOUNT_PATHS }: AccountsOptions,
): NssDirectory<Entry> {
  const maxOutputBytes = MAX_OUTPUT_BYTES[database.name];
  const runner = createCommandRunner(clock, { concurrency: CONCURRENCY, timeoutMs: TIMEOUT_MS, maxOutputBytes });
  return new CachedDirectory(database, clock, log, runner, program, createLocalFile(database, paths, log));
}

interface Kept<Entry> {
  readonly answer: NssAnswer<Entry>;
  readonly untilMs: number;
  /** The local file when it was asked: something missing may have come with another one. */
  readonly localVersion: string;
}

class CachedDirectory<Entry extends NssEntry> implements NssDirectory<Entry> {
  readonly #database: NssDatabase<Entry>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #runner: CommandRunner;
  readonly #program: string;
  readonly #local: LocalFile<Entry>;
  readonly #kept = new Map<string, Kept<Entry>>();
  /** Asked for and not yet answered, by text. */
  readonly #asked = new Map<string, PromiseWithResolvers<NssAnswer<Entry>>>();
  /** Those of them that wait for the end of this tick. */
  #batch = new Map<string, AskableKey>();

  constructor(
    database: NssDatabase<Entry>,
    clock: Clock,
    log: Log,
    runner: CommandRunner,
    program: string,
    local: LocalFile<Entry>,
  ) {
    this.#database = database;
    this.#clock = clock;
    this.#log = log;
    this.#runner = runner;
    this.#program = program;
    this.#local = local;
  }

  localVersion(): string {
    return this.#local.version();
  }

  cached(name: string): NssAnswer<Entry> | undefined {
    const key = nssKey(name);
    if (key.kind === 'impossible') return MISSING;
    const entry = this.#local.find(key);
    if (entry !== undefined) return { kind: 'found', entry };
    const kept = this.#kept.get(name);
    if (kept === undefined || this.#isGood(kept)) return kept?.answer;
    this.#kept.delete(name);
    return undefined;
  }

  lookup(name: string): Promise<NssAnswer<Entry>> {
    const known = this.cached(name);
    if (known !== undefined) return Promise.resolve(known);
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked.promise;
    const key = nssKey(name);
    if (key.kind === 'impossible') return Promise.resolve(MISSING);
    const waiting = Promise.withResolvers<NssAnswer<Entry>>();
    this.#asked.set(name, waiting);
    // The first of a tick asks for all of it.
    if (this.#batch.size === 0) setImmediate(() => this.#ask());
    this.#batch.set(name, key);
    return waiting.promise;
  }

  #isGood({ answer, untilMs, localVersion }: Kept<Entry>): boolean {
    if (untilMs <= this.#clock.monotonicMs()) return false;
    return answer.kind !== 'missing' || localVersion === this.#local.version();
  }

  #ask(): void {
    const batch = this.#batch;
    this.#batch = new Map();
    const nowMs = this.#clock.monotonicMs();
    for (const [old, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(old);
    const localVersion = this.#local.version();
    const notAsked = { kind: 'unknown', message: `${this.#database.words} could not be looked up` } as const;
    askNss(batch, this.#database, this.#runner, this.#program).then(
      (answers) => {
        for (const name of batch.keys()) this.#settle(name, answers.get(name) ?? notAsked, localVersion);
      },
      (err: unknown) => {
        this.#log.error({ err, database: this.#database.name }, 'account lookup failed unexpectedly');
        for (const name of batch.keys()) this.#settle(name, notAsked, localVersion);
      },
    );
  }

  #settle(name: string, answer: NssAnswer<Entry>, localVersion: string): void {
    this.#kept.set(name, { answer, untilMs: this.#clock.monotonicMs() + KEPT_MS[answer.kind], localVersion });
    this.#asked.get(name)?.resolve(answer);
    this.#asked.delete(name);
  }
}
