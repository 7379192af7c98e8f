import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { EXIT } from '../../../src/cli/errors.ts';
import { runConfirm, runPrune } from '../../../src/cli/verbs/prune.ts';
import { isoTime } from '../../../src/clock.ts';
import { pruneAnswerPath, pruneRequestDirectory, pruneRequestPath } from '../../../src/source/pruneFiles.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { TestHost } from './testHost.ts';

const DIGEST = 'a1'.repeat(32);
let host: TestHost;
let clock: FakeClock;
let context: Context;

beforeEach(() => {
  host = new TestHost();
  clock = new FakeClock();
  context = { ...host.context, clock };
});

afterEach(() => host.remove());

/** The status of a controller, which is this process. */
function runController(held: readonly string[]): void {
  const source = {
    path: host.specs,
    ready: true,
    message: '',
    files: 0,
    invalid: 0,
    ignored: [],
    pruneHeld: held,
    pruneDigest: held.length === 0 ? null : DIGEST,
  };
  const status = { kind: 'HostStatus', pid: process.pid, startedAt: isoTime(Date.now()), sources: [source] };
  writeFileSync(join(host.runtime, 'status.json'), JSON.stringify(status));
}

const refusal = (exitCode: number, message: string) =>
  expect.objectContaining({ exitCode, message: expect.stringContaining(message) });

describe('hublet prune', () => {
  it('lists what is held, with the command that releases it', async () => {
    runController(['alice', 'bob']);

    expect(await runPrune(context, 'text')).toBe(EXIT.ok);

    expect(host.out).toBe(
      [
        `${host.specs}: 2 servers kept, whose files vanished at once or with their source:`,
        '   alice',
        '   bob',
        'to keep them, put their files back; to remove them all:',
        `   hublet prune --confirm ${DIGEST}`,
        '',
      ].join('\n'),
    );
    expect(host.err).toBe('');
  });

  it('prints JSON, and says where nothing is held', async () => {
    runController(['alice']);
    await runPrune(context, 'json');
    expect(JSON.parse(host.out)).toEqual({
      held: [{ path: host.specs, digest: DIGEST, servers: ['alice'], message: '' }],
    });

    host.out = '';
    runController([]);
    await runPrune(context, 'text');
    expect(host.out).toBe('nothing is held\n');
  });
});

describe('hublet prune --confirm', () => {
  it('takes no answer that was there before', async () => {
    runController(['alice']);
    mkdirSync(pruneRequestDirectory(host.runtime));
    writeFileSync(pruneAnswerPath(host.runtime, DIGEST), JSON.stringify({ kind: 'already', source: host.specs }));

    const confirmed = runConfirm(context, DIGEST);
    await expect.poll(() => existsSync(pruneRequestPath(host.runtime, DIGEST))).toBe(true);
    const answer = { kind: 'released', source: host.specs, names: ['alice'] };
    writeFileSync(pruneAnswerPath(host.runtime, DIGEST), JSON.stringify(answer));
    clock.advance(1_000);

    expect(await confirmed).toBe(EXIT.ok);
    expect(host.out).toBe(`1 released in ${host.specs}: alice\n`);
  });

  it('takes its word back where nobody answers, and ends with 8', async () => {
    runController(['alice']);
    mkdirSync(pruneRequestDirectory(host.runtime));

    const confirmed = runConfirm(context, DIGEST);
    let isOver = false;
    const settled = expect(confirmed)
      .rejects.toThrow(refusal(EXIT.unreachable, 'does not answer'))
      .finally(() => {
        isOver = true;
      });
    while (!isOver) {
      clock.advance(1_000);
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    await settled;

    expect(readdirSync(pruneRequestDirectory(host.runtime))).toEqual([]);
  });

  it('ends with 8 where no controller runs, or one that takes none, and with 2 for what is no digest', async () => {
    await expect(runConfirm(context, DIGEST)).rejects.toThrow(refusal(EXIT.unreachable, 'does not run'));
    runController(['alice']);
    await expect(runConfirm(context, DIGEST)).rejects.toThrow(refusal(EXIT.unreachable, 'takes no confirmations'));
    await expect(runConfirm(context, 'all')).rejects.toThrow(refusal(EXIT.usage, "'all' is no digest"));
  });
});
