import { readFileSync, statSync } from 'node:fs';
import type { Account } from '../admission/types.ts';
import type { Log } from '../log.ts';
import { hasErrorCode } from '../store/files.ts';
import { type AccountKey, isFilesFirst, parsePasswd } from './passwd.ts';

export interface PasswdPaths {
  readonly passwd: string;
  readonly nsswitch: string;
}

export const PASSWD_PATHS: PasswdPaths = { passwd: '/etc/passwd', nsswitch: '/etc/nsswitch.conf' };

/** Looks an account up in /etc/passwd; undefined: not there, or a hit there would not be NSS's answer. */
export type PasswdFile = (key: AccountKey) => Account | undefined;

/** A view of /etc/passwd that is read again whenever the file changed. Never throws: an unreadable file has no hits. */
export function createPasswdFile(paths: PasswdPaths, log: Log): PasswdFile {
  const filesFirst = rereadFile(paths.nsswitch, isFilesFirst, false, log);
  const accounts = rereadFile(paths.passwd, indexAccounts, indexAccounts(''), log);
  return (key) => {
    if (key.kind === 'impossible' || !filesFirst()) return undefined;
    return key.kind === 'name' ? accounts().byName.get(key.name) : accounts().byUid.get(key.uid);
  };
}

interface Accounts {
  readonly byName: ReadonlyMap<string, Account>;
  readonly byUid: ReadonlyMap<number, Account>;
}

/** The first line counts where a name or a uid stands there twice, as for libc. */
function indexAccounts(text: string): Accounts {
  const reversed = parsePasswd(text).toReversed();
  return {
    byName: new Map(reversed.map((account) => [account.name, account])),
    byUid: new Map(reversed.map((account) => [account.uid, account])),
  };
}

/** A value made from a file, made anew when the file's identity changed. `absent`: the value without a readable file. */
function rereadFile<T>(path: string, parse: (text: string) => T, absent: T, log: Log): () => T {
  let value = absent;
  let identity = '';
  let isBroken = false;
  return () => {
    try {
      const { ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
      const now = [ino, size, mtimeNs, ctimeNs].join(' ');
      if (now === identity) return value;
      value = parse(readFileSync(path, 'utf8'));
      identity = now;
      isBroken = false;
    } catch (err) {
      value = absent;
      identity = '';
      if (!hasErrorCode(err, 'ENOENT') && !isBroken)
        log.warn({ err, path }, 'account file not readable, getent is asked instead');
      isBroken = true;
    }
    return value;
  };
}
