import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PHASES, type ServerStatus } from '../../src/status/types.ts';
import { installHublet, startHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitGone,
  awaitPhase,
  awaitStatus,
  conditionOf,
  countEvents,
  countIn,
  dropSpecs,
  readCgroup,
  readEvents,
  readHostStatus,
  readStatuses,
  removeSpecs,
  type Sample,
  type Spec,
  sampleValue,
  scrape,
} from '../machine/servers.ts';

const python = (program: string, more: object = {}): Spec => ({
  user: 'alice',
  command: ['python3', '-c', program],
  ...more,
});

const specs: Readonly<Record<string, Spec>> = {
  still: python('import signal; block = b"x" * (40 << 20); signal.pause()', {
    resources: { memory: { limit: '256M', high: '200M' }, tasks: 30 },
  }),
  busy: python('while True: pass', { resources: { cpu: { limit: 0.3 } } }),
  over: { user: 'bob', command: ['true'] },
  away: { user: 'bob', command: ['sleep', 'infinity'], suspend: true },
  gone: { user: 'bob', command: ['sleep', 'infinity'] },
};

/** Its child wants more than there is, the main process goes on. */
const greedyChild = `
import os, signal
if os.fork() == 0:
    block = b"x" * (300 << 20)
os.wait()
signal.pause()
`;

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await installHublet(machine, {
    config: {
      apiVersion: 'hublet/v1',
      kind: 'Config',
      metrics: { level: 'full', labels: ['team'] },
      // Events have to do: nothing here is made good by a look at everything.
      reconcile: { resync: '10m' },
    },
  });
});

afterAll(() => machine?.kill());

describe('a taken HTTP port', () => {
  it('keeps no server from running, is told, and is taken once it is free', async () => {
    await machine.spawn('exec python3 -m http.server --bind 127.0.0.1 --directory /usr/share/doc 9810', {
      user: 'carol',
    });
    await waitFor('the squatter', async () => (await http('/')).code === 200, 180_000);

    await startHublet(machine);
    await dropSpecs(machine, specs, { labels: { team: 'physics', other: 'x' } });
    await awaitPhase(machine, ['still', 'busy', 'gone'], 'Ready');

    const taken = await readHostStatus(machine);
    expect(conditionOf(taken, 'HttpReady')).toMatchObject({
      status: 'False',
      reason: 'AddressInUse',
      message: expect.stringContaining('9810'),
    });
    expect(taken.http).toBeNull();

    await machine.run("kill $(pgrep -u carol -f 'http.server.*9810')");

    await waitFor(
      'hublet to listen',
      async (saw) => saw(conditionOf(await readHostStatus(machine), 'HttpReady'))?.status === 'True',
      90_000,
    );
    expect((await readHostStatus(machine)).http).toBe('127.0.0.1:9810');
    expect((await http('/healthz')).code).toBe(200);
  });
});

describe('over HTTP', () => {
  it('health and readiness are told, in general and part by part', async () => {
    expect(await http('/healthz')).toMatchObject({ code: 200, body: expect.stringContaining('ok') });
    expect((await http('/readyz')).code).toBe(200);
    const verbose = await http('/readyz?verbose');
    for (const part of ['started', 'dbus', 'sources']) expect(verbose.body).toContain(part);
    expect((await http('/readyz/dbus')).code).toBe(200);
    expect((await http('/nosuch')).code).toBe(404);
  });

  it('nothing is given to another host name, nor may anything be changed', async () => {
    expect((await http('/metrics', '-H "Host: somewhere.example"')).code).toBeGreaterThanOrEqual(400);
    expect((await http('/metrics', '-X POST')).code).toBe(405);
  });

  it('the page for people shows servers and nothing of their commands', async () => {
    const { code, body } = await http('/');
    expect(code).toBe(200);
    for (const name of Object.keys(specs)) expect(body).toContain(name);
    expect(body).not.toContain('signal.pause');
  });

  it('metrics come in both formats', async () => {
    const text = await http('/metrics', '-i');
    expect(text.body).toMatch(/^content-type: text\/plain; version=0\.0\.4/im);
    const open = await http('/metrics', '-i -H "Accept: application/openmetrics-text"');
    expect(open.body).toMatch(/^content-type: application\/openmetrics-text; version=1\.0\.0/im);
    expect(open.body.trimEnd()).toMatch(/# EOF$/);
  });
});

describe('metrics of a server', () => {
  it('have exactly one phase, the one that its status has', async () => {
    await awaitPhase(machine, ['over', 'away'], 'Stopped');
    const samples = await waitFor(
      'the phases',
      async (saw) => {
        const now = await scrape(machine);
        return saw(phaseOf(now, 'over')) === 'Stopped' && saw(phaseOf(now, 'away')) === 'Stopped' && now;
      },
      90_000,
    );
    const statuses = await readStatuses(machine);
    for (const name of Object.keys(specs)) {
      const rows = samples.filter((sample) => sample.name === 'hublet_server_phase' && sample.labels.server === name);
      expect(rows.map(({ labels }) => labels.phase).sort()).toEqual([...PHASES].sort());
      expect(rows.reduce((sum, { value }) => sum + value, 0)).toBe(1);
      expect(phaseOf(samples, name)).toBe(statuses.get(name)?.status.phase);
      const isReady = statuses.get(name)?.status.phase === 'Ready';
      expect(sampleValue(samples, 'hublet_server_ready', { server: name })).toBe(isReady ? 1 : 0);
    }
    expect(sampleValue(samples, 'hublet_server_desired', { server: 'still' })).toBe(1);
    expect(sampleValue(samples, 'hublet_server_desired', { server: 'away' })).toBe(0);
    expect(sampleValue(samples, 'hublet_servers', { phase: 'Ready' })).toBe(3);
    expect(sampleValue(samples, 'hublet_servers', { phase: 'Stopped' })).toBe(2);
  });

  it('say who it is, with the labels that were allowed and no others', async () => {
    const info = (await scrape(machine)).find(
      ({ name, labels }) => name === 'hublet_server_info' && labels.server === 'still',
    );
    expect(info).toMatchObject({
      value: 1,
      labels: { user: 'alice', unit: 'hublet-still.service', label_team: 'physics' },
    });
    expect(info?.labels).not.toHaveProperty('label_other');
  });

  it('have the memory that its cgroup has', async () => {
    const { controlGroup } = await now('still');
    await waitFor(
      'memory within 1 MB of memory.current',
      async (saw) => {
        const shown =
          sampleValue(await scrape(machine), 'hublet_server_memory_current_bytes', { server: 'still' }) ?? 0;
        const current = Number(await readCgroup(machine, controlGroup, 'memory.current'));
        return saw({ shown, current }) && current > 40 * 2 ** 20 && Math.abs(shown - current) < 2 ** 20;
      },
      180_000,
    );
    const samples = await scrape(machine);
    const memory = (what: string) =>
      sampleValue(samples, `hublet_server_memory_${what}_bytes`, { server: 'still' }) ?? 0;
    expect(memory('anon')).toBeGreaterThan(40 * 2 ** 20);
    expect(memory('working_set')).toBeLessThanOrEqual(memory('current'));
    expect(memory('peak')).toBeGreaterThanOrEqual(memory('current') - 2 ** 20);
    expect(memory('limit')).toBe(256 * 2 ** 20);
    expect(memory('high')).toBe(200 * 2 ** 20);
    expect(sampleValue(samples, 'hublet_server_tasks', { server: 'still' })).toBe(1);
    expect(sampleValue(samples, 'hublet_server_tasks_limit', { server: 'still' })).toBe(30);
    // What is not limited, or not running, has no series rather than a huge number or 0.
    expect(sampleValue(samples, 'hublet_server_memory_limit_bytes', { server: 'busy' })).toBeUndefined();
    expect(sampleValue(samples, 'hublet_server_cpu_limit_cores', { server: 'still' })).toBeUndefined();
    expect(sampleValue(samples, 'hublet_server_memory_current_bytes', { server: 'away' })).toBeUndefined();
    for (const { value } of samples.filter(({ name }) => name.startsWith('hublet_')))
      expect(value).toBeLessThan(2 ** 53);
  });

  it('have the CPU time that its cgroup has', async () => {
    const { controlGroup } = await now('busy');
    const seconds = async () => countIn(await readCgroup(machine, controlGroup, 'cpu.stat'), 'usage_usec') / 1e6;
    const before = await seconds();
    const shown = await waitFor(
      `more than ${before} s to be shown`,
      async (saw) =>
        saw(cpuSeconds(await scrape(machine), 'busy')) >= before && cpuSeconds(await scrape(machine), 'busy'),
      180_000,
    );
    expect(shown).toBeLessThanOrEqual(await seconds());
    expect(
      sampleValue(await scrape(machine), 'hublet_server_cpu_throttled_seconds_total', { server: 'busy' }),
    ).toBeGreaterThan(0);
  });

  it('go on counting over its restarts', async () => {
    const before = { samples: await scrape(machine), status: await now('busy') };
    await machine.run(`kill -KILL ${before.status.mainPid}`);
    await awaitStatus(machine, 'busy', 'Ready again', ({ phase, restarts }) => phase === 'Ready' && restarts === 1);
    await waitFor(
      'the restart to be shown',
      async (saw) => saw(sampleValue(await scrape(machine), 'hublet_server_restarts_total', { server: 'busy' })) === 1,
      90_000,
    );
    const counters = ['cpu_periods_total', 'cpu_throttled_periods_total', 'cpu_throttled_seconds_total'];
    const after = await scrape(machine);
    for (const counter of counters) {
      const of = (samples: readonly Sample[]) =>
        sampleValue(samples, `hublet_server_${counter}`, { server: 'busy' }) ?? 0;
      expect(of(after), counter).toBeGreaterThanOrEqual(of(before.samples));
    }
    expect(cpuSeconds(after, 'busy')).toBeGreaterThanOrEqual(cpuSeconds(before.samples, 'busy'));
    expect(sampleValue(after, 'hublet_server_exits_total', { result: 'signal' })).toBe(1);
  });

  it('are gone with it', async () => {
    const ofGone = (samples: readonly Sample[]) => samples.filter(({ labels }) => labels.server === 'gone');
    expect(ofGone(await scrape(machine)).length).toBeGreaterThan(20);
    await removeSpecs(machine, ['gone']);
    await awaitGone(machine, ['gone']);
    await waitFor('no series of it', async (saw) => saw(ofGone(await scrape(machine)).length) === 0, 90_000);
  });
});

describe('metrics of the controller', () => {
  it('count what it did, and what it asked of D-Bus', async () => {
    const samples = await scrape(machine);
    const value = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      sampleValue(samples, name, labels) ?? -1;
    expect(value('hublet_dbus_connected')).toBe(1);
    expect(value('hublet_dbus_reconnects_total')).toBe(0);
    // still, busy twice, over, gone.
    expect(value('hublet_dbus_calls_total', { method: 'StartTransientUnit', result: 'success' })).toBe(5);
    expect(value('hublet_actions_total', { action: 'start', result: 'success' })).toBe(5);
    expect(value('hublet_actions_total', { action: 'stop', result: 'success' })).toBe(1);
    expect(value('hublet_dbus_call_duration_seconds_count', { method: 'StartTransientUnit' })).toBe(5);
    expect(value('hublet_reconcile_total', { result: 'success' })).toBeGreaterThan(10);
    expect(value('hublet_reconcile_total', { result: 'error' })).toBe(0);
    expect(value('hublet_reconcile_duration_seconds_count')).toBeGreaterThan(10);
    expect(value('hublet_workqueue_adds_total')).toBeGreaterThan(10);
    expect(value('hublet_server_start_duration_seconds_count')).toBeGreaterThanOrEqual(4);
    expect(value('hublet_server_exits_total', { result: 'success' })).toBeGreaterThanOrEqual(1);
    expect(value('hublet_events_total', { reason: 'Deleted' })).toBe(1);
    expect(value('hublet_specs', { state: 'valid' })).toBe(4);
    expect(value('hublet_specs', { state: 'invalid' })).toBe(0);
    expect(value('hublet_source_ready')).toBe(1);
    expect(value('hublet_sample_duration_seconds_count')).toBeGreaterThan(0);
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(10 * 2 ** 20);
    expect(samples.filter(({ name, labels }) => name.endsWith('_bucket') && labels.server !== undefined)).toEqual([]);
  });
});

describe('a kill for memory in a crowd of starts', () => {
  it('is told before what is in force for its server is read, and that is read however long the others take', async () => {
    const unready: Spec = { user: 'bob', command: ['sleep', 'infinity'], probes: { readiness: { tcp: {} } } };
    const others = ['first', 'second', 'third'];
    await dropSpecs(machine, Object.fromEntries(others.map((name) => [name, unready])));
    await awaitPhase(machine, others, 'Running');

    await dropSpecs(machine, { crowded: python(greedyChild, { resources: { memory: { limit: '96M' } } }) });

    await waitFor(
      'the kill to be told',
      async (saw) => saw(countEvents(await readEvents(machine, 'crowded'), 'OOMKilled')) === 1,
      180_000,
    );
    const unread = await now('crowded');
    expect(unread).toMatchObject({ phase: 'Ready', restarts: 0, lastExit: null });
    expect(unread.applied).toEqual({});
    expect(countIn(await readCgroup(machine, unread.controlGroup, 'memory.events'), 'oom_kill')).toBe(1);
    const samples = await scrape(machine);
    expect(sampleValue(samples, 'hublet_server_oom_kills_total', { server: 'crowded' })).toBe(1);

    const read = await awaitStatus(
      machine,
      'crowded',
      'to have been read',
      ({ applied }) => applied.memoryMaxBytes !== undefined,
    );
    expect(read.applied.memoryMaxBytes).toBe(96 * 2 ** 20);
    expect(read.controlGroup).toBe(unread.controlGroup);
    for (const name of others) expect(await now(name)).toMatchObject({ phase: 'Running' });
  });
});

async function http(path: string, options = ''): Promise<{ readonly code: number; readonly body: string }> {
  const text = await machine.run(
    `curl -s --max-time 30 ${options} -w '\\n%{http_code}' 'http://127.0.0.1:9810${path}'`,
  );
  const cut = text.lastIndexOf('\n');
  return { code: Number(text.slice(cut + 1)), body: text.slice(0, cut) };
}

async function now(name: string): Promise<ServerStatus['status']> {
  return awaitStatus(machine, name, 'to have a status', () => true);
}

function phaseOf(samples: readonly Sample[], server: string): string | undefined {
  return samples.find(
    ({ name, labels, value }) => name === 'hublet_server_phase' && labels.server === server && value === 1,
  )?.labels.phase;
}

function cpuSeconds(samples: readonly Sample[], server: string): number {
  const of = (mode: string) => sampleValue(samples, 'hublet_server_cpu_seconds_total', { server, mode }) ?? Number.NaN;
  return of('user') + of('system');
}
