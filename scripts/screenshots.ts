/** Takes the pictures of the page in docs/images, of a made-up class, in Debian's Chromium. To be looked at before they are committed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBrowser } from '../test/page/browser.ts';
import { debianProgram } from '../test/page/debianProgram.ts';
import { ExampleServer } from '../test/page/exampleServer.ts';
import { openPage } from '../test/page/pages.ts';

interface Picture {
  readonly file: string;
  readonly path: string;
  readonly colorScheme: 'light' | 'dark';
  readonly width: number;
  readonly height: number;
  /** How far down it is scrolled. */
  readonly top?: number;
}

const PICTURES: readonly Picture[] = [
  { file: 'page-light.png', path: '/', colorScheme: 'light', width: 1280, height: 1150 },
  { file: 'page-dark.png', path: '/', colorScheme: 'dark', width: 1280, height: 1150 },
  { file: 'page-narrow.png', path: '/', colorScheme: 'dark', width: 390, height: 844, top: 470 },
  { file: 'page-server.png', path: '/servers/fatima', colorScheme: 'light', width: 1280, height: 1100 },
];
const LARGEST_BYTES = 150_000;

const directory = fileURLToPath(new URL('../docs/images/', import.meta.url));
mkdirSync(directory, { recursive: true });
const pngquant = await debianProgram('pngquant');
const server = await ExampleServer.start();
const browser = await openBrowser();
try {
  for (const { file, path, colorScheme, width, height, top = 0 } of PICTURES) {
    const context = await browser.newContext({ viewport: { width, height }, colorScheme, reducedMotion: 'reduce' });
    const page = await openPage(context, server.address + path);
    await page.evaluate(`scrollTo(0, ${top})`);
    await page.screenshot({ path: directory + file });
    await context.close();
    execFileSync(pngquant, [
      '--force',
      '--strip',
      '--speed',
      '1',
      '--output',
      directory + file,
      '128',
      directory + file,
    ]);
    const bytes = statSync(directory + file).size;
    process.stdout.write(`docs/images/${file}: ${bytes} bytes\n`);
    if (bytes > LARGEST_BYTES) throw new Error(`${file} is larger than ${LARGEST_BYTES} bytes`);
  }
} finally {
  await browser.close();
  await server.stop();
}
