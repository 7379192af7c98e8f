import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const UNREADY = '  probes: {readiness: {tcp: {}}}\n';
const LIMIT = '  resources: {memory: {limit: 64Mi}}\n';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open({ maxStarting: 1 });
  await host.start();
});

afterEach(async () => {
  await host.close();
});

/** alice comes up while bob stands in line behind her. */
async function startOneBeforeAnother(text: string): Promise<void> {
  const release = host.fake.holdStarts();
  host.put('alice', text);
  await host.until(() => host.unit('alice') !== undefined, 'alice is started');
  host.put('bob');
  await host.until(() => host.condition('bob', 'Ready')?.reason === 'StartQueued', 'bob waits');
  release();
}

describe('what systemd has in force for a new run', () => {
  it('is read at once where nobody stands in line', async () => {
    host.put('alice', spec('alice', LIMIT));
    await host.untilPhase('alice', 'Ready');

    await host.until(() => host.status('alice')?.controlGroup !== null, 'its control group is known');
    expect(host.status('alice')?.applied).toMatchObject({ memoryMaxBytes: 64 * 1024 ** 2 });
    expect(host.fake.calls().GetAll).toBe(1);
  });

  it('is read once all that stood in line are up', async () => {
    await startOneBeforeAnother(spec('alice'));
    await host.untilPhase('bob', 'Ready');

    await host.until(() => host.status('alice')?.controlGroup !== null, 'it is read');
    expect(host.fake.calls().GetAll).toBe(2);
  });

  it('is read after half a minute however long others take', async () => {
    await startOneBeforeAnother(spec('alice', `${UNREADY}${LIMIT}`));
    await host.untilPhase('alice', 'Running');
    await host.pass(5_000);
    expect(host.fake.calls().GetAll).toBeUndefined();
    expect(host.status('alice')?.controlGroup).toBeNull();

    await host.elapse(26_000);
    await host.until(() => host.status('alice')?.controlGroup !== null, 'it is read');

    expect(host.status('alice')?.applied).toMatchObject({ memoryMaxBytes: 64 * 1024 ** 2 });
    expect(host.unit('bob')).toBeUndefined();
  });

  it('does not keep a kill for memory from being told meanwhile', async () => {
    const controlGroup = '/hublet.slice/hublet-lab.slice/hublet-alice.service';
    const group = join(host.root, 'cgroup', controlGroup);
    const kills = (count: number) =>
      writeFileSync(join(group, 'memory.events'), `low 0\nhigh 0\nmax 0\noom 0\noom_kill ${count}\n`);
    mkdirSync(group, { recursive: true });
    kills(0);
    await host.kill();
    host.pools = new Map([['lab', {}]]);
    await host.start();
    await startOneBeforeAnother(spec('alice', `${UNREADY}${LIMIT}  pool: lab\n`));
    await host.untilPhase('alice', 'Running');
    await host.pass(1_000);

    kills(1);
    await host.until(() => host.events('alice').includes('OOMKilled'), 'it is told');

    // Its control group is told too, as it was found there; what is in force in it is not known yet.
    expect(host.status('alice')).toMatchObject({ controlGroup });
    expect(host.status('alice')?.applied).toEqual({});
  });

  it('is read at once where its spec asks for something else than it was started with', async () => {
    await startOneBeforeAnother(spec('alice', `${UNREADY}${LIMIT}`));
    await host.untilPhase('alice', 'Running');
    const run = host.invocation('alice');

    host.put('alice', spec('alice', `${UNREADY}  resources: {memory: {limit: 96Mi}}\n`));
    await host.until(() => host.unit('alice')?.properties.MemoryMax === 96n * 1024n ** 2n, 'it is set');

    expect(host.invocation('alice')).toBe(run);
    expect(host.unit('bob')).toBeUndefined();
  });
});
