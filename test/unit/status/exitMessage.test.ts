import { expect, test } from 'vitest';
import { EXIT_STATUS, exitMessage, isConfigurationExit } from '../../../src/status/exitMessage.ts';

test.each([
  ['oom-kill', 'killed', 9, 'out of memory (limit 512M)'],
  ['exit-code', 'exited', 203, 'exit code 203/EXEC: command not found or not executable'],
  [
    'exit-code',
    'exited',
    200,
    'exit code 200/CHDIR: working directory /home/a could not be entered: is it there, and may the account enter it?',
  ],
  ['exit-code', 'exited', 217, 'exit code 217/USER: account alice does not exist or its rights could not be taken'],
  ['exit-code', 'exited', 3, 'exit code 3'],
  ['exit-code', 'exited', 127, 'exit code 127, usually a command that was not found'],
  ['signal', 'killed', 9, 'ended by signal 9/SIGKILL'],
  ['signal', 'killed', 6, 'ended by signal 6/SIGABRT'],
  ['signal', 'killed', 40, 'ended by signal 40'],
  ['core-dump', 'dumped', 11, 'crashed with signal 11/SIGSEGV (core dumped)'],
  ['timeout', 'killed', 15, 'did not start or stop within its time, so systemd ended it (signal 15/SIGTERM)'],
  ['timeout', 'none', 0, 'did not start or stop within its time, so systemd ended it'],
  ['success', 'exited', 0, 'ended by itself (exit code 0)'],
  ['success', 'killed', 15, 'ended by signal 15/SIGTERM'],
  ['success', 'none', 0, 'ended'],
  ['exec-condition', 'none', 0, 'ended (systemd says: exec-condition)'],
] as const)('%s %s %i reads: %s', (result, code, status, words) => {
  const details = { memoryLimitBytes: 512 * 1024 ** 2, workingDirectory: '/home/a', user: 'alice' };

  expect(exitMessage({ result, code, status }, details)).toBe(words);
});

test('a bare name that is nowhere on PATH is told with that PATH', () => {
  const exit = { result: 'exit-code', code: 'exited', status: 203 } as const;

  expect(exitMessage(exit, { bareNames: ['jupyterhub'], path: '/opt/lab/bin:/usr/bin' })).toBe(
    'exit code 203/EXEC: jupyterhub not found on PATH /opt/lab/bin:/usr/bin, or not executable',
  );
  expect(exitMessage(exit, { bareNames: ['prepare', 'jupyterhub'], path: '/usr/bin' })).toBe(
    'exit code 203/EXEC: prepare or jupyterhub not found on PATH /usr/bin, or not executable',
  );
  expect(exitMessage(exit, { bareNames: [], path: '/usr/bin' })).toBe(
    'exit code 203/EXEC: command not found or not executable',
  );
});

test('out of memory without a limit of its own blames no limit', () => {
  expect(exitMessage({ result: 'oom-kill', code: 'killed', status: 9 })).toBe(
    'out of memory: killed by the kernel, though no limit of its own is set',
  );
});

test('exit codes that mean configuration are those that systemd gives', () => {
  expect([199, 200, 226, 243, 244].map(isConfigurationExit)).toEqual([false, true, true, true, false]);
  expect(Object.keys(EXIT_STATUS).every((status) => isConfigurationExit(Number(status)))).toBe(true);
});
