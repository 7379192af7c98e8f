import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawSteps } from '../../chaos/draw.ts';
import { type Files, fileOf, filesAfter, firstFiles } from '../../chaos/files.ts';
import { scriptOf } from '../../chaos/script.ts';
import { SUBJECTS, subjectOf, wishText } from '../../chaos/servers.ts';
import { type Action, describeStep, KINDS, type Kind, type Step } from '../../chaos/steps.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 - 1 });
const someKinds = fc.subarray([...KINDS], { minLength: 1 });

describe('steps drawn from a seed', () => {
  it('are the same each time, and a longer run begins with the steps of a shorter one', () => {
    fc.assert(
      fc.property(seeds, someKinds, (seed, kinds) => {
        expect(first(200, seed, kinds).slice(0, 120)).toEqual(first(120, seed, kinds));
      }),
      { numRuns: 30 },
    );
  });

  it('are others for another seed', () => {
    expect(first(20, 1, KINDS)).not.toEqual(first(20, 2, KINDS));
  });

  it('are of the kinds that were asked for, and of all of those', () => {
    for (const kind of KINDS) {
      expect(new Set(first(60, 7, [kind]).map(({ action }) => kindOf(action)))).toEqual(new Set([kind]));
    }
    expect(new Set(first(600, 7, KINDS).map(({ action }) => kindOf(action)))).toEqual(new Set(KINDS));
  });

  it('never take away so many files that it is a mass removal', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        for (const files of filesOnTheWay(first(500, seed, ['edits']))) {
          for (const source of ['plain', 'mounted'] as const) {
            const own = SUBJECTS.filter((subject) => subject.source === source);
            const absent = own.filter(({ name }) => fileOf(files, name).kind === 'absent').length;
            expect(absent).toBeLessThan(3);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('touch, spoil and remove only files that are there', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const steps = first(300, seed, ['edits']);
        const before = filesOnTheWay(steps);
        for (const [index, { action }] of steps.entries()) {
          const files = before[index];
          if (files === undefined || !('name' in action) || action.kind === 'write') continue;
          expect(fileOf(files, action.name).kind).not.toBe('absent');
        }
      }),
      { numRuns: 20 },
    );
  });

  it('cut a file off so that it is no spec any more', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        let files = firstFiles();
        for (const step of first(300, seed, ['edits'])) {
          const { action } = step;
          if (action.kind === 'truncate') {
            const text = wishText(subjectOf(action.name), fileOf(files, action.name).last);
            expect(() => JSON.parse(text.slice(0, action.keptBytes))).toThrow(SyntaxError);
          }
          files = filesAfter(files, step);
        }
      }),
      { numRuns: 20 },
    );
  });

  it('change a limit by hand so seldom that hublet goes on correcting it', () => {
    const drifts = first(2_000, 3, ['servers']).filter(({ action }) => action.kind === 'drift');
    for (const { name } of SUBJECTS) {
      expect(drifts.filter(({ action }) => 'name' in action && action.name === name).length).toBeLessThan(3);
    }
  });

  it('each become a line of a script and words for people', () => {
    const steps = first(400, 5, KINDS);
    const script = scriptOf(steps);
    for (const step of steps) {
      expect(script).toContain(`\nat ${step.number}\n`);
      expect(describeStep(step)).toMatch(/\w/);
    }
  });
});

function first(count: number, seed: number, kinds: readonly Kind[]): readonly Step[] {
  const drawn = drawSteps(seed, kinds);
  return Array.from({ length: count }, () => drawn.next().value);
}

/** The files before each step. */
function filesOnTheWay(steps: readonly Step[]): readonly Files[] {
  let files = firstFiles();
  return steps.map((step) => {
    const before = files;
    files = filesAfter(files, step);
    return before;
  });
}

function kindOf({ kind }: Action): Kind {
  switch (kind) {
    case 'kill controller':
      return 'kills';
    case 'kill server':
    case 'stop server':
    case 'drift':
      return 'servers';
    case 'bus':
    case 'bus away':
      return 'bus';
    case 'disk full':
      return 'disks';
    case 'directory':
      return 'directory';
    default:
      return 'edits';
  }
}
