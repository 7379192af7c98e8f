/** Decides, look by look, whether what is in a file is what its writer meant. Pure: looks and times in, verdicts out. */

import type { ServerDocument } from '../spec/schema.ts';
import type { ParsedSpec } from '../spec/types.ts';
import type { SpecRefusal } from './types.ts';

/** How long a file that may still be written must have stood still. */
export const STILL_MS = 100;
/** An unfinished file is looked at again so often, so far apart, before it is called incomplete. */
export const INCOMPLETE_TRIES = 3;
export const INCOMPLETE_RETRY_MS = 500;
const UNREADABLE_RETRY_MS = 250;
const UNREADABLE_LONGEST_MS = 20_000;

/** A file's identity and times: equal `key` means that nothing has happened to it. */
export interface FileStamp {
  readonly key: string;
  /** Device and inode: changes when the file is replaced rather than rewritten. */
  readonly inode: string;
}

export type FileLook =
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly refusal: SpecRefusal }
  /** Not to be parsed: not trusted, too large, no text. */
  | { readonly kind: 'unfit'; readonly stamp: FileStamp; readonly refusal: SpecRefusal }
  | {
      readonly kind: 'text';
      readonly stamp: FileStamp;
      readonly digest: string;
      readonly endsInNewline: boolean;
      /** False: it changed while it was read. */
      readonly isSteady: boolean;
      parse(): ParsedSpec;
      /** All problems in words. */
      explain(parsed: Exclude<ParsedSpec, { kind: 'valid' }>): SpecRefusal;
    };

/** What is remembered of a name from one look to the next. */
export interface Attention {
  /** The last look's stamp; undefined: there was no file. */
  readonly seen: FileStamp | undefined;
  readonly digest: string | undefined;
  /** Monotonic time since when it looks like that. */
  readonly sinceMs: number;
  /** Monotonic time since when it is unfinished; undefined: it is not. */
  readonly incompleteSinceMs: number | undefined;
  readonly unreadableTries: number;
  /** True once the verdict on what was last seen has been given. */
  readonly isJudged: boolean;
}

export const UNSEEN: Attention = {
  seen: undefined,
  digest: undefined,
  sinceMs: 0,
  incompleteSinceMs: undefined,
  unreadableTries: 0,
  isJudged: false,
};

export type Verdict =
  /** Judged before, and nothing has changed. */
  | { readonly kind: 'settled' }
  | { readonly kind: 'take'; readonly document: ServerDocument; readonly canonical: string }
  | { readonly kind: 'refuse'; readonly refusal: SpecRefusal }
  /** Nothing is known of it at present: `refusal` says why. */
  | { readonly kind: 'unsure'; readonly refusal: SpecRefusal; readonly againMs: number }
  /** Perhaps still being written: everything stays as it is; look again in `againMs` milliseconds. */
  | { readonly kind: 'wait'; readonly againMs: number }
  /** There was no file to look at, which proves nothing: only a listing does. */
  | { readonly kind: 'absent' };

export interface Judgement {
  readonly attention: Attention;
  readonly verdict: Verdict;
}

/**
 * The verdict on one look, and what to remember for the next.
 *
 * A new inode that ends in a newline is judged at once. Anything else has to stand still for 100 ms, unfinished text for three
 * tries. Looking more often than asked changes nothing; `nowMs` is monotonic.
 */
export function judgeLook(before: Attention, look: FileLook, nowMs: number): Judgement {
  switch (look.kind) {
    case 'absent':
      return { attention: UNSEEN, verdict: { kind: 'absent' } };
    case 'unreadable':
      return judgeUnreadable(before, look.refusal);
    case 'unfit': {
      const attention = remember(before, look.stamp, undefined, nowMs);
      if (attention.isJudged) return { attention, verdict: { kind: 'settled' } };
      if (!isReplaced(before, look.stamp) && !isStill(attention, nowMs)) return waitForStill(attention, nowMs);
      return conclude({ ...attention, incompleteSinceMs: undefined }, { kind: 'refuse', refusal: look.refusal });
    }
    case 'text':
      return judgeText(before, look, nowMs);
  }
}

function judgeText(before: Attention, look: FileLook & { readonly kind: 'text' }, nowMs: number): Judgement {
  const seen = remember(before, look.stamp, look.digest, nowMs);
  if (!look.isSteady) return waitForStill({ ...seen, sinceMs: nowMs, isJudged: false }, nowMs);
  if (seen.isJudged) return { attention: seen, verdict: { kind: 'settled' } };

  const parsed = look.parse();
  if (parsed.kind === 'incomplete') return judgeIncomplete(seen, look.explain(parsed), nowMs);
  const attention = { ...seen, incompleteSinceMs: undefined };
  const isWhole = look.endsInNewline && isReplaced(before, look.stamp);
  if (!isWhole && !isStill(attention, nowMs)) return waitForStill(attention, nowMs);
  if (parsed.kind === 'invalid') return conclude(attention, { kind: 'refuse', refusal: look.explain(parsed) });
  return conclude(attention, { kind: 'take', document: parsed.document, canonical: parsed.canonical });
}

function judgeIncomplete(seen: Attention, refusal: SpecRefusal, nowMs: number): Judgement {
  const sinceMs = seen.incompleteSinceMs ?? nowMs;
  const waitedMs = nowMs - sinceMs;
  if (waitedMs >= INCOMPLETE_TRIES * INCOMPLETE_RETRY_MS) {
    return conclude({ ...seen, incompleteSinceMs: undefined }, { kind: 'refuse', refusal });
  }
  const againMs = INCOMPLETE_RETRY_MS - (waitedMs % INCOMPLETE_RETRY_MS);
  return { attention: { ...seen, incompleteSinceMs: sinceMs }, verdict: { kind: 'wait', againMs } };
}

function judgeUnreadable(before: Attention, refusal: SpecRefusal): Judgement {
  const againMs = Math.min(UNREADABLE_RETRY_MS * 2 ** before.unreadableTries, UNREADABLE_LONGEST_MS);
  // Not judged any more: when it can be read again, even unchanged, that has to be said.
  const attention = { ...before, isJudged: false, unreadableTries: Math.min(before.unreadableTries + 1, 10) };
  return { attention, verdict: { kind: 'unsure', refusal, againMs } };
}

function remember(before: Attention, stamp: FileStamp, digest: string | undefined, nowMs: number): Attention {
  // The digest too: two writes within one tick of the kernel's clock leave equal times.
  if (before.seen?.key === stamp.key && before.digest === digest) return { ...before, unreadableTries: 0 };
  const { incompleteSinceMs } = before;
  return { seen: stamp, digest, sinceMs: nowMs, incompleteSinceMs, unreadableTries: 0, isJudged: false };
}

function conclude(attention: Attention, verdict: Verdict): Judgement {
  return { attention: { ...attention, isJudged: true }, verdict };
}

function waitForStill(attention: Attention, nowMs: number): Judgement {
  return { attention, verdict: { kind: 'wait', againMs: attention.sinceMs + STILL_MS - nowMs } };
}

function isReplaced(before: Attention, stamp: FileStamp): boolean {
  return before.seen?.inode !== stamp.inode;
}

function isStill(attention: Attention, nowMs: number): boolean {
  return nowMs - attention.sinceMs >= STILL_MS;
}
