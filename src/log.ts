import { type LoggerOptions, pino } from 'pino';

const STDOUT = 1;

/**
 * What every part logs through: constant lower-case messages, everything variable in the fields.
 *
 * Never put environment values, credentials or command arguments into a field.
 */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** The same log with fields added to each line. */
  child(fields: LogFields): Log;
}

export interface LogFields {
  readonly server?: string;
  readonly unit?: string;
  readonly action?: string;
  readonly reason?: string;
  readonly err?: unknown;
  readonly durationMs?: number;
  readonly [key: string]: unknown;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/**
 * JSON lines on stdout, as journald takes them. 64-bit D-Bus values are written as decimal strings.
 *
 * Each is written before the next step: of a controller that crashes the last is what matters. To have another thread do it
 * would cost more than the writing.
 */
export function createLog(level: LogLevel): Log {
  const options: LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { err: pino.stdSerializers.err },
  };
  return pino(options, pino.destination({ dest: STDOUT, sync: true }));
}
