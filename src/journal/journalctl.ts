/**
 * The journal through `journalctl`: Node has no journal library, and one process for each end of a server is cheap
 * beside the end itself. It reads what one run left behind and decides nothing about it.
 */
import type { Clock } from '../clock.ts';
import { createCommandRunner } from '../command.ts';
import { type Manager, parseInvocation } from './parse.ts';
import { type Journal, JournalError } from './types.ts';

export interface JournalOptions {
  readonly clock: Clock;
  readonly manager: Manager;
  /** The program; by default `journalctl`, from PATH. */
  readonly program?: string;
}

const TIMEOUT_MS = 5_000;
/** A crash of many servers at once must not become as many processes. */
const CONCURRENCY = 4;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** Entries of the manager among the last ones of a run: its end takes three or four. */
const MANAGER_ENTRIES = 20;
const FIELDS = [
  'MESSAGE',
  'MESSAGE_ID',
  'UNIT_RESULT',
  'EXIT_CODE',
  'EXIT_STATUS',
  'COMMAND',
  'INVOCATION_ID',
  'USER_INVOCATION_ID',
  '_SYSTEMD_INVOCATION_ID',
  '_SYSTEMD_UNIT',
  '_PID',
  '_UID',
  '_COMM',
];

/** A journal that starts one `journalctl` for each reading, at most 4 at once, 5 s each. */
export function createJournal({ clock, manager, program = 'journalctl' }: JournalOptions): Journal {
  const runner = createCommandRunner(clock, {
    concurrency: CONCURRENCY,
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  return {
    async readInvocation(invocationId, { unit, lines }) {
      if (!/^[0-9a-f]{32}$/.test(invocationId)) throw new JournalError(`not an invocation id: '${invocationId}'`);
      const result = await runner.run(program, argumentsFor(invocationId, unit, manager, lines + MANAGER_ENTRIES));
      if (result.kind === 'failed') throw new JournalError(`journal not read: ${result.message}`);
      if (result.code !== 0) {
        throw new JournalError(
          `journal not read: ${program} ended with ${result.code}: ${result.stderr.trim().slice(0, 300)}`,
        );
      }
      return parseInvocation(result.stdout, { invocationId, unit }, manager, lines);
    },
  };
}

/** Matches on one field are alternatives, on several fields all must hold, and `+` joins two such groups. @see journalctl(1) */
function argumentsFor(invocationId: string, unit: string, manager: Manager, entries: number): readonly string[] {
  const saidByManager =
    manager.kind === 'system'
      ? ['_PID=1', `INVOCATION_ID=${invocationId}`]
      : [`_UID=${manager.uid}`, `USER_INVOCATION_ID=${invocationId}`];
  return [
    '--output=json',
    '--no-pager',
    '--quiet',
    `--output-fields=${FIELDS.join(',')}`,
    `--lines=${entries}`,
    ...saidByManager,
    '+',
    `_SYSTEMD_INVOCATION_ID=${invocationId}`,
    ...(manager.kind === 'system' ? ['+', `_SYSTEMD_UNIT=${unit}`] : []),
  ];
}
