import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const PROGRAM = '/usr/bin/chromium';
const INSTALL = 'apt-get install --no-install-recommends chromium fonts-dejavu-core';

const run = promisify(execFile);

/** Debian's browser, without a window. Installed first where it is missing and this is root on Debian. @throws one line that says what to install */
export async function openBrowser(): Promise<Browser> {
  if (!isThere()) await install();
  return chromium.launch({
    executablePath: PROGRAM,
    // Root may not use Chromium's own sandbox, and containers have little in /dev/shm. Only our own pages are opened.
    args: ['--no-sandbox', '--disable-dev-shm-usage', '--disable-gpu'],
  });
}

function isThere(): boolean {
  try {
    accessSync(PROGRAM, constants.X_OK);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

async function install(): Promise<void> {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) {
    throw new Error(`the page's tests need Debian's chromium; install with: sudo ${INSTALL}`);
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const [program = '', ...args] = INSTALL.split(' ');
  try {
    await run(program, ['update', '-qq'], { env });
    await run(program, ['-y', '-qq', ...args], { env });
  } catch (error) {
    throw new Error(`the page's tests need Debian's chromium, and this failed: ${INSTALL}`, { cause: error });
  }
}
