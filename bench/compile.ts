/** What a change does to the pure part of reconciling: compiling and comparing, beside the commit before. On this computer, without systemd. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectDirectory } from '../test/machine/places.ts';
import { spreadOf } from './numbers.ts';
import type { Row } from './table.ts';

const run = promisify(execFile);

const SERVERS = 1000;

/**
 * Pairs of runs, one of the commit `base` and one of this checkout, in turn.
 * @param base undefined: HEAD where the checkout differs from it, else the commit before HEAD
 * @throws where git knows no such commit
 */
export async function measureCompile(pairs: number, base: string | undefined): Promise<readonly Row[]> {
  const git = async (...args: readonly string[]) => (await run('git', args, { cwd: projectDirectory })).stdout.trim();
  const isChanged = (await git('status', '--porcelain', '--', 'src')) !== '';
  const commit = base ?? (isChanged ? 'HEAD' : 'HEAD~1');
  const directory = await mkdtemp(join(tmpdir(), 'hublet-bench-'));
  const before = join(directory, 'before');
  try {
    await git('worktree', 'add', '--quiet', '--detach', before, commit);
    await symlink(join(projectDirectory, 'node_modules'), join(before, 'node_modules'));
    const times: { before: number; now: number }[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      times.push({ before: await cpuMs(before), now: await cpuMs(projectDirectory) });
    }
    const [now, then] = [spreadOf(times.map((time) => time.now)), spreadOf(times.map((time) => time.before))];
    return [
      {
        what: `compile and diff ${SERVERS} servers, ms CPU; raw: ${commit}`,
        hublet: now,
        raw: then,
        ratio: spreadOf(times.map((time) => time.now / time.before)).median,
        target: { comparison: 'atMost', value: 1.1, text: `1.1 x ${commit}` },
      },
    ];
  } finally {
    await rm(directory, { recursive: true });
    await git('worktree', 'prune');
  }
}

async function cpuMs(tree: string): Promise<number> {
  const program = join(projectDirectory, 'bench/compileOnce.ts');
  const { stdout } = await run(process.execPath, [program, tree, String(SERVERS)]);
  return Number(stdout);
}
