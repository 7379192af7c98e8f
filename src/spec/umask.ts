/** What is wrong with a file mode mask, or undefined: three octal digits, or four with a zero first. */
export function umaskProblem(text: string): string | undefined {
  return /^0?[0-7]{3}$/.test(text) ? undefined : 'must be three octal digits such as "0077" or "022"';
}

/** The bits of a mask that `umaskProblem` has nothing against, 0-0o777. */
export function parseUmask(text: string): number {
  return Number.parseInt(text, 8);
}
