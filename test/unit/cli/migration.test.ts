import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { findField } from '../../../src/cli/fieldLookup.ts';
import { createHostContext } from '../../../src/cli/hostContext.ts';
import { runValidate } from '../../../src/cli/verbs/validate.ts';
import { TestHost } from './testHost.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/from-systemdspawner.md'), 'utf8');

/** The options that systemdspawner 0.17 documents. */
const OPTIONS = [
  'mem_limit',
  'cpu_limit',
  'user_workingdir',
  'username_template',
  'default_shell',
  'extra_paths',
  'unit_name_template',
  'unit_extra_properties',
  'isolate_tmp',
  'isolate_devices',
  'disable_user_sudo',
  'readonly_paths',
  'readwrite_paths',
  'dynamic_users',
  'slice',
];

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

/** A block of YAML that the page marks by a name. */
function block(name: string): string {
  return new RegExp(`<!-- checked: ${name} -->\n\`\`\`yaml\n(.*?)\`\`\``, 's').exec(PAGE)?.[1] ?? '';
}

/** Rows of the table of options, as cells. */
function rows(): readonly (readonly string[])[] {
  const table = /^## Every option\n(.*?)^## /ms.exec(PAGE)?.[1] ?? '';
  return table
    .split('\n')
    .filter((line) => line.startsWith('| `') || line.startsWith('| always') || line.startsWith('| never'))
    .map((line) => line.split(' | ').map((cell) => cell.trim()));
}

describe('the way from systemdspawner', () => {
  it('has a row for each of its options', () => {
    const names = rows().map(([old = '']) => /`(\w+)/.exec(old)?.[1]);

    expect(names).toEqual(expect.arrayContaining(OPTIONS));
  });

  it('leads to fields that are there', () => {
    const fields = rows().flatMap(([, ours = '']) =>
      [...ours.matchAll(/`([a-z][A-Za-z.]*)(?=:|`)/g)].map(([, path = '']) => path),
    );

    expect(fields.length).toBeGreaterThan(20);
    expect(fields.filter((path) => findField(path).kind === 'unknown')).toEqual([]);
  });

  it('has an example whose configuration and spec are valid together', async () => {
    const [config, path] = [join(host.root, 'hublet.yaml'), join(host.root, 'carol.yaml')];
    writeFileSync(config, block('config'));
    writeFileSync(path, block('carol'));
    const flags = { config, isUserMode: false };
    const context = { ...host.context, config: () => createHostContext(flags).config() };

    expect(await runValidate(context, [path])).toBe(EXIT.ok);
    expect(host.err).toBe('');
  });
});
