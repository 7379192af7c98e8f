/** Who may decide what runs as anybody: whoever may write a spec. So only files that nobody else can write are believed. */

export interface Ownership {
  readonly path: string;
  readonly uid: number;
  /** Permission bits, as of stat(2). */
  readonly mode: number;
}

const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_OTHERS = 0o004;
const ENTERABLE_BY_OTHERS = 0o001;

/** What is wrong with a file's or directory's owner or mode and which command puts it right; undefined where it can be trusted. */
export function findDistrust({ path, uid, mode }: Ownership, ownerUid: number): string | undefined {
  if (uid !== 0 && uid !== ownerUid) {
    const allowed = ownerUid === 0 ? 'root' : `root or uid ${ownerUid}`;
    const chown = `chown ${ownerUid === 0 ? 'root' : ownerUid} ${shellQuote(path)}`;
    return `${path} is owned by uid ${uid}, not by ${allowed}: ${chown}`;
  }
  if ((mode & WRITABLE_BY_OTHERS) !== 0) {
    const who = (mode & 0o002) !== 0 ? 'everybody' : 'its group';
    return `${path} can be written by ${who}: chmod go-w ${shellQuote(path)}`;
  }
  return undefined;
}

/** True where any local user can read the file, its directory's mode taken into account. */
export function isWorldReadable(fileMode: number, directoryMode: number): boolean {
  return (fileMode & READABLE_BY_OTHERS) !== 0 && (directoryMode & ENTERABLE_BY_OTHERS) !== 0;
}

/** A path as a person can paste it into a shell. */
export function shellQuote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
