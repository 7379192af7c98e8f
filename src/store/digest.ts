import { hash } from 'node:crypto';

/** Hex SHA-256 of bytes, of a text its UTF-8 ones: 64 characters, safe as a file name whatever the text holds. */
export function sha256Hex(text: string | Uint8Array): string {
  return hash('sha256', text);
}
