import { describe, expect, it } from 'vitest';
import type { Facts } from '../../chaos/facts.ts';
import { firstFiles } from '../../chaos/files.ts';
import { type Model, modelAfter, settledModel } from '../../chaos/model.ts';
import { FIRST_WISH, SUBJECTS } from '../../chaos/servers.ts';
import type { Action } from '../../chaos/steps.ts';
import { describeTally, NO_TALLY, withLook, withStep } from '../../chaos/tally.ts';

const steps: readonly Action[] = [
  { kind: 'write', name: 's0', wish: { ...FIRST_WISH, edit: 1, restartedAt: 1 }, manner: 'renamed' },
  { kind: 'touch', name: 's1' },
  { kind: 'delete', name: 's2' },
  { kind: 'kill controller', when: 'at work', afterMs: 0, whom: 'all' },
  { kind: 'kill controller', when: 'on its way up', afterMs: 0, whom: 'main' },
  { kind: 'kill server', name: 's3', signal: 'KILL' },
];
const numbered = steps.map((action, index) => ({ number: index + 1, pauseMs: 0, action }));

describe('what a run did', () => {
  it('is counted by steps: edits, and kills by whether the controller was at work', () => {
    const tally = numbered.reduce(withStep, NO_TALLY);
    expect(tally).toMatchObject({ steps: 6, edits: 3, kills: 2, killsAtWork: 1 });
  });

  it('is counted by looks: ends and runs by the journal, and every server that no step gave another run', () => {
    const model = numbered.reduce<Model>(modelAfter, settledModel(firstFiles()));
    const units = new Map(SUBJECTS.map(({ name }) => [`hublet-${name}.service`, {}]));
    // One of them was suspended before: there is nothing to compare.
    units.delete('hublet-s4.service');
    const before = { units } as unknown as Facts;
    const now = {
      starts: new Map([
        ['hublet-s0.service', 1],
        ['hublet-s3.service', 1],
      ]),
      ends: ['hublet.service: Main process exited, code=killed, status=9/KILL', 'hublet.service: Main process exited'],
    } as unknown as Facts;

    const once = withLook(NO_TALLY, model, before, now);

    // All but s0, which restarts, s2, which goes, s3, which was killed, and s4.
    expect(once).toMatchObject({ looks: 1, ends: 1, runs: 2, compared: SUBJECTS.length - 4 });
    const twice = withLook(once, model, before, now);
    expect(twice).toMatchObject({ looks: 2, ends: 2, runs: 4, compared: 2 * (SUBJECTS.length - 4) });
  });

  it('is told in one line', () => {
    expect(describeTally(numbered.reduce(withStep, NO_TALLY))).toBe(
      '6 steps, 3 edits, 2 kills of the controller (1 at work; systemd saw 0), 0 looks, 0 runs begun, 0 invocations compared',
    );
  });
});
