import { type Browser, chromium } from 'playwright-core';
import { debianProgram } from './debianProgram.ts';

/** Debian's browser, installed first where it is missing. @throws one line that says what to install */
export function browserProgram(): Promise<string> {
  return debianProgram('chromium', ['chromium', 'fonts-dejavu-core']);
}

/** The same, running without a window. @throws as there */
export async function openBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: await browserProgram(),
    // Root may not use Chromium's own sandbox, and containers have little in /dev/shm. Only our own pages are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}
