/** What is wrong with a range of ports, or undefined. */
export function portRangeProblem(range: string): string | undefined {
  const match = /^(\d{1,5})-(\d{1,5})$/.exec(range);
  if (match === null) return 'must be first-last, such as 20000-29999';
  const [first, last] = [Number(match[1]), Number(match[2])];
  if (first < 1 || last > 65_535) return 'must lie within 1-65535';
  return first > last ? `runs backwards: write ${last}-${first}` : undefined;
}

/** First and last port of a range that has no problem. */
export function parsePortRange(range: string): { readonly first: number; readonly last: number } {
  const [first = 0, last = 0] = range.split('-').map(Number);
  return { first, last };
}
