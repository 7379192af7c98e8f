import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dynamicAccount } from '../../../src/admission/dynamicAccount.ts';
import { choosePort } from '../../../src/admission/ports.ts';
import { serverNameProblem } from '../../../src/spec/names.ts';
import { escapedName, serverFileId, unitName } from '../../../src/units/name.ts';
import { World } from '../../fakes/world.ts';

/** Names that are near to each other: cut, escaped or put in lower case carelessly, they would be one. */
const ODD = ['a b', 'a\\x20b', 'a-b', 'dom\\dd', 'u@x.org', 'ü', 'u\u0308', 'A', 'a', 'x'.repeat(64), 'x'.repeat(65)];
const LONG = ['b'.repeat(128), `${'b'.repeat(127)}c`, 'é'.repeat(64), `${'é'.repeat(63)}è`, '%n', '$HOME', '{NAME}'];

const serverName = fc
  .oneof(
    fc.constantFrom(...ODD, ...LONG),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }),
    fc
      .tuple(fc.constantFrom('é'.repeat(50), 'x'.repeat(100)), fc.string({ maxLength: 3 }))
      .map((parts) => parts.join('')),
  )
  .filter((name) => serverNameProblem(name) === undefined);

const serverNames = fc.uniqueArray(serverName, { minLength: 2, maxLength: 30 });

it('two servers never share a unit, a port, a file, a mark, a user or a state directory', () => {
  fc.assert(
    fc.property(serverNames, fc.boolean(), (names, isReadable) => {
      const ports = new Map<string, number>();
      for (const name of names) {
        const range = { first: 20_000, last: 20_040 };
        const choice = choosePort({
          wanted: 'auto',
          name,
          assigned: ports,
          fixed: new Map(),
          range,
          isFree: () => true,
        });
        if (choice.kind === 'port') ports.set(name, choice.port);
      }
      const distinct = (values: readonly unknown[]) => expect(new Set(values).size).toBe(names.length);

      distinct([...ports.values()]);
      distinct(names.map(unitName));
      distinct(names.map(serverFileId));
      distinct(names.map(escapedName));
      distinct(names.map((name) => dynamicAccount(name, isReadable).name));
      distinct(names.map((name) => dynamicAccount(name, isReadable).home));
    }),
  );
});

it('servers with odd names all run at once, each as a unit of its own', async () => {
  const world = new World();
  const names = [...ODD, ...LONG];
  for (const name of names) world.source.put(name, { command: ['/bin/sleep', '{NAME}'], user: 'alice' });
  world.maxStarting = names.length;

  await world.start();
  await world.pass(2_000);

  for (const name of names) expect(world.status(name)).toMatchObject({ phase: 'Ready', unit: unitName(name) });
  expect(world.systemd.started).toHaveLength(names.length);
  expect(new Set(world.ports.values()).size).toBe(names.length);
  expect(world.environments.size).toBe(names.length);
});
