import { parseArgs } from 'node:util';
import { KINDS, type Kind } from './steps.ts';

export const USAGE = `usage: npm run chaos -- [OPTIONS]

  --minutes N         how long it goes on; 10 where nothing else ends it
  --kills N           ends after so many kills of the controller instead
  --steps J..K        does the steps J to K and nothing else: to replay what failed
  --seed S            steps are drawn from this number alone; a random one when absent
  --only KIND,...     of ${KINDS.join(', ')}; all of them by default
  --every N           looks whether all is well after so many steps (60)`;

/** What a run of chaos was asked for. */
export interface ChaosOptions {
  readonly seed: number;
  readonly kinds: readonly Kind[];
  /** Steps between two looks. */
  readonly every: number;
  readonly end: End;
}

export type End =
  | { readonly kind: 'minutes'; readonly minutes: number }
  | { readonly kind: 'kills'; readonly kills: number }
  | { readonly kind: 'steps'; readonly first: number; readonly last: number };

/**
 * What the command line asks for; `help` where it asks for the usage.
 * @param anySeed the seed where none is given
 * @throws one line that says what is wrong
 */
export function parseOptions(args: readonly string[], anySeed: number): ChaosOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      kills: { type: 'string' },
      steps: { type: 'string' },
      seed: { type: 'string' },
      only: { type: 'string' },
      every: { type: 'string', default: '60' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return 'help';
  const ends = [values.minutes, values.kills, values.steps].filter((value) => value !== undefined);
  if (ends.length > 1) throw new Error('only one of --minutes, --kills and --steps can end it');
  const kinds = values.only === undefined ? KINDS : kindsOf(values.only);
  if (values.kills !== undefined && !kinds.includes('kills')) throw new Error('--kills needs kills among --only');
  const seed = values.seed === undefined ? anySeed : whole('--seed', values.seed, 0);
  return { seed, kinds, every: whole('--every', values.every, 1), end: endOf(values) };
}

function endOf(values: { readonly minutes?: string; readonly kills?: string; readonly steps?: string }): End {
  if (values.kills !== undefined) return { kind: 'kills', kills: whole('--kills', values.kills, 1) };
  if (values.steps === undefined) return { kind: 'minutes', minutes: whole('--minutes', values.minutes ?? '10', 1) };
  const [, from = '', to = ''] = /^(\d+)\.\.(\d+)$/.exec(values.steps) ?? [];
  const [first, last] = [whole('--steps', from, 1), whole('--steps', to, 1)];
  if (first > last) throw new Error(`--steps ${values.steps}: nothing is between them`);
  return { kind: 'steps', first, last };
}

function kindsOf(text: string): readonly Kind[] {
  const words = text.split(',');
  const unknown = words.find((word) => !KINDS.some((kind) => kind === word));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${KINDS.join(', ')}`);
  // In their own order, so that the order in which they are named changes nothing.
  return KINDS.filter((kind) => words.includes(kind));
}

function whole(flag: string, text: string, least: number): number {
  const number = Number(text);
  if (text === '' || !Number.isSafeInteger(number) || number < least)
    throw new Error(`${flag} ${text}: not a whole number from ${least} on`);
  return number;
}

/** The arguments that do these steps again. */
export function replayArguments({ seed, kinds }: ChaosOptions, first: number, last: number): string {
  const only = kinds.length === KINDS.length ? '' : ` --only ${kinds.join(',')}`;
  return `--seed ${seed}${only} --steps ${first}..${last}`;
}
