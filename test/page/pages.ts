import type { BrowserContext, Page } from 'playwright-core';

const said = new WeakMap<Page, string[]>();

/** What the browser had against a page: errors of its script, and whatever its policy forbade. */
export function complaints(page: Page): string[] {
  return said.get(page) ?? [];
}

/** Opens a page that follows what happens. */
export async function openPage(context: BrowserContext, address: string): Promise<Page> {
  const page = await watchedPage(context);
  await page.goto(address);
  await page.locator('#live[data-state=live]').waitFor();
  return page;
}

/** A page whose complaints are noted. */
export async function watchedPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  const lines: string[] = [];
  said.set(page, lines);
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') lines.push(message.text());
  });
  page.on('pageerror', (error) => lines.push(error.message));
  return page;
}
