import type { Clock } from '../clock.ts';
import type { Run } from '../journal/parse.ts';
import type { Journal } from '../journal/types.ts';
import type { Log } from '../log.ts';
import type { ExitEvidence } from './exit.ts';
import { evidenceOf } from './observer.ts';

const LINES = 5;
/** journald writes PID 1's last words a moment after D-Bus tells of the end. */
const TRIES = 4;
const PAUSE_MS = 100;

/**
 * Asks the journal how a run ended, again for a moment while it doesn't say. Never rejects: where the journal can't be
 * read, the end is judged by systemd's own properties, and the log tells why.
 *
 * @param isOomCounted whether the run's cgroup is known to have counted a kill for memory; asked after the journal
 */
export async function collectEvidence(
  { invocationId, unit }: Run,
  isOomCounted: () => boolean,
  ports: { readonly journal: Journal; readonly clock: Clock; readonly log: Log },
): Promise<ExitEvidence> {
  try {
    for (let attempt = 1; ; attempt++) {
      const record = await ports.journal.readInvocation(invocationId, { unit, lines: LINES });
      if (record.result !== undefined || attempt === TRIES) return evidenceOf(record, isOomCounted());
      await new Promise<void>((resolve) => ports.clock.after(PAUSE_MS, resolve));
    }
  } catch (error) {
    ports.log.warn(
      { err: error, reason: 'JournalUnreadable' },
      'the journal was not read; exits are told without log lines',
    );
    const nothing = { journalResult: undefined, journalExit: undefined, journalExitBefore: undefined, lines: [] };
    return { ...nothing, isOomSeen: isOomCounted() };
  }
}
