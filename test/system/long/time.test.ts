import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ServerStatus } from '../../../src/status/types.ts';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  awaitStatuses,
  conditionOf,
  countEvents,
  dropSpecs,
  readEvents,
  readHostStatus,
  readStatuses,
  type Spec,
} from '../../machine/servers.ts';

const HOUR_MS = 3_600_000;
/** Berlin's clocks go back from 03:00 to 02:00, an hour that comes twice. */
const AUTUMN = '2026-10-25T01:00:00Z';
/** Berlin's clocks go ahead from 02:00 to 03:00, over an hour that never is. */
const SPRING = '2027-03-28T01:00:00Z';

const sleeper = (more: object = {}): Spec => ({ user: 'alice', command: ['sleep', 'infinity'], ...more });
const window = (timeZone: string, start: string, stop: string, more: object = {}): Spec =>
  sleeper({ schedule: { timeZone, windows: [{ start: `${start} * * *`, stop: `${stop} * * *` }], ...more } });

const specs: Readonly<Record<string, Spec>> = {
  plain: sleeper(),
  aged: sleeper({ maxAge: '1h' }),
  quiet: sleeper({ idle: { timeout: '1h', warnBefore: '1m', check: ['cpu'] } }),
  probed: sleeper({
    command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '--directory', '/usr/share/doc', '{PORT}'],
    probes: {
      readiness: { http: {}, periodSeconds: 2 },
      liveness: { http: {}, periodSeconds: 2, timeoutSeconds: 10, failureThreshold: 2 },
    },
  }),
  // From 01:00 to 03:00 of Berlin: over the doubled hour, and up to the end of the skipped one.
  night: window('Europe/Berlin', '0 1', '0 3'),
  // The half hour of autumn that comes twice.
  once: window('Europe/Berlin', '0 2', '30 2'),
  // Begins within the hour that spring skips.
  skipped: window('Europe/Berlin', '30 2', '0 5'),
  // The minute after autumn's change.
  minute: window('UTC', '0 1', '1 1'),
  finishing: window('UTC', '0 1', '1 1', { overrun: 'finish' }),
};
/** What no clock may touch in autumn. */
const steady = ['plain', 'aged', 'quiet', 'probed', 'night', 'skipped'];

let machine: Machine;
let runs: Readonly<Record<string, string | null>> = {};

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine);
  // 02:35 of Berlin, for the first time.
  await setClock('2026-10-25T00:35:00Z');
  await machine.run('systemctl start hublet.service', { timeoutMs: 300_000 });
  await dropSpecs(machine, specs);
  await awaitPhase(machine, steady, 'Ready', 180_000);
  runs = await invocations(steady);
});

afterAll(() => machine?.kill());

describe('the clock set ahead by two hours, and back', () => {
  it('is told, and stops nothing', async () => {
    await machine.run("date -s '+2 hours'");
    await awaitClock('False');
    expect(countEvents(await readEvents(machine), 'ClockJump')).toBe(1);
    expect((await now('night')).phase).toBe('Ready');
    await machine.run("date -s '-2 hours'");
    await waitFor('the second jump', async () => countEvents(await readEvents(machine), 'ClockJump') === 2, 30_000);
    expect(await invocations(steady)).toEqual(runs);
  });
});

describe('the night in which clocks go back', () => {
  it('opens windows at the minute they say, and none that opened in that hour before', async () => {
    const [minute, , once] = await awaitPhase(machine, ['minute', 'finishing', 'once'], 'Stopped');
    expect(minute?.nextTransition).toEqual({ phase: 'Starting', at: iso(AUTUMN), reason: 'WindowOpened' });
    expect(once?.nextTransition).toMatchObject({ phase: 'Starting', at: '2026-10-26T01:00:00.000Z' });

    await setClock('2026-10-25T00:59:40Z');

    await awaitPhase(machine, ['minute', 'finishing'], 'Ready');
    const [opened] = (await readEvents(machine, 'minute')).filter(({ reason }) => reason === 'WindowOpened');
    expect(Date.parse(opened?.at ?? '') - Date.parse(AUTUMN)).toBeGreaterThanOrEqual(0);
    expect((await now('once')).phase).toBe('Stopped');
  });

  it('stops what is to stop when its window closes, once the clock is to be believed, and lets finish what may', async () => {
    const [closed] = await awaitPhase(machine, ['minute'], 'Stopped');
    expect(closed).toMatchObject({ mainPid: null, restarts: 0 });
    expect(closed?.nextTransition).toEqual({
      phase: 'Starting',
      at: '2026-10-26T01:00:00.000Z',
      reason: 'WindowOpened',
    });
    expect(countEvents(await readEvents(machine, 'minute'), 'WindowClosed')).toBe(1);
    const overrun = await awaitStatus(
      machine,
      'finishing',
      'its window to be closed',
      (status) => conditionOf(status, 'WindowOpen')?.status === 'False',
    );
    expect(overrun.phase).toBe('Ready');

    await machine.run(`kill -KILL ${overrun.mainPid}`);

    const [finished] = await awaitPhase(machine, ['finishing'], 'Stopped');
    expect(finished).toMatchObject({ mainPid: null });
  });

  it('has changed nothing else, nor have the jumps before it', async () => {
    await awaitClock('True');
    expect(await invocations(steady)).toEqual(runs);
    expect((await now('once')).phase).toBe('Stopped');
  });
});

describe('the night in which clocks go ahead', () => {
  it('stops what is really closed after a minute of grace, not before', async () => {
    await setClock('2027-03-28T00:58:30Z');
    await awaitClock('False');
    expect(await invocations(['skipped', 'night'])).toEqual({ skipped: runs.skipped, night: runs.night });

    const [closed] = await awaitPhase(machine, ['skipped'], 'Stopped');

    expect(closed?.nextTransition).toEqual({ phase: 'Starting', at: iso(SPRING), reason: 'WindowOpened' });
    const [event] = (await readEvents(machine, 'skipped')).filter(({ reason }) => reason === 'WindowClosed');
    expect(Date.parse(event?.at ?? '')).toBeGreaterThanOrEqual(Date.parse('2027-03-28T00:59:30Z'));
    expect((await now('night')).phase).toBe('Ready');
    await awaitClock('True');
  });

  it('opens what begins, and closes what ends, within the hour that is skipped when they skip it', async () => {
    await awaitStatuses(machine, ['skipped', 'night'], 'the change', ({ phase }, name) =>
      name === 'skipped' ? phase === 'Ready' : phase === 'Stopped',
    );
    for (const [name, reason] of [
      ['skipped', 'WindowOpened'],
      ['night', 'WindowClosed'],
    ] as const) {
      const event = (await readEvents(machine, name)).findLast((one) => one.reason === reason);
      const lateMs = Date.parse(event?.at ?? '') - Date.parse(SPRING);
      expect({ name, isInTime: lateMs >= 0 && lateMs < HOUR_MS / 60 }).toEqual({ name, isInTime: true });
    }
  });
});

describe('a machine that sleeps', () => {
  const names = ['plain', 'aged', 'quiet', 'probed', 'skipped'];

  it('loses no server where its host slept and both of its clocks jump', async () => {
    const before = await invocations(names);
    const startedMs = await uptimeMs();

    await machine.pause(25_000);

    expect((await uptimeMs()) - startedMs).toBeGreaterThan(25_000);
    await awaitLook();
    expect(await invocations(names)).toEqual(before);
    expect(await machine.run('systemctl show hublet -p NRestarts')).toBe('NRestarts=0\n');
  });

  it('loses none where it slept itself: wall time went on, monotonic time did not', async () => {
    const before = await invocations(names);

    await machine.run("date -s '+30 minutes'");
    await awaitClock('False');
    await awaitClock('True');

    expect(await invocations(names)).toEqual(before);
    expect(runs).toMatchObject({ plain: before.plain, aged: before.aged, quiet: before.quiet, probed: before.probed });
    for (const name of names) expect({ name, restarts: (await now(name)).restarts }).toEqual({ name, restarts: 0 });
  });
});

async function setClock(moment: string): Promise<void> {
  await machine.run(`date -s ${moment}`);
}

async function awaitClock(status: 'True' | 'False'): Promise<void> {
  await waitFor(
    `ClockSane ${status}`,
    async (saw) => saw(conditionOf(await readHostStatus(machine), 'ClockSane'))?.status === status,
    120_000,
  );
}

/** Waits until hublet has answered a wish that came now: whatever it makes of what was before, it has made. */
async function awaitLook(): Promise<void> {
  const name = 'look';
  await dropSpecs(machine, { [name]: sleeper() });
  await awaitPhase(machine, [name], 'Ready');
}

async function uptimeMs(): Promise<number> {
  return Number((await machine.run('cut -d" " -f1 /proc/uptime')).trim()) * 1000;
}

async function invocations(names: readonly string[]): Promise<Readonly<Record<string, string | null>>> {
  const statuses = await readStatuses(machine);
  return Object.fromEntries(names.map((name) => [name, statuses.get(name)?.status.invocationId ?? null]));
}

async function now(name: string): Promise<ServerStatus['status']> {
  return waitFor(`the status of ${name}`, async () => (await readStatuses(machine)).get(name)?.status, 30_000);
}

function iso(moment: string): string {
  return new Date(moment).toISOString();
}
