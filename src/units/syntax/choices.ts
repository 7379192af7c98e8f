import { PropertySyntaxError } from './error.ts';

/** systemd's words for yes and no. @see systemd.syntax(7) @throws {PropertySyntaxError} */
export function parseBoolean(text: string): boolean {
  const value = booleanOf(text);
  if (value === undefined) throw new PropertySyntaxError('expects yes or no');
  return value;
}

/** One of the words. @throws {PropertySyntaxError} naming them all */
export function parseChoice(text: string, words: readonly string[]): string {
  if (!words.includes(text)) throw new PropertySyntaxError(`expects ${oneOf(words)}`);
  return text;
}

/** `yes`, `no` in any of systemd's ways to say them, or one of the words. @throws {PropertySyntaxError} naming them all */
export function parseSwitch(text: string, words: readonly string[]): string {
  const value = booleanOf(text);
  if (value !== undefined) return value ? 'yes' : 'no';
  return parseChoice(text, ['yes', 'no', ...words]);
}

/** The number of a name, or the number itself where it is one of the names'. @throws {PropertySyntaxError} */
export function parseNamed(text: string, numbers: Readonly<Record<string, number>>): number {
  const named = Object.hasOwn(numbers, text) ? numbers[text] : undefined;
  if (named !== undefined) return named;
  if (/^\d{1,3}$/.test(text) && Object.values(numbers).includes(Number(text))) return Number(text);
  throw new PropertySyntaxError(`expects ${oneOf(Object.keys(numbers))}`);
}

/** The sum of flags by their names. @throws {PropertySyntaxError} */
export function parseFlags(words: readonly string[], flags: Readonly<Record<string, number>>): number {
  let sum = 0;
  for (const word of words) {
    const flag = Object.hasOwn(flags, word) ? flags[word] : undefined;
    if (flag === undefined) throw new PropertySyntaxError(`expects words among ${Object.keys(flags).join(', ')}`);
    sum |= flag;
  }
  return sum;
}

/** @see systemd.exec(5), "CPUSchedulingPolicy="; sched(7) */
export const CPU_POLICIES = { other: 0, fifo: 1, rr: 2, batch: 3, idle: 5 };
/** @see systemd.exec(5), "IOSchedulingClass="; ioprio_set(2) */
export const IO_CLASSES = { none: 0, realtime: 1, 'best-effort': 2, idle: 3 };
/** @see systemd.exec(5), "NUMAPolicy="; set_mempolicy(2) */
export const NUMA_POLICIES = { default: 0, preferred: 1, bind: 2, interleave: 3, local: 4 };
/** @see syslog(3) */
export const LOG_LEVELS = { emerg: 0, alert: 1, crit: 2, err: 3, warning: 4, notice: 5, info: 6, debug: 7 };
/** @see syslog(3) */
export const LOG_FACILITIES = {
  kern: 0,
  user: 1,
  mail: 2,
  daemon: 3,
  auth: 4,
  syslog: 5,
  lpr: 6,
  news: 7,
  uucp: 8,
  cron: 9,
  authpriv: 10,
  ftp: 11,
  local0: 16,
  local1: 17,
  local2: 18,
  local3: 19,
  local4: 20,
  local5: 21,
  local6: 22,
  local7: 23,
};
/** @see systemd.exec(5), "SecureBits="; capabilities(7) */
export const SECURE_BITS = {
  noroot: 1,
  'noroot-locked': 2,
  'no-setuid-fixup': 4,
  'no-setuid-fixup-locked': 8,
  'keep-caps': 16,
  'keep-caps-locked': 32,
};
/** @see systemd.exec(5), "MountFlags="; mount(2) */
export const MOUNT_FLAGS = { private: 1 << 18, slave: 1 << 19, shared: 1 << 20 };

function booleanOf(text: string): boolean | undefined {
  if (/^(?:1|yes|y|true|t|on)$/i.test(text)) return true;
  if (/^(?:0|no|n|false|f|off)$/i.test(text)) return false;
  return undefined;
}

function oneOf(words: readonly string[]): string {
  return words.length === 1 ? `${words[0]}` : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
