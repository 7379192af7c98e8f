import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createMemberships } from '../../../src/accounts/memberships.ts';
import { FakeClock } from '../../fakes/clock.ts';

let directory: string;
let clock: FakeClock;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-id-'));
  clock = new FakeClock();
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

/** An `id` that writes down how it was called. */
function memberships(body: string) {
  const program = join(directory, 'id');
  writeFileSync(program, `#!/bin/sh\necho "$*" >> ${directory}/calls\n${body}\n`);
  chmodSync(program, 0o755);
  return createMemberships({ clock, program });
}

const calls = () => readFileSync(join(directory, 'calls'), 'utf8').trim().split('\n');

test('are asked of id once for a while, however many ask at the same time', async () => {
  const groups = memberships('echo 100 500 27');
  expect(groups.cached('alice')).toBeUndefined();

  const answers = await Promise.all([groups.lookup('alice'), groups.lookup('alice')]);

  expect(answers).toEqual(Array(2).fill({ kind: 'found', entry: [100, 500, 27] }));
  expect(groups.cached('alice')).toEqual(answers[0]);
  expect(calls()).toEqual(['-G -- alice']);
  clock.advance(60_001);
  expect(groups.cached('alice')).toBeUndefined();
});

test('are not known where id fails or gives half an answer', async () => {
  expect(await memberships('echo 100; exit 1').lookup('alice')).toEqual({
    kind: 'unknown',
    message: expect.stringContaining('the groups of alice could not be looked up'),
  });
  expect(await memberships('echo 100 wheel').lookup('bob')).toMatchObject({ kind: 'unknown' });
  expect(await memberships('true').lookup('carol')).toMatchObject({ kind: 'unknown' });
});
