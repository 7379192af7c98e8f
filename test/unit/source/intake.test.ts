import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Attention, type FileLook, judgeLook, UNSEEN, type Verdict } from '../../../src/source/intake.ts';
import type { ServerDocument } from '../../../src/spec/schema.ts';
import type { ParsedSpec } from '../../../src/spec/types.ts';

const refusal = { reason: 'ParseError', message: 'wrong' } as const;
const PROBLEM = { line: 1, column: 1, path: '', message: 'wrong', code: 'ParseError' } as const;
const PARSED: Record<'valid' | 'invalid' | 'incomplete', ParsedSpec> = {
  valid: { kind: 'valid', document: { metadata: { name: 'a' } } as ServerDocument, canonical: '{}' },
  invalid: { kind: 'invalid', problems: [PROBLEM] },
  incomplete: { kind: 'incomplete', problem: PROBLEM },
};

interface Sketch {
  readonly inode?: number;
  readonly version?: number;
  readonly kind?: keyof typeof PARSED;
  readonly newline?: boolean;
  readonly steady?: boolean;
}

function text({ inode = 1, version = 1, kind = 'valid', newline = true, steady = true }: Sketch = {}): FileLook {
  return {
    kind: 'text',
    stamp: { key: `${inode}:${version}`, inode: `${inode}` },
    digest: `${version}`,
    endsInNewline: newline,
    isSteady: steady,
    parse: () => PARSED[kind],
    explain: () => refusal,
  };
}

/** Looks at moments in milliseconds; returns each verdict's kind and, for waits, for how long. */
function look(...looks: readonly (readonly [ms: number, look: FileLook])[]): readonly string[] {
  let attention: Attention = UNSEEN;
  return looks.map(([ms, seen]) => {
    const judgement = judgeLook(attention, seen, ms);
    attention = judgement.attention;
    return inWords(judgement.verdict);
  });
}

function inWords(verdict: Verdict): string {
  return 'againMs' in verdict ? `${verdict.kind} ${verdict.againMs}` : verdict.kind;
}

describe('a new file', () => {
  test('that parses and ends in a newline is taken at once', () => {
    expect(look([0, text()])).toEqual(['take']);
  });

  test('without a newline at the end is taken when it stood still for 100 ms', () => {
    const open = text({ newline: false });
    expect(look([0, open], [60, open], [100, open])).toEqual(['wait 100', 'wait 40', 'take']);
  });

  test('that is wrong is refused at once, once', () => {
    const wrong = text({ kind: 'invalid' });
    expect(look([0, wrong], [50, wrong])).toEqual(['refuse', 'settled']);
  });

  test('in the place of another is taken at once', () => {
    expect(look([0, text({ inode: 1 })], [1, text({ inode: 2, version: 2 })])).toEqual(['take', 'take']);
  });
});

describe('a file written in place', () => {
  test('is taken when it stood still for 100 ms', () => {
    expect(look([0, text()], [10, text({ version: 2 })], [110, text({ version: 2 })])).toEqual([
      'take',
      'wait 100',
      'take',
    ]);
  });

  test('waits anew with every change', () => {
    const [second, third] = [text({ version: 2 }), text({ version: 3 })];
    expect(look([0, text()], [10, second], [90, third], [110, third], [190, third])).toEqual([
      'take',
      'wait 100',
      'wait 100',
      'wait 80',
      'take',
    ]);
  });

  test('is not refused while it may still be written', () => {
    const half = text({ version: 2, kind: 'invalid' });
    expect(look([0, text()], [10, half], [110, half])).toEqual(['take', 'wait 100', 'refuse']);
  });

  test('with equal size and times is told by its content', () => {
    const again: FileLook = { ...text(), digest: 'other' } as FileLook;
    expect(look([0, text()], [1, again])).toEqual(['take', 'wait 100']);
  });

  test('that changes while it is read waits', () => {
    expect(look([0, text({ steady: false })], [100, text()])).toEqual(['wait 100', 'take']);
  });
});

describe('an unfinished file', () => {
  const half = text({ kind: 'incomplete' });

  test('is refused after three more tries, 500 ms apart', () => {
    expect(look([0, half], [500, half], [1000, half], [1500, half], [2000, half])).toEqual([
      'wait 500',
      'wait 500',
      'wait 500',
      'refuse',
      'settled',
    ]);
  });

  test('is not given up sooner because it is looked at more often', () => {
    expect(look([0, half], [20, half], [40, half], [480, half])).toEqual([
      'wait 500',
      'wait 480',
      'wait 460',
      'wait 20',
    ]);
  });

  test('that gets finished is taken', () => {
    const done = text({ version: 2 });
    expect(look([0, half], [300, done], [400, done])).toEqual(['wait 500', 'wait 100', 'take']);
  });
});

describe('a file that cannot be read', () => {
  const closed: FileLook = { kind: 'unreadable', refusal };

  test('is tried again less and less often, for ever', () => {
    const waits = look(...Array.from({ length: 10 }, (_, index) => [index, closed] as const));
    expect(waits.slice(0, 3)).toEqual(['unsure 250', 'unsure 500', 'unsure 1000']);
    expect(waits.at(-1)).toBe('unsure 20000');
  });

  test('is judged again when it can be, even unchanged', () => {
    expect(look([0, text()], [500, closed], [1000, text()], [1001, text()])).toEqual([
      'take',
      'unsure 250',
      'take',
      'settled',
    ]);
  });
});

test('absence is only reported, and what comes after it is new', () => {
  expect(look([0, text()], [5, { kind: 'absent' }], [10, text()])).toEqual(['take', 'absent', 'take']);
});

const sketches = fc.record({
  inode: fc.integer({ min: 1, max: 2 }),
  version: fc.integer({ min: 1, max: 3 }),
  kind: fc.constantFrom('valid', 'invalid', 'incomplete'),
  newline: fc.boolean(),
  steady: fc.boolean(),
}) satisfies fc.Arbitrary<Required<Sketch>>;

test('whatever happened before, a file left alone is judged within three tries, and then only once', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2000), sketches)), sketches, (history, last) => {
      let attention = UNSEEN;
      let nowMs = 0;
      for (const [stepMs, sketch] of history) {
        nowMs += stepMs;
        ({ attention } = judgeLook(attention, text(sketch), nowMs));
      }
      const left = text({ ...last, version: 9, steady: true });
      const verdicts: string[] = [];
      for (let round = 0; round < 8; round += 1) {
        const judgement = judgeLook(attention, left, nowMs);
        attention = judgement.attention;
        verdicts.push(judgement.verdict.kind);
        nowMs += 'againMs' in judgement.verdict ? judgement.verdict.againMs : 1;
      }
      const expected = last.kind === 'valid' ? 'take' : 'refuse';
      expect(verdicts.filter((kind) => kind === 'take' || kind === 'refuse')).toEqual([expected]);
      expect(verdicts.at(-1)).toBe('settled');
    }),
  );
});
