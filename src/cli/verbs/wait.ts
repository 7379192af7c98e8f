import { lstatSync, realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Config } from '../../config/types.ts';
import type { FileIdentity } from '../../source/types.ts';
import { suggest } from '../../spec/suggest.ts';
import { CONDITIONS, type ConditionType } from '../../status/reasons.ts';
import { statusDirectory, statusPath } from '../../status/statusFile.ts';
import type { ServerStatus } from '../../status/types.ts';
import { formatAge } from '../amounts.ts';
import type { Context } from '../context.ts';
import { readControllerState, warnWhenStopped } from '../controllerState.ts';
import { DirectoryWatch } from '../directoryWatch.ts';
import { CliError, EXIT } from '../errors.ts';
import { explainStatus, findCondition, isReady } from '../explanation.ts';
import { readStatus } from '../knownServers.ts';
import { fileIdentity, findSpecFile } from '../specFiles.ts';
import { printable } from '../table.ts';

export interface WaitOptions {
  readonly names: readonly string[];
  /** `ready`, `stopped`, `deleted`, `condition=TYPE` or `condition=TYPE=STATUS`. */
  readonly goal: string;
  readonly timeoutMs: number;
  /** Printed after the name of a server that got there; by default the goal. */
  readonly verbDone?: string | undefined;
}

type Goal =
  | { readonly kind: 'ready' | 'stopped' | 'deleted' }
  | { readonly kind: 'condition'; readonly type: ConditionType; readonly status: string };

/** What one look at a server says of the goal. `words`: what it waits for, in one line. */
type Look =
  | { readonly kind: 'reached' }
  | { readonly kind: 'notYet'; readonly words: string }
  | { readonly kind: 'unknown' };

/**
 * `hublet wait`: until each server got there, by what the controller says of the file as it is now.
 *
 * A status that answers for an older content of the file doesn't count, so `apply` and `wait` in a row can't be answered
 * by the time before. Exit code 4 where a server has no file, 5 where the time is over.
 */
export async function runWait(context: Context, options: WaitOptions): Promise<number> {
  const goal = parseGoal(options.goal);
  const config = await context.config();
  warnWhenStopped(context, config, readControllerState(config));
  const deadlineMs = context.clock.monotonicMs() + options.timeoutMs;
  const directories = [statusDirectory(config.runtimeDirectory), ...config.sources.map(({ path }) => path)];
  const watch = new DirectoryWatch(directories, context.clock);
  try {
    for (const name of new Set(options.names)) {
      const code = await waitFor(context, config, watch, { name, goal, deadlineMs, timeoutMs: options.timeoutMs });
      if (code !== EXIT.ok) return code;
      context.print(`${name} ${options.verbDone ?? options.goal}\n`);
    }
  } finally {
    watch.close();
  }
  return EXIT.ok;
}

interface Wish {
  readonly name: string;
  readonly goal: Goal;
  readonly deadlineMs: number;
  readonly timeoutMs: number;
}

async function waitFor(context: Context, config: Config, watch: DirectoryWatch, wish: Wish): Promise<number> {
  const { name, goal, deadlineMs } = wish;
  let told = '';
  for (;;) {
    const look = lookAt(context, config, name, goal);
    if (look.kind === 'reached') return EXIT.ok;
    if (look.kind === 'unknown') {
      context.warn(`${name}: not found: 'hublet get' lists the servers there are`);
      return EXIT.notFound;
    }
    const leftMs = deadlineMs - context.clock.monotonicMs();
    if (leftMs <= 0 || context.signal.aborted) {
      context.warn(`${name} is not there after ${formatAge(wish.timeoutMs)}: ${look.words}`);
      return EXIT.tooLate;
    }
    if (context.isErrorTerminal && look.words !== told) context.warn(`waiting for ${name}: ${look.words}`);
    told = look.words;
    await watch.next(leftMs, context.signal);
  }
}

function lookAt(context: Context, config: Config, name: string, goal: Goal): Look {
  const file = findSpecFile(config, name);
  const present = file === undefined ? undefined : fileIdentity(file.path);
  if (goal.kind === 'deleted') {
    if (present !== undefined) return notYet(`${present.path} is still there`);
    const hasStatus = lstatSync(statusPath(config.runtimeDirectory, name), { throwIfNoEntry: false }) !== undefined;
    return hasStatus ? notYet('the controller has not finished with it') : { kind: 'reached' };
  }
  if (present === undefined) return { kind: 'unknown' };
  const server = readStatus(context, config, name);
  if (server === undefined) return notYet('the controller has not looked at it yet');
  const { source, generation } = server.metadata;
  if (source === null || !isSameContent(source, present))
    return notYet('the controller has not seen the present file yet');
  if (server.status.observedGeneration < generation)
    return notYet('the controller has not acted on the present file yet');
  return isReached(server, goal) ? { kind: 'reached' } : notYet(stateWords(server, context.clock.wallMs()));
}

function notYet(words: string): Look {
  return { kind: 'notYet', words };
}

/** Compares paths without links in their directories: `--desired-state` may lead there by another way than the controller's. */
function isSameContent(a: FileIdentity, b: FileIdentity): boolean {
  return a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs && realPath(a.path) === realPath(b.path);
}

function realPath(path: string): string {
  const directory = dirname(path);
  return lstatSync(directory, { throwIfNoEntry: false }) === undefined
    ? path
    : join(realpathSync(directory), basename(path));
}

function isReached(server: ServerStatus, goal: Exclude<Goal, { kind: 'deleted' }> | Goal): boolean {
  switch (goal.kind) {
    case 'ready':
      // While the present file is refused, what is ready is what an older one asked for.
      return server.status.phase === 'Ready' && isReady(server) && isAccepted(server);
    case 'stopped':
      return server.status.phase === 'Stopped' && isAccepted(server);
    case 'condition':
      return (findCondition(server, goal.type)?.status ?? absentStatus(goal.type)) === goal.status;
    case 'deleted':
      return false;
  }
}

function isAccepted(server: ServerStatus): boolean {
  return (['Accepted', 'Admitted'] as const).every((type) => findCondition(server, type)?.status !== 'False');
}

/** What a condition that is reported only now and then means while it isn't. */
function absentStatus(type: ConditionType): 'True' | 'False' {
  return type === 'Resized' ? 'True' : 'False';
}

function stateWords(server: ServerStatus, nowMs: number): string {
  const causes = explainStatus(server, nowMs);
  return printable([server.status.phase, ...causes.map((cause) => cause.split('\n').join('; '))].join('; '));
}

/** @throws {CliError} usage, where it is none of the goals */
function parseGoal(text: string): Goal {
  if (text === 'ready' || text === 'stopped' || text === 'deleted') return { kind: text };
  const match = /^condition=([^=]*)(?:=(True|False|Unknown))?$/i.exec(text);
  if (match === null) {
    throw new CliError(
      EXIT.usage,
      `--for ${text}: write ready, stopped, deleted, condition=TYPE or condition=TYPE=STATUS`,
    );
  }
  const types = Object.keys(CONDITIONS) as ConditionType[];
  const type = types.find((candidate) => candidate === match[1]);
  if (type === undefined) {
    const near = suggest(match[1] ?? '', types);
    const hint = near === undefined ? `the types are ${types.join(', ')}` : `did you mean ${near}?`;
    throw new CliError(EXIT.usage, `--for ${text}: there is no condition ${match[1]}: ${hint}`);
  }
  const status = match[2] ?? 'True';
  return { kind: 'condition', type, status: status[0]?.toUpperCase() + status.slice(1).toLowerCase() };
}
