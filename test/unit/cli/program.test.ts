import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VERBS } from '../../../src/cli/catalogue.ts';
import { EXIT, judgeError } from '../../../src/cli/errors.ts';
import { runProgram } from '../../../src/cli/program.ts';
import { renderCliReference } from '../../../src/cli/reference.ts';
import { specText, TestHost } from './testHost.ts';

const BIN = join(import.meta.dirname, '../../../bin/hublet');

/** Kept over the tests of this file, for speed. */
const compiled = mkdtempSync(join(tmpdir(), 'hublet-compiled-'));

afterAll(() => rmSync(compiled, { recursive: true }));

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function environment(extra: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: host.root,
    HUBLET_COMPILE_CACHE: compiled,
    HUBLET_DESIRED_STATE: host.specs,
    HUBLET_RUNTIME_DIR: host.runtime,
    HUBLET_STATE_DIR: join(host.root, 'state'),
    ...extra,
  };
}

function hublet(args: readonly string[], extra: Readonly<Record<string, string>> = {}): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: host.root,
    env: environment(extra),
    encoding: 'utf8',
  });
  return { code: status, out: stdout, err: stderr };
}

describe('bin/hublet', () => {
  it('works through a link from any directory', () => {
    const link = join(host.root, 'hublet');
    symlinkSync(BIN, link);

    const { status, stdout } = spawnSync(process.execPath, [link, '--version'], {
      cwd: '/',
      env: environment(),
      encoding: 'utf8',
    });

    expect({ status, stdout }).toEqual({ status: EXIT.ok, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
  });

  it.each([
    ['an unknown flag', ['get', '--wid'], EXIT.usage, /^hublet: unknown option '--wid'.*: try 'hublet get --help'\n$/],
    [
      'an unknown verb',
      ['gte'],
      EXIT.usage,
      /^hublet: unknown command 'gte' \(did you mean get\?\): try 'hublet --help'\n$/,
    ],
    ['no verb', [], EXIT.usage, /^Usage: hublet/],
    ['a missing argument', ['describe'], EXIT.usage, /^hublet: missing required argument 'name'/],
    ['both modes', ['get', '--user', '--system'], EXIT.usage, /^hublet: .*cannot be used with/],
    ['an unknown name', ['describe', 'nobody'], EXIT.notFound, /^hublet: nobody: not found: .*\n$/m],
    [
      'a missing file',
      ['validate', '/does/not/exist'],
      EXIT.usage,
      /^hublet: \/does\/not\/exist: no such file or directory\n$/,
    ],
    [
      'a missing configuration',
      ['get', '--config', '/does/not/exist'],
      EXIT.badConfiguration,
      /^hublet: \/does\/not\/exist: .*\n$/,
    ],
  ])('answers %s in one line', (_, args, code, message) => {
    const ended = hublet(args);

    expect(ended).toEqual({ code, out: '', err: expect.stringMatching(message) });
    expect(ended.err).not.toMatch(/^ {4}at /m);
  });

  it('names file, line and column of a bad configuration', () => {
    const path = join(host.root, 'hublet.yaml');
    writeFileSync(path, 'apiVersion: hublet/v1\nkind: Config\nreconsile: {}\n');

    expect(hublet(['get', '--config', path])).toEqual({
      code: EXIT.badConfiguration,
      out: '',
      err: expect.stringMatching(`hublet: ${path}:3:1: reconsile: .*did you mean reconcile`),
    });
  });

  it('tells what to do where the desired-state directory is missing', () => {
    writeFileSync(join(host.root, 'alice.yaml'), specText('alice'));
    const missing = join(host.root, 'nowhere');

    const ended = hublet(['apply', '-f', 'alice.yaml', '--desired-state', missing]);

    expect(ended.code).toBe(EXIT.badConfiguration);
    expect(ended.err).toBe(
      `hublet: ${missing}: no such directory: make it (mkdir -p ${missing}) or name another with --desired-state\n`,
    );
  });

  it('takes specs from standard input and shows them', () => {
    const applied = spawnSync(process.execPath, [BIN, 'apply', '-f', '-'], {
      env: environment(),
      input: specText('alice'),
    });
    expect(applied.status).toBe(EXIT.ok);

    expect(hublet(['get', '-o', 'name'])).toMatchObject({ code: EXIT.ok, out: 'alice\n' });
  });

  it('says for each invalid spec what is wrong where', () => {
    mkdirSync(join(host.root, 'many'));
    writeFileSync(join(host.root, 'many/a.yaml'), specText('a').replace('command', 'comand'));
    writeFileSync(join(host.root, 'many/b.yaml'), specText('b'));

    expect(hublet(['validate', 'many'])).toEqual({
      code: EXIT.invalid,
      out: '',
      err: expect.stringMatching(/^hublet: many\/a\.yaml:7:3: spec\.comand: .*did you mean command/m),
    });
    expect(hublet(['validate', 'many/b.yaml'])).toEqual({ code: EXIT.ok, out: 'ok: many/b.yaml is valid\n', err: '' });
  });

  it('sees two specs that want one port', () => {
    for (const name of ['a', 'b']) host.writeSpec(name, `${specText(name)}  port: 20001\n`);

    expect(hublet(['validate', host.specs])).toMatchObject({
      code: EXIT.invalid,
      err: expect.stringMatching(/b\.yaml: spec\.port 20001 is that of .*a\.yaml too/),
    });
  });

  it('ends quietly when nobody reads on', async () => {
    const child = spawn(process.execPath, [BIN, 'schema', 'server'], {
      env: environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.destroy();
    let err = '';
    child.stderr.on('data', (chunk: Buffer) => {
      err += chunk.toString();
    });
    const [code] = await once(child, 'close');

    expect({ code, err }).toEqual({ code: EXIT.ok, err: '' });
  });

  it('shows where an error comes from only when asked', () => {
    expect(hublet(['wait', 'alice', '--for', 'x']).err).not.toMatch(/CliError/);
    expect(hublet(['wait', 'alice', '--for', 'x'], { HUBLET_DEBUG: '1' }).err).toMatch(/CliError.*\n +at /);
  });

  it('prints versions as JSON', () => {
    const { code, out } = hublet(['version', '-o', 'json']);

    expect(code).toBe(EXIT.ok);
    expect(JSON.parse(out)).toEqual({ hublet: expect.any(String), node: process.versions.node });
  });

  it('prints the journal of a server by its mark, with the exit code of journalctl', () => {
    host.writeSpec('ali ce');
    writeFileSync(join(host.root, 'journalctl'), '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 3\n', { mode: 0o755 });

    const { code, out } = hublet(['logs', 'ali ce', '-n', '5', '-f', '--system'], {
      PATH: `${host.root}:${process.env.PATH}`,
    });

    expect(code).toBe(3);
    expect(out.split('\n')).toEqual(expect.arrayContaining(['--follow', '--lines=5', 'HUBLET_SERVER=ali\\x20ce']));
  });

  it("prints a user's own journal by its unit, and says what to do where it can't be read", () => {
    host.writeSpec('ali ce');
    writeFileSync(join(host.root, 'journalctl'), '#!/bin/sh\nprintf "%s\\n" "$@"\nexit 1\n', { mode: 0o755 });

    const { code, out, err } = hublet(['logs', 'ali ce', '--user'], { PATH: `${host.root}:${process.env.PATH}` });

    expect(code).toBe(1);
    const matches = ['_SYSTEMD_USER_UNIT=hublet-ali\\x20ce.service', `_UID=${process.geteuid?.()}`];
    expect(out.split('\n')).toEqual(expect.arrayContaining(matches));
    expect(err).toContain("your journal can't be read: an admin has it kept by 'mkdir -p /var/log/journal");
  });

  it('finds the run before the last one', () => {
    host.writeSpec('alice');
    const line = (id: string): string => `{"_SYSTEMD_INVOCATION_ID":"${id}"}\\n`;
    const script = `case "$*" in *--reverse*) printf '${line('a')}${line('a')}${line('b')}${line('c')}';; *) echo "$*";; esac`;
    writeFileSync(join(host.root, 'journalctl'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });

    const { code, out } = hublet(['logs', 'alice', '--previous'], { PATH: `${host.root}:${process.env.PATH}` });

    expect(code).toBe(EXIT.ok);
    expect(out).toMatch(/ _SYSTEMD_INVOCATION_ID=b\n$/);
  });
});

describe('errors', () => {
  it.each([
    ['EACCES', EXIT.noPermission, /permission denied/],
    ['EPERM', EXIT.noPermission, /permission denied/],
    ['ENOSPC', EXIT.failure, /no space left/],
    ['EROFS', EXIT.failure, /read-only/],
  ])('of the system are judged: %s', (code, exitCode, message) => {
    const error = Object.assign(new Error(code), { code, syscall: 'open', path: '/x' });

    expect(judgeError(error)).toEqual({ exitCode, message: expect.stringMatching(message) });
    expect(judgeError(error).message).toMatch(/^\/x: /);
  });

  it('become one line and an exit code, whatever was thrown', async () => {
    const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const denied = Object.assign(new Error('no'), { code: 'EACCES', syscall: 'scandir', path: '/run/hublet/status' });
    const context = { ...host.context, config: () => Promise.reject(denied) };

    const code = await runProgram(['get'], { createContext: () => context });
    const lines = written.mock.calls.map(([text]) => text);
    written.mockRestore();

    expect(code).toBe(EXIT.noPermission);
    expect(lines).toEqual([expect.stringMatching(/^hublet: \/run\/hublet\/status: permission denied: .*\n$/)]);
  });
});

describe('the reference', () => {
  it('has every verb with its options and examples', () => {
    const text = renderCliReference();

    for (const verb of VERBS) {
      expect(text).toContain(`\n## hublet ${verb.name}\n`);
      for (const { flags } of verb.options) expect(text).toContain(`\`${flags}\``);
      for (const [command] of verb.examples) expect(text).toContain(command);
    }
  });
});
