import type { Problem } from './judge.ts';
import type { Model } from './model.ts';

/** What the controller said and how it ended, as far as no step asked for it. */
export function judgeLog(model: Model, log: readonly string[], ends: readonly string[]): readonly Problem[] {
  const isExpected = expectationOf(model);
  const said = log.flatMap((row): readonly Problem[] => {
    const entry = parse(row);
    if (entry === undefined) {
      const isStack = /^\s+at |Error\b|Exception|assert|unhandled/i.test(row);
      return isStack ? [{ kind: 'wrong', about: 'log', text: row }] : [];
    }
    return entry.level === 'error' && !isExpected(entry) ? [{ kind: 'wrong', about: 'log', text: row }] : [];
  });
  const ended = ends
    .filter((row) => !/status=9\/KILL/.test(row) && !(model.done.has('bus away') && /status=69/.test(row)))
    .filter((row) => !(model.done.has('disk full') && /status=1\b/.test(row)))
    .map((row): Problem => ({ kind: 'wrong', about: 'controller', text: row }));
  return [...said, ...ended];
}

interface Entry {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly reason?: unknown;
  readonly err?: { readonly code?: unknown; readonly message?: unknown };
}

/** Whether an error that was logged is one that people were to be told of: of a full disk, or of a directory that is not as it was. */
function expectationOf({ done }: Model): (entry: Entry) => boolean {
  return ({ err, reason, msg }) => {
    if (msg === 'source is not ready') return done.has('directory');
    const isDisk = [err?.code, err?.message, reason].some((text) => `${text}`.includes('ENOSPC'));
    return done.has('disk full') && (isDisk || msg === 'event file not written, events are kept in memory');
  };
}

/** How often each message of level warn or error came, the most frequent first: for people who look for what is odd. */
export function summariseLog(log: readonly string[]): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const row of log) {
    const entry = parse(row);
    if (entry !== undefined && entry.level !== 'warn' && entry.level !== 'error') continue;
    const text = entry === undefined ? row.slice(0, 100) : `${entry.level}: ${entry.msg}`;
    counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}

function parse(row: string): Entry | undefined {
  if (!row.startsWith('{')) return undefined;
  try {
    return JSON.parse(row) as Entry;
  } catch (err) {
    // A controller that is killed while it writes leaves half a line.
    if (err instanceof SyntaxError) return undefined;
    throw err;
  }
}
