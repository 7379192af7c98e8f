import { parseDurationMs, QuantityError } from '../../spec/quantities.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT } from '../errors.ts';

export interface VerbOption {
  /** As commander writes them: `-o, --output <format>`. */
  readonly flags: string;
  readonly description: string;
  readonly choices?: readonly string[];
  readonly preset?: string;
  readonly isRequired?: boolean;
}

export interface Verb {
  readonly name: string;
  /** As commander writes them: `[name...]`. */
  readonly argument?: {
    readonly usage: string;
    readonly description: string;
    readonly choices?: readonly string[];
    /** What a shell offers for it; absent: its choices, or nothing. */
    readonly completes?: 'servers' | 'files';
  };
  /** One line, for the list of verbs. */
  readonly summary: string;
  readonly description: string;
  readonly options: readonly VerbOption[];
  readonly examples: readonly (readonly [command: string, does: string])[];
  /** True: its first example is shown in the help of the program as a whole. */
  readonly isCommon?: boolean;
  /** Exit codes beside 0, 2 and 77, which every verb has. */
  readonly exitCodes: readonly number[];
  /** Loads the verb's own file and runs it. */
  run(context: Context, values: VerbValues): Promise<number>;
}

/** What was written on the command line, checked for form by the parser. */
export class VerbValues {
  readonly names: readonly string[];
  readonly #options: Readonly<Record<string, unknown>>;

  constructor(names: readonly string[], options: Readonly<Record<string, unknown>>) {
    this.names = names;
    this.#options = options;
  }

  get name(): string {
    return this.names[0] ?? '';
  }

  text(option: string): string | undefined {
    const value = this.#options[option];
    return typeof value === 'string' ? value : undefined;
  }

  list(option: string): readonly string[] {
    const value = this.#options[option];
    return Array.isArray(value) ? value.map(String) : [];
  }

  isSet(option: string): boolean {
    return this.#options[option] === true;
  }

  /** @throws {CliError} usage, where it is no duration */
  durationMs(option: string): number {
    const text = this.text(option) ?? '0s';
    try {
      return parseDurationMs(text);
    } catch (error) {
      if (!(error instanceof QuantityError)) throw error;
      throw new CliError(EXIT.usage, `--${option}: ${error.message}`);
    }
  }

  /** Undefined where it was not given. @throws {CliError} usage, where it is no whole number */
  count(option: string): number | undefined {
    const text = this.text(option);
    if (text === undefined) return undefined;
    if (!/^\d{1,9}$/.test(text))
      throw new CliError(EXIT.usage, `--${option} '${text}' is not a number: write 0, 1, 2 ...`);
    return Number(text);
  }
}

/** The arguments of verbs that take servers by name. */
export const NAMES = { usage: '<name...>', description: 'names of servers', completes: 'servers' } as const;
export const NAME = { usage: '<name>', description: 'name of a server', completes: 'servers' } as const;
