import type { Clock } from '../clock.ts';
import type { LoadedConfig } from '../config/load.ts';
import type { Config, ConfigLocation } from '../config/types.ts';
import type { Style } from './style.ts';

/** Where the configuration is from. */
export interface ConfigSource {
  /** @throws {ConfigError} user mode without HOME */
  location(): Promise<ConfigLocation>;
  /**
   * The whole configuration once more; `before`: files that had a content at the last load.
   * @throws {ConfigError} bad configuration
   * @throws {CliError} accounts can't be looked up
   */
  load(before: ReadonlySet<string>): Promise<LoadedConfig>;
}

/** What a verb is given: where it prints, what time it is, and how the host is configured. */
export interface Context {
  /**
   * Flags, environment, files and defaults merged; read when first asked for, and only once.
   * @throws {CliError} bad configuration
   */
  config(): Promise<Config>;
  /** The files that `config` is from, for a controller that reads them anew. Absent: there are none. */
  readonly configSource?: ConfigSource;
  /** What --user, --system or the account of the caller choose; known also where the configuration is bad. */
  readonly isUserMode: boolean;
  readonly clock: Clock;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Mount point of the unified cgroup hierarchy. */
  readonly cgroupRoot: string;
  /** For standard output. */
  readonly style: Style;
  /** True where a person watches standard output, so that a table may be drawn in the place of the last one. */
  readonly isOutputTerminal: boolean;
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
