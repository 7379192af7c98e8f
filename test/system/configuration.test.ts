import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Condition } from '../../src/status/types.ts';
import { installHublet } from '../machine/hublet.ts';
import { boot, type Machine, waitFor } from '../machine/machine.ts';
import {
  awaitPhase,
  awaitStatus,
  conditionOf,
  dropSpecs,
  readHostStatus,
  sampleValue,
  scrape,
  showUnit,
  specText,
} from '../machine/servers.ts';

const MEBIBYTE = 1024 ** 2;
const hubSource = '/srv/hub';
const profilesFile = '/etc/hublet/hublet.d/10-profiles.yaml';

const config = {
  apiVersion: 'hublet/v1',
  kind: 'Config',
  sources: [
    { path: '/etc/hublet/desired-state' },
    { path: hubSource, owner: 'jupyterhub', policy: 'hub', prune: 'off' },
  ],
  policies: {
    hub: {
      users: { groups: ['students'], deny: ['root'] },
      profiles: ['notebook'],
      fields: ['profile', 'environment', 'command'],
      max: { memory: '512M', servers: 10 },
    },
  },
};

const profiles = (limit: string, environment = '{}') =>
  `apiVersion: hublet/v1\nkind: Config\nprofiles:\n  notebook:\n    command: [sleep, infinity]\n    resources: {memory: {limit: ${limit}}}\n    environment: ${environment}\n`;

let machine: Machine;

beforeAll(async () => {
  machine = await boot();
  await machine.run(
    [
      'useradd --system --no-create-home jupyterhub',
      'groupadd students',
      'usermod -aG students alice',
      `install -d -o jupyterhub -m 755 ${hubSource}`,
      'mkdir -p /etc/hublet/hublet.d',
    ].join(' && '),
  );
  await writeProfiles(profiles('256M'));
  await installHublet(machine, { config, start: true });
  await dropSpecs(machine, {
    noted: { profile: 'notebook', user: 'alice' },
    plain: { command: ['sleep', 'infinity'], user: 'bob' },
  });
  await awaitPhase(machine, ['noted', 'plain'], 'Ready');
});

afterAll(async () => {
  await machine?.kill();
});

/** As an editor does it: written aside and moved in. */
async function writeProfiles(text: string): Promise<void> {
  await machine.run(`cat > /etc/hublet/.aside && mv /etc/hublet/.aside ${profilesFile}`, { input: text });
}

/** The hub writes a spec into its own directory. */
async function dropByHub(name: string, spec: Readonly<Record<string, unknown>>): Promise<void> {
  const path = `${hubSource}/${name}.yaml`;
  await machine.run(`cat > ${path}.aside && chown jupyterhub ${path}.aside && mv ${path}.aside ${path}`, {
    input: specText(name, spec),
  });
}

async function awaitConfig(what: string, passes: (condition: Condition) => boolean): Promise<Condition> {
  return await waitFor(
    `the configuration to be ${what}`,
    async (saw) => {
      const condition = conditionOf(await readHostStatus(machine), 'ConfigReady');
      saw(condition);
      return condition !== undefined && passes(condition) && condition;
    },
    90_000,
  );
}

describe('a profile from hublet.d', () => {
  it('is what its servers run as', async () => {
    const unit = await showUnit(machine, 'noted', ['MemoryMax', 'User']);
    expect(unit).toEqual({ MemoryMax: String(256 * MEBIBYTE), User: 'alice' });
  });

  it('that gets another limit resizes its servers as they run, and no others', async () => {
    const before = await showUnit(machine, 'noted', ['MainPID', 'InvocationID']);
    const other = await showUnit(machine, 'plain', ['MainPID', 'MemoryMax']);

    await writeProfiles(profiles('384M'));
    await awaitStatus(machine, 'noted', '384 MiB', ({ applied }) => applied.memoryMaxBytes === 384 * MEBIBYTE);

    expect(await showUnit(machine, 'noted', ['MainPID', 'InvocationID'])).toEqual(before);
    expect(await showUnit(machine, 'plain', ['MainPID', 'MemoryMax'])).toEqual(other);
  });

  it('that gets another environment is shown as UpdatePending', async () => {
    const before = await showUnit(machine, 'noted', ['MainPID']);

    await writeProfiles(profiles('384M', '{GREETING: hello}'));
    await awaitStatus(machine, 'noted', 'an update pending', (status) => {
      return conditionOf(status, 'UpdatePending')?.status === 'True';
    });

    expect(await showUnit(machine, 'noted', ['MainPID'])).toEqual(before);
    const plain = await awaitStatus(machine, 'plain', 'a status', () => true);
    expect(conditionOf(plain, 'UpdatePending')?.status).toBe('False');
  });
});

describe('a configuration', () => {
  it('that is broken stops nothing, is told of, and does not make the controller unready', async () => {
    const before = await showUnit(machine, 'noted', ['MainPID']);

    await machine.run("sed -i 's/policies/polices/' /etc/hublet/hublet.yaml");
    const condition = await awaitConfig('bad', ({ status }) => status === 'False');

    expect(condition.reason).toBe('Invalid');
    expect(condition.message).toContain('did you mean policies?');
    expect(sampleValue(await scrape(machine), 'hublet_config_last_reload_successful')).toBe(0);
    expect((await machine.exec('curl -sf http://127.0.0.1:9810/readyz')).code).toBe(0);
    expect(await showUnit(machine, 'noted', ['MainPID'])).toEqual(before);
    expect((await awaitPhase(machine, ['noted', 'plain'], 'Ready')).length).toBe(2);
  });

  it('is read on systemctl reload, whether it changed or not', async () => {
    await machine.run("sed -i 's/polices/policies/' /etc/hublet/hublet.yaml");
    await awaitConfig('good', ({ status }) => status === 'True');
    const readAt = async () =>
      sampleValue(await scrape(machine), 'hublet_config_last_reload_success_timestamp_seconds') ?? 0;
    const before = await readAt();

    await machine.run('systemctl reload hublet.service');
    await waitFor('the configuration to be read once more', async (saw) => saw(await readAt()) > before, 180_000);

    expect(sampleValue(await scrape(machine), 'hublet_config_last_reload_successful')).toBe(1);
  });
});

describe('a policy', () => {
  it('lets the hub have what it lists, for members of its group', async () => {
    await dropByHub('alice', { profile: 'notebook', environment: { A: 'b' } });
    await awaitPhase(machine, ['alice'], 'Ready');
    expect(await showUnit(machine, 'alice', ['User'])).toEqual({ User: 'alice' });
  });

  it('denies accounts outside of its groups and fields that it does not list', async () => {
    await dropByHub('bob', { profile: 'notebook' });
    await dropByHub('root', { profile: 'notebook', unitProperties: { MemoryMin: '64M' } });

    const denied = async (name: string) => {
      const status = await awaitStatus(machine, name, 'denied', (one) => {
        return conditionOf(one, 'Admitted')?.status === 'False';
      });
      expect(status.phase).toBe('Pending');
      return conditionOf(status, 'Admitted')?.message;
    };
    expect(await denied('bob')).toBe('policy hub: the account bob is in none of the groups students');
    expect(await denied('root')).toContain('policy hub: spec.unitProperties.MemoryMin is not one of');
    expect((await machine.exec('systemctl is-active hublet-root.service hublet-bob.service')).code).not.toBe(0);
  });

  it('that denies a change leaves what runs, over a restart of the controller too', async () => {
    const before = await showUnit(machine, 'alice', ['MainPID', 'MemoryMax']);

    await dropByHub('alice', { profile: 'notebook', suspend: true });
    await awaitStatus(machine, 'alice', 'denied', (status) => conditionOf(status, 'Admitted')?.status === 'False');
    await machine.run('systemctl restart hublet.service');
    await awaitStatus(machine, 'alice', 'known again', (status) => {
      return status.phase === 'Ready' && conditionOf(status, 'Admitted')?.status === 'False';
    });

    expect(await showUnit(machine, 'alice', ['MainPID', 'MemoryMax'])).toEqual(before);
  });
});
