import { beforeEach, describe, expect, it } from 'vitest';
import type { NssAnswer, NssDirectory } from '../../../src/accounts/types.ts';
import type { Account, Group } from '../../../src/admission/types.ts';
import { AccountFacts } from '../../../src/reconciler/accountFacts.ts';
import type { AdmissionPorts } from '../../../src/reconciler/ports.ts';
import type { ServerSpec } from '../../../src/spec/types.ts';
import { FakeClock } from '../../fakes/clock.ts';

const ALICE = { name: 'alice', uid: 1001, gid: 100, home: '/home/alice', shell: '/bin/sh' };
const PLAIN = { dynamicUser: false, user: 'alice', supplementaryGroups: [] } as unknown as ServerSpec;
const DYNAMIC = { dynamicUser: true, supplementaryGroups: [] } as unknown as ServerSpec;

/** A database whose answers lapse when the test says so. */
class Directory<Entry> implements NssDirectory<Entry> {
  readonly entries = new Map<string, NssAnswer<Entry>>();
  readonly #kept = new Map<string, NssAnswer<Entry>>();

  cached(name: string): NssAnswer<Entry> | undefined {
    return this.#kept.get(name);
  }

  async lookup(name: string): Promise<NssAnswer<Entry>> {
    const answer = this.entries.get(name) ?? { kind: 'missing' };
    this.#kept.set(name, answer);
    return answer;
  }

  localVersion(): string {
    return '';
  }

  lapse(): void {
    this.#kept.clear();
  }
}

let accounts: Directory<Account>;
let groups: Directory<Group>;
let facts: AccountFacts;
let asked: string[];

beforeEach(() => {
  accounts = new Directory();
  groups = new Directory();
  asked = [];
  const ports = { accounts, groups, clock: new FakeClock() } as unknown as AdmissionPorts;
  facts = new AccountFacts(ports, (name) => asked.push(name));
  accounts.entries.set('alice', { kind: 'found', entry: ALICE });
});

describe.each([
  ['an account', PLAIN],
  ['a dynamic user', DYNAMIC],
])('%s that is known', (_what, spec) => {
  beforeEach(async () => {
    await known(spec);
    asked = [];
    for (const directory of [accounts, groups]) directory.lapse();
  });

  it('asks for no look where a new answer says what the last one did', async () => {
    const before = facts.find('a', spec);

    await answered();

    expect(before.kind).toBe('runsAs');
    expect(asked).toEqual([]);
    expect(facts.find('a', spec)).toEqual(before);
  });

  it('asks for a look where a new answer says something else', async () => {
    accounts.entries.set('alice', { kind: 'found', entry: { ...ALICE, uid: 1002 } });
    accounts.entries.set('hublet-a', { kind: 'found', entry: { ...ALICE, name: 'hublet-a', uid: 1003 } });
    const before = facts.find('a', spec);

    await answered();

    expect(asked).toEqual(['a']);
    expect(facts.find('a', spec)).not.toEqual(before);
  });

  it('asks for none where the answer fails', async () => {
    for (const name of ['alice', 'hublet-a']) accounts.entries.set(name, { kind: 'unknown', message: 'no answer' });
    const before = facts.find('a', spec);

    await answered();

    expect(asked).toEqual([]);
    expect(facts.find('a', spec)).toEqual(before);
  });
});

describe('an account that went away or came', () => {
  it('asks for a look each time, and for none while it stays away', async () => {
    await known(PLAIN);
    asked = [];
    accounts.entries.delete('alice');

    await lapsed(PLAIN);
    expect(asked).toEqual(['a']);
    expect(facts.find('a', PLAIN)).toMatchObject({ kind: 'refused', reason: 'UserNotFound' });

    await lapsed(PLAIN);
    expect(asked).toEqual(['a']);

    accounts.entries.set('alice', { kind: 'found', entry: ALICE });
    await lapsed(PLAIN);
    expect(asked).toEqual(['a', 'a']);
    facts.stop();
  });

  it('asks for a look where only a group of it is another', async () => {
    const spec = { ...PLAIN, group: 'lab' } as ServerSpec;
    groups.entries.set('lab', { kind: 'found', entry: { name: 'lab', gid: 5000 } });
    await known(spec);
    asked = [];
    groups.entries.set('lab', { kind: 'found', entry: { name: 'lab', gid: 5001 } });

    await lapsed(spec);

    expect(asked).toEqual(['a']);
  });
});

async function known(spec: ServerSpec): Promise<void> {
  for (let round = 0; round < 3; round += 1) {
    facts.find('a', spec);
    await answered();
  }
}

async function lapsed(spec: ServerSpec): Promise<void> {
  for (const directory of [accounts, groups]) directory.lapse();
  facts.find('a', spec);
  await answered();
}

async function answered(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
