import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { CALLS_BEFORE_COMPILING } from '../../src/tiering.ts';

it('V8 knows each of the settings, and by itself compiles sooner', () => {
  const options = execFileSync(process.execPath, ['--v8-options'], { encoding: 'utf8', maxBuffer: 16 * 1024 * 1024 });
  for (const [name, calls] of Object.entries(CALLS_BEFORE_COMPILING)) {
    const [, own] = new RegExp(`default: --${name}=(\\d+)`).exec(options) ?? [];
    expect(Number(own)).toBeLessThan(calls);
  }
});
