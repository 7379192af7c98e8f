import { canonicalValue } from './canonical.ts';
import type { PropertyRow, ReadBack } from './properties/row.ts';
import { INFINITY } from './syntax/amounts.ts';

/**
 * Whether what systemd reports of a property is what it was sent, in the form that it gives back.
 *
 * True also where systemd never tells (`undefined` reported, or a row that says so), and for filters of system calls, whose
 * groups it spells out: there only what was not written as a group is looked for.
 */
export function readBackEqual(row: PropertyRow, sent: unknown, reported: unknown): boolean {
  if (reported === undefined) return true;
  return row.readBack === undefined ? same(sent, reported) : sameForm(row, row.readBack, sent, reported);
}

function sameForm(row: PropertyRow, form: ReadBack, sent: unknown, reported: unknown): boolean {
  switch (form) {
    case 'never':
      return true;
    case 'mask':
      return same(withoutPadding(sent), withoutPadding(reported));
    case 'switch':
      return switchWord(sent) === switchWord(reported);
    case 'directory':
      return directory(String(sent)) === directory(String(reported));
    case 'set':
      return row.signature === 'a(st)' ? sameLimits(sent, reported) : sameSet(list(sent), list(reported));
    case 'among':
      return canonical(list(sent)).every((value) => canonical(list(reported)).includes(value));
    case 'statuses':
      return list(sent).every((codes, index) => sameSet(list(codes), list(list(reported)[index])));
    case 'commands':
      return same(list(sent).map(command), list(reported).map(command));
    case 'conditions':
      return sameSet(
        list(sent),
        list(reported).map((condition) => list(condition).slice(0, 4)),
      );
    case 'filter':
      return isFiltered(list(sent), list(reported));
  }
}

function same(sent: unknown, reported: unknown): boolean {
  return canonicalValue(sent) === canonicalValue(reported);
}

function sameSet(sent: readonly unknown[], reported: readonly unknown[]): boolean {
  const [one, other] = [new Set(canonical(sent)), new Set(canonical(reported))];
  return one.size === other.size && [...one].every((value) => other.has(value));
}

/** A later limit for a path replaces the one before, and one without end is none. */
function sameLimits(sent: unknown, reported: unknown): boolean {
  const inForce = (value: unknown): unknown[] =>
    [...new Map(list(value).map((pair) => [list(pair)[0], pair])).values()].filter(
      (pair) => BigInt(list(pair)[1] as bigint | number) !== INFINITY,
    );
  return sameSet(inForce(sent), inForce(reported));
}

function canonical(values: readonly unknown[]): string[] {
  return values.map(canonicalValue);
}

/** Program, arguments, and flags in any order; what follows tells how it went. */
function command(value: unknown): unknown {
  const [program, argv, flags] = list(value);
  // Newer systemds take `ambient` and do not report it.
  return [program, argv, Array.isArray(flags) ? flags.filter((flag) => flag !== 'ambient').sort() : flags];
}

function isFiltered([isAllow, sent]: readonly unknown[], [isReportedAllow, reported]: readonly unknown[]): boolean {
  const words = list(sent).map(String);
  const found = new Set(list(reported).map(String));
  if (isAllow !== isReportedAllow) return false;
  // Those that the kernel's other name for, or no such call on this machine, are not reported.
  if (words.some((word) => word.startsWith('@'))) return true;
  return words.every((word) => found.has(word)) && (found.size === new Set(words).size || words.length === 0);
}

function switchWord(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const word = String(value);
  return { on: 'yes', off: 'no', true: 'yes', false: 'no' }[word] ?? word;
}

/** systemd writes `-` as `!` where the directory may be absent. */
function directory(path: string): string {
  return path.replace(/^!/, '-');
}

function withoutPadding(value: unknown): unknown {
  if (!(value instanceof Uint8Array) && !Array.isArray(value)) return value;
  const bytes = Buffer.from(value as Uint8Array);
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, end);
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
