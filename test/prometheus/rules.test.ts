import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { createMetricsRegistry } from '../../src/metrics/registry.ts';
import { measuredDelay } from '../fakes/delays.ts';
import { projectDirectory } from '../machine/places.ts';
import { FULL_USAGE, server, snapshot } from '../unit/metrics/snapshot.ts';
import { ensurePrometheus } from './tools.ts';

const metrics = join(projectDirectory, 'metrics');
const filesOf = (directory: string): readonly string[] => readdirSync(join(metrics, directory));

let promtool: string;
beforeAll(async () => {
  promtool = (await ensurePrometheus()).promtool;
}, 300_000);

describe('promtool', () => {
  test('takes the example configuration with the rules that it names', async () => {
    const said = await check(['check', 'config', join(metrics, 'prometheus.yml')]);
    for (const file of filesOf('rules')) expect(said).toContain(`rules/${file}`);
  });

  test.each(filesOf('rules'))('finds nothing wrong with the rules in %s', async (file) => {
    expect(await check(['check', 'rules', '--lint=all', '--lint-fatal', join(metrics, 'rules', file)])).toContain(
      'SUCCESS',
    );
  });

  test.each(filesOf('tests'))('sees every rule tested in %s do what it should', async (file) => {
    expect(await check(['test', 'rules', join(metrics, 'tests', file)])).toContain('SUCCESS');
  });

  test.each(['off', 'basic', 'full'] as const)('has nothing to say about a scrape at level %s', async (level) => {
    const registry = createMetricsRegistry({
      build: { version: '0.1.0', nodeVersion: process.version },
      level: () => level,
      snapshot: () =>
        snapshot([server('alice', { labels: { team: 'a "b"\n\\c' } }), server('ünïcode %n')], {
          pools: [{ name: 'gpu', usage: FULL_USAGE }],
        }),
      loopDelay: measuredDelay(),
    });
    expect(await check(['check', 'metrics'], await textOf(registry.render('text')))).toBe('');
  });
});

/** What it said. @throws with that where it found a fault */
async function check(args: readonly string[], input = ''): Promise<string> {
  const running = promisify(execFile)(promtool, args);
  running.child.stdin?.end(input);
  const { stdout, stderr } = await running;
  return stdout + stderr;
}
