import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Config } from '../../config/types.ts';
import { escapedName, unitName } from '../../units/name.ts';
import type { Context } from '../context.ts';
import { CliError, EXIT, errorCode } from '../errors.ts';
import { readStatus } from '../knownServers.ts';
import { findSpecFile } from '../specFiles.ts';

export interface LogsOptions {
  readonly name: string;
  readonly isFollowing: boolean;
  /** The last that many lines; undefined: all. */
  readonly lines?: number | undefined;
  /** True: those of the run before the present or last one. */
  readonly isPrevious: boolean;
  /** True: what the server wrote, without times and not made safe for a terminal. */
  readonly isRaw: boolean;
}

/** `hublet logs`: the journal's lines of a server, by journalctl; its exit code where it fails. */
export async function runLogs(context: Context, options: LogsOptions): Promise<number> {
  const config = await context.config();
  const isKnown =
    findSpecFile(config, options.name) !== undefined || readStatus(context, config, options.name) !== undefined;
  const invocations = options.isPrevious || !isKnown ? await lastInvocations(config, options.name) : [];
  if (!isKnown && invocations.length === 0) {
    context.warn(`${options.name}: not found: 'hublet get' lists the servers there are`);
    return EXIT.notFound;
  }
  if (options.isPrevious && invocations[1] === undefined) {
    context.warn(`${options.name}: the journal has no run before the last one`);
    return EXIT.notFound;
  }
  const matches = options.isPrevious
    ? [`_SYSTEMD_INVOCATION_ID=${invocations[1]}`]
    : serverMatches(config, options.name);
  const child = spawn(
    'journalctl',
    [
      ...JOURNAL_OPTIONS,
      `--output=${options.isRaw ? 'cat' : 'short-iso'}`,
      ...(options.isFollowing ? ['--follow'] : []),
      ...(options.lines === undefined ? (options.isFollowing ? [] : ['--lines=all']) : [`--lines=${options.lines}`]),
      ...matches,
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  const exitCode = (await endOf(child)) ?? EXIT.ok;
  if (exitCode !== EXIT.ok && config.isUserMode) context.warn(NO_JOURNAL);
  return exitCode;
}

/** A user's journal is a file of its own only where journald keeps files on disk. @see journald.conf(5), "SplitMode=" */
const NO_JOURNAL =
  "your journal can't be read: an admin has it kept by 'mkdir -p /var/log/journal && systemctl restart systemd-journald' " +
  '(Storage=auto or persistent), or adds you to the group systemd-journal';

/** journald adds our own field to what units of the system's manager write, not to that of a user manager's. */
function serverMatches(config: Config, name: string): string[] {
  if (!config.isUserMode) return [`HUBLET_SERVER=${escapedName(name)}`];
  return [`_SYSTEMD_USER_UNIT=${unitName(name)}`, `_UID=${process.geteuid?.() ?? 0}`];
}

const JOURNAL_OPTIONS = ['--no-pager', '--quiet'];

/** The invocation ids of a server's last two runs, the last first; fewer where the journal has fewer. */
async function lastInvocations(config: Config, name: string): Promise<string[]> {
  const field = '_SYSTEMD_INVOCATION_ID';
  const child = spawn(
    'journalctl',
    [...JOURNAL_OPTIONS, '--reverse', '--output=json', `--output-fields=${field}`, ...serverMatches(config, name)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const collect = async (): Promise<string[]> => {
    const found = new Set<string>();
    for await (const line of createInterface({ input: child.stdout })) {
      const id: unknown = line.startsWith('{') ? JSON.parse(line)[field] : undefined;
      if (typeof id === 'string') found.add(id);
      if (found.size === 2) break;
    }
    child.kill();
    return [...found];
  };
  const [found] = await Promise.all([collect(), endOf(child)]);
  return found;
}

/** Its exit code; undefined where a signal ended it. @throws {CliError} where there is no journalctl */
async function endOf(child: ReturnType<typeof spawn>): Promise<number | undefined> {
  try {
    const [code] = await once(child, 'close');
    return typeof code === 'number' ? code : undefined;
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    throw new CliError(EXIT.failure, 'journalctl is not on PATH: install systemd, or add its directory', {
      cause: error,
    });
  }
}
