import { createLog, type LogLevel } from '../../log.ts';
import type { Context } from '../context.ts';
import { readServers } from '../knownServers.ts';
import { ServerPrinter } from '../serverPrinter.ts';

export interface RunOptions {
  readonly isOnce: boolean;
  readonly isDryRun: boolean;
  /** How long `--once` may take. */
  readonly timeoutMs: number;
  /** Undefined: `info`, and `warn` with `--once` alone, which prints for a person. */
  readonly logLevel?: LogLevel | undefined;
}

/** `hublet run`: the controller itself, until a signal ends it; with `--once` until all has settled, then the table of servers. */
export async function runRun(context: Context, { isOnce, isDryRun, timeoutMs, logLevel }: RunOptions): Promise<number> {
  const config = await context.config();
  const { runDaemon } = await import('../../daemon.ts');
  const exitCode = await runDaemon(config, {
    configSource: context.configSource,
    once: isOnce,
    dryRun: isDryRun,
    timeoutMs,
    log: createLog(logLevel ?? (isOnce && !isDryRun ? 'warn' : 'info')),
    progress: (line: string) => {
      if (context.isErrorTerminal) context.warn(line);
    },
  });
  if (isOnce && !isDryRun) {
    const { servers } = await readServers(context, config);
    await new ServerPrinter(context, 'wide').print([...servers.values()], false);
  }
  return exitCode;
}
