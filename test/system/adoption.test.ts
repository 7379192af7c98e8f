import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { throwDice } from '../machine/dice.ts';
import { installHublet, killHublet, startHublet } from '../machine/hublet.ts';
import { countRuns, type Identity, readIdentities } from '../machine/identities.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatuses,
  conditionOf,
  countEvents,
  dropSpecs,
  readEvents,
  readHostStatus,
  readStatuses,
  removeSpecs,
  type Spec,
  showUnit,
} from '../machine/servers.ts';

const sleeper = { user: 'alice', command: ['sleep', '100000'], environment: { TOLD: 'kept' } };
const web: Spec = {
  user: 'bob',
  command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '{PORT}'],
  workingDirectory: '/usr/share/doc',
  probes: { readiness: { http: { path: '/' } } },
};
/** Ends at its first run, so that it has a restart to be remembered. */
const stumbler = {
  user: 'carol',
  command: ['sh', '-c', '[ -e stumbled ] && exec sleep 100000; touch stumbled; exit 3'],
};
const sleepers = ['sleeper0', 'sleeper1', 'sleeper2', 'sleeper3'];
const specs: Readonly<Record<string, Spec>> = {
  ...Object.fromEntries(sleepers.map((name) => [name, sleeper])),
  sleeper1: { ...sleeper, restartPolicy: 'Never' },
  web,
  stumbler,
};
const fixed = Object.keys(specs);

let machine: Machine;
let begun: Readonly<Record<string, Identity>>;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, { start: true });
  await dropSpecs(machine, specs);
  await awaitPhase(machine, fixed, 'Ready', 180_000);
  begun = await readIdentities(machine);
});
afterAll(() => machine?.kill());

// Hundreds of kills are for `npm run chaos`: here are two at work, and one on its way up.
const KILLS = 3;
const newcomers: string[] = [];

describe('a controller that is killed again and again', () => {
  const dice = throwDice('moments of the kills');
  let before: Awaited<ReturnType<typeof readStatuses>>;
  let startsBefore: number;

  it('comes back each time, whatever it was doing', async () => {
    before = await readStatuses(machine);
    startsBefore = await countStarts(fixed);
    for (let round = 0; round < KILLS; round += 1) {
      await change(round);
      // In odd rounds it is killed at work, in even ones on its way up.
      if (round % 2 === 1) await awaitController();
      await sleep(dice.below(round % 2 === 0 ? 4_000 : 2_500));
      await killHublet(machine);
    }
    await awaitController();
    expect(Number((await machine.run('systemctl show hublet -p NRestarts --value')).trim())).toBeGreaterThanOrEqual(
      KILLS,
    );
  }, 900_000);

  it('has left every server as it was', async () => {
    expect(await readIdentities(machine)).toMatchObject(begun);
    expect(await countStarts(fixed)).toBe(startsBefore);
    const events = await readEvents(machine);
    expect(events.filter(({ reason }) => reason === 'Orphaned' || reason === 'UnexpectedStop')).toEqual([]);
  });

  it('knows restarts, and since when each is started and Ready', async () => {
    const remembered = fixed.map((name) => moments(before, name));
    expect(remembered.find(({ name }) => name === 'stumbler')).toMatchObject({ restarts: 1, lastExit: 3 });
    await awaitPhase(machine, fixed, 'Ready');
    const after = await readStatuses(machine);
    expect(fixed.map((name) => moments(after, name))).toEqual(remembered);
  });

  it('has made every edit good, and started each new server once', async () => {
    await awaitPhase(machine, newcomers, 'Ready');
    for (const name of newcomers) {
      expect([name, await countRuns(machine, `hublet-${name}.service`)]).toEqual([name, 1]);
      expect((await readStatuses(machine)).get(name)?.status.restarts).toBe(0);
    }
    await awaitStatuses(machine, sleepers, 'the limit of the last edit', ({ applied }, name) => {
      const wanted = limits.get(name);
      return wanted === undefined || applied.memoryMaxBytes === wanted * 2 ** 20;
    });
  });

  const limits = new Map<string, number>();

  /** What is done right before a kill: an edit that takes effect on the running unit, and a new server. */
  async function change(round: number): Promise<void> {
    const name = dice.pick(sleepers);
    const limit = 32 + dice.below(64);
    limits.set(name, limit);
    const edited = { [name]: { ...specs[name], resources: { memory: { limit: `${limit}M` } } } };
    const isNew = round % 2 === 1;
    if (isNew) newcomers.push(`new${newcomers.length}`);
    await dropSpecs(machine, isNew ? { ...edited, [newcomers.at(-1) ?? '']: sleeper } : edited);
  }
});

describe('a controller that is stopped', () => {
  it('leaves servers, environment, memory and status, and takes them up again', async () => {
    const before = await readIdentities(machine);
    const files = 'cd /run/hublet && ls env state status && sha256sum env/* && cat status/*.json';
    await machine.run('systemctl stop hublet');
    const left = await machine.run(files);
    expect(left.match(/\.env$/gm)?.length).toBeGreaterThanOrEqual(2 * fixed.length);
    expect(await readIdentities(machine)).toEqual(before);
    await startHublet(machine);
    await awaitPhase(machine, fixed, 'Ready');
    expect(await readIdentities(machine)).toEqual(before);
    // Not one status has changed: nobody who follows them hears of it.
    expect(await machine.run(files)).toBe(left);
  });

  it('finds out afterwards what happened meanwhile: ends, deletions and new specs', async () => {
    const before = await readIdentities(machine);
    await machine.run('systemctl stop hublet');
    for (const [name, signal] of [
      ['sleeper0', 'SEGV'],
      ['sleeper1', 'KILL'],
      ['sleeper2', 'TERM'],
    ]) {
      await machine.run(`systemctl kill --signal=${signal} hublet-${name}.service`);
    }
    const deleted = ['sleeper3', ...newcomers];
    await removeSpecs(machine, deleted);
    await dropSpecs(machine, { late: sleeper });
    await waitFor(
      'their ends',
      async () => Object.keys(await readIdentities(machine)).length === Object.keys(before).length - 3,
      90_000,
    );
    await startHublet(machine);

    await awaitPhase(machine, ['sleeper0', 'late'], 'Ready');
    await awaitPhase(machine, ['sleeper1'], 'Failed');
    // SIGTERM is a clean end for systemd, and OnFailure leaves it at that.
    await awaitPhase(machine, ['sleeper2'], 'Stopped');
    const statuses = await readStatuses(machine);
    const ends = ['sleeper0', 'sleeper1', 'sleeper2']
      .map((name) => statuses.get(name)?.status)
      .map((status) => [status?.lastExit?.result, status?.lastExit?.status, status?.restarts]);
    expect(ends).toEqual([
      ['signal', 11, 1],
      ['signal', 9, 0],
      ['success', 0, 0],
    ]);
    expect(await countRuns(machine, 'hublet-sleeper0.service')).toBe(2);
    // A minute after its start, in which whoever took their files away by mistake may put them back.
    await awaitGone(machine, deleted, 120_000);
    const { 'hublet-web.service': webBefore, 'hublet-stumbler.service': stumblerBefore } = before;
    expect(await readIdentities(machine)).toMatchObject({
      'hublet-web.service': webBefore,
      'hublet-stumbler.service': stumblerBefore,
    });
  });

  it('carries a restart through that it was stopped in the middle of', async () => {
    // Long enough to be seen by one who looks every few seconds.
    const slow = {
      ...sleeper,
      command: ['sh', '-c', 'trap "sleep 15; exit 0" TERM; while :; do sleep 0.1; done'],
      terminationGracePeriod: '60s',
    };
    await dropSpecs(machine, { slow });
    await awaitPhase(machine, ['slow'], 'Ready');
    await dropSpecs(machine, { slow }, { annotations: { 'hublet/restartedAt': 'now' } });
    await waitFor(
      'its stop',
      async (saw) => saw(await showUnit(machine, 'slow', ['ActiveState'])).ActiveState === 'deactivating',
      180_000,
    );
    await killHublet(machine);
    await awaitPhase(machine, ['slow'], 'Ready');
    expect(await countRuns(machine, 'hublet-slow.service')).toBe(2);
    const reasons = (await readEvents(machine, 'slow')).map(({ reason }) => reason);
    expect(reasons).not.toContain('UnexpectedStop');
    expect(reasons).not.toContain('Exited');
  });
});

async function awaitController(): Promise<void> {
  await waitFor(
    'the controller to be up',
    async (saw) => saw((await machine.exec('systemctl is-active hublet')).stdout) === 'active\n',
    300_000,
  );
  const pid = Number((await machine.run('systemctl show hublet -p MainPID --value')).trim());
  expect((await readHostStatus(machine)).pid).toBe(pid);
}

async function countStarts(names: readonly string[]): Promise<number> {
  const events = await readEvents(machine);
  return countEvents(
    events.filter(({ server }) => names.includes(server ?? '')),
    'Starting',
  );
}

function moments(statuses: Awaited<ReturnType<typeof readStatuses>>, name: string): Readonly<Record<string, unknown>> {
  const status = statuses.get(name)?.status;
  if (status === undefined) throw new Error(`no status of ${name}`);
  const { restarts, startedAt, readyAt, invocationId, mainPid, lastExit } = status;
  const ready = conditionOf(status, 'Ready');
  return {
    name,
    restarts,
    startedAt,
    readyAt,
    invocationId,
    mainPid,
    lastExit: lastExit?.status,
    since: ready?.lastTransitionTime,
  };
}
