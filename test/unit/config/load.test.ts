import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_POLICY } from '../../../src/admission/policy.ts';
import { ConfigError } from '../../../src/config/errors.ts';
import { type LoadOptions, loadConfig, locateConfig } from '../../../src/config/load.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-config-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const HEAD = 'apiVersion: hublet/v1\nkind: Config\n';

function write(name: string, text: string): string {
  const path = join(directory, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, text);
  return path;
}

function options(over: Partial<LoadOptions> = {}): LoadOptions {
  return {
    flags: {},
    env: { HUBLET_CONFIG: join(directory, 'hublet.yaml') },
    isUserMode: false,
    uid: 0,
    cpuCount: 2,
    resolveOwner: async (name) => (name === 'jupyterhub' ? 998 : undefined),
    ...over,
  };
}

async function linesOf(load: Promise<unknown>): Promise<readonly string[]> {
  try {
    await load;
  } catch (error) {
    if (error instanceof ConfigError) return error.lines;
    throw error;
  }
  return [];
}

describe('without any file', () => {
  it('a user has everything below the XDG directories and a free port', async () => {
    const env = { HOME: directory, XDG_RUNTIME_DIR: `${directory}/run` };

    const config = await loadConfig(options({ env, isUserMode: true, uid: 1000 }));

    expect(config).toEqual({
      sources: [
        { path: `${directory}/.config/hublet/desired-state`, ownerUid: 1000, prune: true, policy: ADMIN_POLICY },
      ],
      profiles: {},
      pools: new Map(),
      prune: { minCount: 3, maxFraction: 0.5 },
      drift: { isCorrected: true, ignore: [] },
      ports: { first: 20_000, last: 29_999 },
      reconcile: { concurrency: 16, maxStarting: 8, resyncMs: 60_000, rescanMs: 20_000 },
      metrics: { listen: '127.0.0.1:0', level: 'basic', userLabel: 'name', labels: [] },
      runtimeDirectory: `${directory}/run/hublet`,
      stateDirectory: `${directory}/.local/state/hublet`,
      lockPath: `${directory}/run/hublet.lock`,
      isUserMode: true,
    });
  });

  it('neither YAML nor the schema is loaded: most verbs need nothing else', () => {
    const program = `
      import { registerHooks } from 'node:module';
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const { loadConfig } = await import('${pathToFileURL(join(import.meta.dirname, '../../../src/config/load.ts'))}');
      const resolveOwner = async () => 0;
      await loadConfig({ flags: {}, env: { HOME: '/nowhere' }, isUserMode: true, uid: 1, cpuCount: 1, resolveOwner });
      console.log(loaded.filter((url) => /zod|yaml|schema/.test(url)).length);
    `;
    const said = execFileSync(process.execPath, ['--input-type=module', '--eval', program], { encoding: 'utf8' });
    expect(said).toBe('0\n');
  });

  it('a user without HOME has no place', async () => {
    const lines = await linesOf(loadConfig(options({ env: {}, isUserMode: true, uid: 1000 })));
    expect(lines).toEqual(['HOME is not set, so there is no place for configuration and state']);
  });

  it('a file that somebody named must be there', async () => {
    expect(await linesOf(loadConfig(options()))).toEqual([`${directory}/hublet.yaml: there is no such file`]);
  });
});

describe('files', () => {
  it('are merged in the order of their names, lists replaced', async () => {
    write('hublet.yaml', `${HEAD}sources: [{path: /a}, {path: /b}]\nreconcile: {concurrency: 4, resync: 2m}\n`);
    write('hublet.d/20-late.yaml', `${HEAD}reconcile: {concurrency: 6, maxStarting: 9}\n`);
    write(
      'hublet.d/10-early.yaml',
      `${HEAD}reconcile: {concurrency: 5}\npolicies: {hub: {}}\nsources: [{path: /c/, owner: jupyterhub, policy: hub, prune: off}]\n`,
    );
    write('hublet.d/30-other.txt', 'not read');
    write('hublet.d/40-empty.yaml', '# nothing yet\n');

    const config = await loadConfig(options());

    expect(config.reconcile).toEqual({ concurrency: 6, maxStarting: 9, resyncMs: 120_000, rescanMs: 20_000 });
    expect(config.sources).toMatchObject([{ path: '/c', ownerUid: 998, prune: false, policy: { name: 'hub' } }]);
  });

  it('say everything that is wrong in any of them', async () => {
    const main = write(
      'hublet.yaml',
      `${HEAD}sources: [{path: a}]\nreconsile: {}\npolicies: {a b: {}}\nprune: {minCount: 0}\n`,
    );
    const late = write(
      'hublet.d/a.yaml',
      `${HEAD}ports: {range: 2-1}\nmetrics: {listen: ":9"}\nreconcile: {resync: 10ms}\nsources: [{path: /x, policy: a.b}]\n`,
    );

    expect(await linesOf(loadConfig(options()))).toEqual([
      `${main}:3:18: sources[0].path: must be an absolute path`,
      `${main}:4:1: reconsile: is not a known field, did you mean reconcile?`,
      `${main}:5:12: policies["a b"]: must be 1-63 letters, digits, dashes and underscores, beginning with a letter or digit`,
      `${main}:6:19: prune.minCount: must be at least 1`,
      `${late}:3:16: ports.range: runs backwards: write 1-2`,
      `${late}:4:19: metrics.listen: must be host:port, [address]:port, unix:/path or off`,
      `${late}:5:21: reconcile.resync: must be at least one second`,
      `${late}:6:30: sources[0].policy: must be 1-63 letters, digits, dashes and underscores, beginning with a letter or digit`,
    ]);
  });

  it('that are no YAML are said so', async () => {
    const path = write('hublet.yaml', 'a: [\n');
    expect((await linesOf(loadConfig(options())))[0]).toContain(`${path}:2:1: `);
  });

  it('that cannot be read are said so', async () => {
    mkdirSync(join(directory, 'hublet.yaml'));
    expect(await linesOf(loadConfig(options()))).toEqual([`${directory}/hublet.yaml: can't be read (EISDIR)`]);
  });

  it('name an owner that exists and a directory once', async () => {
    write('hublet.yaml', `${HEAD}sources: [{path: /a, owner: nobody-here}, {path: /b}, {path: /b/}]\n`);
    expect(await linesOf(loadConfig(options()))).toEqual([
      'sources[0].owner: there is no account "nobody-here"',
      'sources[2].path: /b/ is there twice',
    ]);
  });
});

describe('flags and variables', () => {
  it('win over files, a flag over a variable', async () => {
    write(
      'hublet.yaml',
      `${HEAD}metrics: {listen: "127.0.0.1:1"}\npolicies: {hub: {}}\nsources: [{path: /a}, {path: /b, owner: jupyterhub, policy: hub}]\n`,
    );
    const env = {
      HUBLET_CONFIG: join(directory, 'hublet.yaml'),
      HUBLET_LISTEN: '127.0.0.1:2',
      HUBLET_DESIRED_STATE: '/b',
      HUBLET_RUNTIME_DIR: '/r1',
      HUBLET_STATE_DIR: '/s1',
      HUBLET_LOCK: '',
    };

    const config = await loadConfig(options({ env, flags: { listen: 'off', runtimeDir: '/r2' } }));

    expect(config.metrics.listen).toBeNull();
    expect(config.runtimeDirectory).toBe('/r2');
    expect(config.stateDirectory).toBe('/s1');
    expect(config.lockPath).toBe('/run/hublet.lock');
    expect(config.sources).toMatchObject([{ path: '/b', ownerUid: 998, prune: true, policy: { name: 'hub' } }]);
  });

  it('give a directory that no file names', async () => {
    write('hublet.yaml', HEAD);
    const { sources } = await loadConfig(options({ flags: { desiredState: 'here' } }));
    expect(sources).toEqual([{ path: join(process.cwd(), 'here'), ownerUid: 0, prune: true, policy: ADMIN_POLICY }]);
  });

  it('that mean nothing are refused', async () => {
    write('hublet.yaml', HEAD);
    expect(await linesOf(loadConfig(options({ flags: { listen: 'nowhere' } })))).toEqual([
      '--listen or HUBLET_LISTEN must be host:port, [address]:port, unix:/path or off, not "nowhere"',
    ]);
  });

  it('choose the file and the directory beside it', () => {
    expect(locateConfig(options({ env: {} }))).toEqual({
      file: '/etc/hublet/hublet.yaml',
      directory: '/etc/hublet/hublet.d',
      isExplicit: false,
    });
    expect(locateConfig(options({ flags: { config: '/x/my.yaml' } }))).toEqual({
      file: '/x/my.yaml',
      directory: '/x/my.d',
      isExplicit: true,
    });
  });
});

describe('pools', () => {
  it('come together from all files, and the one called default is the default', async () => {
    write('hublet.yaml', `${HEAD}pools: {default: {memory: {limit: 80%}, tasks: 500}, gpu: {cpu: {limit: 2}}}\n`);
    write('hublet.d/10-more.yaml', `${HEAD}pools: {default: {memory: {limit: 70%}}, hub: {}}\n`);

    const { pools, defaultPool } = await loadConfig(options());

    expect([...pools.keys()]).toEqual(['default', 'gpu', 'hub']);
    expect(pools.get('default')).toEqual({ memoryMax: { kind: 'ofHost', percent: 70 }, tasksMax: 500 });
    expect(defaultPool).toBe('default');
  });

  it('refuse a default that is none of them', async () => {
    write('hublet.yaml', `${HEAD}pools: {gpu: {}}\ndefaultPool: gup\n`);

    expect(await linesOf(loadConfig(options()))).toEqual([
      `${directory}/hublet.yaml:4:14: defaultPool: there is no pool gup: add it to pools, or name one of gpu`,
    ]);
  });

  it('with a name or a limit that is none are told of by line', async () => {
    write('hublet.yaml', `${HEAD}pools:\n  GPU: {}\n  big:\n    memory: {limit: 120%}\n    cpus: 0-3\n`);

    expect((await linesOf(loadConfig(options()))).map((line) => line.replace(`${directory}/`, ''))).toEqual([
      'hublet.yaml:4:3: pools.GPU: must be 1 to 32 of a-z, 0-9 and _ to name a pool (no capitals, no hyphens)',
      'hublet.yaml:6:21: pools.big.memory.limit: "120%" is not a part of the host: write 1% to 100%',
      'hublet.yaml:7:5: pools.big.cpus: is not a known field, did you mean cpu?',
    ]);
  });
});
