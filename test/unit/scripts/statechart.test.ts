import { describe, expect, it } from 'vitest';
import { and, fromPromise, not, setup } from 'xstate';
import { renderDiagram, renderTable } from '../../../scripts/statechart/diagram.ts';
import { renderMachines } from '../../../scripts/statechart/page.ts';

const lamp = setup({
  types: { events: {} as { type: 'PRESS' } | { type: 'FAIL' } },
  actors: { warmUp: fromPromise<void, void>(() => Promise.resolve()) },
  guards: { hasPower: () => true, isBroken: () => false },
  actions: { count: () => undefined, shine: () => undefined },
  delays: { patience: 100 },
}).createMachine({
  id: 'lamp',
  initial: 'off',
  on: { FAIL: { target: '.dead', actions: 'count' } },
  states: {
    off: { on: { PRESS: [{ guard: and(['hasPower', not('isBroken')]), target: 'on' }, { actions: 'count' }] } },
    on: {
      initial: 'dim',
      on: { PRESS: 'off' },
      states: {
        dim: {
          invoke: { id: 'warmUp', src: 'warmUp', onDone: 'bright', onError: '#lamp.dead' },
          after: { patience: 'bright' },
        },
        bright: { entry: 'shine', always: { guard: 'isBroken', target: '#lamp.dead' } },
      },
    },
    dead: { type: 'final' },
  },
});

describe('a statechart', () => {
  it('is drawn with its guards, delays and what its states do', () => {
    const lines = renderDiagram(lamp)
      .split('\n')
      .map((line) => line.trim());

    expect(lines.slice(0, 2)).toEqual(['```mermaid', 'stateDiagram-v2']);
    expect(lines).toEqual(
      expect.arrayContaining([
        '[*] --> off',
        'state "on.dim" as on_dim',
        'on_dim : runs warmUp',
        'on_bright : on entry shine',
        'state "any of on" as any_on',
        'off --> on_dim : 1 PRESS [hasPower and not isBroken]',
        'off --> off : 2 PRESS',
        'on_dim --> on_bright : 3 warmUp is done<br/>5 after patience',
        'on_dim --> dead : 4 warmUp has failed',
        'on_bright --> dead : 6 [isBroken]',
        'any_on --> off : 7 PRESS',
        'any --> dead : 8 FAIL',
        'dead --> [*]',
      ]),
    );
  });

  it('is listed in the order in which its rules are tried', () => {
    expect(renderTable(lamp).split('\n').slice(2)).toEqual([
      '| 1 | off | PRESS | hasPower and not isBroken | on.dim |  |',
      '| 2 | off | PRESS |  | stays | count |',
      '| 3 | on.dim | warmUp is done |  | on.bright |  |',
      '| 4 | on.dim | warmUp has failed |  | dead |  |',
      '| 5 | on.dim | after patience |  | on.bright |  |',
      '| 6 | on.bright | at once | isBroken | dead |  |',
      '| 7 | on | PRESS |  | off |  |',
      '| 8 | any | FAIL |  | dead | count |',
    ]);
  });

  it('with a guard that has no name is refused', () => {
    const nameless = setup({}).createMachine({
      initial: 'a',
      states: { a: { always: { guard: () => true, target: 'b' } }, b: {} },
    });

    expect(() => renderDiagram(nameless)).toThrow('guard without a name');
  });
});

describe('the page of all machines', () => {
  it('has a diagram of each, in what Mermaid can read', () => {
    const diagrams = renderMachines().match(/(?<=```mermaid\n)[^`]+/g) ?? [];

    expect(diagrams).toHaveLength(3);
    for (const line of diagrams.join('').trim().split('\n')) {
      // A label ends at a colon or a semicolon.
      expect(line).toMatch(
        /^(stateDiagram-v2| {4}(state "[\w. ]+" as \w+|[\w[\]*]+ --> [\w[\]*]+( : [^:;]+)?|\w+ : [\w ]+))$/,
      );
    }
  });
});
