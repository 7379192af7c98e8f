import { type FolderLoss, isLost, type Listing } from './folder.ts';
import { isSameState, type PruneRule, pruneDigest } from './prune.ts';
import type { SourceState } from './types.ts';

/** Why a directory does not count at present: nothing is created, changed or deleted by it. */
export interface Loss {
  readonly reason: 'Missing' | 'Unreadable' | 'Replaced';
  readonly message: string;
  /** Names that a replaced directory does not show; sorted. */
  readonly missing: readonly string[];
}

export interface KnownFolder {
  /** Device and inode last trusted in this boot; undefined: none yet. */
  readonly inode: string | undefined;
  /** Asked only where it matters. */
  readonly names: () => readonly string[];
  readonly rule: PruneRule;
}

/** Why what was just listed does not count; undefined where it does. */
export function findLoss(answer: Listing | FolderLoss, known: KnownFolder): Loss | undefined {
  if (isLost(answer)) return { reason: answer.reason, message: answer.message, missing: [] };
  const { inode, distrust } = answer.folder;
  if (distrust !== undefined) return { reason: 'Unreadable', message: distrust, missing: [] };
  if (known.inode === undefined || known.inode === inode) return undefined;
  const names = known.names();
  const missing = names.filter((name) => !answer.files.has(name)).sort();
  const present = names.length - missing.length;
  if (isSameState(names.length, present, known.rule)) return undefined;
  const message =
    `is another directory than before and shows only ${present} of ${names.length} known specs ` +
    `(is something not mounted?); servers go on as they are until more are back or their removal is confirmed`;
  return { reason: 'Replaced', message, missing };
}

/** What people are told of a directory. Of one that was replaced, all that is missing waits for a person. */
export function stateOf(directory: {
  readonly path: string;
  readonly loss: Loss | undefined;
  readonly listing: Listing | undefined;
  readonly isWatched: boolean;
  readonly invalid: SourceState['invalid'];
  readonly undecided: number;
  readonly held: readonly string[];
}): SourceState {
  const { path, loss, listing, isWatched, invalid, undecided } = directory;
  const held = loss?.reason === 'Replaced' ? loss.missing : directory.held;
  return {
    path,
    isReady: loss === undefined,
    reason: loss?.reason ?? 'Listed',
    isWatched,
    message: loss?.message ?? '',
    files: listing?.files.size ?? 0,
    invalid,
    undecided: loss === undefined ? undecided : 0,
    ignored: listing?.ignored ?? [],
    heldForPrune: held,
    pruneDigest: pruneDigest(held),
  };
}
