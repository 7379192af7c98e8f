import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/cli/context.ts';
import { EXIT } from '../../../src/cli/errors.ts';
import { runApply } from '../../../src/cli/verbs/apply.ts';
import { runValidate } from '../../../src/cli/verbs/validate.ts';
import { TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function contextWith(...pools: string[]): Context {
  const config = async () => ({ ...host.config, pools: new Map(pools.map((pool) => [pool, {}])) });
  return { ...host.context, config };
}

function given(pool: string): string {
  const directory = join(host.root, 'given');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, 'alice.yaml');
  writeFileSync(
    path,
    `apiVersion: hublet/v1\nkind: Server\nmetadata: {name: alice}\nspec: {command: [x], pool: ${pool}}\n`,
  );
  return path;
}

describe('a spec that names a pool', () => {
  it('is valid where the configuration has it', async () => {
    expect(await runValidate(contextWith('gpu'), [given('gpu')])).toBe(EXIT.ok);
  });

  it('is neither valid nor applied where it has others, and told which', async () => {
    const context = contextWith('gpu', 'small');
    const message = 'alice.yaml:4:28: spec.pool: there is no pool gup, did you mean gpu?';

    expect(await runValidate(context, [given('gup')])).toBe(EXIT.invalid);
    expect(host.err).toContain(message);
    host.err = '';
    expect(await runApply(context, [given('gup')])).toBe(EXIT.invalid);
    expect(host.err).toContain(message);
  });

  it('is judged without it on a computer that has none, where it is not the one of the server', async () => {
    expect(await runValidate(contextWith(), [given('gpu')])).toBe(EXIT.ok);
    expect(host.err).toContain('judged without its pool, as there are no pools here');
  });
});
