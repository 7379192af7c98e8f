import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '../..');

it('V8 knows each flag that the command sets, and has another value by itself', () => {
  const [, list = ''] = /V8_FLAGS = \[(.*)\]/.exec(readFileSync(join(ROOT, 'bin/hublet'), 'utf8')) ?? [];
  const flags = [...list.matchAll(/'(.+?)'/g)].map(([, flag = '']) => flag);
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  const defaults = new Set([...options.matchAll(/default: (--\S+)/g)].map(([, flag]) => flag));
  const known = new Set([...defaults].map((flag = '') => flag.replace(/^--(no-)?|=.*$/g, '')));

  expect(flags).toHaveLength(3);
  for (const flag of flags) {
    expect(known).toContain(flag.replace(/^--(no-)?|=.*$/g, ''));
    expect(defaults).not.toContain(flag);
  }
});

it('the benchmark of memory has the same flags', () => {
  const [, list = ''] = /V8_FLAGS = \[(.*)\]/.exec(readFileSync(join(ROOT, 'bin/hublet'), 'utf8')) ?? [];
  const bench = readFileSync(join(ROOT, 'bench/metrics.ts'), 'utf8');

  for (const flag of list.split(', ')) expect(bench).toContain(flag);
});

it('V8 has by itself what memory is spared by changing, and what it is set back to', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });

  expect(options).toContain('default: --no-optimize-for-size');
  expect(options).toContain('default: --semi-space-growth-factor=2');
});
