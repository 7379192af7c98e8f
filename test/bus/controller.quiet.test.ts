import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const MINUTE_MS = 60_000;

/** Fields of servers that have reasons of their own to be looked at, none of which comes up while nobody uses them. */
const kinds: Readonly<Record<string, string>> = {
  plain: '',
  dynamic: '',
  idling: '  idle: {timeout: 5h, check: [cpu]}\n',
  updating: '  updateStrategy: WhenIdle\n  idle: {timeout: 5h, check: [cpu]}\n',
  aging: '  maxAge: 12h\n',
  limited: '  resources: {memory: {limit: 64M}, cpu: {limit: 0.5}}\n',
};
const names = Object.keys(kinds);

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
  for (const name of names) {
    const text = spec(name, kinds[name]);
    host.put(name, name === 'dynamic' ? text.replace('user: alice', 'dynamicUser: true') : text);
  }
  await host.start();
  for (const name of names) {
    await host.until(() => host.status(name)?.controlGroup != null, `${name} has its cgroup`);
    const cgroup = join(host.root, 'cgroup', host.status(name)?.controlGroup ?? 'unknown');
    mkdirSync(cgroup, { recursive: true });
    writeFileSync(join(cgroup, 'cpu.stat'), 'usage_usec 0\nuser_usec 0\nsystem_usec 0\n');
  }
});

afterEach(async () => {
  await host.close();
});

it('servers of which there is no news are looked at once with each listing of units and no more', async () => {
  await host.elapse(2 * MINUTE_MS);
  await host.settle();
  host.fake.resetCalls();
  const looks = vi.spyOn(host.controller.ports.instruments, 'reconciled');

  await host.elapse(10 * MINUTE_MS);
  await host.settle();

  const listings = host.fake.calls().ListUnitsByPatterns ?? 0;
  expect(listings).toBeGreaterThan(8);
  expect(host.condition('updating', 'Idle')?.status).toBe('True');
  // An update would come after ten minutes of idleness: that is the one look more.
  expect(looks.mock.calls.length).toBe(names.length * listings + 1);
});
