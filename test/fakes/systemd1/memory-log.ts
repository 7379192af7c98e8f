import type { Log, LogFields } from '../../../src/log.ts';

/** A log that keeps its lines. */
export interface MemoryLog extends Log {
  readonly lines: readonly { readonly level: string; readonly fields: LogFields; readonly message: string }[];
}

/** A log for tests: nothing is printed, everything can be looked at. */
export function createMemoryLog(): MemoryLog {
  const lines: { level: string; fields: LogFields; message: string }[] = [];
  const at = (bound: LogFields): Log => {
    const write = (level: string) => (fields: LogFields, message: string) => {
      lines.push({ level, fields: { ...bound, ...fields }, message });
    };
    const more = (fields: LogFields): Log => at({ ...bound, ...fields });
    return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error'), child: more };
  };
  return { ...at({}), lines };
}
