import { expect, test } from 'vitest';
import { createCommandRunner } from '../../src/command.ts';
import { FakeClock } from '../fakes/clock.ts';
import { TemporaryDirectory } from '../fakes/program.ts';

const LIMITS = { concurrency: 1, timeoutMs: 5_000, maxOutputBytes: 1_000 };

test('gives back what a program printed and how it ended', async () => {
  using directory = new TemporaryDirectory();
  const program = directory.program('p', 'printf "%s" "$1"; echo oops >&2; exit 3');
  const runner = createCommandRunner(new FakeClock(), LIMITS);

  const result = await runner.run(program, ['a b $HOME ; *']);

  expect(result).toEqual({ kind: 'exited', code: 3, stdout: 'a b $HOME ; *', stderr: 'oops\n' });
});

test('gives the program no environment but the one it is meant to have', async () => {
  using directory = new TemporaryDirectory();
  const program = directory.program('p', 'echo "$NOTIFY_SOCKET,$HOME,$LC_ALL"');
  const runner = createCommandRunner(new FakeClock(), { ...LIMITS, environment: { NOTIFY_SOCKET: '/run/n' } });

  const result = await runner.run(program, []);

  expect(result).toMatchObject({ kind: 'exited', stdout: '/run/n,,C.UTF-8\n' });
});

test('fails for a program that is not there, without naming its arguments', async () => {
  const runner = createCommandRunner(new FakeClock(), LIMITS);

  const result = await runner.run('/nonexistent/program', ['secret']);

  expect(result).toEqual({ kind: 'failed', message: '/nonexistent/program: ENOENT' });
});

test('fails for an argument with NUL and goes on working', async () => {
  const runner = createCommandRunner(new FakeClock(), LIMITS);

  expect(await runner.run('true', ['a\0b'])).toEqual({ kind: 'failed', message: 'true: ERR_INVALID_ARG_VALUE' });
  expect(await runner.run('true', [])).toMatchObject({ kind: 'exited', code: 0 });
});

test('kills a program that is out of its time, and the next one gets its place', async () => {
  using directory = new TemporaryDirectory();
  const clock = new FakeClock();
  const runner = createCommandRunner(clock, LIMITS);
  const slow = runner.run(directory.program('slow', 'exec sleep 600'), []);
  const next = runner.run('true', []);

  clock.advance(5_000);

  expect(await slow).toMatchObject({ kind: 'failed', message: expect.stringContaining('no answer within 5 s') });
  expect(await next).toMatchObject({ kind: 'exited', code: 0 });
});

test('answers at once what waits behind processes that do not die, and recovers when they do', async () => {
  using directory = new TemporaryDirectory();
  const clock = new FakeClock();
  const runner = createCommandRunner(clock, LIMITS);
  const slow = runner.run(directory.program('slow', 'exec sleep 600'), []);
  const next = runner.run('true', []);

  // Its end is not seen before this turn of the event loop is over, so it seems to survive.
  clock.advance(6_000);

  expect(await slow).toMatchObject({ kind: 'failed' });
  expect(await next).toEqual({ kind: 'failed', message: 'true: earlier calls still hang' });
  await expect.poll(() => runner.run('true', [])).toMatchObject({ kind: 'exited', code: 0 });
});

test('ends a program that prints more than is wanted', async () => {
  const runner = createCommandRunner(new FakeClock(), LIMITS);

  const result = await runner.run('head', ['-c', '100000', '/dev/zero']);

  expect(result).toEqual({ kind: 'failed', message: 'head: more than 1000 bytes of output' });
});

test('runs no more at once than it may', async () => {
  using directory = new TemporaryDirectory();
  const program = directory.program('p', 'mkdir "$1" || exit 1; sleep 0.02; rmdir "$1"');
  const runner = createCommandRunner(new FakeClock(), LIMITS);

  const results = await Promise.all([1, 2, 3].map(() => runner.run(program, [`${directory.path}/one`])));

  expect(results).toEqual([0, 0, 0].map((code) => ({ kind: 'exited', code, stdout: '', stderr: '' })));
});
