/**
 * `testTotals.ts REPORT`: reads what vitest's JSON reporter wrote and says `N passed, N failed` in a line of its own.
 *
 * Ends with 0 only where all passed: a test that did not run, a file that could not be loaded and a missing report count as failed.
 */
import { readFileSync } from 'node:fs';
import { argv, exit } from 'node:process';

/** What of vitest's report is needed here. @see https://vitest.dev/guide/reporters#json-reporter */
interface Report {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface Totals {
  readonly passed: number;
  readonly failed: number;
  /** Why there is no report to count from. */
  readonly problem?: string;
}

/** Counts tests. A failed file without a failed test (it could not be loaded, a hook threw) counts as one more that failed. */
export function countTests({ success, testResults }: Report): Totals {
  let [passed, failed] = [0, 0];
  for (const file of testResults) {
    const good = file.assertionResults.filter(({ status }) => status === 'passed').length;
    const bad = file.assertionResults.length - good;
    passed += good;
    failed += bad === 0 && file.status !== 'passed' ? 1 : bad;
  }
  // vitest may know of errors outside of all tests.
  return { passed, failed: failed === 0 && (!success || passed === 0) ? 1 : failed };
}

/** The totals of a report's text; of one that can't be read: one failed. */
export function readTotals(path: string): Totals {
  try {
    return countTests(JSON.parse(readFileSync(path, 'utf8')) as Report);
  } catch (err) {
    return { passed: 0, failed: 1, problem: `no report of the tests: ${(err as Error).message}` };
  }
}

if (import.meta.main) {
  const { passed, failed, problem } = readTotals(argv[2] ?? '');
  if (problem !== undefined) console.error(problem);
  console.log(`${passed} passed, ${failed} failed`);
  exit(failed === 0 ? 0 : 1);
}
