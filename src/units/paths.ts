import { posix } from 'node:path';

/** Where programs are looked for after a server's own `extraPaths`. */
export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * Whether a text is Unicode without control characters, so that it may stand in a property that is no command.
 *
 * systemd writes a transient unit to a file and reads it again on daemon-reload, some properties unescaped: a line break in one
 * would begin a setting of its own there.
 */
export function isPlainText(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return isUnicodeText(text) && !/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text);
}

/** Whether systemd takes a text as UTF-8: no NUL, no lone surrogates, no noncharacters (U+FDD0-FDEF, U+xxFFFE, U+xxFFFF). */
export function isUnicodeText(text: string): boolean {
  if (!text.isWellFormed() || text.includes('\0')) return false;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    if ((code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe) return false;
  }
  return true;
}

/** Directories of a PATH as ExecSearchPath= takes them: absolute, normalised, without those that it would refuse or that can't be stored. */
export function searchPath(path: string): string[] {
  const directories = path.split(':').filter((directory) => directory.startsWith('/') && isPlainText(directory));
  return [...new Set(directories.map((directory) => posix.normalize(directory)))];
}

/** `file://` URL of a path in ASCII, as Documentation= takes it. */
export function fileUrl(path: string): string {
  const encoded = [...Buffer.from(path, 'utf8')].map((byte) => {
    const character = String.fromCharCode(byte);
    return /[A-Za-z0-9/._~-]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return `file://${encoded.join('')}`;
}

/** A path that EnvironmentFile= takes literally, though it reads its value as a glob pattern. @see glob(7) */
export function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]]/g, '\\$&');
}
