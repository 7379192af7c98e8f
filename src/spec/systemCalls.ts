import { suggest } from './suggest.ts';

/** @see systemd.exec(5), "Currently predefined system call sets"; @sandbox came with systemd 256 */
const GROUPS: readonly string[] = [
  '@aio',
  '@basic-io',
  '@chown',
  '@clock',
  '@cpu-emulation',
  '@debug',
  '@default',
  '@file-system',
  '@io-event',
  '@ipc',
  '@keyring',
  '@known',
  '@memlock',
  '@module',
  '@mount',
  '@network-io',
  '@obsolete',
  '@pkey',
  '@privileged',
  '@process',
  '@raw-io',
  '@reboot',
  '@resources',
  '@sandbox',
  '@setuid',
  '@signal',
  '@swap',
  '@sync',
  '@system-service',
  '@timer',
];

/** What a filter says: these and no others, or all but these. Errno suffixes stay with their names. */
export interface SystemCallRule {
  readonly isAllowed: boolean;
  readonly names: readonly string[];
}

/**
 * The filter in the order in which systemd takes it.
 *
 * As in a unit file, a `~` on the first entry makes all of them a list of what is refused; on a later one it takes that out
 * of the list of what is allowed. @see systemd.exec(5), "SystemCallFilter="
 */
export function systemCallRules(entries: readonly string[]): readonly SystemCallRule[] {
  const isDenyList = entries[0]?.startsWith('~') === true;
  const names = (isWanted: (entry: string) => boolean) =>
    entries.filter(isWanted).map((entry) => entry.replace(/^~/, ''));
  if (isDenyList) return [{ isAllowed: false, names: names(() => true) }];
  const denied = names((entry) => entry.startsWith('~'));
  return [
    { isAllowed: true, names: names((entry) => !entry.startsWith('~')) },
    ...(denied.length === 0 ? [] : [{ isAllowed: false, names: denied }]),
  ];
}

/** What is wrong with one entry, or undefined. */
export function systemCallProblem(entry: string): string | undefined {
  const [name = '', errno, ...more] = entry.replace(/^~/, '').split(':');
  if (more.length > 0 || (errno !== undefined && !/^(?:E[A-Z0-9]+|kill|\d{1,4})$/.test(errno))) {
    return 'must be a system call or group, such as @mount, ~@mount or ~ptrace:EPERM';
  }
  if (!name.startsWith('@')) {
    return /^[a-z_][a-z0-9_]*$/.test(name)
      ? undefined
      : 'is not the name of a system call or of a group such as @mount';
  }
  if (GROUPS.includes(name)) return undefined;
  const near = suggest(name, GROUPS);
  return `is not a group of system calls${near === undefined ? '' : `, did you mean ${near}?`}`;
}

/** What is wrong with a filter of entries that are right one by one: the index of the entry and what is wrong with it. Undefined: nothing. */
export function systemCallFilterProblem(
  entries: readonly string[],
): { readonly index: number; readonly message: string } | undefined {
  const isDenyList = entries[0]?.startsWith('~') === true;
  const isWrong = (entry: string) =>
    entry.includes(':') && !entry.startsWith('~') && systemCallProblem(entry) === undefined;
  const index = isDenyList ? -1 : entries.findIndex(isWrong);
  return index < 0
    ? undefined
    : { index, message: 'must have ~ before it: only a refused call can have an error number' };
}
