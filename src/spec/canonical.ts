/** JSON with the keys of every object sorted and no blanks: equal strings mean equal values. The value is plain JSON. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value));
}

/** Before it is made text: to be asked at each value meanwhile costs twice as much. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
