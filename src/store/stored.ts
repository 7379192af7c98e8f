/** How hublet's own files hold things: a text that is cut off or altered never counts as one that was written. */
import { sha256Hex } from './digest.ts';

/** What a stored object says, unchecked. Undefined where the text is cut off, or no JSON object. */
export function parseStored(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const stored: unknown = JSON.parse(text);
    return typeof stored === 'object' && stored !== null ? { ...stored } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The stored form of what must be whole or not be at all: one line, a JSON object with a checksum over the rest. */
export function seal(entry: object): string {
  return `${JSON.stringify({ sha256: sha256Hex(JSON.stringify(entry)), entry })}\n`;
}

/** What was sealed; the checksum vouches for the content, not for the version of hublet that wrote it. Undefined where it is damaged. */
export function unseal(text: string): Readonly<Record<string, unknown>> | undefined {
  const { sha256, entry } = parseStored(text) ?? {};
  if (typeof entry !== 'object' || entry === null) return undefined;
  return sha256 === sha256Hex(JSON.stringify(entry)) ? { ...entry } : undefined;
}
