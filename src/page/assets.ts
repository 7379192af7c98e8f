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

const TYPES = {
  'page.css': 'text/css; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'icon.svg': 'image/svg+xml',
} as const;

/** Reads the page's own files, once. @throws {NodeJS.ErrnoException} where they are not beside this one */
export function readAssets(): Assets {
  const assets = new Map<string, Asset>();
  const path = (name: keyof typeof TYPES): string => {
    const text = readFileSync(new URL(`./assets/${name}`, import.meta.url), 'utf8');
    assets.set(name, { text, contentType: TYPES[name] });
    const digest = createHash('sha256').update(text).digest('hex').slice(0, 12);
    return `/assets/${name}?${digest}`;
  };
  const paths: AssetPaths = { style: path('page.css'), script: path('page.js'), icon: path('icon.svg') };
  return { paths, find: (name) => assets.get(name) };
}
