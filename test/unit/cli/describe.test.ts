import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { runDescribe } from '../../../src/cli/verbs/describe.ts';
import { runEvents } from '../../../src/cli/verbs/events.ts';
import { eventPath, formatEventLine, formatHead } from '../../../src/status/eventFile.ts';
import type { EventReason } from '../../../src/status/reasons.ts';
import { condition, specText, TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function writeEvents(
  ...events: readonly { reason: EventReason; server?: string; message?: string; count?: number }[]
): void {
  const lines = events.map(({ reason, server, message = '', count = 1 }, index) =>
    formatEventLine({
      id: index + 1,
      firstAt: '2026-01-01T00:00:00.000Z',
      event: {
        at: '2026-01-01T00:00:00.000Z',
        type: 'Normal',
        reason,
        message,
        count,
        ...(server === undefined ? {} : { server }),
      },
    }),
  );
  writeFileSync(eventPath(host.runtime), formatHead('boot') + lines.join(''));
}

describe('hublet describe', () => {
  it('begins with why the server is not up', async () => {
    host.writeSpec('alice');
    host.writeStatus(
      host.status('alice', {
        phase: 'BackOff',
        conditions: [condition('Ready', 'False', 'CrashLoop', 'exit code 1; restart 4 follows after a pause')],
        lastExit: {
          result: 'exit-code',
          code: 'exited',
          status: 1,
          at: '2026-01-01T00:00:00.000Z',
          message: 'exit code 1',
          log: ['Traceback', 'boom \x1b[2J'],
        },
      }),
    );
    writeEvents(
      { reason: 'Crashed', server: 'alice', message: 'exit code 1', count: 3 },
      { reason: 'Ready', server: 'bob' },
    );

    expect(await runDescribe(host.context, 'alice')).toBe(EXIT.ok);

    expect(host.out.split('\n').slice(0, 2)).toEqual([
      'alice: BackOff',
      '  CrashLoop: exit code 1; restart 4 follows after a pause',
    ]);
    expect(host.out).toMatch(
      /Last exit\n +What +exit code 1\n +Result +exit-code, exited 1, .* ago\n +Log +Traceback\n +boom \\x1b\[2J\n/,
    );
    expect(host.out).toMatch(/Events\n.*Crashed +exit code 1 \(3 times\)\n$/);
    expect(host.out).not.toMatch(/bob/);
  });

  it.each([
    ['Admitted', 'QuotaExceeded', 'not admitted: QuotaExceeded: pools.gpu.quota.servers: 4 of 4'],
    ['Synced', 'Drifted', 'Drifted: pools.gpu.quota.servers: 4 of 4'],
  ] as const)('says of a server that is up that it is not as its spec wants it: %s', async (type, reason, words) => {
    host.writeSpec('alice');
    const conditions = [
      condition('Ready', 'True', 'NoProbes'),
      condition(type, 'False', reason, words.replace(/^.*?: (?=pools)/, '')),
    ];
    host.writeStatus(host.status('alice', { conditions }));

    await runDescribe(host.context, 'alice');

    expect(host.out.split('\n').slice(0, 2)).toEqual(['alice: Ready', `  ${words}`]);
  });

  it('shows names of the environment and never its values, nor arguments of the command', async () => {
    host.writeSpec(
      'alice',
      specText('alice').replace('[sleep, infinity]', '[serve, --token=hush]') +
        '  environment: {TOKEN: secret-value}\n',
    );
    host.writeStatus(host.status('alice'));

    await runDescribe(host.context, 'alice');

    expect(host.out).toMatch(/Environment +TOKEN \(12 bytes\)/);
    expect(host.out).toMatch(/Command +serve \(and 1 argument\)/);
    expect(host.out).not.toMatch(/secret-value|hush/);
  });

  it('shows the limits in force and what a spec asks for', async () => {
    host.writeSpec('alice', `${specText('alice')}  resources: {memory: {limit: 512M}, cpu: {limit: 1.5}}\n`);
    host.writeStatus(
      host.status('alice', { pool: 'gpu', applied: { memoryMaxBytes: 512 * 1024 ** 2, cpuWeight: 100 } }),
    );

    await runDescribe(host.context, 'alice');

    expect(host.out).toMatch(/Resources +memory 512M.*1\.5 cores/);
    expect(host.out).toMatch(/Pool +gpu\n/);
    expect(host.out).toMatch(/Limits in force\n +memoryMaxBytes +512M\n +cpuWeight +100\n/);
  });

  it('shows what is wrong with the file, where it is', async () => {
    host.writeSpec('alice', specText('alice').replace('command', 'comand'));

    await runDescribe(host.context, 'alice');

    expect(host.out).toMatch(/Problem +.*alice\.yaml:7:3: spec\.comand/);
  });
});

describe('hublet events', () => {
  it('lists those of one server, or of all and the host', async () => {
    writeEvents(
      { reason: 'ControllerStarted' },
      { reason: 'Ready', server: 'alice' },
      { reason: 'Ready', server: 'bob' },
    );

    await runEvents(host.context, { isWatching: false, format: 'table' });
    expect(host.out.split('\n').map((line) => line.split(/ {2,}/).slice(2).join(' '))).toEqual([
      'REASON SERVER MESSAGE',
      'ControllerStarted -',
      'Ready alice',
      'Ready bob',
      '',
    ]);

    host.out = '';
    await runEvents(host.context, { name: 'bob', isWatching: false, format: 'json' });
    expect(JSON.parse(host.out)).toMatchObject({ reason: 'Ready', server: 'bob' });
  });

  it('answers 4 for a name that nothing knows', async () => {
    expect(await runEvents(host.context, { name: 'nobody', isWatching: false, format: 'table' })).toBe(EXIT.notFound);
  });
});
