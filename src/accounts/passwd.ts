import type { Account } from '../admission/types.ts';

/** uid_t is 32 bits and its last value means "no change": no account has it. */
const MAX_UID = 2 ** 32 - 2;

/**
 * One line of the passwd database; undefined where it is no account: empty, a comment, NIS's `+` and `-`, or broken.
 *
 * @see passwd(5)
 */
export function parsePasswdLine(line: string): Account | undefined {
  const fields = line.split(':');
  const [name = '', , uidText = '', gidText = '', , home = '', shell = ''] = fields;
  const uid = parseId(uidText);
  const gid = parseId(gidText);
  if (fields.length !== 7 || name === '' || /^[#+-]/.test(name) || uid === undefined || gid === undefined)
    return undefined;
  return { name, uid, gid, home, shell };
}

/** All accounts of a passwd file or of getent's answer, in order; of a name that stands there twice both. */
export function parsePasswd(text: string): readonly Account[] {
  return text.split('\n').flatMap((line) => parsePasswdLine(line) ?? []);
}

/** A uid or gid in decimal; undefined for anything else, leading zeros and numbers beyond 32 bits included. */
export function parseId(text: string): number | undefined {
  if (!/^(?:0|[1-9]\d{0,9})$/.test(text)) return undefined;
  const id = Number(text);
  return id <= MAX_UID ? id : undefined;
}

/** What an account is asked for by. */
export type AccountKey =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'uid'; readonly uid: number }
  /** Can't be an account, and must not be asked: getent would take it for something else. */
  | { readonly kind: 'impossible' };

/**
 * How a text names an account: digits are a uid, as for getent and for systemd's User=.
 *
 * Refused are what would be an option (`-x`), what cannot stand in a passwd line (`:`, newline, NUL), and numbers in
 * any form that getent's strtoul takes but that is no uid: ` 5`, `+5`, `007`, and 4294967296, which it answers with root.
 */
export function accountKey(text: string): AccountKey {
  if (text === '' || /^[-+]|[:\n\0]|^\s|\s$/.test(text)) return { kind: 'impossible' };
  if (!/^\d+$/.test(text)) return { kind: 'name', name: text };
  const uid = parseId(text);
  return uid === undefined ? { kind: 'impossible' } : { kind: 'uid', uid };
}

/** Whether this account is what was asked for. */
export function answersTo(account: Account, key: AccountKey): boolean {
  switch (key.kind) {
    case 'name':
      return account.name === key.name;
    case 'uid':
      return account.uid === key.uid;
    case 'impossible':
      return false;
  }
}

/**
 * Whether a hit in /etc/passwd is NSS's own answer: `files` is the first service for passwd and a success there ends
 * the search, which it does unless an action in brackets says otherwise. No passwd line: false, as libc's default differs.
 *
 * @see nsswitch.conf(5)
 */
export function isFilesFirst(nsswitch: string): boolean {
  const lines = nsswitch
    .split('\n')
    .map((text) => text.replace(/#.*$/, '').trim())
    .filter((text) => /^passwd\s*:/.test(text));
  return lines.length > 0 && lines.every((line) => hasDefinitiveFiles(line.slice(line.indexOf(':') + 1).trim()));
}

function hasDefinitiveFiles(services: string): boolean {
  const match = /^files((?:\s*\[[^\]]*\])*)(?:\s|$)/i.exec(services);
  if (match === null) return false;
  const actions = (match[1] ?? '').toLowerCase();
  // A negated action (`[!notfound=continue]`) also speaks of success.
  return !actions.includes('!') && !/success\s*=\s*(?!return)/.test(actions);
}
