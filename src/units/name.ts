import { hash } from 'node:crypto';

/** Matches every unit that hublet makes; systemd's ListUnitsByPatterns takes it. */
export const unitNamePattern = 'hublet-*.service';

const PREFIX = 'hublet-';
const SUFFIX = '.service';
/** systemd takes 255 bytes (UNIT_NAME_MAX); the rest is room for its own drop-in and cgroup names. */
const LONGEST_UNIT_NAME_BYTES = 200;
const KEPT_OF_LONG_NAME_BYTES = 160;

/**
 * systemd's name of a server's unit: `hublet-<escaped name>.service`.
 *
 * At most 200 bytes: a longer one is its first 160 bytes, cut between escapes, `\x7e` and 16 hex digits of the name's SHA-256.
 * Two names never share a unit, because `~` (0x7e) is no character of a server name.
 */
export function unitName(serverName: string): string {
  const stem = PREFIX + escapedName(serverName);
  if (stem.length + SUFFIX.length <= LONGEST_UNIT_NAME_BYTES) return stem + SUFFIX;
  return `${cutBetweenEscapes(stem, KEPT_OF_LONG_NAME_BYTES)}\\x7e${serverFileId(serverName).slice(0, 16)}${SUFFIX}`;
}

/**
 * Names a server in paths that people read: as in its unit's name, with `=NN` for `\xNN`. At most 185 bytes, shared by no two servers.
 *
 * No backslash: a daemon-reload reads StateDirectory= back with its escapes undone, as another directory.
 */
export function serverPathName(serverName: string): string {
  return unitName(serverName).slice(PREFIX.length, -SUFFIX.length).replaceAll('\\x', '=');
}

/** The name in ASCII without blanks: `A-Z a-z 0-9 _ - .` as they are, every other byte of its UTF-8 as `\xNN`. Never cut, so `unescapedName` gives the name back. */
export function escapedName(serverName: string): string {
  if (/^[A-Za-z0-9_.-]*$/.test(serverName)) return serverName;
  let escaped = '';
  for (const byte of Buffer.from(serverName, 'utf8')) {
    const character = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9_.-]/.test(character) ? character : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return escaped;
}

/** The server name that `escapedName` made this of; undefined where it can't have. */
export function unescapedName(escaped: string): string | undefined {
  if (!/^(?:[A-Za-z0-9_.-]|\\x[0-9a-f]{2})+$/.test(escaped)) return undefined;
  const latin = escaped.replace(/\\x([0-9a-f]{2})/g, (_all, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  const name = Buffer.from(latin, 'latin1').toString('utf8');
  return escapedName(name) === escaped ? name : undefined;
}

/** Names a server's files below the runtime and state directories: 64 hex digits, the SHA-256 of its name, safe in a glob. */
export function serverFileId(serverName: string): string {
  return hash('sha256', serverName);
}

function cutBetweenEscapes(stem: string, bytes: number): string {
  const cut = stem.slice(0, bytes);
  const lastEscape = cut.lastIndexOf('\\');
  return lastEscape > bytes - 4 ? cut.slice(0, lastEscape) : cut;
}
