import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { EXIT } from '../../../src/cli/errors.ts';
import { PLAIN_STYLE } from '../../../src/cli/style.ts';
import { sortByUsage, type UsedServer, usageRows } from '../../../src/cli/usageTable.ts';
import { runTop, type TopOptions } from '../../../src/cli/verbs/top.ts';
import { condition, TestHost } from './testHost.ts';

const MIB = 1024 ** 2;
let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function top(options: Partial<TopOptions> = {}, context: Context = host.context): Promise<number> {
  return runTop(context, { names: [], order: 'cpu', periodMs: 1, isWatching: false, format: 'table', ...options });
}

function given(name: string, memoryMiB: number): void {
  host.writeSpec(name);
  host.writeStatus(host.status(name, { controlGroup: `/hublet.slice/${name}` }));
  host.writeCgroup(`hublet.slice/${name}`, {
    'cpu.stat': 'usage_usec 2000000\nuser_usec 1000000\nsystem_usec 1000000\n',
    'cpu.max': '200000 100000\n',
    'memory.current': `${memoryMiB * MIB}\n`,
    'memory.stat': 'inactive_file 0\n',
    'memory.max': `${512 * MIB}\n`,
    'memory.events': 'low 0\nhigh 0\nmax 0\noom 1\noom_kill 3\n',
    'pids.current': '7\n',
    'io.stat': '8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n',
  });
}

const cells = (line: string | undefined) => (line ?? '').split(/ {2,}/);

describe('hublet top', () => {
  it('shows those that run, with shares of their limits', async () => {
    given('small', 128);
    given('large', 500);
    host.writeSpec('down');
    host.writeStatus(host.status('down', { phase: 'Stopped' }));

    expect(await top({ order: 'memory' })).toBe(EXIT.ok);

    const [header, large, small, ...rest] = host.out.split('\n');
    expect(cells(header)).toEqual(['NAME', 'CPU', 'CPU%', 'MEMORY', 'MEM%', 'TASKS', 'READ/S', 'WRITE/S', 'OOM']);
    expect(cells(large)).toEqual(['large', '0/2', '0%', '500M/512M', '98%', '7', '0B', '0B', '3']);
    expect(cells(small)).toEqual(['small', '0/2', '0%', '128M/512M', '25%', '7', '0B', '0B', '3']);
    expect(rest).toEqual(['']);
  });

  it('gives scripts base units', async () => {
    given('small', 128);

    await top({ format: 'json' });

    const { items } = JSON.parse(host.out);
    expect(items).toEqual([
      expect.objectContaining({
        name: 'small',
        memoryCurrentBytes: 128 * MIB,
        tasks: 7,
        cpuCores: 0,
        cpuLimitCores: 2,
      }),
    ]);
    expect(items[0]).not.toHaveProperty('sampledAtMs');
  });

  it('draws each table in the place of the last one on a terminal, until nobody waits', async () => {
    given('small', 128);
    let tables = 0;
    const print = (text: string) => {
      host.context.print(text);
      tables += 1;
      if (tables === 2) host.abort.abort();
    };

    expect(await top({ isWatching: true }, { ...host.context, print, isOutputTerminal: true })).toBe(EXIT.ok);

    expect(host.out.split('\x1b[H\x1b[2J')).toHaveLength(3);
  });

  it('puts tables below each other where they are kept', async () => {
    given('small', 128);
    let tables = 0;
    const print = (text: string) => {
      host.context.print(text);
      tables += 1;
      if (tables === 2) host.abort.abort();
    };

    await top({ isWatching: true }, { ...host.context, print });

    expect(host.out).not.toContain('\x1b');
    expect(host.out.split('\n\nNAME')).toHaveLength(2);
  });

  it('tells of a name that is none, and of a host on which nothing runs', async () => {
    expect(await top({ names: ['nobody'] })).toBe(EXIT.notFound);
    expect(host.err).toContain('nobody: not found');
    host.err = '';
    expect(await top()).toBe(EXIT.ok);
    expect(host.err).toContain('no server runs');
  });
});

describe('the order', () => {
  const used = (name: string, live: Partial<UsedServer['live']>): UsedServer => ({
    server: { metadata: { name }, status: { conditions: [condition('Ready', 'True', 'NoProbes')] } } as never,
    live: { usage: { sampledAtMs: 0 }, ...live },
  });
  const names = (servers: readonly UsedServer[]) => servers.map(({ server }) => server.metadata.name);

  it('is by what is asked for, what is not known last, and by name among equals', () => {
    const servers = [
      used('d', {}),
      used('c', { cpuCores: 1, ioReadBytesPerSecond: 5, ioWriteBytesPerSecond: 5 }),
      used('b', { cpuCores: 1, ioReadBytesPerSecond: 50 }),
      used('a', { cpuCores: 0.5 }),
    ];
    expect(names(sortByUsage(servers, 'cpu'))).toEqual(['b', 'c', 'a', 'd']);
    expect(names(sortByUsage(servers, 'io'))).toEqual(['b', 'c', 'a', 'd']);
    expect(names(sortByUsage(servers, 'name'))).toEqual(['a', 'b', 'c', 'd']);
  });

  it('has no say in the cells: a dash stands for what is not known', () => {
    expect(usageRows([used('a', {})], PLAIN_STYLE)[1]).toEqual(['a', '-', '-', '-', '-', '-', '-', '-', '-']);
  });
});
