import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NssDirectory } from '../../../src/accounts/types.ts';
import { ADMIN_POLICY, type Policy } from '../../../src/admission/policy.ts';
import type { Config } from '../../../src/config/types.ts';
import { DesiredState } from '../../../src/reconciler/desired.ts';
import type { Quota } from '../../../src/spec/quota.ts';
import { openAdmittedStore } from '../../../src/store/admitted.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeDocuments } from '../../fakes/documents.ts';
import { FakeLog } from '../../fakes/log.ts';

const HUB: Policy = {
  name: 'hub',
  isUnrestricted: false,
  users: undefined,
  profiles: undefined,
  fields: ['command', 'dynamicUser', 'resources', 'priority', 'pool'],
};

let directory: string;
let documents: FakeDocuments;
let config: Config;
let desired: DesiredState;
let told: (string | undefined)[];
let running: Set<string>;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-quotas-'));
  documents = new FakeDocuments();
  running = new Set();
  configure({});
  await start();
});

afterEach(async () => {
  await desired.stop();
  rmSync(directory, { recursive: true });
});

/** A controller comes up; what an earlier one knew is on disk. */
async function start(): Promise<void> {
  const clock = new FakeClock();
  documents.cut();
  // Its servers are their own users: nobody is looked up.
  const nobody: NssDirectory<never> = {
    cached: () => ({ kind: 'missing' }),
    lookup: async () => ({ kind: 'missing' }),
    localVersion: () => '',
  };
  desired = new DesiredState({
    documents,
    config: () => config,
    admitted: openAdmittedStore({ stateDirectory: directory, clock, log: new FakeLog() }),
    accounts: nobody,
    groups: nobody,
    memberships: nobody,
    clock,
    hasRun: (name) => running.has(name),
  });
  told = [];
  desired.on((name) => told.push(name));
  await desired.start();
}

function configure(quotas: Readonly<Record<string, Quota>>, policy: Policy = ADMIN_POLICY): void {
  const sources = ['/specs', '/others'].map((path) => ({ path, ownerUid: 0, prune: true, policy }));
  const pools = new Map(Object.entries(quotas).map(([name, quota]) => [name, { quota }]));
  // Nothing else of a configuration is asked for here.
  config = { profiles: {}, sources, pools } as unknown as Config;
}

function change(quotas: Readonly<Record<string, Quota>>, policy: Policy = ADMIN_POLICY): void {
  configure(quotas, policy);
  desired.configChanged();
}

interface Wish {
  readonly pool?: string;
  readonly tasks?: number;
  readonly priority?: number;
}

function put(name: string, { tasks, ...wish }: Wish, source = '/specs'): void {
  const resources = tasks === undefined ? {} : { resources: { tasks } };
  documents.put(name, { command: ['x'], dynamicUser: true, ...wish, ...resources }, source);
}

const reason = (name: string) => desired.record(name)?.denial?.reason;
const admitted = () => documents.names().filter((name) => desired.record(name)?.spec !== undefined);

describe('a quota of a pool', () => {
  it('keeps out whom there is no room for, and takes them in when somebody goes, without their files being touched', () => {
    change({ gpu: { servers: 2 } });
    for (const name of ['alice', 'bob', 'carol']) put(name, { pool: 'gpu' });
    expect(admitted()).toEqual(['alice', 'bob']);
    expect(desired.record('carol')).toMatchObject({
      spec: undefined,
      denial: { condition: 'Admitted', reason: 'QuotaExceeded' },
    });
    told.length = 0;

    desired.forget('alice');

    expect(told).toEqual(['carol']);
    expect(admitted()).toEqual(['bob', 'carol']);
  });

  it('takes those in first that hold a place and want more of it, then by priority, then by name', () => {
    change({ gpu: { tasksMax: 10 } });
    put('holder', { pool: 'gpu', tasks: 2 });
    put('big', { pool: 'gpu', tasks: 8 });
    put('anna', { pool: 'gpu', tasks: 4 });
    put('zoe', { pool: 'gpu', tasks: 4, priority: 1 });
    put('adam', { pool: 'gpu', tasks: 4 });
    put('holder', { pool: 'gpu', tasks: 3 });
    expect(admitted()).toEqual(['holder', 'big']);
    expect(desired.record('holder')?.spec?.resources.tasksMax).toBe(2);

    desired.forget('big');

    expect(desired.record('holder')?.spec?.resources.tasksMax).toBe(3);
    expect(admitted()).toEqual(['holder', 'zoe']);
    change({ gpu: { tasksMax: 11 } });
    expect(new Set(admitted())).toEqual(new Set(['holder', 'zoe', 'adam']));
  });

  it('takes nothing from those it was lowered or made for', () => {
    for (const name of ['alice', 'bob', 'carol']) put(name, { pool: 'gpu', tasks: 5 });
    change({ gpu: {} });
    for (const name of ['alice', 'bob', 'carol']) put(name, { pool: 'gpu', tasks: 6 });
    expect(admitted()).toHaveLength(3);

    change({ gpu: { tasksMax: 6, servers: 1 } });

    expect(admitted()).toHaveLength(3);
    expect(['alice', 'bob', 'carol'].map(reason)).toEqual([undefined, undefined, undefined]);
    put('alice', { pool: 'gpu', tasks: 7 });
    expect(reason('alice')).toBe('QuotaExceeded');
    expect(desired.record('alice')?.spec?.resources.tasksMax).toBe(6);
    put('alice', { pool: 'gpu', tasks: 1 });
    expect(reason('alice')).toBeUndefined();
  });

  it('refuses a server without the limit that is summed up, and leaves one as it was that was there before', () => {
    change({ gpu: {} });
    put('alice', { pool: 'gpu' });
    change({ gpu: { tasksMax: 6 } });
    put('bob', { pool: 'gpu' });

    expect(reason('bob')).toBe('PolicyDenied');
    expect(desired.record('bob')?.denial?.message).toContain('needs spec.resources.tasks');
    expect(reason('alice')).toBe('PolicyDenied');
    expect(admitted()).toEqual(['alice']);
  });

  it('counts a server where it is in the pool by default, and where it went', () => {
    change({ gpu: { servers: 1 } });
    config = { ...config, defaultPool: 'gpu' };
    desired.configChanged();
    put('alice', {});
    put('bob', {});
    expect(admitted()).toEqual(['alice']);

    change({ gpu: { servers: 1 }, cpu: {} });
    put('alice', { pool: 'cpu' });
    put('carol', { pool: 'gpu' });

    expect(admitted()).toEqual(['alice', 'bob', 'carol']);
  });

  it('lets the one that leaves a pool make room for those that wait there', () => {
    change({ gpu: { servers: 1 }, cpu: {} });
    put('alice', { pool: 'gpu' });
    put('bob', { pool: 'gpu' });

    put('alice', { pool: 'cpu' });

    expect(admitted()).toEqual(['alice', 'bob']);
  });

  it('keeps their places for the next controller, whoever else has come meanwhile', async () => {
    change({ gpu: { servers: 1 } });
    put('zoe', { pool: 'gpu' });
    put('anna', { pool: 'gpu', priority: 5 });
    await start();
    expect(admitted()).toEqual(['zoe']);
    expect(reason('anna')).toBe('QuotaExceeded');
  });

  it('gives places at a first start by priority and name, not in the order of the files', async () => {
    put('mary', { pool: 'gpu' });
    put('adam', { pool: 'gpu' });
    put('zoe', { pool: 'gpu', priority: 1 });
    rmSync(join(directory, 'admitted'), { recursive: true });
    configure({ gpu: { servers: 2 } });
    await start();
    expect(new Set(admitted())).toEqual(new Set(['zoe', 'adam']));
  });

  it('that was made while no controller ran takes nothing from what runs', async () => {
    for (const name of ['alice', 'bob', 'carol']) put(name, {});
    running = new Set(['bob', 'carol']);
    configure({ gpu: { servers: 1 } });
    config = { ...config, defaultPool: 'gpu' };
    await start();
    expect(admitted()).toEqual(['bob', 'carol']);
    expect(reason('alice')).toBe('QuotaExceeded');
    await start();
    expect(admitted()).toEqual(['bob', 'carol']);
  });
});

describe('a quota of a source', () => {
  it('counts the servers of that source alone', () => {
    change({}, { ...HUB, quota: { tasksMax: 4, servers: 5 } });
    put('alice', { tasks: 4 });
    put('bob', { tasks: 1 });
    put('carol', { tasks: 4 }, '/others');

    expect(admitted()).toEqual(['alice', 'carol']);
    expect(desired.record('bob')?.denial?.message).toContain('policies.hub.total.tasks: asks for 1, and 4 of the 4');
    expect(desired.record('bob')?.denial?.message).toContain('the source /specs');
  });

  it('and that of a pool must both have room', () => {
    change({ gpu: { servers: 1 } }, { ...HUB, quota: { servers: 2 } });
    put('alice', { pool: 'gpu' });
    put('bob', { pool: 'gpu' });
    expect(reason('bob')).toBe('QuotaExceeded');
    put('carol', {});
    put('bob', {});
    expect(reason('bob')).toBe('QuotaExceeded');
    desired.forget('alice');
    expect(reason('bob')).toBeUndefined();
    expect(desired.quotas()).toEqual([
      { scope: 'pool', name: 'gpu', resource: 'servers', used: 0, limit: 1 },
      { scope: 'source', name: '/specs', resource: 'servers', used: 2, limit: 2 },
      { scope: 'source', name: '/others', resource: 'servers', used: 0, limit: 2 },
    ]);
  });
});

describe('whatever comes and goes, in whatever order', () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('put' as const),
      name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
      tasks: fc.integer({ min: 1, max: 6 }),
      priority: fc.integer({ min: 0, max: 2 }),
      pool: fc.constantFrom('gpu', 'cpu'),
    }),
    fc.record({ kind: fc.constant('forget' as const), name: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f') }),
    fc.record({ kind: fc.constant('restart' as const) }),
  );

  it('no sum ever exceeds, nobody who is in is put out, and nobody waits for whom there is room', async () => {
    const limits = { gpu: { tasksMax: 10, servers: 3 }, cpu: { tasksMax: 7 } };
    const sum = (pool: string) =>
      documents.names().reduce((total, name) => {
        const spec = desired.record(name)?.spec;
        return spec?.pool === pool ? total + (spec.resources.tasksMax ?? 0) : total;
      }, 0);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        for (const name of documents.names()) desired.forget(name);
        change(limits);
        for (const one of steps) {
          const before = new Set(admitted());
          if (one.kind === 'put') put(one.name, { tasks: one.tasks, priority: one.priority, pool: one.pool });
          else if (one.kind === 'forget') desired.forget(one.name);
          else await start();
          const now = new Set(admitted());
          for (const name of before) {
            if (one.kind !== 'forget' || one.name !== name) expect(now).toContain(name);
          }
          expect(sum('gpu')).toBeLessThanOrEqual(10);
          expect(sum('cpu')).toBeLessThanOrEqual(7);
          const uses = desired.quotas();
          for (const name of documents.names()) {
            if (desired.record(name)?.denial === undefined) continue;
            const wish = documents.record(name)?.document?.spec;
            const old = desired.record(name)?.spec;
            const left = (resource: string) => {
              const use = uses.find((one) => one.name === wish?.pool && one.resource === resource);
              return use === undefined ? Number.POSITIVE_INFINITY : use.limit - use.used;
            };
            const isMove = old?.pool !== wish?.pool;
            const more = (wish?.resources?.tasks ?? 0) - (isMove ? 0 : (old?.resources.tasksMax ?? 0));
            expect(left('tasks') < more || (isMove && left('servers') < 1)).toBe(true);
          }
        }
      }),
      { numRuns: 60 },
    );
  });
});
