import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openScratch } from '../../../src/store/scratch.ts';

describe('scratch directories of a dry run', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'hublet-test-'));
    for (const directory of ['run/state', 'run/env', 'state/specs'])
      mkdirSync(join(root, directory), { recursive: true });
    writeFileSync(join(root, 'run/state/a.json'), 'memory');
    writeFileSync(join(root, 'run/env/a.env'), 'TOKEN="secret"');
    writeFileSync(join(root, 'state/specs/a.json'), 'last good');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('hold what the controller remembers, but no environment, for their owner alone, until removed', () => {
    const scratch = openScratch(join(root, 'run'), join(root, 'state'));
    expect(readFileSync(join(scratch.runtimeDirectory, 'state/a.json'), 'utf8')).toBe('memory');
    expect(readFileSync(join(scratch.stateDirectory, 'specs/a.json'), 'utf8')).toBe('last good');
    expect(existsSync(join(scratch.runtimeDirectory, 'env'))).toBe(false);
    expect(statSync(dirname(scratch.stateDirectory)).mode & 0o777).toBe(0o700);
    scratch.remove();
    expect(existsSync(dirname(scratch.stateDirectory))).toBe(false);
  });

  it('are empty where there was nothing yet', () => {
    const scratch = openScratch(join(root, 'nowhere'), join(root, 'nowhere else'));
    expect(existsSync(scratch.stateDirectory)).toBe(false);
    scratch.remove();
  });
});
