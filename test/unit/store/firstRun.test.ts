import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Config } from '../../../src/config/types.ts';
import { makeFirstSources } from '../../../src/store/firstRun.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-first-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const config = (changes: Partial<Config> = {}): Config =>
  ({
    isUserMode: true,
    stateDirectory: join(root, 'state'),
    sources: [{ path: join(root, 'config/hublet/specs'), ownerUid: 1, prune: true }],
    ...changes,
  }) as Config;

it("makes a user's directory for specs at the first run, for the user alone", () => {
  expect(makeFirstSources(config())).toEqual([join(root, 'config/hublet/specs')]);
  expect(statSync(join(root, 'config/hublet/specs')).mode & 0o777).toBe(0o700);
  expect(makeFirstSources(config())).toEqual([]);
});

it('makes none later on: a directory that was there before is lost, and an empty one would delete every server', () => {
  mkdirSync(join(root, 'state'));

  expect(makeFirstSources(config())).toEqual([]);
  expect(existsSync(join(root, 'config'))).toBe(false);
});

it('makes none for root, whose directory the installation makes', () => {
  expect(makeFirstSources(config({ isUserMode: false }))).toEqual([]);
});
