import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawSteps } from '../../chaos/draw.ts';
import { fileOf, firstFiles } from '../../chaos/files.ts';
import { allowanceOf, collapsedModel, type Model, modelAfter, settledModel } from '../../chaos/model.ts';
import { FIRST_WISH, SUBJECTS } from '../../chaos/servers.ts';
import { type Action, KINDS, type Wish } from '../../chaos/steps.ts';

const begun = settledModel(firstFiles());

describe('how many runs may begin', () => {
  it('none by limits, labels, changes that wait for a run, spoilt files and all trouble around the servers', () => {
    const after = walk(
      write('s0', { memoryMebibytes: 128 }),
      write('s0', { memoryMebibytes: 128, version: 1 }),
      { kind: 'spoil', name: 's0', text: '', manner: 'in place' },
      { kind: 'truncate', name: 's0', keptBytes: 0 },
      { kind: 'touch', name: 's0' },
      { kind: 'drift', name: 's0', memoryMebibytes: 300 },
      { kind: 'kill controller', when: 'at work', afterMs: 0, whom: 'all' },
      { kind: 'bus away', seconds: 3 },
      { kind: 'disk full', which: 'both', seconds: 3 },
      { kind: 'directory', how: 'emptied', seconds: 3 },
    );
    for (const { name } of SUBJECTS) expect(allowanceOf(after, name).runs).toBe(0);
  });

  it('one by whatever asks for one', () => {
    const asking: readonly (readonly Action[])[] = [
      [write('s0', { restartedAt: 5 })],
      [write('hasty', { version: 1 })],
      [write('s0', { isSuspended: true }), write('s0', { isSuspended: false })],
      [{ kind: 'delete', name: 's0' }, write('s0', {})],
      [{ kind: 'rename and back', name: 's0', milliseconds: 100 }],
      [{ kind: 'kill server', name: 's0', signal: 'KILL' }],
      [{ kind: 'stop server', name: 's0' }],
    ];
    for (const actions of asking) {
      const [action] = actions;
      expect([actions, allowanceOf(walk(...actions), action && 'name' in action ? action.name : '').runs]).toEqual([
        actions,
        1,
      ]);
    }
  });
});

describe('which spec may be the last good one', () => {
  it('any that was written since all was well, for one that was spoilt at once may not have been read', () => {
    const first = write('s0', { memoryMebibytes: 80 });
    const second = write('s0', { memoryMebibytes: 96 });
    const after = walk(first, second, { kind: 'spoil', name: 's0', text: '', manner: 'in place' });
    expect(allowanceOf(after, 's0').goods).toEqual([FIRST_WISH, first.wish, second.wish]);
    expect(fileOf(after.files, 's0')).toEqual({ kind: 'spoilt', last: second.wish });
  });

  it('the one that was found, once all is well', () => {
    const first = write('s0', { memoryMebibytes: 80 });
    const after = walk(first, { kind: 'truncate', name: 's0', keptBytes: 3 });
    const found = new Map(SUBJECTS.map(({ name }): [string, Wish] => [name, FIRST_WISH]));
    expect(allowanceOf(collapsedModel(after, found), 's0')).toEqual({ goods: [FIRST_WISH], runs: 0, generations: 0 });
  });

  it('none of a server that was found absent', () => {
    const after = walk({ kind: 'delete', name: 's0' });
    expect(allowanceOf(collapsedModel(after, new Map()), 's0').goods).toEqual([]);
  });
});

it('whatever is done, the spec that its file says is among those that a server may go by', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 300 }), (seed, count) => {
      const drawn = drawSteps(seed, KINDS);
      let model = begun;
      for (let step = 0; step < count; step += 1) model = modelAfter(model, drawn.next().value);
      for (const { name } of SUBJECTS) {
        const { kind, last } = fileOf(model.files, name);
        if (kind !== 'absent') expect(allowanceOf(model, name).goods).toContainEqual(last);
      }
    }),
    { numRuns: 50 },
  );
});

function write(name: string, change: Partial<Wish>): Extract<Action, { readonly kind: 'write' }> {
  return { kind: 'write', name, manner: 'renamed', wish: { ...FIRST_WISH, edit: 9, ...change } };
}

function walk(...actions: readonly Action[]): Model {
  return actions.reduce((model, action, index) => modelAfter(model, { number: index + 1, pauseMs: 0, action }), begun);
}
