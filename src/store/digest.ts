import { hash } from 'node:crypto';

/** Hex SHA-256 of a text's UTF-8 bytes: 64 characters, safe as a file name whatever the text holds. */
export function sha256Hex(text: string): string {
  return hash('sha256', text);
}
