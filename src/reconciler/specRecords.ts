import type { DocumentRecord, SpecDenial, SpecRecord } from '../source/types.ts';
import type { Admitted } from './admittedSpecs.ts';

/** A record as it was last made, with what it was made from. */
interface Made {
  readonly found: DocumentRecord;
  readonly denial: SpecDenial | undefined;
  readonly admitted: Admitted | undefined;
  readonly record: SpecRecord;
}

/** What is known of each name as the loop sees it: made once for as long as nothing in it changes, as it is asked for ten times a start. */
export class SpecRecords {
  readonly #made = new Map<string, Made>();

  /** @param admitted what it was last admitted as; undefined: nothing, or there is no document. */
  of(found: DocumentRecord, denial: SpecDenial | undefined, admitted: Admitted | undefined): SpecRecord {
    const made = this.#made.get(found.name);
    if (made?.found === found && made.denial === denial && made.admitted === admitted) return made.record;
    const record = makeRecord(found, denial, admitted);
    this.#made.set(found.name, { found, denial, admitted, record });
    return record;
  }

  drop(name: string): void {
    this.#made.delete(name);
  }
}

function makeRecord(found: DocumentRecord, denial: SpecDenial | undefined, admitted: Admitted | undefined): SpecRecord {
  const { document: _document, text: _text, source: _source, ...record } = found;
  return {
    ...record,
    spec: admitted?.spec,
    ...(admitted === undefined ? {} : { document: admitted.document }),
    ...(admitted?.profile === undefined ? {} : { profile: admitted.profile }),
    ...(denial === undefined ? {} : { denial }),
  };
}
