import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { OTHER_NAMES } from '../../../src/spec/contractFields.ts';
import { renderServerJsonSchema } from '../../../src/spec/jsonSchema.ts';
import { serverSchema } from '../../../src/spec/schema.ts';
import { fieldNamesAt, formatFieldPath, listFields } from '../../../src/spec/schemaWalk.ts';

const fields = listFields(serverSchema);
const paths = new Set(fields.map(({ path }) => path));

describe('the schema', () => {
  it('describes every field', () => {
    const undescribed = fields.filter(({ schema }) => (schema.description ?? '') === '').map(({ path }) => path);
    expect(undescribed).toEqual([]);
  });

  it('has every field of the contract', () => {
    const fieldsOfSpec = `profile user group supplementaryGroups dynamicUser command preStart postStop workingDirectory environment
      environmentFiles credentials shell extraPaths port resources sandbox pool unitProperties probes restartPolicy backoff
      terminationGracePeriod startTimeout schedule idle maxAge suspend updateStrategy deletionPolicy priority`;
    for (const kind of ['startup', 'readiness', 'liveness'])
      for (const check of ['http', 'tcp', 'exec.command']) expect(paths).toContain(`spec.probes.${kind}.${check}`);
    for (const name of fieldsOfSpec.split(/\s+/)) {
      expect(paths).toContain(`spec.${name}`);
    }
  });

  it('is what the names of others point to', () => {
    const strange = Object.values(OTHER_NAMES).filter((path) => !paths.has(path));
    expect(strange).toEqual([]);
  });

  it('is generated for editors as it is now', () => {
    const path = join(import.meta.dirname, '../../../desired-state/schema/server.schema.json');
    expect(readFileSync(path, 'utf8')).toBe(renderServerJsonSchema());
  });

  it('carries defaults, patterns and strictness into JSON Schema', () => {
    const { properties, additionalProperties } = JSON.parse(renderServerJsonSchema());
    expect(additionalProperties).toBe(false);
    expect(properties.spec.required).toBeUndefined();
    expect(properties.spec.properties.shell.default).toBe('/bin/bash');
    expect(JSON.stringify(properties.spec.properties.startTimeout)).toContain('ms');
  });
});

describe('walking', () => {
  it('goes through optional fields, lists and unions', () => {
    expect(fieldNamesAt(serverSchema, [])).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
    expect(fieldNamesAt(serverSchema, ['spec', 'resources', 'memory'])).toContain('guarantee');
    expect(fieldNamesAt(serverSchema, ['spec', 'suspend'])).toEqual(['reason', 'until']);
    expect(fieldNamesAt(serverSchema, ['spec', 'environment'])).toEqual([]);
    expect(fieldNamesAt(serverSchema, ['spec', 'nothing', 'there'])).toEqual([]);
  });

  it('writes a path as people would', () => {
    expect(formatFieldPath(['spec', 'command', 0])).toBe('spec.command[0]');
    expect(formatFieldPath(['metadata', 'labels', 'a.b/c'])).toBe('metadata.labels["a.b/c"]');
    expect(formatFieldPath([])).toBe('');
  });

  it('keeps what may be a secret out of paths', () => {
    expect(formatFieldPath(['spec', 'environment', 'TOKEN'])).toBe('spec.environment.TOKEN');
    expect(formatFieldPath(['spec', 'environment', 'TOKEN s3cret'])).toBe('spec.environment["TOKEN..."]');
    expect(formatFieldPath(['spec', 'TOKEN=s3cret'])).toBe('spec["TOKEN..."]');
  });
});
