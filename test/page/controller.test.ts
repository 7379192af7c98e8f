import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';
import { FULL_CGROUP } from '../unit/cgroup/tree.ts';
import { openBrowser } from './browser.ts';
import { complaints, openPage } from './pages.ts';

let browser: Browser;
let host: ControllerHost;
let page: Page;
let address: string;

beforeAll(async () => {
  browser = await openBrowser();
  host = await ControllerHost.open({ clock: createSystemClock(), listen: '127.0.0.1:0' });
  host.put('alice', spec('alice', '  environment: {TOKEN: s3cret-of-alice}\n  resources: {memory: {limit: 1G}}\n'));
  const cgroup = join(host.root, 'cgroup/hublet.slice/hublet-alice.service');
  mkdirSync(cgroup, { recursive: true });
  const files = {
    ...FULL_CGROUP,
    'memory.current': `${512 * 2 ** 20}`,
    'memory.stat': 'inactive_file 0\n',
    'memory.max': `${2 ** 30}`,
  };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(cgroup, file), content);
  await host.start();
  await host.untilPhase('alice', 'Ready');
  const status = () => JSON.parse(readFileSync(join(host.runtimeDirectory, 'status.json'), 'utf8')) as { http: string };
  await host.until(() => status().http !== null, 'it listens');
  address = `http://${status().http}`;
  page = await openPage(await browser.newContext(), `${address}/`);
});
afterAll(async () => {
  await browser?.close();
  await host?.close();
});

test('the page of a controller follows specs that come, are mistyped, and go', async () => {
  await page.locator('#row-alice .phase', { hasText: 'Ready' }).waitFor();
  expect(await page.locator('#sources').textContent()).toContain(host.specs);

  host.put('bob', spec('bob'));
  await page.locator('#row-bob .phase', { hasText: 'Ready' }).waitFor();

  host.put('bob', spec('bob', '  resources: {memory: {limit: lots}}\n'));
  await page.locator('.notice', { hasText: 'bob.yaml:8:31' }).waitFor();
  expect(await page.locator('.notice').textContent()).toContain('It runs on with the last good one.');

  host.put('bob', spec('bob'));
  await page.locator('#notices').waitFor({ state: 'hidden' });

  host.remove('bob');
  await page.locator('#row-bob').waitFor({ state: 'detached' });
  expect(complaints(page)).toEqual([]);
});

test('the page of a server has its conditions and limits, and none of its secrets', async () => {
  await page.locator('#row-alice a').click();
  await page.locator('#live[data-state=live]').waitFor();
  expect(await page.locator('#conditions').textContent()).toMatch(/ReadyTrueNoProbes/);
  expect(await page.locator('#applied').textContent()).toMatch(/memoryMaxBytes1 GiB/);
  expect(await page.content()).not.toContain('s3cret');

  host.put('alice', spec('alice', '  environment: {TOKEN: s3cret-of-alice}\n  resources: {memory: {limit: 2G}}\n'));
  await page.locator('#applied dd', { hasText: '2 GiB' }).waitFor();
  await page.locator('#events .what', { hasText: 'Resized' }).waitFor();
  expect(complaints(page)).toEqual([]);
});

test('usage is that of the cgroup, and drawn from the next pass of the sampler on', async () => {
  await page.locator('.back a').click();
  await page.locator('#row-alice .memory .amount', { hasText: '512 MiB' }).waitFor();
  await page.locator('#row-alice .memory .limit', { hasText: 'of 1 GiB' }).waitFor();
  await page.locator('#row-alice .memory .spark path').waitFor({ state: 'attached' });
  expect(complaints(page)).toEqual([]);
});

test('it is ready by every check, of which one may be asked alone', async () => {
  const answer = async (path: string) => (await fetch(address + path)).text();
  expect(await answer('/readyz?verbose')).toBe(
    '[+]lock ok\n[+]dbus ok\n[+]started ok\n[+]sources ok\nreadyz check passed\n',
  );
  expect(await answer('/readyz/sources')).toBe('ok\n');
  expect(await answer('/healthz')).toBe('ok\n');
});

test('a reader of its page is told that a controller ends, and does not hold it up', async () => {
  await host.stop();
  await page.locator('#live[data-state=offline]').waitFor();
});
