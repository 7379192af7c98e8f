import { scrubLine } from './scrub.ts';
import type { InvocationRecord, JournalExit } from './types.ts';

/** Message ids of the manager, the same in every version. @see sd-messages.h */
const UNIT_OUT_OF_MEMORY = 'fe6faa94e7774663a0da52717891d8ef';
const UNIT_FAILURE_RESULT = 'd9b373ed55a64feb8242e02dbe79a49c';
const UNIT_PROCESS_EXIT = '98e322203f7a4ed290d09fe03c09fe15';
const UNIT_SUCCESS = '7ad2d189f7e94e70a38c781354912448';

const EXIT_CODES: Readonly<Record<string, JournalExit['code']>> = { exited: 1, killed: 2, dumped: 3 };
const SIGKILL = 9;
/** The manager logs a kill for memory when it reads the cgroup's counter, just before or after the end of the process. */
const OOM_NEARNESS_MS = 10_000;

/** Whose word counts as the manager's. Any process may log MESSAGE_ID and INVOCATION_ID, so only fields that journald adds are trusted. */
export type Manager =
  | { readonly kind: 'system' }
  /** The user manager of this uid. */
  | { readonly kind: 'user'; readonly uid: number };

type Entry = Readonly<Record<string, unknown>>;

/** One run, and whose. */
export interface Run {
  readonly invocationId: string;
  readonly unit: string;
}

/**
 * Reads the output of `journalctl -o json` for one invocation: what the manager said of it and what it wrote itself.
 *
 * Lines that are no JSON are passed over. Fields may be strings, arrays of bytes, arrays of either (a field given more
 * than once), or null (too long).
 *
 * A line that journald read when its process and unit were gone already has the unit, told by the system manager when it
 * made the stream, but no invocation: it belongs to the run whose entries come before it.
 * @param lineCount how many of the last lines to keep
 */
export function parseInvocation(
  output: string,
  { invocationId, unit }: Run,
  manager: Manager,
  lineCount: number,
): InvocationRecord {
  const entries = output.split('\n').map(parseEntry);
  const own: string[] = [];
  const said: Entry[] = [];
  let hasBegun = false;
  for (const entry of entries) {
    if (entry === undefined) continue;
    const writer = textOf(entry._SYSTEMD_INVOCATION_ID);
    const isSaid = isOfManager(entry, manager) && managedInvocation(entry, manager) === invocationId;
    hasBegun ||= isSaid || writer === invocationId;
    if (isSaid) said.push(entry);
    else if (writer === invocationId) own.push(...linesOf(entry));
    else if (writer === '' && hasBegun && textOf(entry._SYSTEMD_UNIT) === unit) own.push(...linesOf(entry));
  }
  return { lines: lineCount === 0 ? [] : own.slice(-lineCount).map(scrubLine), ...judge(said) };
}

function judge(said: readonly Entry[]): Omit<InvocationRecord, 'lines'> {
  const last = (...ids: readonly string[]): Entry | undefined =>
    said.findLast((entry) => ids.includes(textOf(entry.MESSAGE_ID)));
  const exitEntry = said.findLast((entry) => textOf(entry.MESSAGE_ID) === UNIT_PROCESS_EXIT && isMainProcess(entry));
  const exit = exitEntry === undefined ? undefined : exitOf(exitEntry);
  const beforeEntry = said.findLast(
    (entry) => textOf(entry.MESSAGE_ID) === UNIT_PROCESS_EXIT && textOf(entry.COMMAND) === 'ExecStartPre',
  );
  const endEntry = last(UNIT_FAILURE_RESULT, UNIT_SUCCESS);
  const oom = last(UNIT_OUT_OF_MEMORY);
  const result = endEntry === undefined ? undefined : resultOf(endEntry);
  return {
    result: oom !== undefined && isVictim(oom, exit, exitEntry ?? endEntry, result) ? 'oom-kill' : result,
    exit,
    exitBefore: beforeEntry === undefined ? undefined : exitOf(beforeEntry),
    isOomSeen: oom !== undefined,
  };
}

/** Whether the main process itself was killed for memory, and not some child of it earlier on. */
function isVictim(
  oom: Entry,
  exit: JournalExit | undefined,
  end: Entry | undefined,
  result: string | undefined,
): boolean {
  // Nothing else was said: the kill is all that is known of the end.
  if (end === undefined) return true;
  if (exit === undefined ? result !== 'signal' : exit.code !== 2 || exit.status !== SIGKILL) return false;
  return Math.abs(timeMs(end) - timeMs(oom)) <= OOM_NEARNESS_MS;
}

function isOfManager(entry: Entry, manager: Manager): boolean {
  if (manager.kind === 'system') return textOf(entry._PID) === '1';
  return textOf(entry._UID) === String(manager.uid) && textOf(entry._COMM) === 'systemd';
}

function managedInvocation(entry: Entry, manager: Manager): string {
  return textOf(entry[manager.kind === 'system' ? 'INVOCATION_ID' : 'USER_INVOCATION_ID']);
}

/** COMMAND names the setting whose process ended; control processes (ExecStartPre= and others) are not the server. */
function isMainProcess(entry: Entry): boolean {
  const command = textOf(entry.COMMAND);
  return command === '' ? textOf(entry.MESSAGE).includes('Main process exited') : command === 'ExecStart';
}

function exitOf(entry: Entry): JournalExit | undefined {
  const code = EXIT_CODES[textOf(entry.EXIT_CODE)];
  const status = Number.parseInt(textOf(entry.EXIT_STATUS), 10);
  return code === undefined || !Number.isInteger(status) ? undefined : { code, status };
}

function resultOf(entry: Entry): string | undefined {
  if (textOf(entry.MESSAGE_ID) === UNIT_SUCCESS) return 'success';
  const field = textOf(entry.UNIT_RESULT);
  return field !== '' ? field : /Failed with result '([a-z-]+)'/.exec(textOf(entry.MESSAGE))?.[1];
}

function timeMs(entry: Entry): number {
  return Number(textOf(entry.__REALTIME_TIMESTAMP)) / 1000;
}

function linesOf(entry: Entry): readonly string[] {
  return textOf(entry.MESSAGE)
    .split('\n')
    .filter((line) => line.trim() !== '');
}

function parseEntry(row: string): Entry | undefined {
  if (!row.startsWith('{')) return undefined;
  try {
    return JSON.parse(row) as Entry;
  } catch (err) {
    // The last line may be cut off where journalctl was killed.
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}

/** A field as text: bytes are decoded, of several values the first counts, what is missing or too long is empty. */
function textOf(field: unknown): string {
  if (typeof field === 'string') return field;
  if (!Array.isArray(field) || field.length === 0) return '';
  if (field.every((item) => typeof item === 'number')) return Buffer.from(field).toString('utf8');
  return textOf(field[0]);
}
