import { formatDuration } from '../spec/quantities.ts';
import type { ServerEntry } from './entry.ts';

/** Why a run is not yet as its spec has it, and when it will be, for a person; empty where it is. */
export function updateWords({ update, name, lifecycle }: Pick<ServerEntry, 'update' | 'name' | 'lifecycle'>): string {
  switch (update.kind) {
    case 'upToDate':
      return '';
    case 'withNextStart':
      return update.isWished
        ? `the spec changed in something that only a restart can change; run: hublet restart ${name}`
        : `what hublet or this host makes of the spec changed in something that only a restart can change; it comes with the next start, or run: hublet restart ${name}`;
    case 'whenIdle': {
      const isUnmeasured = lifecycle.idle?.kind === 'unknown' || lifecycle.idle === undefined;
      const why = isUnmeasured ? `; counts as used: not all of ${update.idle.checks.join(', ')} could be measured` : '';
      return `the spec changed; started anew once idle for ${formatDuration(update.idle.quietMs)}${why}`;
    }
    case 'due':
      return 'the spec changed; started anew as soon as not too many others are starting';
  }
}
