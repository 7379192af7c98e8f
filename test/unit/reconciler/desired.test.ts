import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NssAnswer, NssDirectory } from '../../../src/accounts/types.ts';
import { ADMIN_POLICY, type Policy } from '../../../src/admission/policy.ts';
import type { Account, Group } from '../../../src/admission/types.ts';
import type { Config } from '../../../src/config/types.ts';
import { DesiredState } from '../../../src/reconciler/desired.ts';
import type { Profile } from '../../../src/spec/schema.ts';
import { openAdmittedStore } from '../../../src/store/admitted.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeDocuments } from '../../fakes/documents.ts';
import { FakeLog } from '../../fakes/log.ts';

/** NSS that answers only once it has been asked. */
class FakeDirectory<Entry> implements NssDirectory<Entry> {
  readonly entries = new Map<string, Entry>();
  readonly #asked = new Set<string>();
  cached(name: string): NssAnswer<Entry> | undefined {
    if (!this.#asked.has(name)) return undefined;
    const entry = this.entries.get(name);
    return entry === undefined ? { kind: 'missing' } : { kind: 'found', entry };
  }
  async lookup(name: string): Promise<NssAnswer<Entry>> {
    this.#asked.add(name);
    return this.cached(name) ?? { kind: 'missing' };
  }
  localVersion(): string {
    return '';
  }
}

const HUB: Policy = {
  name: 'hub',
  isUnrestricted: false,
  users: { groups: ['students'], minUid: 1000, deny: [] },
  profiles: ['notebook'],
  fields: ['profile', 'command', 'suspend'],
};
const NOTEBOOK: Profile = { command: ['notebook'], resources: { memory: { limit: '1G' } } };

let directory: string;
let clock: FakeClock;
let log: FakeLog;
let documents: FakeDocuments;
let accounts: FakeDirectory<Account>;
let groups: FakeDirectory<Group>;
let gids: FakeDirectory<readonly number[]>;
let config: Config;
let desired: DesiredState;
let told: (string | undefined)[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-desired-'));
  log = new FakeLog();
  documents = new FakeDocuments();
  accounts = new FakeDirectory();
  groups = new FakeDirectory();
  gids = new FakeDirectory();
  accounts.entries.set('alice', { name: 'alice', uid: 1001, gid: 100, home: '/home/alice', shell: '/bin/sh' });
  groups.entries.set('students', { name: 'students', gid: 500 });
  gids.entries.set('alice', [100, 500]);
  configure({ notebook: NOTEBOOK });
  await start();
});

afterEach(async () => {
  await desired.stop();
  rmSync(directory, { recursive: true });
});

/** A controller comes up; what an earlier one knew is on disk. */
async function start(): Promise<void> {
  clock = new FakeClock();
  documents.cut();
  const admitted = openAdmittedStore({ stateDirectory: directory, clock, log });
  const memberships = gids;
  desired = new DesiredState({ documents, config: () => config, admitted, accounts, groups, memberships, clock });
  told = [];
  desired.on((name) => told.push(name));
  await desired.start();
}

function configure(profiles: Config['profiles'], policy = ADMIN_POLICY): void {
  const sources = [{ path: '/specs', ownerUid: 0, prune: true, policy }];
  // Nothing else of a configuration is asked for here.
  config = { profiles, sources, pools: new Map() } as unknown as Config;
}

async function turn(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}

const stored = () => readdirSync(join(directory, 'admitted'));

describe('profiles', () => {
  it('give the same spec as long as nothing of it changes, and another as soon as it does', () => {
    documents.put('alice', { profile: 'notebook' });
    const before = desired.record('alice')?.spec;
    expect(before).toMatchObject({ command: ['notebook'], resources: { memoryMaxBytes: 1024 ** 3 } });
    expect(desired.record('alice')).toMatchObject({ profile: 'notebook' });

    configure({ notebook: { ...NOTEBOOK } });
    desired.configChanged();
    expect(desired.record('alice')?.spec).toBe(before);

    configure({ notebook: { ...NOTEBOOK, resources: { memory: { limit: '2G' } } } });
    desired.configChanged();
    expect(desired.record('alice')?.spec?.resources.memoryMaxBytes).toBe(2 * 1024 ** 3);
  });

  it('that change concern their own servers alone', () => {
    documents.put('alice', { profile: 'notebook' });
    documents.put('bob', { command: ['x'] });
    told.length = 0;

    configure({ notebook: { command: ['other'] } });
    desired.configChanged();

    expect(told).toEqual(['alice']);
  });

  it('that are gone leave what was, also for the next controller, until the document can be had again', async () => {
    documents.put('alice', { profile: 'notebook' });
    configure({ notbook: NOTEBOOK });
    for (const step of ['the same controller', 'the next one']) {
      if (step === 'the next one') await start();
      expect(desired.record('alice')).toMatchObject({
        spec: { command: ['notebook'] },
        denial: { condition: 'Accepted', reason: 'UnknownProfile' },
      });
    }
    expect(desired.record('alice')?.denial?.message).toBe(
      '/specs/alice.yaml:1:89: spec.profile: the configuration has no profile "notebook": did you mean notbook?',
    );

    documents.put('alice', { profile: 'notbook' });
    expect(desired.record('alice')?.denial).toBeUndefined();
  });

  it('that were never there leave nothing to run', () => {
    documents.put('alice', { profile: 'x' });
    expect(desired.record('alice')).toMatchObject({ spec: undefined, denial: { reason: 'UnknownProfile' } });
  });

  it('keep a document that needed none for the time when it names a wrong one', async () => {
    documents.put('alice', { command: ['own'] });
    expect(stored()).toEqual([]);
    documents.put('alice', { profile: 'typo' });
    expect(stored()).toHaveLength(1);
    await start();
    expect(desired.record('alice')?.spec?.command).toEqual(['own']);
  });
});

describe('policies', () => {
  beforeEach(() => configure({ notebook: NOTEBOOK }, HUB));

  it('decide nothing before the account and its groups are known, then tell', async () => {
    documents.put('alice', { profile: 'notebook' });
    expect(desired.record('alice')).toMatchObject({ spec: undefined, denial: { isUndecided: true } });

    for (let round = 0; round < 3; round++) {
      await turn();
      desired.record('alice');
    }

    expect(desired.record('alice')?.spec?.command).toEqual(['notebook']);
    expect(told.filter((name) => name === 'alice').length).toBeGreaterThan(1);
  });

  it('deny what is written without looking anybody up, and what was admitted goes on as it was', async () => {
    documents.put('alice', { profile: 'notebook' });
    for (let round = 0; round < 4; round++) {
      desired.record('alice');
      await turn();
    }

    documents.put('alice', { profile: 'notebook', shell: '/bin/sh', suspend: true });

    expect(desired.record('alice')).toMatchObject({
      spec: { command: ['notebook'] },
      denial: { condition: 'Admitted', reason: 'PolicyDenied' },
    });
    expect(desired.record('alice')?.spec?.suspend).toBeUndefined();
    await start();
    expect(desired.record('alice')?.spec?.command).toEqual(['notebook']);
  });

  it('find an account that is made later', async () => {
    accounts.entries.delete('alice');
    documents.put('alice', { profile: 'notebook' });
    await turn();
    expect(desired.record('alice')?.denial).toMatchObject({ condition: 'Stalled', reason: 'UserNotFound' });

    accounts.entries.set('alice', { name: 'alice', uid: 1001, gid: 100, home: '/', shell: '' });
    clock.advance(60_000);
    for (let round = 0; round < 3; round++) {
      desired.record('alice');
      await turn();
    }
    expect(desired.record('alice')?.denial).toBeUndefined();
  });

  it('give a place that got free to the next', async () => {
    configure(
      { notebook: NOTEBOOK },
      { ...HUB, users: { groups: undefined, minUid: 1, deny: [] }, quota: { servers: 1 } },
    );
    for (const name of ['alice', 'bob']) {
      accounts.entries.set(name, { name, uid: 1001, gid: 100, home: '/', shell: '' });
      documents.put(name, { profile: 'notebook' });
      await turn();
      desired.record(name);
    }
    expect(desired.record('alice')?.denial).toBeUndefined();
    expect(desired.record('bob')?.denial?.reason).toBe('QuotaExceeded');

    desired.forget('alice');
    clock.advance(10_000);
    expect(desired.record('bob')?.denial).toBeUndefined();
  });
});

describe('a source that is taken out', () => {
  it('leaves what a policy admitted, and never more than that', async () => {
    configure({ notebook: NOTEBOOK }, HUB);
    documents.put('alice', { profile: 'notebook' });
    documents.put('mallory', { command: ['x'], unitProperties: { MemoryMin: '1M' } });
    for (let round = 0; round < 4; round++) {
      desired.record('alice');
      await turn();
    }
    config = { ...config, sources: [{ path: '/other', ownerUid: 0, prune: true, policy: ADMIN_POLICY }] };

    for (const step of ['the same controller', 'the next one']) {
      if (step === 'the next one') await start();
      desired.configChanged();
      expect(desired.record('alice')?.spec?.command).toEqual(['notebook']);
      expect(desired.record('mallory')?.spec).toBeUndefined();
      expect(desired.record('mallory')?.denial?.condition).toBe('Admitted');
    }
    documents.put('mallory', { command: ['x'] });
    expect(desired.record('mallory')?.spec).toBeUndefined();
  });

  it('leaves all that it had where it was allowed everything', async () => {
    documents.put('alice', { command: ['own'] });
    config = { ...config, sources: [] };
    await start();
    expect(desired.record('alice')).toMatchObject({ spec: { command: ['own'] } });
    expect(desired.record('alice')?.denial).toBeUndefined();
  });
});

describe('what was last admitted', () => {
  it('is stored for its owner alone and goes with the server', async () => {
    documents.put('alice', { profile: 'notebook' });
    const [file = ''] = stored();
    expect(statSync(join(directory, 'admitted', file)).mode & 0o777).toBe(0o600);

    desired.forget('alice');
    expect(stored()).toEqual([]);
  });

  it('is not believed where its file was altered', async () => {
    documents.put('alice', { profile: 'notebook' });
    const [file = ''] = stored();
    writeFileSync(join(directory, 'admitted', file), '{"sha256":"0","entry":{"name":"alice","profile":null}}');
    configure({});
    await start();

    expect(desired.record('alice')?.spec).toBeUndefined();
    expect(log.complaints()).toContain('stored admission is damaged and ignored; the spec file itself counts');
  });

  it('of servers that are gone is cleared away at the next start', async () => {
    documents.put('alice', { profile: 'notebook' });
    documents.records.delete('alice');
    await start();
    expect(stored()).toEqual([]);
  });
});
