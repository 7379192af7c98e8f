import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { concernsAll, restartNeeds } from '../../../src/config/change.ts';
import { ConfigKeeper } from '../../../src/config/keeper.ts';
import { loadConfigFiles } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

let directory: string;
let clock: FakeClock;
let log: FakeLog;
let hint: (path: string, fileName: string) => void;
let keeper: ConfigKeeper;
let loads: number;
let told: [Config, Config][];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-keeper-'));
  mkdirSync(join(directory, 'hublet.d'));
  clock = new FakeClock();
  log = new FakeLog();
  loads = 0;
  told = [];
  write('profiles: {a: {shell: /bin/a}, b: {shell: /bin/b}}');
  const hints = new Map<string, (fileName: string | undefined) => void>();
  hint = (path, fileName) => hints.get(path)?.(fileName);
  const load = async (before: ReadonlySet<string>) => {
    loads += 1;
    const env = { HUBLET_CONFIG: join(directory, 'hublet.yaml') };
    const resolveOwner = async () => undefined;
    return await loadConfigFiles({ flags: {}, env, isUserMode: false, uid: 0, cpuCount: 2, resolveOwner }, before);
  };
  keeper = new ConfigKeeper({
    initial: await load(new Set()),
    location: { file: join(directory, 'hublet.yaml'), directory: join(directory, 'hublet.d') },
    load,
    clock,
    log,
    watch: (path, events) => {
      hints.set(path, (fileName) => events.hint(fileName));
      events.ready();
      return { close: async () => undefined };
    },
  });
  keeper.on((before, after) => told.push([before, after]));
  keeper.start();
  clock.advance(0);
  loads = 0;
});

afterEach(async () => {
  await keeper.stop();
  rmSync(directory, { recursive: true });
});

function write(text: string): void {
  writeFileSync(join(directory, 'hublet.yaml'), `apiVersion: hublet/v1\nkind: Config\n${text}\n`);
}

/** Resolves when what is under way has been loaded. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe('a change', () => {
  it('is read once the files have stood still, however many hints there were', async () => {
    write('profiles: {a: {shell: /bin/a2}}');
    hint(directory, 'hublet.yaml');
    clock.advance(0);
    clock.advance(300);
    write('profiles: {a: {shell: /bin/a3}}');
    hint(directory, 'hublet.yaml');
    clock.advance(300);
    await settle();
    expect(loads).toBe(0);

    clock.advance(500);
    await settle();

    expect(loads).toBe(1);
    expect(keeper.current.profiles).toEqual({ a: { shell: '/bin/a3' } });
    expect(told).toHaveLength(1);
  });

  it('is found without any hint in a while', async () => {
    write('profiles: {}');
    clock.advance(20_000);
    clock.advance(500);
    await settle();
    expect(keeper.current.profiles).toEqual({});
  });

  it('of other files in the directory is no reason to read anything', async () => {
    hint(directory, 'desired-state');
    hint(join(directory, 'hublet.d'), 'readme.txt');
    clock.advance(60_000);
    await settle();
    expect(loads).toBe(0);
  });

  it('leaves profiles that are as they were the same objects', async () => {
    const { a, b } = keeper.current.profiles;
    write('profiles: {a: {shell: /bin/a}, b: {shell: /bin/other}}');
    await keeper.reload();
    expect(keeper.current.profiles.a).toBe(a);
    expect(keeper.current.profiles.b).not.toBe(b);
  });
});

describe('a bad configuration', () => {
  it('is told of once, leaves the last good one, and is not tried again before the files change', async () => {
    const good = keeper.current;
    clock.advance(1_000);
    write('profils: {}');
    await keeper.reload();

    expect(keeper.current).toBe(good);
    expect(keeper.state()).toMatchObject({ isGood: false, loadedAtMs: clock.wallMs() - 1_000 });
    expect(keeper.state().message).toContain('profils: is not a known field, did you mean profiles?');
    expect(told).toEqual([[good, good]]);
    clock.advance(120_000);
    await settle();
    expect(loads).toBe(1);

    write('profiles: {}');
    await keeper.reload();
    expect(keeper.state()).toMatchObject({ isGood: true, message: '', loadedAtMs: clock.wallMs() });
  });

  it('may be asked for twice at the same time, and the second time counts', async () => {
    write('profils: {}');
    const first = keeper.reload();
    write('profiles: {c: {}}');
    await Promise.all([first, keeper.reload()]);
    expect(keeper.state().isGood).toBe(true);
    expect(Object.keys(keeper.current.profiles)).toEqual(['c']);
  });
});

describe('what another configuration changes', () => {
  it('names what waits for the next start', async () => {
    write('metrics: {listen: "127.0.0.1:1"}');
    await keeper.reload();
    expect(keeper.state().restartNeeds).toEqual(['metrics.listen']);
    expect(log.complaints()).toEqual(['takes effect at the next start of the controller']);

    write('');
    await keeper.reload();
    expect(keeper.state().restartNeeds).toEqual([]);
  });

  it('tells an owner that is another from a source that is new', () => {
    const [source] = keeper.current.sources;
    if (source === undefined) throw new Error('there is a source');
    const withSources = (...sources: Config['sources']): Config => ({ ...keeper.current, sources });
    expect(restartNeeds(keeper.current, withSources({ ...source, path: '/new' }))).toEqual([]);
    expect(restartNeeds(keeper.current, withSources({ ...source, ownerUid: 7 }))).toEqual(['sources[0].owner']);
  });

  it('concerns all servers where pools, ports or drift are others', () => {
    const before = keeper.current;
    expect(concernsAll(before, { ...before, profiles: {} })).toBe(false);
    expect(concernsAll(before, { ...before, drift: { isCorrected: false, ignore: [] } })).toBe(true);
    expect(concernsAll(before, { ...before, pools: new Map([['gpu', {}]]) })).toBe(true);
  });
});
