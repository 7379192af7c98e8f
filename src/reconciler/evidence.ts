import type { Clock } from '../clock.ts';
import type { Run } from '../journal/parse.ts';
import type { InvocationRecord, Journal } from '../journal/types.ts';
import type { Log } from '../log.ts';
import type { ExitEvidence } from './exit.ts';
import { evidenceOf } from './observer.ts';

const LINES = 5;
/** journald writes PID 1's last words a moment after D-Bus tells of the end. */
const TRIES = 4;
const PAUSE_MS = 100;
/** Where nothing else tells how a run ended, a journal that can't be read now, as on a very busy host, is asked again. */
const UNREAD_TRIES = 10;
const UNREAD_PAUSE_MS = 3_000;

type EvidencePorts = { readonly journal: Journal; readonly clock: Clock; readonly log: Log };

/**
 * Asks the journal how a run ended, again for a moment while it doesn't say. Never rejects: where the journal can't be
 * read, the end is judged by systemd's own properties, and the log tells why.
 *
 * @param isSeen whether systemd's last word on the end is known; otherwise a journal that fails is asked again for half a minute
 * @param isOomCounted whether the run's cgroup is known to have counted a kill for memory; asked after the journal
 */
export async function collectEvidence(
  run: Run,
  isSeen: boolean,
  isOomCounted: () => boolean,
  ports: EvidencePorts,
): Promise<ExitEvidence> {
  for (let attempt = 1; ; attempt++) {
    try {
      return evidenceOf(await readRecord(run, ports), isOomCounted());
    } catch (error) {
      if (!isSeen && attempt < UNREAD_TRIES) {
        await pause(UNREAD_PAUSE_MS, ports.clock);
        continue;
      }
      ports.log.warn(
        { err: error, reason: 'JournalUnreadable' },
        'the journal was not read; exits are told without log lines',
      );
      const nothing = { journalResult: undefined, journalExit: undefined, journalExitBefore: undefined, lines: [] };
      return { ...nothing, isOomSeen: isOomCounted(), isUnread: true };
    }
  }
}

/** What the journal has of it: as soon as it says how it ended, or what it has said after a moment. @throws {JournalError} */
async function readRecord({ invocationId, unit }: Run, { journal, clock }: EvidencePorts): Promise<InvocationRecord> {
  for (let attempt = 1; ; attempt++) {
    const record = await journal.readInvocation(invocationId, { unit, lines: LINES });
    if (record.result !== undefined || attempt === TRIES) return record;
    await pause(PAUSE_MS, clock);
  }
}

function pause(ms: number, clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.after(ms, resolve));
}
