import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { runWait } from '../../../src/cli/verbs/wait.ts';
import { condition, specText, TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
  host.writeSpec('alice');
});

afterEach(() => host.remove());

function wait(goal: string, timeoutMs = 30): Promise<number> {
  return runWait(host.context, { names: ['alice'], goal, timeoutMs });
}

describe('hublet wait', () => {
  it('is done at once where the status of the present file says so', async () => {
    host.writeStatus(host.status('alice'));

    expect(await wait('ready')).toBe(EXIT.ok);
    expect(host.out).toBe('alice ready\n');
  });

  it('does not count a status of an earlier content of the file', async () => {
    host.writeStatus(host.status('alice'));
    host.writeSpec('alice', `${specText('alice')}# newer\n`);

    expect(await wait('ready')).toBe(EXIT.tooLate);
    expect(host.err).toMatch(/the controller has not seen the present file yet/);
  });

  it('does not count a status that has not acted on the present generation', async () => {
    const status = host.status('alice');
    host.writeStatus({ ...status, metadata: { ...status.metadata, generation: 2 } });

    expect(await wait('ready')).toBe(EXIT.tooLate);
  });

  it('does not take the last good spec for the present one', async () => {
    const refused = condition('Accepted', 'False', 'SchemaError', 'alice.yaml:7:3: spec.x: no');
    host.writeStatus(host.status('alice', { conditions: [refused, condition('Ready', 'True', 'NoProbes')] }));

    expect(await wait('ready')).toBe(EXIT.tooLate);
    expect(host.err).toMatch(/spec not accepted: SchemaError: alice\.yaml:7:3/);
  });

  it('wakes up when the status comes', async () => {
    const waiting = wait('ready', 60_000);
    await vi.waitUntil(() => host.err.includes('controller'), 5_000);
    host.writeStatus(host.status('alice'));

    expect(await waiting).toBe(EXIT.ok);
  });

  it('waits for a stop, and for it to be gone', async () => {
    host.writeStatus(
      host.status('alice', { phase: 'Stopped', conditions: [condition('Ready', 'False', 'NotRunning')] }),
    );
    expect(await wait('stopped')).toBe(EXIT.ok);
    expect(await wait('deleted')).toBe(EXIT.tooLate);

    rmSync(host.specPath('alice'));
    rmSync(join(host.runtime, 'status', 'alice.json'));
    expect(await wait('deleted')).toBe(EXIT.ok);
  });

  it('waits for conditions, also for one that is reported only while it holds', async () => {
    host.writeStatus(host.status('alice'));

    expect(await wait('condition=Ready')).toBe(EXIT.ok);
    expect(await wait('condition=Ready=False')).toBe(EXIT.tooLate);
    expect(await wait('condition=Stalled=false')).toBe(EXIT.ok);
    expect(await wait('condition=Resized')).toBe(EXIT.ok);
  });

  it('says at the end why it is not there', async () => {
    const notReady = condition('Ready', 'False', 'CrashLoop', 'exit code 1');
    host.writeStatus(host.status('alice', { phase: 'BackOff', conditions: [notReady] }));

    expect(await wait('ready')).toBe(EXIT.tooLate);
    expect(host.err).toMatch(/alice is not there after 0s: BackOff; CrashLoop: exit code 1/);
  });

  it('answers 4 for a server that has no file', async () => {
    expect(await runWait(host.context, { names: ['nobody'], goal: 'ready', timeoutMs: 30 })).toBe(EXIT.notFound);
  });

  it.each(['read', 'condition=Redy', 'condition=Ready=Maybe', 'condition='])('refuses --for %s', async (goal) => {
    await expect(wait(goal)).rejects.toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });
});
