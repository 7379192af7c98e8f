import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dynamicAccount } from '../../../src/admission/dynamicAccount.ts';
import { admit } from '../../../src/admission/resolve.ts';
import type { Server } from '../../../src/admission/types.ts';
import { compileUnit } from '../../../src/units/compile.ts';
import { serverFileId, serverPathName, unitName } from '../../../src/units/name.ts';
import { liveRows, propertyRow } from '../../../src/units/table.ts';
import { serverDocument, serverName } from '../../arbitraries/server.ts';
import { wholeSpec } from '../../fakes/wholeSpec.ts';
import { decodeEnvironmentFile } from './environmentFile.ts';
import { ALICE, CONTEXT } from './servers.ts';

const servers: fc.Arbitrary<Server> = serverDocument().map((document) => {
  const { name } = document.metadata;
  const spec = wholeSpec(JSON.stringify(document), name);
  const account = spec.dynamicUser ? dynamicAccount(name, true) : ALICE;
  const admitted = admit(spec, { account, ...(spec.port === 'none' ? {} : { port: 20_001 }) });
  if (admitted.kind === 'refused') throw new Error(`${admitted.message}: ${JSON.stringify(document)}`);
  return admitted.server;
});

describe('any valid spec', () => {
  it('compiles to properties of the table, the same each time', () => {
    fc.assert(
      fc.property(servers, (server) => {
        const plan = compileUnit(server, CONTEXT);

        for (const { name, signature } of plan.properties) expect(propertyRow(name)?.signature).toBe(signature);
        expect(plan.live.map(({ name }) => name)).toEqual(liveRows().map(({ name }) => name));
        expect(compileUnit(server, CONTEXT)).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });

  it('has its own variables in the environment file, as they are', () => {
    fc.assert(
      fc.property(servers, (server) => {
        const variables = decodeEnvironmentFile(compileUnit(server, CONTEXT).environmentFile.text);
        const { PATH: _path, ...own } = server.spec.environment;

        expect(Object.fromEntries(variables)).toMatchObject(own);
      }),
    );
  });

  it('keeps what may be secret out of every property: of its environment nothing is there', () => {
    fc.assert(
      fc.property(servers, (server) => {
        const spec = { ...server.spec, environment: { TOKEN: 'hunter2-in-the-environment' } };
        const { properties } = compileUnit({ ...server, spec }, CONTEXT);

        expect(
          JSON.stringify(properties, (_key, value) => (typeof value === 'bigint' ? String(value) : value)),
        ).not.toContain('hunter2');
      }),
    );
  });
});

describe('two servers', () => {
  it.each<[string, (name: string) => string]>([
    ['unit', unitName],
    ['environment file', serverFileId],
    ['directory of their own', serverPathName],
    ['dynamic user', (name) => dynamicAccount(name, true).name],
    ['dynamic user by its hash', (name) => dynamicAccount(name, false).name],
  ])('never share a %s', (_what, nameOf) => {
    fc.assert(
      fc.property(serverName, serverName, (a, b) => {
        expect(nameOf(a) === nameOf(b)).toBe(a === b);
      }),
      { numRuns: 1000 },
    );
  });

  it('never have one directory inside another', () => {
    fc.assert(
      fc.property(serverName, (name) => {
        expect(serverPathName(name)).toMatch(/^[A-Za-z0-9_=-][A-Za-z0-9_.=-]{0,184}$/);
      }),
    );
  });
});
