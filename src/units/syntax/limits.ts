import { INFINITY, parseCount, parseSize, parseWhole } from './amounts.ts';
import { PropertySyntaxError } from './error.ts';
import { parseTimespan } from './times.ts';

/** Reads one of the two limits of a resource. @throws {PropertySyntaxError} */
export type LimitReader = (text: string) => bigint;

/** Bytes. */
export const readBytes: LimitReader = (text) => (text === 'infinity' ? INFINITY : parseSize(text));
/** A number. */
export const readNumber: LimitReader = parseCount;
/** CPU time in whole seconds, rounded up. */
export const readSeconds: LimitReader = (text) => {
  const usec = parseTimespan(text);
  return usec === INFINITY ? usec : (usec + 999_999n) / 1_000_000n;
};
/** Time in microseconds, which a number without a unit counts. */
export const readMicroseconds: LimitReader = (text) => parseTimespan(text, 1n);
/** The lowest nice level, -20 to +19 with its sign, as the kernel counts: 20 less it; without a sign as the kernel has it. */
export const readNice: LimitReader = (text) => {
  if (text === 'infinity') return INFINITY;
  return BigInt(/^[+-]/.test(text) ? 20 - parseWhole(text, -20, 19) : parseWhole(text, 0, 40));
};

/**
 * Soft and hard limit of a resource from `soft:hard`, or from one value for both.
 *
 * @see systemd.exec(5), "Process Properties"; setrlimit(2) @throws {PropertySyntaxError}
 */
export function parseLimit(text: string, read: LimitReader): { readonly soft: bigint; readonly hard: bigint } {
  const [first = '', second] = text.split(':', 2).map((part) => part.trim());
  if (text.split(':').length > 2) throw new PropertySyntaxError('expects one limit, or soft:hard');
  const soft = read(first);
  const hard = second === undefined ? soft : read(second);
  if (soft > hard) throw new PropertySyntaxError('expects a soft limit no larger than the hard one');
  return { soft, hard };
}
