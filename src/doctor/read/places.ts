import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../../config/types.ts';
import type { Caller, PlaceFacts } from '../facts.ts';
import { codeOf, isThere, writeRefusal } from './files.ts';

/** The directories that a configuration names, and how they are now. `defaultSource`: the one that the installer makes. */
export function readPlaceFacts(config: Config, who: Caller, defaultSource: string): readonly PlaceFacts[] {
  const { runtimeDirectory, stateDirectory, sources } = config;
  const ownerUid = who.isUserMode ? who.uid : 0;
  // Both are made by a controller that runs, so the state tells whether one ever did.
  const hasRun = isThere(stateDirectory);
  const own = { ownerUid, isMadeByHublet: true, isExpected: false };
  return [
    readPlace({ role: 'runtime', path: runtimeDirectory, ...own }, who),
    readPlace({ role: 'state', path: stateDirectory, ...own }, who),
    ...sources.map((source) =>
      readPlace(
        {
          role: 'source',
          path: source.path,
          ownerUid: source.ownerUid,
          isMadeByHublet: !hasRun && (who.isUserMode || source.path === defaultSource),
          isExpected: hasRun,
        },
        who,
      ),
    ),
  ];
}

function readPlace(place: Omit<PlaceFacts, 'state' | 'refusal'>, who: Caller): PlaceFacts {
  const state = stateOf(place.path);
  const writable = state.kind === 'missing' ? state.above : place.path;
  // What root could write can't be asked by another.
  const isAsked = (who.isUserMode || who.uid === 0) && (state.kind === 'missing' || state.kind === 'directory');
  return { ...place, state, refusal: isAsked ? writeRefusal(writable) : undefined };
}

function stateOf(path: string): PlaceFacts['state'] {
  try {
    const stat = statSync(path);
    return stat.isDirectory() ? { kind: 'directory', uid: stat.uid, mode: stat.mode & 0o7777 } : { kind: 'other' };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' ? { kind: 'missing', above: nearestAbove(path) } : { kind: 'unreadable', code };
  }
}

function nearestAbove(path: string): string {
  const above = dirname(path);
  return above === path || isThere(above) ? above : nearestAbove(above);
}
