import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../../src/config/errors.ts';
import { type LoadOptions, loadConfig, loadConfigFiles } from '../../../src/config/load.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-config-'));
  mkdirSync(join(directory, 'hublet.d'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(name: string, text: string): void {
  writeFileSync(join(directory, name), `apiVersion: hublet/v1\nkind: Config\n${text}\n`);
}

const OPTIONS: Omit<LoadOptions, 'env'> = {
  flags: {},
  isUserMode: false,
  uid: 0,
  cpuCount: 2,
  resolveOwner: async (name) => (name === 'jupyterhub' ? 998 : undefined),
};

function options(over: Partial<LoadOptions> = {}): LoadOptions {
  return { ...OPTIONS, env: { HUBLET_CONFIG: join(directory, 'hublet.yaml') }, ...over };
}

/** What is wrong, with paths below the directory. */
async function problems(text: string, over: Partial<LoadOptions> = {}): Promise<readonly string[]> {
  write('hublet.yaml', text);
  return await problemsOf(loadConfig(options(over)));
}

async function problemsOf(load: Promise<unknown>): Promise<readonly string[]> {
  try {
    await load;
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.lines.map((line) => line.replaceAll(`${directory}/`, ''));
  }
}

describe('profiles', () => {
  it('come together from all files, map by map', async () => {
    write(
      'hublet.yaml',
      'profiles: {notebook: {command: [a, b], environment: {A: "1", B: "2"}}}\ndefaultProfile: notebook',
    );
    write('hublet.d/10.yaml', 'profiles: {notebook: {command: [c], environment: {B: "3"}}, gpu: {}}');

    const { profiles, defaultProfile } = await loadConfig(options());

    expect(profiles).toEqual({ notebook: { command: ['c'], environment: { A: '1', B: '3' } }, gpu: {} });
    expect(defaultProfile).toBe('notebook');
  });

  it('are judged as specs are, by line and column', async () => {
    expect(
      await problems(
        'profiles:\n  notebook:\n    comand: [x]\n    environment: {A: 1}\n    deletionPolicy: Keep\n    profile: gpu\n  a b: {}',
      ),
    ).toEqual([
      'hublet.yaml:5:5: profiles.notebook.comand: is not a known field, did you mean command?',
      'hublet.yaml:6:22: profiles.notebook.environment.A: must be a text, not a number: put it in quotes',
      'hublet.yaml:7:21: profiles.notebook.deletionPolicy: must be Stop or Orphan, not "Keep"',
      "hublet.yaml:8:5: profiles.notebook.profile: must not be there: a profile can't build on another one",
      'hublet.yaml:9:3: profiles["a b"]: must be 1-63 letters, digits, dashes and underscores, beginning with a letter or digit',
    ]);
  });

  it('that contradict themselves are refused in the last file that says so', async () => {
    write('hublet.d/10.yaml', 'profiles:\n  notebook:\n    resources: {memory: {high: 2G}}');
    expect(await problems('profiles: {notebook: {resources: {memory: {limit: 1G}}}}')).toEqual([
      'hublet.d/10.yaml:5:32: profiles.notebook.resources.memory.high: must not be more than the limit, 1G',
    ]);
  });

  it('may leave the command and the way of a probe to the server', async () => {
    expect(await problems('profiles: {a: {probes: {readiness: {periodSeconds: 5}}}}')).toEqual([]);
  });

  it('that are named must be there', async () => {
    expect(
      await problems('profiles: {notebook: {}}\ndefaultProfile: notbook\npolicies: {hub: {profiles: [x]}}'),
    ).toEqual([
      'hublet.yaml:4:17: defaultProfile: there is no profile notbook: did you mean notebook?',
      'hublet.yaml:5:29: policies.hub.profiles[0]: there is no profile x: there are notebook',
    ]);
  });
});

describe('policies', () => {
  it('are read with the usual lowest uid', async () => {
    write(
      'hublet.yaml',
      'policies: {hub: {users: {groups: [students], deny: [root, 1007]}, fields: [environment], max: {memory: 8G, cpu: 1.5, servers: 200}}}\n' +
        'sources: [{path: /a}, {path: /b, owner: jupyterhub, policy: hub}]',
    );

    const { sources } = await loadConfig(options());

    expect(sources.map(({ policy }) => policy)).toEqual([
      expect.objectContaining({ name: 'admin', isUnrestricted: true }),
      {
        name: 'hub',
        isUnrestricted: false,
        users: { groups: ['students'], minUid: 1000, deny: ['root', '1007'] },
        profiles: undefined,
        fields: ['environment'],
        maxMemoryBytes: 8 * 1024 ** 3,
        maxCpuCores: 1.5,
        quota: { servers: 200 },
      },
    ]);
  });

  it('must be named for a source that root does not own, and must not allow everything', async () => {
    expect(await problems('sources: [{path: /a, owner: jupyterhub}]')).toEqual([
      "sources[0].policy: is missing: root doesn't own this source, so name what it may ask for",
    ]);
    expect(await problems('sources: [{path: /a, owner: jupyterhub, policy: admin}]')).toEqual([
      "sources[0].policy: admin allows everything, and root doesn't own this source",
    ]);
  });

  it('need none for the own source of a user', async () => {
    const text = 'sources: [{path: /a}]';
    expect(await problems(text, { isUserMode: true, uid: 1000, env: { ...options().env, HOME: '/home/a' } })).toEqual(
      [],
    );
  });

  it('name fields that there are, and none that is for root alone', async () => {
    const fields =
      '[environment, resources.memory.limit, environment.HOME, enviroment, resources.memry, unitProperties, spec.port]';
    expect(await problems(`policies: {hub: {fields: ${fields}}}`)).toEqual([
      'hublet.yaml:3:82: policies.hub.fields[3]: is not a field of spec, did you mean environment?',
      'hublet.yaml:3:94: policies.hub.fields[4]: is not a field of spec, did you mean resources.memory?',
      "hublet.yaml:3:111: policies.hub.fields[5]: can't be allowed: unitProperties needs a source that root owns, with the policy admin",
      'hublet.yaml:3:127: policies.hub.fields[6]: must be written without spec: port',
    ]);
  });

  it('that allow everything list nothing, and admin is what it is', async () => {
    expect(await problems('policies: {a: {allow: "*", fields: []}, admin: {fields: []}}')).toEqual([
      'hublet.yaml:3:23: policies.a.allow: goes without all else, as it allows everything',
    ]);
    expect(await problems('policies: {admin: {fields: []}}')).toEqual([
      'hublet.yaml:3:19: policies.admin: is built in and allows everything: give this policy another name',
    ]);
    expect(await problems('policies: {admin: {allow: "*"}}')).toEqual([]);
  });

  it('that are named must be there', async () => {
    expect(await problems('policies: {hub: {}}\nsources: [{path: /a, policy: hubb}]')).toEqual([
      'hublet.yaml:4:30: sources[0].policy: there is no policy hubb: did you mean hub?',
    ]);
  });

  it('do not let root in by a number', async () => {
    expect(await problems('policies: {hub: {users: {minUid: 0}}}')).toEqual([
      'hublet.yaml:3:34: policies.hub.users.minUid: must be at least 1',
    ]);
  });
});

describe('the other sections', () => {
  it('have their defaults and say what they may be', async () => {
    write(
      'hublet.yaml',
      'prune: {minCount: 10}\ndrift: {correct: false, ignore: [CPUWeight]}\nmetrics: {userLabel: uid}',
    );
    expect(await loadConfig(options())).toMatchObject({
      prune: { minCount: 10, maxFraction: 0.5 },
      drift: { isCorrected: false, ignore: ['CPUWeight'] },
      metrics: { userLabel: 'uid' },
    });

    const lines = await problems(
      'prune: {maxFraction: 2}\ndrift: {ignore: [CpuWeight, ExecStart]}\nmetrics: {userLabel: nam}',
    );
    expect(lines[0]).toBe('hublet.yaml:3:22: prune.maxFraction: must be at most 1');
    expect(lines[1]).toBe(
      'hublet.yaml:4:18: drift.ignore[0]: is not a limit that hublet sets on running units, did you mean CPUWeight?',
    );
    expect(lines[2]).toMatch(/^hublet\.yaml:4:29: drift\.ignore\[1\]: is not a limit/);
    expect(lines[3]).toBe(
      'hublet.yaml:5:22: metrics.userLabel: must be name, uid or none, not "nam", did you mean name?',
    );
  });
});

describe('read once more', () => {
  it('a file that was not empty must not be so now, nor the main one gone; fragments may go', async () => {
    write('hublet.yaml', 'profiles: {a: {}}');
    write('hublet.d/10.yaml', 'profiles: {b: {}}');
    const { files } = await loadConfigFiles(options(), new Set());

    writeFileSync(join(directory, 'hublet.d/10.yaml'), '\n');
    expect(await problemsOf(loadConfigFiles(options(), files))).toEqual([
      'hublet.d/10.yaml: is empty and was not before: write it again, or remove it',
    ]);
    rmSync(join(directory, 'hublet.d/10.yaml'));
    expect(Object.keys((await loadConfigFiles(options(), files)).config.profiles)).toEqual(['a']);
    rmSync(join(directory, 'hublet.yaml'));
    expect(await problemsOf(loadConfigFiles(options(), files))).toEqual([
      'hublet.yaml: is gone: put it back, or restart hublet to do without it',
    ]);
  });
});
