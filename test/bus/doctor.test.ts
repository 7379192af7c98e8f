import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { createCommandRunner } from '../../src/command.ts';
import { readManagerFacts } from '../../src/doctor/read/systemd.ts';
import { FakeClock } from '../fakes/clock.ts';
import { type FakeSystemd, startFakeSystemd } from '../fakes/systemd1/main.ts';

const uid = process.geteuid?.() ?? 0;
let fake: FakeSystemd;
let root: string;

beforeEach(async () => {
  fake = await startFakeSystemd();
  root = mkdtempSync(join(tmpdir(), 'hublet-doctor-'));
});
afterEach(async () => {
  await fake.close();
  rmSync(root, { recursive: true });
});

function ask(environment: Record<string, string>, isUserMode = false, clock = createSystemClock()) {
  const runner = createCommandRunner(clock, { concurrency: 1, timeoutMs: 5_000, maxOutputBytes: 1024 });
  return readManagerFacts({ root, who: { isUserMode, uid, name: 'alice' }, environment, clock, runner });
}

describe('hublet doctor asks over D-Bus', () => {
  it('which version systemd has, and nothing else', async () => {
    fake.setVersion('257.4-1');
    fake.resetCalls();

    const { bus } = await ask({ DBUS_SYSTEM_BUS_ADDRESS: fake.address });

    expect(bus).toEqual({ kind: 'answered', address: fake.address, version: '257.4-1' });
    expect(fake.calls()).toEqual({ Get: 1 });
    expect(await fake.matchRules()).toBe(0);
  });

  it("the user's own systemd, in user mode", async () => {
    const { bus } = await ask({ XDG_RUNTIME_DIR: root, DBUS_SESSION_BUS_ADDRESS: fake.address }, true);

    expect(bus).toMatchObject({ kind: 'answered', address: fake.address });
  });

  it('a systemd that refuses is told with its words', async () => {
    fake.failNextCall('Get', 'org.freedesktop.DBus.Error.AccessDenied', 'the policy says no');

    const { bus } = await ask({ DBUS_SYSTEM_BUS_ADDRESS: fake.address });

    expect(bus).toMatchObject({ kind: 'silent', message: expect.stringContaining('the policy says no') });
  });

  it('no longer than a time limit, where systemd hangs', async () => {
    const release = fake.hang('Get');
    const clock = new FakeClock();

    const answer = ask({ DBUS_SYSTEM_BUS_ADDRESS: fake.address }, false, clock);
    await untilCalled('Get');
    clock.advance(5_000);

    expect((await answer).bus).toMatchObject({ kind: 'silent' });
    release();
  });

  it('no longer than a time limit, where something else listens at the address', async () => {
    const path = join(root, 'mute');
    const mute = await listen(path);
    const clock = new FakeClock();

    const answer = ask({ DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${path}` }, false, clock);
    clock.advance(5_000);

    expect((await answer).bus).toMatchObject({ kind: 'silent' });
    mute.close();
  });
});

async function untilCalled(method: string): Promise<void> {
  while ((fake.calls()[method] ?? 0) === 0) await new Promise((resolve) => setImmediate(resolve));
}

function listen(path: string): Promise<Server> {
  return new Promise((resolve) => {
    const server = createServer(() => undefined);
    server.listen(path, () => resolve(server));
  });
}
