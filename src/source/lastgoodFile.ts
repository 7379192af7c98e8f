import { sha256Hex } from '../store/digest.ts';
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
  const entry = { name, generation, source, file, text, canonical };
  return `${JSON.stringify({ sha256: sha256Hex(JSON.stringify(entry)), entry })}\n`;
}

/** Undefined where the text is cut off, altered, or something else. */
export function parseLastGood(text: string): StoredSpec | undefined {
  let stored: { readonly sha256?: unknown; readonly entry?: unknown } | null;
  try {
    stored = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (typeof stored?.entry !== 'object' || stored.entry === null) return undefined;
  if (stored.sha256 !== sha256Hex(JSON.stringify(stored.entry))) return undefined;
  return isStoredSpec(stored.entry) ? stored.entry : undefined;
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
