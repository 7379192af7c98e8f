import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GLOBAL_OPTIONS, VERBS } from '../../../src/cli/catalogue.ts';
import { renderBash } from '../../../src/cli/completion/bash.ts';
import { renderFish } from '../../../src/cli/completion/fish.ts';
import { optionWords } from '../../../src/cli/completion/words.ts';
import { renderZsh } from '../../../src/cli/completion/zsh.ts';

const SCRIPTS = {
  bash: renderBash(VERBS, GLOBAL_OPTIONS),
  zsh: renderZsh(VERBS, GLOBAL_OPTIONS),
  fish: renderFish(VERBS, GLOBAL_OPTIONS),
};

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'hublet-completion-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

/** What bash would offer for the last of these words, where `hublet get -o name` prints `servers`. */
function offered(words: readonly string[], servers: readonly string[] = []): string[] {
  writeFileSync(join(directory, 'hublet'), `#!/bin/sh\necho "$@" >> ${directory}/calls\ncat ${directory}/servers\n`, {
    mode: 0o755,
  });
  writeFileSync(join(directory, 'servers'), servers.map((name) => `${name}\n`).join(''));
  writeFileSync(join(directory, 'completion'), SCRIPTS.bash);
  const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 )); _hublet; for one in "\${COMPREPLY[@]}"; do printf '%s\\n' "$one"; done`;
  const ended = spawnSync('bash', ['--norc', '-c', script, 'bash', join(directory, 'completion'), ...words], {
    env: { PATH: `${directory}:${process.env.PATH}` },
    cwd: directory,
    encoding: 'utf8',
  });
  expect(ended.stderr).toBe('');
  return ended.stdout.split('\n').filter((line) => line !== '');
}

describe('completion in bash', () => {
  it('offers verbs first', () => {
    expect(offered(['hublet', ''])).toEqual([...VERBS.map(({ name }) => name), 'help']);
    expect(offered(['hublet', 'des'])).toEqual(['describe']);
    expect(offered(['hublet', '--state-dir', '/x', 'des'])).toEqual(['describe']);
  });

  it('offers the names of servers where a verb takes them', () => {
    expect(offered(['hublet', 'describe', ''], ['alice', 'bob'])).toEqual(['alice', 'bob']);
    expect(offered(['hublet', 'get', '-o', 'json', 'b'], ['alice', 'bob'])).toEqual(['bob']);
  });

  it('never runs what a name may hold', () => {
    const evil = '$(touch evil)';

    expect(offered(['hublet', 'describe', ''], [evil, 'two words'])).toEqual(['\\$\\(touch\\ evil\\)', 'two\\ words']);
    expect(spawnSync('test', ['-e', join(directory, 'evil')]).status).toBe(1);
  });

  it('offers options, and the values they can have', () => {
    expect(offered(['hublet', 'get', '--'])).toEqual(expect.arrayContaining(['--output', '--watch', '--user']));
    expect(offered(['hublet', 'get', '--out'])).toEqual(['--output']);
    expect(offered(['hublet', 'get', '-o', ''])).toEqual(['table', 'wide', 'json', 'yaml', 'name']);
    expect(offered(['hublet', 'get', '--output', 'j'])).toEqual(['json']);
    expect(offered(['hublet', 'schema', ''])).toEqual(['server', 'config']);
    expect(offered(['hublet', 'wait', 'alice', '--timeout', ''], ['alice'])).toEqual([]);
  });
});

describe.each(Object.entries(SCRIPTS))('the script for %s', (_, script) => {
  it('has every verb, and every option of it', () => {
    for (const verb of VERBS) {
      expect(script).toContain(verb.name);
      for (const option of verb.options) expect(script).toContain(optionWords(option).long.slice(2));
    }
  });
});
