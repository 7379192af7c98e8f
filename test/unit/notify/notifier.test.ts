import { expect, test } from 'vitest';
import { createNotifier, watchdogIntervalMs } from '../../../src/notify/notifier.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

const PID = 42;
const ENVIRONMENT = { NOTIFY_SOCKET: '/run/systemd/notify', WATCHDOG_USEC: '30000000', WATCHDOG_PID: `${PID}` };

function open(
  directory: TemporaryDirectory,
  environment: Record<string, string | undefined> = ENVIRONMENT,
  script = 'exit 0',
) {
  const clock = new FakeClock();
  const log = new FakeLog();
  const program = directory.recordingProgram('systemd-notify', script);
  return { clock, log, notifier: createNotifier(environment, { clock, log, pid: PID, program }) };
}

test('tells ready, status and stopping, in order', async () => {
  using directory = new TemporaryDirectory();
  const { notifier } = open(directory);

  await notifier.ready('3 servers');
  notifier.status('4 servers');
  await notifier.stopping();

  expect(directory.calls()).toEqual([
    ['--ready', '--status=3 servers'],
    ['--status=4 servers'],
    ['--status=stopping', 'STOPPING=1'],
  ]);
});

test('the program gets the socket', async () => {
  using directory = new TemporaryDirectory();
  const { notifier } = open(directory, ENVIRONMENT, 'echo "$NOTIFY_SOCKET" >> "$CALLS"');

  await notifier.ready('');

  expect(directory.calls()[1]).toEqual(['/run/systemd/notify']);
});

test('the same status again is not told', async () => {
  using directory = new TemporaryDirectory();
  const { notifier } = open(directory);
  await notifier.ready('3 servers');

  notifier.status('3 servers');
  await notifier.stopping();

  expect(directory.calls()).toHaveLength(2);
});

test('a status cannot bring in another assignment', async () => {
  using directory = new TemporaryDirectory();
  const { notifier } = open(directory);

  await notifier.ready('a\nSTOPPING=1');

  expect(directory.calls()).toEqual([['--ready', '--status=a STOPPING=1']]);
});

test('without a service manager nothing is started', async () => {
  using directory = new TemporaryDirectory();
  const { notifier, clock } = open(directory, { WATCHDOG_USEC: '30000000' });

  await notifier.ready('x');
  notifier.status('y');
  notifier.startWatchdog(() => true)();
  await notifier.stopping();

  expect(directory.calls()).toEqual([]);
  expect(clock.nextDueMs()).toBeUndefined();
});

test('a failure is logged and not thrown', async () => {
  using directory = new TemporaryDirectory();
  const { notifier, log } = open(directory, ENVIRONMENT, 'echo "no such socket" >&2; exit 1');

  await notifier.ready('x');

  expect(log.lines).toEqual([
    { level: 'warn', message: 'service manager not told', detail: 'ended with 1: no such socket' },
  ]);
});

test('the watchdog is told at once and three times within its time', async () => {
  using directory = new TemporaryDirectory();
  const { notifier, clock } = open(directory);
  const pings = () => directory.calls().length;

  const stop = notifier.startWatchdog(() => true);
  await expect.poll(pings).toBe(1);
  // Told one after the other: once this is, the ping before it is over.
  await notifier.ready('');
  clock.advance(10_000);
  await expect.poll(pings).toBe(3);
  stop();

  expect(directory.calls()).toEqual([['WATCHDOG=1'], ['--ready', '--status='], ['WATCHDOG=1']]);
  await expect.poll(() => clock.nextDueMs()).toBeUndefined();
});

test('a controller that makes no progress is not said to be alive, and is again when it does', async () => {
  using directory = new TemporaryDirectory();
  const { notifier, clock, log } = open(directory);
  const answers: (boolean | 'throw')[] = [false, 'throw', true];

  const stop = notifier.startWatchdog(() => {
    const answer = answers.shift();
    if (answer === 'throw') throw new Error('oops');
    return answer === true;
  });
  clock.advance(10_000);
  expect(log.complaints()).toEqual([
    'controller does not make progress, watchdog is not told',
    'check for the watchdog failed',
  ]);
  expect(directory.calls()).toEqual([]);
  clock.advance(10_000);

  await expect.poll(() => directory.calls()).toEqual([['WATCHDOG=1']]);
  stop();
});

test('pings do not pile up behind one that is late', async () => {
  using directory = new TemporaryDirectory();
  const { notifier, clock } = open(directory, ENVIRONMENT, 'exec sleep 600');
  const stop = notifier.startWatchdog(() => true);

  clock.advance(9_999);
  await expect.poll(() => directory.calls().length).toBe(1);
  stop();
  clock.advance(10_000);

  expect(directory.calls()).toEqual([['WATCHDOG=1']]);
});

test.each([
  [{ WATCHDOG_USEC: '30000000' }, 10_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '42' }, 10_000],
  [{ WATCHDOG_USEC: '30000000', WATCHDOG_PID: '43' }, undefined],
  [{ WATCHDOG_USEC: '0' }, undefined],
  [{ WATCHDOG_USEC: 'soon' }, undefined],
  [{}, undefined],
])('the watchdog of %j is told every %s ms', (environment, intervalMs) => {
  expect(watchdogIntervalMs(environment, PID)).toBe(intervalMs);
});
