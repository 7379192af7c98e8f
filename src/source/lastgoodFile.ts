import { seal, unseal } from '../store/stored.ts';
import type { FileIdentity } from './types.ts';

/** What is stored of an accepted spec. */
export interface StoredSpec {
  readonly name: string;
  readonly generation: number;
  /** Directory that the spec came from. */
  readonly source: string;
  readonly file: FileIdentity;
  /** The file's text as it was accepted. */
  readonly text: string;
  readonly canonical: string;
}

/** The stored form: one JSON object with a checksum over the rest. */
export function formatLastGood(stored: StoredSpec): string {
  const { name, generation, source, file, text, canonical } = stored;
  return seal({ name, generation, source, file, text, canonical });
}

/** Undefined where the text is cut off, altered, or something else. */
export function parseLastGood(text: string): StoredSpec | undefined {
  const entry = unseal(text);
  return entry !== undefined && isStoredSpec(entry) ? entry : undefined;
}

/** The checksum vouches for the content, this for the version that wrote it. */
function isStoredSpec(entry: object): entry is StoredSpec {
  const { name, generation, source, file, text, canonical } = entry as Record<string, unknown>;
  return (
    [name, source, text, canonical].every((value) => typeof value === 'string') &&
    Number.isSafeInteger(generation) &&
    typeof file === 'object' &&
    file !== null
  );
}
