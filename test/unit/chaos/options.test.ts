import { describe, expect, it } from 'vitest';
import { parseOptions, replayArguments } from '../../chaos/options.ts';
import { KINDS } from '../../chaos/steps.ts';

describe('what a run of chaos is asked for', () => {
  it('is ten minutes of everything where nothing is said, with any seed', () => {
    expect(parseOptions([], 77)).toEqual({
      seed: 77,
      kinds: KINDS,
      every: 60,
      end: { kind: 'minutes', minutes: 10 },
    });
  });

  it('may be some kinds alone, in whatever order they are named', () => {
    const asked = parseOptions(['--only', 'kills,edits', '--kills', '200', '--seed', '5'], 0);
    expect(asked).toMatchObject({ seed: 5, kinds: ['edits', 'kills'], end: { kind: 'kills', kills: 200 } });
    expect(parseOptions(['--only', 'edits,kills', '--kills', '200', '--seed', '5'], 0)).toEqual(asked);
  });

  it('is the same again by the arguments that a failure names', () => {
    const asked = parseOptions(['--only', 'bus,edits', '--seed', '9'], 0);
    if (asked === 'help') throw new Error('no help was asked for');
    const again = replayArguments(asked, 61, 120);
    expect(again).toBe('--seed 9 --only edits,bus --steps 61..120');
    expect(parseOptions(again.split(' '), 0)).toEqual({ ...asked, end: { kind: 'steps', first: 61, last: 120 } });
  });

  it.each([
    [['--only', 'edits,wind'], /--only wind: there are edits, kills/],
    [['--minutes', 'few'], /--minutes few: not a whole number from 1 on/],
    [['--minutes', '0'], /--minutes 0/],
    [['--steps', '5'], /--steps/],
    [['--steps', '5..4'], /nothing is between/],
    [['--minutes', '5', '--kills', '5'], /only one of/],
    [['--only', 'edits', '--kills', '5'], /--kills needs kills/],
    [['--hours', '5'], /--hours/],
  ])('is refused where it makes no sense: %j', (args, message) => {
    expect(() => parseOptions(args, 0)).toThrow(message);
  });
});
