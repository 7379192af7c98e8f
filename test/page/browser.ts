import { type Browser, chromium } from 'playwright-core';
import { debianProgram } from './debianProgram.ts';

/** Debian's browser, without a window; installed first where it is missing. @throws one line that says what to install */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await debianProgram('chromium', ['chromium', 'fonts-dejavu-core']),
    // Root may not use Chromium's own sandbox, and containers have little in /dev/shm. Only our own pages are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}
