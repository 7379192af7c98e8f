import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { type GetOptions, runGet } from '../../../src/cli/verbs/get.ts';
import { condition, specText, TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function get(options: Partial<GetOptions> = {}): Promise<number> {
  return runGet(host.context, { names: [], format: 'table', isWatching: false, ...options });
}

function cells(line: string | undefined): string[] {
  return (line ?? '').split(/ {2,}/);
}

describe('hublet get', () => {
  it('shows phase, restarts and use against limits, by name', async () => {
    host.writeSpec('bob');
    host.writeSpec('alice');
    host.writeStatus(
      host.status('bob', {
        phase: 'BackOff',
        restarts: 4,
        conditions: [condition('Ready', 'False', 'CrashLoop', 'exit code 1; restart 5 follows after a pause')],
      }),
    );
    host.writeCgroup('hublet.slice/alice', {
      'cpu.stat': 'usage_usec 2000000\nuser_usec 1000000\nsystem_usec 1000000\n',
      'cpu.max': '100000 100000\n',
      'memory.current': `${100 * 1024 ** 2}\n`,
      'memory.stat': `inactive_file ${16 * 1024 ** 2}\n`,
      'memory.max': `${512 * 1024 ** 2}\n`,
    });
    host.writeStatus(host.status('alice', { controlGroup: '/hublet.slice/alice' }));

    expect(await get()).toBe(EXIT.ok);

    const [header, alice, bob, ...rest] = host.out.split('\n');
    expect(cells(header)).toEqual(['NAME', 'PHASE', 'READY', 'RESTARTS', 'CPU', 'MEMORY', 'AGE']);
    expect(cells(alice)).toEqual(['alice', 'Ready', 'True', '0', '0/1', '84M/512M', '-']);
    expect(cells(bob)).toEqual(['bob', 'BackOff', 'False', '4', '-', '-', '-']);
    expect(rest).toEqual(['']);
  });

  it('says that no controller runs, on standard error only', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice'));

    await get();

    expect(host.err).toMatch(/the controller has not run since the host started/);
    expect(host.out).not.toMatch(/controller/);
  });

  it('tells why a server is not ready in the wide table', async () => {
    host.writeSpec('bob');
    const stalled = condition('Stalled', 'True', 'ExecConfigError', 'exit code 203: command not found');
    host.writeStatus(
      host.status('bob', {
        phase: 'BackOff',
        pool: 'gpu',
        conditions: [condition('Ready', 'False', 'NotRunning'), stalled],
      }),
    );

    await get({ format: 'wide' });

    expect(host.out).toMatch(/USER +POOL +UNIT +PORT +REASON\n/);
    expect(host.out).toMatch(/bob +gpu +hublet-bob\.service +- +ExecConfigError: exit code 203: command not found\n$/);
  });

  it('shows specs that no controller has seen as Pending, with their labels', async () => {
    host.writeSpec('alice', specText('alice').replace('spec:', '  labels: {team: physics}\nspec:'));
    host.writeSpec('bob');
    writeFileSync(join(host.specs, 'notes.txt'), '');
    writeFileSync(join(host.specs, '.hidden.yaml'), '');

    await get({ selector: 'team=physics', format: 'wide' });

    expect(host.out).toMatch(/alice +Pending +Unknown .* not seen by the controller yet\n$/);
    expect(host.out).not.toMatch(/bob/);
  });

  it('shows a broken spec that no controller has seen by its name', async () => {
    host.writeSpec('alice', 'spec: [');

    await get({ format: 'name' });

    expect(host.out).toBe('alice\n');
  });

  it('prints one object for one name and a list for all', async () => {
    host.writeSpec('alice');
    const status = host.status('alice');
    host.writeStatus(status);

    await get({ names: ['alice'], format: 'json' });
    expect(JSON.parse(host.out)).toEqual(status);

    host.out = '';
    await get({ format: 'json' });
    expect(JSON.parse(host.out)).toEqual({ apiVersion: 'hublet/v1', kind: 'List', items: [status] });
  });

  it('shows the servers it knows and answers 4 for one it does not', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice'));

    expect(await get({ names: ['alice', 'nobody'] })).toBe(EXIT.notFound);

    expect(host.out).toMatch(/^alice /m);
    expect(host.err).toMatch(/nobody: not found/);
  });

  it('passes over a status that it cannot understand and says so', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice'));
    writeFileSync(join(host.runtime, 'status', 'bad.json'), '{"kind":');

    expect(await get()).toBe(EXIT.ok);

    expect(host.out).toMatch(/^alice /m);
    expect(host.err).toMatch(/status of bad can't be understood/);
  });

  it('leaves out the usage of a server that ended meanwhile', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice', { controlGroup: '/gone' }));

    await get();

    expect(cells(host.out.split('\n')[1])).toEqual(['alice', 'Ready', 'True', '0', '-', '-', '-']);
  });

  it('prints a row again when its status changes, and when its server goes', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice', { phase: 'Starting' }));
    const watching = get({ isWatching: true });
    await vi.waitUntil(() => host.out.includes('Starting'), 5_000);

    host.writeStatus(host.status('alice', { phase: 'Ready' }));
    await vi.waitUntil(() => /^alice +Ready/m.test(host.out), 5_000);
    rmSync(host.specPath('alice'));
    rmSync(join(host.runtime, 'status', 'alice.json'));
    await vi.waitUntil(() => /^alice +Deleted/m.test(host.out), 5_000);
    host.abort.abort();

    expect(await watching).toBe(EXIT.ok);
    expect(host.out.match(/NAME/g)).toHaveLength(1);
  });
});
