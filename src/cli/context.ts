import type { Clock } from '../clock.ts';
import type { Config } from '../config/types.ts';
import type { Style } from './style.ts';

/** What a verb is given: where it prints, what time it is, and how the host is configured. */
export interface Context {
  /**
   * Flags, environment, files and defaults merged; read when first asked for, and only once.
   * @throws {CliError} bad configuration
   */
  config(): Promise<Config>;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Mount point of the unified cgroup hierarchy. */
  readonly cgroupRoot: string;
  /** For standard output. */
  readonly style: Style;
  /** True where a person watches standard error, so that progress may be told there. */
  readonly isErrorTerminal: boolean;
  /** To standard output, as it is. */
  print(text: string): void;
  /** One line to standard error; `hublet: ` is put before it. */
  warn(line: string): void;
  /** All of standard input, as text. */
  readInput(): Promise<string>;
  /** Aborted when whoever called no longer waits for the verb. */
  readonly signal: AbortSignal;
}
