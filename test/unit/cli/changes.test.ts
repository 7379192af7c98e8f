import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { EXIT } from '../../../src/cli/errors.ts';
import { fileIdentity } from '../../../src/cli/specFiles.ts';
import { runApply } from '../../../src/cli/verbs/apply.ts';
import { runDelete } from '../../../src/cli/verbs/delete.ts';
import { runRestart } from '../../../src/cli/verbs/restart.ts';
import { runResume, runSuspend } from '../../../src/cli/verbs/suspend.ts';
import { condition, specText, TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function given(file: string, text: string): string {
  const path = join(host.root, file);
  writeFileSync(path, text);
  return path;
}

function read(name: string): string {
  return readFileSync(host.specPath(name), 'utf8');
}

describe('hublet apply', () => {
  it('writes the text as given, comments included, for its group and not for all, and leaves nothing else behind', async () => {
    expect(await runApply(host.context, [given('any name.yaml', specText('alice'))])).toBe(EXIT.ok);

    expect(host.out).toBe('alice created\n');
    expect(read('alice')).toBe(specText('alice'));
    expect(statSync(host.specPath('alice')).mode & 0o777).toBe(0o640);
    expect(readdirSync(host.specs)).toEqual(['alice.yaml']);
  });

  it('says whether it changed anything', async () => {
    const path = given('alice.yaml', specText('alice'));
    await runApply(host.context, [path]);
    const before = fileIdentity(host.specPath('alice'));
    await runApply(host.context, [path]);
    const after = fileIdentity(host.specPath('alice'));
    await runApply(host.context, [given('alice.yaml', `${specText('alice')}# more\n`)]);

    expect(host.out).toBe('alice created\nalice unchanged\nalice configured\n');
    expect(after).toEqual(before);
  });

  it('keeps the mode of a file that is there', async () => {
    host.writeSpec('alice', 'old: text\n');
    const { mode } = statSync(host.specPath('alice'));

    await runApply(host.context, [given('alice.yaml', specText('alice'))]);

    expect(statSync(host.specPath('alice')).mode).toBe(mode);
  });

  it('ends the text with a line break, so that it is taken at once', async () => {
    const path = given('alice.yaml', specText('alice').trimEnd());
    await runApply(host.context, [path]);
    await runApply(host.context, [path]);

    expect(read('alice')).toBe(specText('alice'));
    expect(host.out).toBe('alice created\nalice unchanged\n');
  });

  it('takes standard input, and directories', async () => {
    const directory = join(host.root, 'many');
    mkdirSync(directory);
    for (const name of ['bob', 'carol']) writeFileSync(join(directory, `${name}.yaml`), specText(name));
    host.input = specText('alice');

    expect(await runApply(host.context, ['-', directory])).toBe(EXIT.ok);

    expect(readdirSync(host.specs)).toEqual(['alice.yaml', 'bob.yaml', 'carol.yaml']);
  });

  it('writes none where one is invalid, and says where it is wrong', async () => {
    const good = given('alice.yaml', specText('alice'));
    const bad = given('bob.yaml', `${specText('bob')}  memry: 1G\n`);

    expect(await runApply(host.context, [good, bad])).toBe(EXIT.invalid);

    expect(host.err).toMatch(/bob\.yaml:8:3: spec\.memry: /);
    expect(readdirSync(host.specs)).toEqual([]);
  });

  it('refuses a name that would leave the directory', async () => {
    expect(await runApply(host.context, [given('x.yaml', specText('../evil'))])).toBe(EXIT.invalid);
  });

  it('replaces a link instead of writing through it', async () => {
    const elsewhere = given('elsewhere', 'precious\n');
    symlinkSync(elsewhere, host.specPath('alice'));

    await runApply(host.context, [given('alice.yaml', specText('alice'))]);

    expect(readFileSync(elsewhere, 'utf8')).toBe('precious\n');
    expect(read('alice')).toBe(specText('alice'));
  });
});

describe('hublet delete', () => {
  it('says of a server that runs on without its file how to stop it', async () => {
    host.writeSpec('alice', `${specText('alice')}  deletionPolicy: Orphan\n`);

    expect(await runDelete(host.context, { names: ['alice'], isWaiting: false, timeoutMs: 0 })).toBe(EXIT.ok);

    expect(host.out).toBe('alice deleted\n');
    expect(host.err).toContain('runs on without hublet (deletionPolicy: Orphan)');
    expect(host.err).toContain('stop hublet-alice.service');
  });

  it('removes the files it finds and answers 4 for those it does not', async () => {
    host.writeSpec('alice');

    const code = await runDelete(host.context, { names: ['alice', 'nobody'], isWaiting: false, timeoutMs: 0 });

    expect(code).toBe(EXIT.notFound);
    expect(host.out).toBe('alice deleted\n');
    expect(readdirSync(host.specs)).toEqual([]);
  });

  it('waits until the controller is done with it', async () => {
    host.writeSpec('alice');
    host.writeStatus(host.status('alice', { phase: 'Deleting' }));

    const code = await runDelete(host.context, { names: ['alice'], isWaiting: true, timeoutMs: 20 });

    expect(code).toBe(EXIT.tooLate);
    expect(host.err).toMatch(/alice is not there after .*: the controller has not finished with it/);
  });

  it('refuses a path instead of a name', async () => {
    await expect(
      runDelete(host.context, { names: ['../specs/alice'], isWaiting: false, timeoutMs: 0 }),
    ).rejects.toThrow(expect.objectContaining({ exitCode: EXIT.usage }));
  });
});

describe('hublet restart, suspend and resume', () => {
  it('notes a restart in the spec and keeps its comments', async () => {
    host.writeSpec('alice');

    expect(await runRestart(host.context, ['alice'])).toBe(EXIT.ok);

    expect(parse(read('alice')).metadata.annotations['hublet/restartedAt']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(
      read('alice')
        .split('\n')
        .filter((line) => !/annotations|restartedAt/.test(line))
        .join('\n'),
    ).toBe(specText('alice'));
  });

  it('suspends with a reason and a time, and resumes to the text of before', async () => {
    host.writeSpec('alice');

    await runSuspend(host.context, { names: ['alice'], reason: 'exam', until: '2h' });
    const { suspend } = parse(read('alice')).spec;
    expect(suspend.reason).toBe('exam');
    expect(Date.parse(suspend.until)).toBeGreaterThan(host.context.clock.wallMs());

    expect(await runRestart(host.context, ['alice'])).toBe(EXIT.refused);
    await runResume(host.context, ['alice']);
    await runResume(host.context, ['alice']);

    expect(read('alice')).toBe(specText('alice'));
    expect(host.out).toBe('alice suspended\nalice resumed\nalice is not suspended\n');
    expect(host.err).toMatch(/alice is suspended/);
  });

  it('wakes a server that was stopped for its age, and leaves one to its window', async () => {
    for (const name of ['alice', 'bob']) host.writeSpec(name);
    host.writeStatus(host.status('alice', { phase: 'Stopped' }));
    const closed = condition('WindowOpen', 'False', 'Closed', 'opens 2026-01-02T08:00:00.000Z');
    host.writeStatus(host.status('bob', { phase: 'Stopped', conditions: [closed] }));

    expect(await runResume(host.context, ['alice', 'bob'])).toBe(EXIT.ok);

    expect(parse(read('alice')).metadata.annotations['hublet/resumedAt']).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(read('bob')).toBe(specText('bob'));
    expect(host.out).toBe('alice resumed\nbob waits for its window, which opens 2026-01-02T08:00:00.000Z\n');
  });

  it('does not touch a file that is no valid spec', async () => {
    host.writeSpec('alice', 'spec: [\n');

    await expect(runRestart(host.context, ['alice'])).rejects.toThrow(
      expect.objectContaining({ exitCode: EXIT.invalid }),
    );

    expect(read('alice')).toBe('spec: [\n');
  });

  it('edits those it finds and answers 4 for the others', async () => {
    host.writeSpec('alice');

    expect(await runSuspend(host.context, { names: ['nobody', 'alice'] })).toBe(EXIT.notFound);

    expect(host.out).toBe('alice suspended\n');
  });

  it.each(['yesterday', '2001-01-01T00:00:00Z'])('refuses --until %s', async (until) => {
    host.writeSpec('alice');

    await expect(runSuspend(host.context, { names: ['alice'], until })).rejects.toThrow(
      expect.objectContaining({ exitCode: EXIT.usage }),
    );
  });
});
