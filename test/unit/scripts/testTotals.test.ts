import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { countTests, readTotals } from '../../../scripts/testTotals.ts';

function file(status: string, ...tests: string[]) {
  return { status, assertionResults: tests.map((one) => ({ status: one })) };
}

describe('the totals of a run', () => {
  it('add up over files', () => {
    const report = { success: true, testResults: [file('passed', 'passed', 'passed'), file('passed', 'passed')] };

    expect(countTests(report)).toEqual({ passed: 3, failed: 0 });
  });

  it.each(['failed', 'skipped', 'pending', 'todo'])('count a test that is %s as failed', (status) => {
    const report = { success: status !== 'failed', testResults: [file('passed', 'passed', status)] };

    expect(countTests(report)).toEqual({ passed: 1, failed: 1 });
  });

  it('count a file that could not be loaded as one failed', () => {
    const report = { success: false, testResults: [file('passed', 'passed'), file('failed')] };

    expect(countTests(report)).toEqual({ passed: 1, failed: 1 });
  });

  it('never call a run good that vitest calls bad', () => {
    expect(countTests({ success: false, testResults: [file('passed', 'passed')] })).toEqual({ passed: 1, failed: 1 });
  });

  it('never call a run good in which nothing ran', () => {
    expect(countTests({ success: true, testResults: [] })).toEqual({ passed: 0, failed: 1 });
  });

  it.each([
    ['half a report', '{"success": true, "testRes'],
    ['an empty one', ''],
  ])('are one failed for %s', (_, text) => {
    const path = join(mkdtempSync(join(tmpdir(), 'totals-')), 'report.json');
    writeFileSync(path, text);

    expect(readTotals(path)).toEqual({ passed: 0, failed: 1, problem: expect.stringContaining('JSON') });
  });

  it('are one failed where there is no report', () => {
    expect(readTotals('/nowhere/report.json')).toMatchObject({
      passed: 0,
      failed: 1,
      problem: expect.stringContaining('ENOENT'),
    });
  });
});
