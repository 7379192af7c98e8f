import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_POLICY, type Policy } from '../../../src/admission/policy.ts';
import type { Context } from '../../../src/cli/context.ts';
import { CliError, EXIT } from '../../../src/cli/errors.ts';
import { runApply } from '../../../src/cli/verbs/apply.ts';
import { runDescribe } from '../../../src/cli/verbs/describe.ts';
import { runResume } from '../../../src/cli/verbs/suspend.ts';
import { runValidate } from '../../../src/cli/verbs/validate.ts';
import type { Config } from '../../../src/config/types.ts';
import { TestHost } from './testHost.ts';

const HUB: Policy = {
  name: 'hub',
  isUnrestricted: false,
  users: { groups: undefined, minUid: 1000, deny: [] },
  profiles: ['notebook'],
  fields: ['profile', 'command'],
};

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

/** The host with these profiles, its one source under this policy. */
function contextWith(profiles: Config['profiles'], policy = ADMIN_POLICY): Context {
  const sources = host.config.sources.map((source) => ({ ...source, policy }));
  return { ...host.context, config: async () => ({ ...host.config, profiles, sources }) };
}

function text(name: string, spec: string): string {
  return `apiVersion: hublet/v1\nkind: Server\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
}

function given(name: string, spec: string): string {
  const directory = join(host.root, 'given');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${name}.yaml`);
  writeFileSync(path, text(name, spec));
  return path;
}

const NOTEBOOK = { notebook: { command: ['notebook'], shell: '/bin/sh' } };

describe('a spec with a profile', () => {
  it('is applied, and described as a whole', async () => {
    const context = contextWith(NOTEBOOK);
    expect(await runApply(context, [given('alice', '{profile: notebook}')])).toBe(EXIT.ok);

    await runDescribe(context, 'alice');

    expect(host.out).toMatch(/Profile +notebook/);
    expect(host.out).toMatch(/Command +notebook/);
  });

  it('that is not there is not applied', async () => {
    expect(await runApply(contextWith(NOTEBOOK), [given('alice', '{profile: notbook}')])).toBe(EXIT.invalid);
    expect(host.err).toContain('alice.yaml:4:17: spec.profile: the configuration has no profile "notbook"');
  });

  it('is judged with the profiles of this host, and without them on a computer that has none', async () => {
    const path = given('alice', '{profile: notbook}');
    expect(await runValidate(contextWith(NOTEBOOK), [path])).toBe(EXIT.invalid);
    host.err = '';
    expect(await runValidate(contextWith({}), [path])).toBe(EXIT.ok);
    expect(host.err).toContain('judged without its profile');
    expect(host.out).toContain(`ok: ${path} is valid`);
  });

  it('is judged without profiles where the configuration is bad', async () => {
    const config = async () => {
      throw new CliError(EXIT.badConfiguration, 'hublet.yaml:1:1: is wrong');
    };
    expect(await runValidate({ ...host.context, config }, [given('alice', '{command: [x]}')])).toBe(EXIT.ok);
    expect(host.err).toContain('the configuration is bad');
  });

  it('that suspends it is overridden by resume', async () => {
    host.writeSpec('alice', text('alice', '{profile: notebook}'));

    expect(await runResume(contextWith({ notebook: { command: ['x'], suspend: true } }), ['alice'])).toBe(EXIT.ok);

    expect(readFileSync(host.specPath('alice'), 'utf8')).toContain('suspend: false');
  });
});

describe('a policy', () => {
  it('is asked before anything is written', async () => {
    const path = given('alice', '{profile: notebook, shell: /bin/zsh}');
    expect(await runApply(contextWith(NOTEBOOK, HUB), [path])).toBe(EXIT.denied);
    expect(host.err).toContain('policy hub: spec.shell is not one of the fields that it allows (profile, command)');
    expect(host.out).toBe('');
  });
});
