import { browserProgram } from './browser.ts';

/** Has the browser there before the first of its tests, so that these don't all install it at once. */
export async function setup(): Promise<void> {
  try {
    await browserProgram();
  } catch (error) {
    // The tests of the page will fail by it, and no others.
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  }
}
