import { expect, it } from 'vitest';
import * as z from 'zod';
import { explainIssues, locateProblems } from '../../../src/spec/problems.ts';

it('no more issues of a document are explained than are shown', () => {
  let asked = 0;
  const otherNames = new Proxy<Record<string, string>>(
    {},
    {
      getOwnPropertyDescriptor() {
        asked += 1;
        return undefined;
      },
    },
  );
  const schema = z.strictObject({ windows: z.array(z.strictObject({ start: z.string().optional() })) });
  const document = { windows: Array.from({ length: 9_000 }, () => ({ strat: 1 })) };
  const { error } = schema.safeParse(document);

  const found = explainIssues(error?.issues ?? [], document, { schema, otherNames });

  expect(error?.issues).toHaveLength(9_000);
  expect(found).toHaveLength(25);
  expect(asked).toBe(25);
});

it('a message stays short whatever it quotes', () => {
  const message = `must be "alice", not "${'x'.repeat(60_000)}"`;
  const problem = { path: ['metadata', 'name'], message, code: 'SchemaError', part: 'value' } as const;
  const [located] = locateProblems([problem], () => ({ line: 1, column: 1 }));
  expect(located?.message.length).toBeLessThan(500);
});
