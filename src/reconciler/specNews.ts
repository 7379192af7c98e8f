import type { SpecRecord } from '../source/types.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';

/** Tells people what became of a server's file, and keeps the entry on the spec that counts. */
export class SpecNews {
  readonly #ports: Pick<LoopPorts, 'events'>;

  constructor(ports: Pick<LoopPorts, 'events'>) {
    this.#ports = ports;
  }

  /** Returns whether another spec is wished than at the last look: past failures don't count for it. */
  take(entry: ServerEntry, record: SpecRecord | undefined): boolean {
    const isChange = record !== undefined && this.#noteGeneration(entry, record);
    this.#tellNote(entry);
    return isChange;
  }

  #noteGeneration(entry: ServerEntry, record: SpecRecord): boolean {
    const { events } = this.#ports;
    const { refusal, denial, spec } = record;
    // While facts are being looked up nothing is decided, so nothing is told.
    if (denial?.isUndecided === true) return false;
    const message = refusal?.message ?? denial?.message;
    const wasDenied = entry.isDenied;
    if (message !== undefined && message !== entry.refusal) {
      const isDenied = refusal === undefined && denial?.condition === 'Admitted';
      events.record({ server: entry.name, reason: isDenied ? 'PolicyDenied' : 'SpecRejected', message });
    }
    entry.refusal = message;
    entry.isDenied = denial !== undefined;
    // The limits of a profile may change without its server's file.
    const isOtherSpec = entry.spec !== undefined && spec !== undefined && entry.spec !== spec;
    entry.spec = spec;
    const isNews = record.generation !== entry.generation;
    const isChange = isOtherSpec || (isNews && entry.generation !== 0 && denial === undefined);
    if (spec !== undefined || denial !== undefined) entry.generation = record.generation;
    if (spec === undefined || denial !== undefined || !(isNews || wasDenied)) return isChange;
    events.record({ server: entry.name, reason: 'SpecAccepted', message: `generation ${record.generation}` });
    for (const warning of record.warnings)
      events.record({ server: entry.name, reason: 'InsecureSpec', message: warning });
    return isChange;
  }

  #tellNote(entry: ServerEntry): void {
    const note = entry.admission.kind === 'admitted' ? entry.admission.note : undefined;
    if (note !== undefined && note !== entry.note) {
      this.#ports.events.record({ server: entry.name, reason: 'InsecureSpec', message: note });
    }
    entry.note = note;
  }
}
