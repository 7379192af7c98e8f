import { expect, test } from 'vitest';
import { catalogueRows } from '../../../src/metrics/catalogue.ts';
import { renderCatalogueDocs } from '../../../src/metrics/catalogueDocs.ts';

test('the documentation has one row for each family, and tables that hold together', () => {
  const rows = renderCatalogueDocs()
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  expect(rows.map((row) => /^\| `(\w+)`/.exec(row)?.[1])).toEqual(catalogueRows().map((row) => row.name));
  expect(new Set(rows.map((row) => row.split('|').length))).toEqual(new Set([9, 11]));
});
