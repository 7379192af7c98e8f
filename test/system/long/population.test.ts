import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Phase, ServerStatus } from '../../../src/status/types.ts';
import { unitName } from '../../../src/units/name.ts';
import { type ServerPlaces, serverFields, serverName } from '../../arbitraries/server.ts';
import { quote } from '../../machine/command.ts';
import { throwDice } from '../../machine/dice.ts';
import { installHublet } from '../../machine/hublet.ts';
import { readIdentities } from '../../machine/identities.ts';
import { boot, type Machine, waitFor } from '../../machine/machine.ts';
import {
  conditionOf,
  dropSpecs,
  readEvents,
  readHostStatus,
  readStatuses,
  type Sample,
  type Spec,
  sampleValue,
  scrape,
} from '../../machine/servers.ts';

/** As many as there is time for each time, or so many as HUBLET_POPULATION says: 300 take ten minutes and more. */
const population = Number(process.env.HUBLET_POPULATION ?? 40);
const patienceMs = population * 6000;

/** What specs may speak of in this machine. */
const places: ServerPlaces = {
  // Whatever is asked of it, also before and after a main command: it ends well.
  programs: ['/usr/local/bin/do-nothing', 'do-nothing'],
  users: ['alice', 'bob', 'carol'],
  groups: ['users', 'audio', 100, 'carol'],
  directories: ['/srv', '/opt', '/', '/var/lib'],
  disks: ['/dev/vda', '/'],
  devices: ['/dev/kmsg', '/dev/vda', 'char-pts', 'block-*'],
  files: ['/srv/keys/one.env', '/srv/keys/two.env'],
  pools: ['lab', 'gpu_2', 'a'],
  cpus: 2,
  // So that a slow machine has the time that it needs, and no server rests by the clock.
  without: ['startTimeout', 'terminationGracePeriod', 'schedule'],
};
const config = {
  apiVersion: 'hublet/v1',
  kind: 'Config',
  pools: {
    lab: { memory: { limit: '90%' }, cpu: { limit: '90%' } },
    gpu_2: { cpu: { weight: 200 }, tasks: 2000 },
    a: { memory: { high: '80%' } },
  },
};

interface Inhabitant {
  readonly spec: Spec;
  readonly phase: Phase;
}

/** Ends well at once, except as a main command that is to stay. */
const program = `#!/bin/bash
[ "$1" != stay ] || exec sleep infinity
`;

const seed = throwDice('population').below(2 ** 31);
const inhabitants = settle(population);
const names = Object.keys(inhabitants);
let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.put({ files: { 'do-nothing': program } }, '/usr/local/bin');
  await machine.put({ files: { 'one.env': 'ONE=1\n', 'two.env': 'TWO=2\n' } }, '/srv/keys');
  await machine.run('chmod 755 /usr/local/bin/do-nothing; chmod 600 /srv/keys/*');
  await installHublet(machine, { config, start: true });
});

afterAll(() => machine?.kill());

describe(`${population} servers with random valid specs`, () => {
  it(
    'come to what their specs ask for, as systemd reads it back',
    async () => {
      await dropSpecs(machine, Object.fromEntries(names.map((name) => [name, inhabitants[name]?.spec ?? {}])));

      await awaitPhases();

      expect(await told(odd(await readStatuses(machine)))).toEqual([]);
      expect(Object.keys(await readIdentities(machine))).toHaveLength(
        names.filter((name) => inhabitants[name]?.phase === 'Ready').length,
      );
    },
    2 * patienceMs,
  );

  it(
    'see nothing of a new controller: it asks systemd for nothing but news',
    async () => {
      const [before, { pid }] = [await readIdentities(machine), await readHostStatus(machine)];
      await restartController();

      await waitFor('the new one', async (saw) => saw((await readHostStatus(machine)).pid) !== pid, 60_000);
      const samples = await waitFor(
        'a look at each of them, and none to come',
        async (saw) => {
          const seen = await scrape(machine);
          const looks = sampleValue(seen, 'hublet_reconcile_total', { result: 'success' }) ?? 0;
          const waiting = sampleValue(seen, 'hublet_workqueue_depth');
          return saw({ looks, waiting }).looks >= population && waiting === 0 && seen;
        },
        patienceMs,
      );

      await awaitPhases();
      expect(await told(odd(await readStatuses(machine)))).toEqual([]);
      expect(await readIdentities(machine)).toEqual(before);
      expect(changesIn(samples)).toEqual([]);
      expect(changesIn(await scrape(machine))).toEqual([]);
    },
    2 * patienceMs,
  );
});

/** So many servers from the seed, with the phase that each has to come to. */
function settle(count: number): Readonly<Record<string, Inhabitant>> {
  const names = fc.uniqueArray(serverName, { minLength: count, maxLength: count });
  const specs = fc.array(serverFields(places), { minLength: count, maxLength: count });
  const [drawn] = fc.sample(fc.tuple(names, specs), { seed, numRuns: 1 });
  if (drawn === undefined) throw new Error('nothing was drawn');
  return Object.fromEntries(drawn[0].map((name, index) => [name, inhabitant(drawn[1][index] ?? {}, index)]));
}

/** Most stay; of ten, one ends at once and one is suspended. */
function inhabitant(fields: Spec, index: number): Inhabitant {
  const spec = able(fields);
  const [main, ...rest] = spec.command as readonly string[];
  if (index % 10 === 3) return { spec: { ...spec, suspend: true }, phase: 'Stopped' };
  if (index % 10 === 7) return { spec: { ...spec, restartPolicy: 'OnFailure' }, phase: 'Stopped' };
  return { spec: { ...spec, command: [main, 'stay', ...rest] }, phase: 'Ready' };
}

/**
 * With an account that is there, and enough CPU and time to start and to end in a machine where hundreds start at once:
 * a command after the end (postStop) that takes longer than its time is a failure, and its server is started again.
 */
function able(fields: Spec): Spec {
  const { resources = {}, ...rest } = fields as {
    readonly resources?: { readonly cpu?: { readonly limit?: unknown } };
  };
  const isSlow = resources.cpu?.limit !== undefined && cores(resources.cpu.limit) < 0.25;
  const cpu = isSlow ? { ...resources.cpu, limit: cores(resources.cpu?.limit) + 0.25 } : resources.cpu;
  const user = fields.dynamicUser === true ? {} : { user: fields.user ?? 'alice' };
  const times = { startTimeout: '30m', terminationGracePeriod: '30m' };
  return { ...rest, ...user, ...times, resources: cpu === undefined ? resources : { ...resources, cpu } };
}

function cores(limit: unknown): number {
  return typeof limit === 'string' ? Number.parseInt(limit, 10) / 1000 : Number(limit);
}

async function awaitPhases(): Promise<void> {
  const wanted = names.filter((name) => inhabitants[name]?.phase === 'Ready').length;
  try {
    await waitFor(
      `${wanted} Ready, ${names.length - wanted} Stopped`,
      async (saw) => {
        const { servers } = await readHostStatus(machine);
        return saw(servers).Ready === wanted && servers.Stopped === names.length - wanted;
      },
      patienceMs,
      1000,
    );
  } catch (cause) {
    const some = await told(odd(await readStatuses(machine)).slice(0, 5));
    throw new Error(`some of those that do not: ${JSON.stringify(some, null, 2)}`, { cause });
  }
}

/** Its own last words, where it does not come up again, tell why. */
async function restartController(): Promise<void> {
  try {
    await machine.run('systemctl restart hublet.service', { timeoutMs: patienceMs });
  } catch (cause) {
    throw new Error(await machine.run('journalctl --no-pager --unit hublet.service --lines 50'), { cause });
  }
}

/** What the journal has of these servers' units besides: systemd's words on each run, and hublet's events. */
async function told(servers: readonly OddServer[]): Promise<readonly unknown[]> {
  const all: unknown[] = [];
  for (const server of servers) {
    const unit = quote(unitName(server.name));
    const events = (await readEvents(machine, server.name)).map(({ reason, message }) => `${reason}: ${message}`);
    const journal = await machine.run(`journalctl --no-pager --unit ${unit} --lines 50`);
    all.push({ ...server, events, journal: journal.split('\n') });
  }
  return all;
}

interface OddServer {
  readonly name: string;
  readonly spec: Spec;
  readonly status: ServerStatus['status'] | undefined;
}

/** Servers that are not as their specs have them, with what hublet says of them. */
function odd(statuses: ReadonlyMap<string, ServerStatus>): readonly OddServer[] {
  return names.flatMap((name) => {
    const status = statuses.get(name)?.status;
    const { spec, phase } = inhabitants[name] as Inhabitant;
    const isSynced = status !== undefined && conditionOf(status, 'Synced')?.status === 'True';
    const isAsAsked = status?.phase === phase && (isSynced || phase !== 'Ready') && status.restarts === 0;
    return isAsAsked ? [] : [{ name, spec, status }];
  });
}

/** Calls that change something, which a controller that finds everything as it should be makes none of. */
function changesIn(samples: readonly Sample[]): readonly string[] {
  const changing = [
    'StartTransientUnit',
    'StopUnit',
    'SetUnitProperties',
    'ResetFailedUnit',
    'KillUnit',
    'RestartUnit',
  ];
  return samples
    .filter(
      ({ name, labels, value }) =>
        name === 'hublet_dbus_calls_total' && value > 0 && changing.includes(labels.method ?? ''),
    )
    .map(({ labels, value }) => `${labels.method} ${value}`);
}
