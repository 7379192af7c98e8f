import type { Account } from '../admission/types.ts';
import type { NssDatabase } from './database.ts';
import { parseId } from './key.ts';

/** Accounts. @see passwd(5) */
export const PASSWD: NssDatabase<Account> = {
  name: 'passwd',
  words: 'accounts',
  parseLine: parsePasswdLine,
  idOf: (account) => account.uid,
};

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
