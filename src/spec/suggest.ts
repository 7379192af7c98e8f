/**
 * The candidate a person most likely meant, or undefined where none is near.
 *
 * Near: at most a third of the letters are added, left out, changed or swapped with their neighbour; case, `_` and `-` don't count.
 */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = plain(word);
  if (wanted.length > 64) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    // So many letters at least are to be added or left out; most candidates need no closer look.
    if (Math.abs(plainLength(candidate) - wanted.length) >= bestDistance) continue;
    const distance = editDistance(wanted, plain(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function plain(word: string): string {
  return word.toLowerCase().replaceAll(/[_-]/g, '');
}

/** Length of the plain form, without making it. */
function plainLength(word: string): number {
  let length = word.length;
  for (let at = 0; at < word.length; at++) if (word[at] === '_' || word[at] === '-') length--;
  return length;
}

/** Optimal string alignment: the number of insertions, deletions, changes and swaps of neighbours between two words. */
export function editDistance(a: string, b: string): number {
  let [before, last, row]: [number[], number[], number[]] = [
    [],
    Array.from({ length: b.length + 1 }, (_, at) => at),
    [],
  ];
  for (let i = 1; i <= a.length; i++) {
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (before[j - 2] ?? 0) + 1);
      row[j] = cost;
    }
    [before, last, row] = [last, row, before];
  }
  return last[b.length] ?? 0;
}
