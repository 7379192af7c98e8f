import { describe, expect, it } from 'vitest';
import { runSteps, type Step, summarise } from '../../../../scripts/try/runner.ts';
import { Screen } from '../../../../scripts/try/screen.ts';

type Stage = string[];

function step(title: string, run: () => Promise<string> = async () => 'as it should'): Step<Stage> {
  return {
    title,
    hint: `look at ${title}`,
    run: async (stage) => {
      stage.push(title);
      return run();
    },
  };
}

async function show(steps: readonly Step<Stage>[]) {
  const stage: Stage = [];
  let text = '';
  let nowMs = 0;
  const screen = new Screen({ write: (more: string) => (text += more) }, {});
  const outcome = await runSteps(steps, stage, screen, () => (nowMs += 500));
  return { outcome, stage, text };
}

describe('steps', () => {
  it('are shown in order and all were seen', async () => {
    const { outcome, stage, text } = await show([step('one'), step('two')]);

    expect(stage).toEqual(['one', 'two']);
    expect(outcome).toEqual({ isComplete: true, durationMs: 2_500 });
    expect(text).toBe(
      [
        '',
        '[1/2]   one',
        '        ok  as it should (0.5 s)',
        '',
        '[2/2]   two',
        '        ok  as it should (0.5 s)',
        '',
      ].join('\n'),
    );
  });

  it('end with the first that is not as it claims, with its words and its hint', async () => {
    const wrong = step('two', () => Promise.reject(new Error('the PID changed')));

    const { outcome, stage, text } = await show([step('one'), wrong, step('three')]);

    expect(stage).toEqual(['one', 'two']);
    expect(outcome.isComplete).toBe(false);
    expect(text).toContain('        not seen  the PID changed\n        hint      look at two\n');
  });

  it('show no stack trace', async () => {
    const { text } = await show([step('one', () => Promise.reject(new Error('wrong')))]);

    expect(text).not.toContain('.ts:');
  });
});

describe('the summary', () => {
  it('tells how many and how long', () => {
    expect(summarise({ isComplete: true, durationMs: 61_040 }, 9)).toBe('All 9 steps seen in 61.0 s.');
  });

  it('does not claim what was not seen', () => {
    expect(summarise({ isComplete: false, durationMs: 2_000 }, 9)).toBe('Not all was seen; ended after 2.0 s.');
  });
});
