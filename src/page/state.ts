import type { Condition, Phase } from '../status/types.ts';
import type { PageServer } from './types.ts';
import { publicLines } from './words.ts';

/** How a phase looks: what is well, what moves, what rests, what somebody should look at. */
export type Tone = 'good' | 'busy' | 'rest' | 'warn' | 'bad';

/** In the order in which people want to see them: what is wrong first. */
export const PHASE_TONES: Readonly<Record<Phase, Tone>> = {
  Failed: 'bad',
  BackOff: 'bad',
  Unknown: 'warn',
  Pending: 'warn',
  Starting: 'busy',
  Running: 'busy',
  Updating: 'busy',
  Stopping: 'busy',
  Deleting: 'busy',
  Ready: 'good',
  Stopped: 'rest',
};

export const PHASES_BY_CONCERN = Object.keys(PHASE_TONES) as readonly Phase[];

/** A condition that says something is not as it should be, with what it says. */
export interface Cause {
  readonly reason: string;
  /** Public; none where the reason says all. */
  readonly lines: readonly string[];
  readonly tone: Tone;
}

/** Why a server is as it is, the one to look at first on top; empty where all is well. The order is that of `hublet describe`. */
export function causesOf(server: PageServer): readonly Cause[] {
  const causes: Cause[] = [];
  const add = (condition: Condition | undefined, tone: Tone): void => {
    if (condition === undefined) return;
    const lines = publicLines(condition.message);
    const isSaid = causes.some((cause) => cause.lines.length > 0 && cause.lines.join('\n') === lines.join('\n'));
    if (!isSaid) causes.push({ reason: condition.reason, lines, tone });
  };
  const find = (type: Condition['type'], status: Condition['status']) =>
    server.conditions.find((condition) => condition.type === type && condition.status === status);
  // What runs on with its last good spec is not broken.
  add(find('Accepted', 'False') ?? find('Accepted', 'Unknown'), PHASE_TONES[server.phase] === 'good' ? 'warn' : 'bad');
  add(find('Admitted', 'False'), 'bad');
  const stalled = find('Stalled', 'True');
  const suspended = find('Suspended', 'True');
  add(stalled, 'bad');
  add(suspended, 'rest');
  const ready = find('Ready', 'False') ?? find('Ready', 'Unknown');
  if (stalled === undefined && suspended === undefined) add(ready, PHASE_TONES[server.phase]);
  const synced = find('Synced', 'Unknown') ?? find('Synced', 'False');
  // That an update is pending is said by a condition of its own, with what to do.
  if (synced?.reason !== 'UpdatePending') add(synced, 'warn');
  add(find('UpdatePending', 'True'), 'warn');
  add(find('Resized', 'False'), 'warn');
  return causes;
}

/** How its file is refused while the last good one stays in force; undefined: it isn't. */
export function refusalOf({ conditions }: PageServer): Condition | undefined {
  return conditions.find(({ type, status }) => type === 'Accepted' && status === 'False');
}

/** The server as a whole: that of its phase, or worse where something about it needs a person. */
export function toneOf(server: PageServer): Tone {
  const tone = PHASE_TONES[server.phase];
  return tone === 'good' && refusalOf(server) !== undefined ? 'warn' : tone;
}

/** 0 for what needs a person first. */
export function concernOf(server: PageServer): number {
  const rank = PHASES_BY_CONCERN.indexOf(server.phase);
  return toneOf(server) === 'warn' ? Math.min(rank, PHASES_BY_CONCERN.indexOf('Pending')) : rank;
}

/** How a condition looks: some are well where they are true, others say something only then. */
export function conditionTone({ type, status }: Condition, server: PageServer): Tone {
  switch (type) {
    case 'Accepted':
    case 'Admitted':
    case 'Synced':
    case 'Ready':
      if (status === 'True') return 'good';
      return type === 'Ready' ? PHASE_TONES[server.phase] : 'bad';
    case 'Stalled':
      return status === 'True' ? 'bad' : 'rest';
    case 'UpdatePending':
      return status === 'True' ? 'warn' : 'rest';
    case 'Resized':
      return status === 'False' ? 'warn' : 'rest';
    default:
      return 'rest';
  }
}
