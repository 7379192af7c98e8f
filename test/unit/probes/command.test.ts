import { expect, test } from 'vitest';
import { commandResult, createCommandCheck } from '../../../src/probes/command.ts';
import type { CommandEnd } from '../../../src/systemd/port.ts';

const ended = (result: string, code: number, status: number): CommandEnd => ({ kind: 'ended', result, code, status });

test.each<[string, CommandEnd, string, string]>([
  ['that ended with 0', ended('success', 1, 0), 'succeeded', 'its command ended with 0'],
  ['that ended with another code', ended('exit-code', 1, 3), 'failed', 'its command ended with 3'],
  ['that was killed', ended('signal', 2, 11), 'failed', 'its command ended by signal 11/SIGSEGV'],
  ['that took too long', ended('timeout', 2, 9), 'failed', 'its command did not end within 2 s and was killed'],
  [
    'that is not there',
    ended('exit-code', 1, 203),
    'notMade',
    'the probe could not be made: command not found or not executable (203/EXEC)',
  ],
  [
    'whose account is gone',
    ended('exit-code', 1, 217),
    'notMade',
    'the probe could not be made: the account does not exist or its rights could not be taken (217/USER)',
  ],
  [
    'that ran out of memory',
    ended('oom-kill', 2, 9),
    'notMade',
    'the probe could not be made: its command needed more memory than a probe may have',
  ],
  [
    'that systemd could not set up',
    ended('resources', 0, 0),
    'notMade',
    'the probe could not be made: systemd says of its command: resources',
  ],
  ['that nobody knows of', { kind: 'notMade', message: 'gone' }, 'notMade', 'the probe could not be made: gone'],
])('a command %s', (_what, end, outcome, message) => {
  expect(commandResult(end, 2_000)).toEqual({ outcome, message });
});

test('each try is a unit of its own, which no server can be', async () => {
  const names: string[] = [];
  const check = createCommandCheck(
    {
      run: async (name) => {
        names.push(name);
        return ended('success', 1, 0);
      },
      sweep: async () => undefined,
    },
    'cafe0123456789',
  );
  for (let n = 0; n < 2; n += 1) await check({ properties: [] }, 1_000, new AbortController().signal);

  expect(new Set(names).size).toBe(2);
  for (const name of names) expect(name).toMatch(/^hublet\.probe-cafe0123-[0-9a-f]{16}\.service$/);
});
