import { pino } from 'pino';

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

/** JSON lines on stdout, as journald takes them. 64-bit D-Bus values are written as decimal strings. */
export function createLog(level: LogLevel): Log {
  return pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    hooks: {},
    serializers: { err: pino.stdSerializers.err },
  });
}
