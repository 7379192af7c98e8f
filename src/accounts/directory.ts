/**
 * The host's accounts: who a server runs as. Local ones come from /etc/passwd at once, all others from NSS through
 * getent, batched and kept for a while. docs/adr/0004-accounts.md tells why both.
 */
import type { Clock } from '../clock.ts';
import { type CommandRunner, createCommandRunner } from '../command.ts';
import type { Log } from '../log.ts';
import { type AskableKey, askNss } from './getent.ts';
import { accountKey } from './passwd.ts';
import { createPasswdFile, PASSWD_PATHS, type PasswdPaths } from './passwdFile.ts';
import type { AccountAnswer, Accounts } from './types.ts';

export interface AccountsOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** The program; by default `getent`, from PATH. */
  readonly program?: string;
  readonly paths?: PasswdPaths;
}

/** How long an answer is kept. A failure is kept so that whoever asks again at once doesn't start a process at once. */
const KEPT_MS: Readonly<Record<AccountAnswer['kind'], number>> = { found: 60_000, missing: 10_000, unknown: 5_000 };
const TIMEOUT_MS = 5_000;
const CONCURRENCY = 4;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MISSING: AccountAnswer = { kind: 'missing' };
const NOT_ASKED: AccountAnswer = { kind: 'unknown', message: 'accounts could not be looked up' };

/** Accounts of this host, nothing asked yet. */
export function createAccounts({ clock, log, program = 'getent', paths = PASSWD_PATHS }: AccountsOptions): Accounts {
  const limits = { concurrency: CONCURRENCY, timeoutMs: TIMEOUT_MS, maxOutputBytes: MAX_OUTPUT_BYTES };
  return new AccountDirectory(clock, log, createCommandRunner(clock, limits), program, paths);
}

class AccountDirectory implements Accounts {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #runner: CommandRunner;
  readonly #program: string;
  readonly #local: ReturnType<typeof createPasswdFile>;
  readonly #kept = new Map<string, { readonly answer: AccountAnswer; readonly untilMs: number }>();
  /** Asked for and not yet answered, by text. */
  readonly #asked = new Map<string, PromiseWithResolvers<AccountAnswer>>();
  /** Those of them that wait for the end of this tick. */
  #batch = new Map<string, AskableKey>();

  constructor(clock: Clock, log: Log, runner: CommandRunner, program: string, paths: PasswdPaths) {
    this.#clock = clock;
    this.#log = log;
    this.#runner = runner;
    this.#program = program;
    this.#local = createPasswdFile(paths, log);
  }

  cached(name: string): AccountAnswer | undefined {
    const key = accountKey(name);
    if (key.kind === 'impossible') return MISSING;
    const account = this.#local(key);
    if (account !== undefined) return { kind: 'found', account };
    const kept = this.#kept.get(name);
    if (kept === undefined || kept.untilMs > this.#clock.monotonicMs()) return kept?.answer;
    this.#kept.delete(name);
    return undefined;
  }

  lookup(name: string): Promise<AccountAnswer> {
    const known = this.cached(name);
    if (known !== undefined) return Promise.resolve(known);
    const asked = this.#asked.get(name);
    if (asked !== undefined) return asked.promise;
    const key = accountKey(name);
    if (key.kind === 'impossible') return Promise.resolve(MISSING);
    const waiting = Promise.withResolvers<AccountAnswer>();
    this.#asked.set(name, waiting);
    // The first of a tick asks for all of it.
    if (this.#batch.size === 0) setImmediate(() => this.#ask());
    this.#batch.set(name, key);
    return waiting.promise;
  }

  #ask(): void {
    const batch = this.#batch;
    this.#batch = new Map();
    const nowMs = this.#clock.monotonicMs();
    for (const [old, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(old);
    askNss(batch, this.#runner, this.#program).then(
      (answers) => {
        for (const name of batch.keys()) this.#settle(name, answers.get(name) ?? NOT_ASKED);
      },
      (err: unknown) => {
        this.#log.error({ err }, 'account lookup failed unexpectedly');
        for (const name of batch.keys()) this.#settle(name, NOT_ASKED);
      },
    );
  }

  #settle(name: string, answer: AccountAnswer): void {
    this.#kept.set(name, { answer, untilMs: this.#clock.monotonicMs() + KEPT_MS[answer.kind] });
    this.#asked.get(name)?.resolve(answer);
    this.#asked.delete(name);
  }
}
