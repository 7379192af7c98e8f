import { expect, it } from 'vitest';
import { defaultPlaces } from '../../../src/config/defaults.ts';
import { renderConfigJsonSchema } from '../../../src/config/jsonSchema.ts';
import { listenProblem } from '../../../src/config/listen.ts';
import { parsePortRange, portRangeProblem } from '../../../src/config/portRange.ts';
import { configSchema } from '../../../src/config/schema.ts';
import { listFields } from '../../../src/spec/schemaWalk.ts';

it.each(['127.0.0.1:9810', '[::1]:9810', 'localhost:0', '0.0.0.0:65535', 'unix:/run/hublet/http.sock', 'off'])(
  'can listen on %s',
  (listen) => {
    expect(listenProblem(listen)).toBeUndefined();
  },
);

it.each(['', '9810', ':9810', '::1:9810', 'a:b', '127.0.0.1:65536', 'unix:run/x', `unix:/${'x'.repeat(200)}`, 'a b:1'])(
  'cannot listen on %j',
  (listen) => {
    expect(listenProblem(listen)).toBeDefined();
  },
);

it.each(['20000', '0-5', '1-65536', '5-4', 'a-b', ''])('has no ports in %j', (range) => {
  expect(portRangeProblem(range)).toBeDefined();
});

it('reads a range of ports', () => {
  expect(portRangeProblem('20000-29999')).toBeUndefined();
  expect(parsePortRange('20000-29999')).toEqual({ first: 20_000, last: 29_999 });
});

it('ignores relative XDG directories, as their specification has it', () => {
  const places = defaultPlaces(true, 1000, {
    HOME: '/home/a',
    XDG_CONFIG_HOME: 'x',
    XDG_STATE_HOME: '/s',
    XDG_RUNTIME_DIR: '',
  });
  expect(places?.config.file).toBe('/home/a/.config/hublet/hublet.yaml');
  expect(places?.stateDirectory).toBe('/s/hublet');
  expect(places?.runtimeDirectory).toBe('/run/user/1000/hublet');
});

it('has the places of the contract as root', () => {
  expect(defaultPlaces(false, 0, {})).toEqual({
    config: { file: '/etc/hublet/hublet.yaml', directory: '/etc/hublet/hublet.d' },
    desiredState: '/etc/hublet/desired-state',
    runtimeDirectory: '/run/hublet',
    stateDirectory: '/var/lib/hublet',
    lockPath: '/run/hublet.lock',
    listen: '127.0.0.1:9810',
  });
});

it('describes every field', () => {
  const fields = listFields(configSchema);
  expect(fields.filter(({ schema }) => (schema.description ?? '') === '').map(({ path }) => path)).toEqual([]);
  expect(JSON.parse(renderConfigJsonSchema()).properties.kind.const).toBe('Config');
});
