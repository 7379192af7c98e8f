import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildMarks, parseMarks } from '../../../src/units/marks.ts';

const MARKS = { server: 'alice b', instance: 'cafe', hash: 'ab12' };

describe('marks', () => {
  it('are fields of the journal without blanks', () => {
    expect(buildMarks(MARKS).map(String)).toEqual([
      'HUBLET_SERVER=alice\\x20b',
      'HUBLET_INSTANCE=cafe',
      'HUBLET_UNIT_HASH=ab12',
    ]);
  });

  it('come back from what they were built as, whatever order and company systemd gives them', () => {
    const server = fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => name.isWellFormed());
    fc.assert(
      fc.property(server, (name) => {
        const fields = [Buffer.from('OTHER=a=b'), ...buildMarks({ ...MARKS, server: name }).reverse()];
        expect(parseMarks(fields)).toEqual({ ...MARKS, server: name });
        expect(parseMarks(fields.map((field) => [...field]))).toEqual({ ...MARKS, server: name });
      }),
    );
  });

  it.each([
    ['none at all', []],
    ['no list', undefined],
    ['one missing', buildMarks(MARKS).slice(1)],
    ['one empty', [...buildMarks(MARKS).slice(0, 2), Buffer.from('HUBLET_UNIT_HASH=')]],
    ['a name that was never escaped', [...buildMarks(MARKS), Buffer.from('HUBLET_SERVER=a b')]],
    ['no bytes', ['HUBLET_SERVER=a', 'HUBLET_INSTANCE=b', 'HUBLET_UNIT_HASH=c']],
  ])('are null where there are %s', (_what, fields) => {
    expect(parseMarks(fields)).toBeNull();
  });
});
