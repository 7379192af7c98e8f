import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { runValidate } from '../../../src/cli/verbs/validate.ts';
import { TestHost } from './testHost.ts';

const ROOT = join(import.meta.dirname, '../../../desired-state');

const EXAMPLES = ['.', 'examples'].flatMap((directory) =>
  readdirSync(join(ROOT, directory))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => join(directory, file)),
);

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

describe('example specs', () => {
  it('are there for the usual cases', () => {
    expect(EXAMPLES).toEqual(
      expect.arrayContaining([
        'alice.yaml',
        'bob.yaml',
        'examples/code-server.yaml',
        'examples/daemon.yaml',
        'examples/dynamic-user.yaml',
        'examples/gpu.yaml',
        'examples/jupyter.yaml',
        'examples/rstudio.yaml',
      ]),
    );
  });

  it.each(EXAMPLES)('%s is valid as it is', async (file) => {
    const code = await runValidate(host.context, [join(ROOT, file)]);

    expect(host.err).toBe('');
    expect(code).toBe(EXIT.ok);
  });

  it.each(EXAMPLES)('%s names the schema that is beside it, and teaches', (file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const schema = /^# yaml-language-server: \$schema=(\S+)\n#\n# [A-Z]/.exec(text)?.[1] ?? '';

    expect(basename(schema)).toBe('server.schema.json');
    expect(existsSync(join(ROOT, dirname(file), schema))).toBe(true);
    expect(text.match(/# /g)?.length).toBeGreaterThan(2);
  });

  it('can all be in one directory', async () => {
    expect(await runValidate(host.context, [join(ROOT, 'examples')])).toBe(EXIT.ok);
  });
});
