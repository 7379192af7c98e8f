import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { PageServer, PageSnapshot } from '../../src/page/types.ts';
import { openBrowser } from './browser.ts';
import { exampleSnapshot } from './example.ts';
import { ExampleServer } from './exampleServer.ts';
import { complaints, openPage } from './pages.ts';

let browser: Browser;
let server: ExampleServer;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => {
  await browser?.close();
});
beforeEach(async () => {
  server = await ExampleServer.start();
  context = await browser.newContext();
  page = await openPage(context, `${server.address}/`);
});
afterEach(async () => {
  expect(complaints(page)).toEqual([]);
  await context.close();
  await server.stop();
});

/** Names of the rows that are seen, from top to bottom. */
function names(): Promise<readonly string[]> {
  return page.locator('#rows tr:visible th a').allTextContents();
}

async function untilNames(expected: readonly string[]): Promise<void> {
  await vi.waitFor(async () => expect(await names()).toEqual(expected), { timeout: 15_000 });
}

async function untilAll(): Promise<void> {
  await vi.waitFor(async () => expect(await names()).toHaveLength(14), { timeout: 15_000 });
}

function changed(name: string, change: Partial<PageServer>): (before: PageSnapshot) => PageSnapshot {
  return (before) => ({
    ...before,
    historyVersion: before.historyVersion + 1,
    servers: before.servers.map((one) => (one.name === name ? { ...one, ...change } : one)),
  });
}

describe('the table', () => {
  test('shows every server, what needs a person on top', async () => {
    const all = await names();
    expect(all).toHaveLength(14);
    expect(all.slice(0, 3)).toEqual(['emil', 'dora', 'hana']);
    expect(await page.locator('#row-fatima').textContent()).toMatch(/1\.9 GiB[\s\S]*of 2 GiB[\s\S]*2 OOM/);
    expect(await page.locator('.notice').textContent()).toContain('dora.yaml:11:15');
  });

  test('leads to the page of a server', async () => {
    await page.locator('#row-fatima a').click();
    await page.locator('h1', { hasText: 'fatima' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/servers/fatima');
    expect(await page.locator('#exit').textContent()).toContain('out of memory (limit 2G)');
  });
});

describe('what happens', () => {
  test('is seen without asking, and leaves focus and filter as they are', async () => {
    await page.locator('#filter').fill('notebook');
    await page.locator('#row-alice a').focus();
    server.show(changed('alice', { phase: 'BackOff', restarts: 3 }));
    await page.locator('#row-alice .phase', { hasText: 'BackOff' }).waitFor();
    expect((await names())[0]).toBe('alice');
    expect(await names()).not.toContain('kira-train');
    expect(await page.evaluate<string>('document.activeElement.textContent')).toBe('alice');
    expect(await page.locator('#summary').textContent()).toContain('2 BackOff');
  });

  test('may be that a server comes or goes', async () => {
    const one = (await exampleSnapshot().servers)[0] as PageServer;
    const odd = '<b>"new" & ümlaut';
    server.show((before) => ({
      ...before,
      servers: [...before.servers.filter(({ name }) => name !== 'emil'), { ...one, name: odd }],
    }));
    await page.locator('#rows th a', { hasText: odd }).waitFor();
    expect(await names()).not.toContain('emil');
    await page.locator('#rows th a', { hasText: odd }).click();
    await page.locator('h1', { hasText: odd }).waitFor();
  });

  test('is said to be unknown once hublet is gone', async () => {
    await server.stop();
    await page.locator('#live[data-state=offline]').waitFor();
    expect(await names()).toHaveLength(14);
    // The browser says in its console that it couldn't come back.
    complaints(page).splice(0);
  });
});

describe('the filter', () => {
  test('shows what has every word, says how many, and keeps that in the address', async () => {
    await page.locator('#filter').pressSequentially('GPU kira');
    await untilNames(['kira-train']);
    expect(await page.locator('#count').textContent()).toBe('1 of 14 servers');
    expect(new URL(page.url()).searchParams.get('q')).toBe('GPU kira');
    await page.reload();
    await untilNames(['kira-train']);
    await page.locator('#filter').fill('');
    await untilAll();
  });

  test('is reached by a slash and left by escape', async () => {
    await page.keyboard.press('/');
    await page.keyboard.type('gpu');
    await page.keyboard.press('Enter');
    await untilNames(['kira-train', 'liam-llm']);
    await page.keyboard.type('nobody');
    await page.locator('#none').waitFor();
    await page.keyboard.press('Escape');
    await untilAll();
  });

  test('may be a phase, and all again', async () => {
    await page.locator('.chip', { hasText: 'Stopped' }).click();
    await untilNames(['gustav', 'jonas', 'nightly-report']);
    expect(await page.locator('.chip[aria-pressed=true]').textContent()).toBe('3 Stopped');
    await page.locator('.chip', { hasText: 'All' }).click();
    await untilAll();
  });
});

describe('the order', () => {
  test('is by any column, and turns round, with the keyboard too', async () => {
    const heading = page.locator('th', { has: page.locator('button', { hasText: 'Memory' }) });
    await heading.locator('button').click();
    expect((await names()).slice(0, 2)).toEqual(['liam-llm', 'kira-train']);
    expect(await heading.getAttribute('aria-sort')).toBe('descending');
    await page.keyboard.press('Enter');
    expect(await heading.getAttribute('aria-sort')).toBe('ascending');
    expect((await names()).slice(-2)).toEqual(['kira-train', 'liam-llm']);
    await page.locator('th button', { hasText: 'Server' }).click();
    expect((await names()).slice(0, 2)).toEqual(['alice', 'bob']);
  });
});

test('the keyboard goes from the top to the rows in the order that is seen', async () => {
  const stops: string[] = [];
  for (let press = 0; press < 25; press += 1) {
    await page.keyboard.press('Tab');
    stops.push(await page.evaluate<string>('document.activeElement.textContent.trim() || document.activeElement.id'));
  }
  const order = [
    'Skip to the content',
    'hublet',
    'Metrics',
    'Readiness',
    '1 BackOff',
    'dora',
    'filter',
    'Server',
    'CPU',
    'emil',
  ];
  expect(order.map((stop) => stops.indexOf(stop))).toEqual(
    order.map((stop) => stops.indexOf(stop)).toSorted((a, b) => a - b),
  );
  expect(order.filter((stop) => !stops.includes(stop))).toEqual([]);
});
