import { once } from 'node:events';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import type { HostStatus } from '../../src/status/types.ts';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';

const GIBIBYTE = 1024 ** 3;
/** An account that every system has, in a group of the same number. */
const ACCOUNT = 'nobody';

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

function configure(fields: object = {}): void {
  hublet.configure({
    sources: [{ path: host.specs, prune: 'off' }],
    reconcile: { rescan: '1s', resync: '2s' },
    metrics: { listen: 'off' },
    ...fields,
  });
}

const notebook = (limit: string, environment = {}) => ({
  profiles: { notebook: { command: ['/usr/bin/sleep', 'infinity'], resources: { memory: { limit } }, environment } },
});

function put(name: string, spec: object): void {
  const text = JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Server', metadata: { name }, spec });
  host.put(name, `${text}\n`);
}

function hostCondition(type: string): { readonly status: string; readonly reason: string; readonly message: string } {
  const status: HostStatus = JSON.parse(readFileSync(join(host.runtimeDirectory, 'status.json'), 'utf8'));
  const found = status.conditions.find((condition) => condition.type === type);
  return found ?? { status: '', reason: '', message: '' };
}

/** GET over the socket. */
async function ask(
  socketPath: string,
  path: string,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  const [response] = (await once(get({ socketPath, path }), 'response')) as [IncomingMessage];
  return { status: response.statusCode, body: await textOf(response) };
}

const memoryMax = (name: string) => host.status(name)?.applied.memoryMaxBytes;

describe('a profile that changes', () => {
  it('resizes its servers as they run, shows the rest as UpdatePending, and leaves other servers alone', async () => {
    configure();
    hublet.configureFragment('10-profiles.yaml', notebook('1G'));
    put('alice', { profile: 'notebook', user: ACCOUNT });
    put('bob', { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT });
    await hublet.start();
    for (const name of ['alice', 'bob']) await host.untilPhase(name, 'Ready');
    const before = [host.invocation('alice'), host.invocation('bob')];
    // Read once bob is up too.
    await host.until(() => memoryMax('alice') === GIBIBYTE, 'the limit of the profile is in force');
    host.fake.resetCalls();

    hublet.configureFragment('10-profiles.yaml', notebook('2G'));
    await host.until(() => memoryMax('alice') === 2 * GIBIBYTE, 'the limit of the profile is applied');

    expect(host.fake.calls()).toMatchObject({ SetUnitProperties: 1 });
    expect(host.condition('alice', 'UpdatePending')?.status).toBe('False');

    hublet.configureFragment('10-profiles.yaml', notebook('2G', { A: '1' }));
    await host.until(() => host.condition('alice', 'UpdatePending')?.status === 'True', 'an update is pending');

    expect([host.invocation('alice'), host.invocation('bob')]).toEqual(before);
    expect(host.condition('bob', 'UpdatePending')?.status).toBe('False');
  });

  it('that is taken away leaves its servers as they last were, over a restart of the controller too', async () => {
    configure();
    hublet.configureFragment('10-profiles.yaml', notebook('1G'));
    put('alice', { profile: 'notebook', user: ACCOUNT });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');

    hublet.configureFragment('10-profiles.yaml', undefined);
    await host.until(() => host.condition('alice', 'Accepted')?.reason === 'UnknownProfile', 'it is told of');
    expect(host.condition('alice', 'Accepted')?.message).toContain('the configuration has no profile "notebook"');
    expect(host.status('alice')?.phase).toBe('Ready');

    await hublet.kill();
    await hublet.start();
    await host.until(() => host.condition('alice', 'Ready')?.status === 'True', 'it is known again');
    expect(host.invocation('alice')).toBe(before);
    expect(memoryMax('alice')).toBe(GIBIBYTE);

    host.fake.kill('hublet-alice.service', { exit: 3 });
    await host.until(() => host.invocation('alice') !== before, 'it is started again as it was');
    expect(host.condition('alice', 'Accepted')?.reason).toBe('UnknownProfile');

    hublet.configureFragment('10-profiles.yaml', notebook('2G'));
    await host.until(() => memoryMax('alice') === 2 * GIBIBYTE, 'the profile is back');
    expect(host.condition('alice', 'Accepted')?.status).toBe('True');
  });
});

describe('a configuration that goes bad', () => {
  it('leaves the last good one in force and says so until it is good again', async () => {
    configure(notebook('1G'));
    put('alice', { profile: 'notebook', user: ACCOUNT });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    expect(hostCondition('ConfigReady')).toMatchObject({ status: 'True', reason: 'Loaded' });

    const path = join(host.root, 'hublet.yaml');
    const good = readFileSync(path, 'utf8');
    writeFileSync(path, good.replace('profiles', 'profils'));
    await host.until(() => hostCondition('ConfigReady').status === 'False', 'it is told of');

    expect(hostCondition('ConfigReady').reason).toBe('Invalid');
    expect(hostCondition('ConfigReady').message).toContain('did you mean profiles?');
    expect(host.condition('alice', 'Accepted')?.status).toBe('True');
    put('bob', { profile: 'notebook', user: ACCOUNT });
    await host.untilPhase('bob', 'Ready');

    for (const text of ['', undefined]) {
      if (text === undefined) rmSync(path);
      else writeFileSync(path, text);
      const word = text === undefined ? 'is gone' : 'is empty';
      await host.until(() => hostCondition('ConfigReady').message.includes(word), `${word} is told of`);
    }

    writeFileSync(path, good.replace('"1G"', '"3G"'));
    await host.until(() => hostCondition('ConfigReady').status === 'True', 'it is good again');
    const { out } = await hublet.run(['events']);
    expect(out).toMatch(/ControllerStarted[\s\S]*ConfigRejected[\s\S]*ConfigReloaded/);
    await host.until(() => memoryMax('bob') === 3 * GIBIBYTE, 'what it says is in force');
  });

  it('is read at once on SIGHUP, and what needs a new start is named', async () => {
    configure(notebook('1G'));
    put('alice', { profile: 'notebook', user: ACCOUNT });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');

    configure({ ...notebook('2G'), metrics: { listen: '127.0.0.1:1' } });
    hublet.signal('SIGHUP');
    await host.until(() => hostCondition('ConfigReady').reason === 'RestartNeeded', 'it is told of');

    expect(hostCondition('ConfigReady')).toMatchObject({
      status: 'True',
      message: 'takes effect at the next start of the controller: metrics.listen',
    });
    await host.until(() => memoryMax('alice') === 2 * GIBIBYTE, 'the rest is in force');
  });
});

describe('a policy', () => {
  const hub = (more: object = {}) => ({
    policies: { hub: { users: { groups: ['nogroup'] }, fields: ['command', 'user', 'resources'], ...more } },
    sources: [{ path: host.specs, policy: 'hub', prune: 'off' }],
  });
  const sleep = { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT };

  it('that denies a change leaves what runs, over a restart too', async () => {
    configure(hub());
    put('alice', sleep);
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');

    put('alice', { ...sleep, unitProperties: { MemoryMin: '64M' }, suspend: true });
    await host.until(() => host.condition('alice', 'Admitted')?.status === 'False', 'it is denied');

    expect(host.condition('alice', 'Admitted')).toMatchObject({ reason: 'PolicyDenied' });
    expect(host.condition('alice', 'Admitted')?.message).toContain('policy hub: spec.unitProperties.MemoryMin');
    await hublet.kill();
    await hublet.start();
    await host.until(() => host.condition('alice', 'Ready')?.status === 'True', 'it is known again');
    expect(host.invocation('alice')).toBe(before);
    expect(host.condition('alice', 'Admitted')?.status).toBe('False');

    put('alice', sleep);
    await host.until(() => host.condition('alice', 'Admitted')?.status === 'True', 'it is admitted again');
    expect(host.invocation('alice')).toBe(before);
  });

  it('admits nobody but those it lists, and no more than it counts', async () => {
    configure(hub({ max: { servers: 1 } }));
    put('alice', sleep);
    put('mallory', { ...sleep, user: 'root' });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    await host.until(() => host.condition('mallory', 'Admitted')?.status === 'False', 'root is denied');
    expect(host.condition('mallory', 'Admitted')?.message).toContain('the account root has the uid 0');

    put('bob', sleep);
    await host.until(() => host.condition('bob', 'Admitted')?.status === 'False', 'there are too many');

    expect(host.condition('bob', 'Admitted')?.reason).toBe('QuotaExceeded');
    expect(host.fake.units()).toEqual(['hublet-alice.service']);
  });

  it('that is tightened leaves what runs', async () => {
    configure(hub());
    put('alice', { ...sleep, resources: { memory: { limit: '1G' } } });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');

    configure(hub({ max: { memory: '512M' } }));
    await host.until(() => host.condition('alice', 'Admitted')?.status === 'False', 'it is denied');

    expect(host.invocation('alice')).toBe(before);
    expect(memoryMax('alice')).toBe(GIBIBYTE);
  });
});

describe('a quota of a pool', () => {
  const sleep = (memory: string) => ({
    command: ['/usr/bin/sleep', 'infinity'],
    user: ACCOUNT,
    resources: { memory: { limit: memory } },
  });

  it('has servers wait with the reason, keeps what runs over a restart, and lets the next in when there is room', async () => {
    configure({ pools: { default: { quota: { memory: '3G' } } } });
    put('bob', sleep('2G'));
    put('carol', sleep('1G'));
    await hublet.start();
    for (const name of ['bob', 'carol']) await host.untilPhase(name, 'Ready');
    const before = host.invocation('bob');
    put('alice', { ...sleep('1G'), priority: 5 });
    await host.untilPhase('alice', 'Pending');
    expect(host.condition('alice', 'Admitted')).toMatchObject({ status: 'False', reason: 'QuotaExceeded' });
    expect(host.condition('alice', 'Ready')?.message).toContain(
      'pools.default.quota.memory: asks for 1G, and 3G of the 3G for the pool default are given to other servers',
    );

    put('bob', sleep('4G'));
    await host.until(() => host.condition('bob', 'Admitted')?.reason === 'QuotaExceeded', 'it may not grow');
    await hublet.kill();
    await hublet.start();
    await host.until(() => host.condition('bob', 'Ready')?.status === 'True', 'it is known again');
    expect(host.invocation('bob')).toBe(before);
    expect(memoryMax('bob')).toBe(2 * GIBIBYTE);
    expect(host.status('alice')?.phase).toBe('Pending');

    host.remove('carol');
    await host.untilPhase('alice', 'Ready');
    expect(host.invocation('bob')).toBe(before);
    const { quotas }: HostStatus = JSON.parse(readFileSync(join(host.runtimeDirectory, 'status.json'), 'utf8'));
    expect(quotas).toMatchObject([{ scope: 'pool', name: 'default', resource: 'memory', limit: 3 * GIBIBYTE }]);
  });
});

describe('a source', () => {
  it('that is added is read, one that is taken out keeps its servers, and one that comes back has them again', async () => {
    const second = join(host.root, 'desired-state-2');
    mkdirSync(second, { recursive: true });
    const one = { path: host.specs, prune: 'off' };
    const both = [one, { path: second, prune: 'off' }];
    configure({ ...notebook('1G') });
    put('alice', { profile: 'notebook', user: ACCOUNT });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');

    const text = { apiVersion: 'hublet/v1', kind: 'Server', metadata: { name: 'bob' } };
    host.putElsewhere('bob', `${JSON.stringify({ ...text, spec: { profile: 'notebook', user: ACCOUNT } })}\n`);
    configure({ ...notebook('1G'), sources: both });
    await host.untilPhase('bob', 'Ready');
    const before = host.invocation('bob');

    configure({ ...notebook('1G'), sources: [one] });
    await host.until(() => hostCondition('PruneHeld').status === 'True', 'its removal is held');
    configure({ ...notebook('2G'), sources: [one] });
    await host.until(() => memoryMax('bob') === 2 * GIBIBYTE, 'it is kept as it should be');
    expect(host.invocation('bob')).toBe(before);

    await hublet.kill();
    await hublet.start();
    await host.until(() => hostCondition('PruneHeld').status === 'True', 'its removal is still held');
    expect(host.invocation('bob')).toBe(before);

    configure({ ...notebook('2G'), sources: both });
    await host.until(() => hostCondition('PruneHeld').status === 'False', 'nothing is held any more');
    expect(host.invocation('bob')).toBe(before);
  });
});

describe('a source that is lost', () => {
  it('makes the controller unready by its name, stops nothing, and is told when it is back', async () => {
    const socket = join(host.root, 'http.sock');
    configure({ metrics: { listen: `unix:${socket}` } });
    put('alice', { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');
    expect(await ask(socket, '/readyz')).toMatchObject({ status: 200 });

    renameSync(host.specs, `${host.specs}.away`);
    await host.until(() => hostCondition('SourceReady').status === 'False', 'it is seen to be gone');
    expect(await ask(socket, '/readyz')).toMatchObject({
      status: 503,
      body: expect.stringContaining('[-]sources failed'),
    });
    expect(await ask(socket, '/healthz')).toMatchObject({ status: 200 });

    renameSync(`${host.specs}.away`, host.specs);
    await host.until(() => hostCondition('SourceReady').status === 'True', 'it is back');
    expect(await ask(socket, '/readyz')).toMatchObject({ status: 200 });
    expect(host.invocation('alice')).toBe(before);
    const { out } = await hublet.run(['events']);
    expect(out.match(/SourceLost/g)).toHaveLength(1);
    expect(out.match(/SourceRecovered/g)).toHaveLength(1);
  });
});

describe('drift', () => {
  it('is left and told of where the configuration says so, and a new wish counts all the same', async () => {
    configure({ drift: { correct: true, ignore: ['CPUWeight'] } });
    put('alice', { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT, resources: { cpu: { weight: 100 } } });
    await hublet.start();
    await host.untilPhase('alice', 'Ready');

    host.fake.setByOther('hublet-alice.service', 'CPUWeight', 7n);
    await host.fake.reload();
    hublet.signal('SIGHUP');
    await host.until(() => host.condition('alice', 'Synced')?.reason === 'Drifted', 'it is told of');
    expect(host.unit('alice')?.properties.CPUWeight).toBe(7n);

    put('alice', { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT, resources: { cpu: { weight: 50 } } });
    await host.until(() => host.unit('alice')?.properties.CPUWeight === 50n, 'the new wish counts');
  });
});
