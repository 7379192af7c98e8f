import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { AssetPaths } from './layout.ts';

/** A file of the page as it is sent. */
export interface Asset {
  readonly text: string;
  readonly contentType: string;
}

export interface Assets {
  readonly paths: AssetPaths;
  /** By its name in the address, `page.css`; undefined: there is none. */
  find(name: string): Asset | undefined;
}

/** Parts of the one sheet, in their order: the later wins. */
const STYLE = ['ground', 'frame', 'drawings', 'summary', 'list', 'rows', 'panels', 'narrow'];

/** Reads the page's own files, once. @throws {NodeJS.ErrnoException} where they are not beside this one */
export function readAssets(): Assets {
  const files: Readonly<Record<string, Asset>> = {
    'page.css': {
      text: STYLE.map((part) => read(`style/${part}.css`)).join('\n'),
      contentType: 'text/css; charset=utf-8',
    },
    'page.js': { text: read('page.js'), contentType: 'text/javascript; charset=utf-8' },
    'icon.svg': { text: read('icon.svg'), contentType: 'image/svg+xml' },
  };
  const path = (name: string): string => {
    const digest = createHash('sha256')
      .update(files[name]?.text ?? '')
      .digest('hex')
      .slice(0, 12);
    return `/assets/${name}?${digest}`;
  };
  return {
    paths: { style: path('page.css'), script: path('page.js'), icon: path('icon.svg') },
    find: (name) => (Object.hasOwn(files, name) ? files[name] : undefined),
  };
}

function read(name: string): string {
  return readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
}
