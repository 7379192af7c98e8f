import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EXIT } from '../../../src/cli/errors.ts';
import { findField } from '../../../src/cli/fieldLookup.ts';
import { runExplain } from '../../../src/cli/verbs/explain.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { OTHER_NAMES } from '../../../src/spec/contractFields.ts';
import { serverSchema } from '../../../src/spec/schema.ts';
import { listFields } from '../../../src/spec/schemaWalk.ts';
import { allSettings } from '../../../src/units/table.ts';
import { TestHost } from './testHost.ts';

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

describe('hublet explain', () => {
  it('says type, meaning, property and when a change takes effect', async () => {
    expect(await runExplain(host.context, 'spec.resources.memory.limit')).toBe(EXIT.ok);

    expect(host.out).toMatch(/^spec\.resources\.memory\.limit\n {2}Most memory, such as 512M/);
    expect(host.out).toMatch(/^ {2}type +size$/m);
    expect(host.out).toMatch(/^ {2}systemd +MemoryMax=/m);
    expect(host.out).toMatch(/^ {2}a change +live: /m);
    expect(host.out).toMatch(/^ {2}elsewhere +.*mem_limit/m);
  });

  it('lists the fields below', async () => {
    await runExplain(host.context, 'spec.resources.memory');

    expect(host.out).toMatch(/^fields\n {2}limit +size +Most memory/m);
  });

  it('begins with the parts of a spec, and knows the configuration', async () => {
    await runExplain(host.context, '');
    expect(host.out).toMatch(/^server\n/);
    expect(host.out).toMatch(/^ {2}spec +object +Required\. /m);

    host.out = '';
    await runExplain(host.context, 'config');
    expect(host.out).toMatch(/^config\n/);
    expect(host.out).toMatch(/^ {2}sources +list of objects/m);
  });

  it.each([
    ['port', 'spec.port'],
    ['server.spec.port', 'spec.port'],
    ['resources.memory', 'spec.resources.memory'],
    ['spec.command[0]', 'spec.command[]'],
    ['metadata.labels.example.org/team', 'metadata.labels.NAME'],
    ['spec.environment.HOME', 'spec.environment.NAME'],
    ['sources[0].owner', 'sources[].owner'],
    ['config.sources.path', 'sources[].path'],
    ['mem_limit', 'spec.resources.memory.limit'],
  ])('understands %s', (text, path) => {
    expect(findField(text)).toMatchObject({ kind: 'found', field: { path } });
  });

  it.each([
    ['resource.memory', 'spec.resources.memory'],
    ['spec.resources.memry', 'spec.resources.memory'],
    ['config.souces', 'config.sources'],
    ['server.metadata.lables', 'metadata.labels'],
  ])('of %s asks whether %s was meant', (text, meant) => {
    expect(findField(text)).toEqual({ kind: 'unknown', message: expect.stringContaining(`did you mean ${meant}?`) });
  });

  it('knows the settings of systemd that no field has, and where the others are', async () => {
    await runExplain(host.context, 'unitProperties.LimitCORE');
    expect(host.out).toMatch(/^spec\.unitProperties\.LimitCORE\n[\s\S]*LimitCORE= \(systemd\.exec\(5\)\)/);

    host.out = '';
    await runExplain(host.context, 'MemoryMax');
    expect(host.out).toMatch(/^MemoryMax is here:\nspec\.resources\.memory\.limit\n/);

    host.out = '';
    await runExplain(host.context, 'spec.unitProperties.KillMode');
    expect(host.out).toMatch(/^KillMode\n {2}Belongs to hublet: /);
  });

  it('says since which systemd there is what not every one has', async () => {
    await runExplain(host.context, 'unitProperties.MemoryZSwapMax');

    expect(host.out).toMatch(/^ {2}needs +systemd 253$/m);
  });

  it('knows each setting of the table', () => {
    for (const { name } of allSettings()) expect(findField(name).kind, name).not.toBe('unknown');
  });

  it('asks whether a setting was meant that is called nearly so', () => {
    expect(findField('unitProperties.LimitCOR')).toEqual({
      kind: 'unknown',
      message: expect.stringContaining('did you mean LimitCORE'),
    });
  });

  it('refuses what nothing is near as wrong usage', async () => {
    await expect(runExplain(host.context, 'qqqqqqqq')).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringContaining("'hublet explain config'"),
    });
  });

  it('knows every field of both schemas by its path, and has words for it', async () => {
    const paths = [
      ...listFields(serverSchema).map(({ path }) => path),
      ...listFields(configSchema).map(({ path }) => `config.${path}`),
    ];

    for (const path of paths) {
      host.out = '';
      expect(await runExplain(host.context, path)).toBe(EXIT.ok);
      expect(host.out, path).toMatch(/^\S+\n {2}\S/);
    }
  });

  it('leads from every name that others use to a field that is there', () => {
    for (const name of Object.keys(OTHER_NAMES)) {
      const found = findField(name);
      if (found.kind === 'unknown') expect(found.message).toMatch(/did you mean/);
    }
  });
});
