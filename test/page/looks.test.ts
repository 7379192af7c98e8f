import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBrowser } from './browser.ts';
import { exampleSnapshot } from './example.ts';
import { ExampleServer } from './exampleServer.ts';
import { complaints, openPage, watchedPage } from './pages.ts';

let browser: Browser;
let server: ExampleServer;

beforeAll(async () => {
  browser = await openBrowser();
  const example = exampleSnapshot();
  const [first] = example.servers;
  if (first === undefined) throw new Error('the example has no servers');
  const long = { ...first, name: 'a-name-of-sixty-letters-without-any-place-to-break-it-ABCDEFG' };
  server = await ExampleServer.start({ ...example, servers: [...example.servers, long] });
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const PAGES = ['/', '/servers/fatima', '/servers/emil', '/servers/dora', '/servers/nobody'] as const;
const SCHEMES = ['light', 'dark'] as const;

describe.each(SCHEMES)('in %s', (colorScheme) => {
  test.each(PAGES)('axe finds nothing wrong with %s', async (path) => {
    const context = await browser.newContext({ colorScheme });
    const page = await watchedPage(context);
    await page.goto(server.address + path);
    await page.evaluate(axe.source);
    const { violations, passes } = (await page.evaluate('axe.run()')) as axe.AxeResults;
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n')}`);
    expect(found).toEqual([]);
    expect(passes.length).toBeGreaterThan(10);
    await context.close();
  });
});

test('light and dark are what the reader asked for', async () => {
  const grounds = await Promise.all(
    SCHEMES.map(async (colorScheme) => {
      const context = await browser.newContext({ colorScheme });
      const page = await openPage(context, `${server.address}/`);
      const ground = await page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
      expect(complaints(page)).toEqual([]);
      await context.close();
      return ground.match(/\d+/g)?.map(Number) ?? [];
    }),
  );
  expect(Math.min(...(grounds[0] ?? []))).toBeGreaterThan(200);
  expect(Math.max(...(grounds[1] ?? []))).toBeLessThan(60);
});

test.each(PAGES)('%s fits on screens of any width without scrolling sideways', async (path) => {
  const context = await browser.newContext({ viewport: { width: 360, height: 740 } });
  const page = await context.newPage();
  await page.goto(server.address + path);
  for (const width of [360, 480, 620, 760, 840, 900, 1000, 1090, 1280, 1920]) {
    await page.setViewportSize({ width, height: 740 });
    expect(await page.evaluate<number>('document.documentElement.scrollWidth'), `${width}`).toBe(width);
  }
  await context.close();
});

describe('without scripts', () => {
  async function plain(path = '/'): Promise<Page> {
    const context = await browser.newContext({ javaScriptEnabled: false });
    const page = await watchedPage(context);
    await page.goto(server.address + path);
    return page;
  }
  const names = (page: Page) => page.locator('#rows tr:visible th a').allTextContents();

  test('the table is there, filters by its form and sorts by its buttons', async () => {
    const page = await plain();
    expect(await names(page)).toHaveLength(15);
    expect(await page.locator('#live').isVisible()).toBe(false);

    await page.locator('#filter').fill('gpu');
    await page.locator('#filter').press('Enter');
    await page.waitForURL('**q=gpu*');
    expect(await names(page)).toEqual(['kira-train', 'liam-llm']);

    await page.locator('th button', { hasText: 'Memory' }).click();
    await page.waitForURL('**sort=-memory*');
    expect(await names(page)).toEqual(['liam-llm', 'kira-train']);
    expect(await page.locator('th[aria-sort=descending]').textContent()).toContain('Memory');
    expect(complaints(page)).toEqual([]);
    await page.context().close();
  });

  test('a phase alone is shown by its button, and loading again keeps it so', async () => {
    const page = await plain();
    await page.locator('.chip', { hasText: 'BackOff' }).click();
    await page.waitForURL('**phase=BackOff*');
    expect(await names(page)).toEqual(['emil']);
    expect(await page.locator('noscript').innerHTML()).toContain('http-equiv="refresh"');
    await page.context().close();
  });
});
