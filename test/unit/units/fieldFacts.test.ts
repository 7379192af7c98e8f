import { describe, expect, it } from 'vitest';
import { serverSchema } from '../../../src/spec/schema.ts';
import { listFields } from '../../../src/spec/schemaWalk.ts';
import { effectOfField, neededSystemd, settingsOfField } from '../../../src/units/fieldFacts.ts';
import { allSettings, settingOf } from '../../../src/units/table.ts';

const fields = listFields(serverSchema).map(({ path, schema }) => ({ path, description: schema.description ?? '' }));
const namesOf = (path: string): readonly string[] => {
  const { description = '' } = fields.find((field) => field.path === path) ?? {};
  return settingsOfField(path, description).map(({ name }) => name);
};
const effectOf = (path: string) => effectOfField(path, fields.find((field) => field.path === path)?.description ?? '');

describe('what a field becomes', () => {
  it('is a setting that the table knows, wherever a description names one', () => {
    const named = fields.flatMap(({ description }) => [...description.matchAll(/\b[A-Z][A-Za-z]+(?==)/g)]);

    expect(named.length).toBeGreaterThan(40);
    expect(named.map(([name]) => name).filter((name) => settingOf(name) === undefined)).toEqual([]);
  });

  it('is named by each field that the table gives a setting to', () => {
    const paths = new Set(fields.map(({ path }) => path));
    const owners = allSettings().flatMap(({ owner }) => (owner.kind === 'field' ? [owner.path] : []));

    expect([...new Set(owners)].filter((path) => !paths.has(path))).toEqual([]);
  });

  it('is in the order of the description, the prefix of another setting being none', () => {
    expect(namesOf('spec.dynamicUser')).toEqual(['DynamicUser', 'StateDirectory']);
    expect(namesOf('spec.preStart')).toEqual(['ExecStartPre']);
    expect(settingsOfField('spec.resources.io.readIops.NAME', '').map(({ name }) => name)).toEqual(['IOReadIOPSMax']);
    expect(namesOf('spec.shell')).toEqual([]);
  });
});

it.each([
  ['metadata.labels', 'at once'],
  ['spec.suspend.until', 'at once'],
  ['spec.backoff.max', 'at once'],
  ['spec.probes.liveness.http.path', 'at once'],
  ['spec.priority', 'at once'],
  ['spec.schedule.windows', 'at once'],
  ['spec.idle.timeout', 'at once'],
  ['spec.maxAge', 'at once'],
  ['spec.updateStrategy', 'at once'],
  ['spec.deletionPolicy', 'at once'],
  ['spec.resources.memory.limit', 'live'],
  ['spec.resources.io.readIops', 'live'],
  ['spec.resources.files', 'restart'],
  ['spec.startTimeout', 'next start'],
  ['spec.environment', 'restart'],
  ['spec.shell', 'restart'],
  ['spec.pool', 'restart'],
  ['spec.resources', undefined],
  ['spec.profile', undefined],
  ['spec.unitProperties', undefined],
  ['kind', undefined],
])('a change of %s takes effect: %s', (path, effect) => {
  expect(effectOf(path)).toBe(effect);
});

it('a field needs the newest of what its settings need', () => {
  expect(neededSystemd(settingsOfField('spec.credentials', ''))).toBe(247);
  expect(neededSystemd(settingsOfField('spec.user', ''))).toBeUndefined();
});
