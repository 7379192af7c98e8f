import { expect, test } from 'vitest';
import { readExpression } from './promql.ts';

test('metrics, matchers and groupings are told from functions, keywords and texts', () => {
  const text = `topk(10, sum by (a, b) (rate(x_total{job="by {c}", d=~".+"}[5m]))) / on (e) group_left (f) y:z:rate5m > bool 1.5e3 or vector(0) and z unless time() - timestamp(w == 1)`;
  const { selectors, groupings } = readExpression(text);
  expect(selectors.map(({ metric }) => metric)).toEqual(['x_total', 'y:z:rate5m', 'z', 'w']);
  expect(selectors[0]?.matchers).toEqual([
    { label: 'job', operator: '=', value: 'by {c}' },
    { label: 'd', operator: '=~', value: '.+' },
  ]);
  expect(groupings).toEqual(['a', 'b', 'e', 'f']);
});

test('an aggregation with its labels behind it has no metric of its own', () => {
  const { selectors, groupings } = readExpression('sum(x) by (le) + count without (a) (y)');
  expect(selectors.map(({ metric }) => metric)).toEqual(['x', 'y']);
  expect(groupings).toEqual(['le', 'a']);
});

test('what is no token is an error', () => {
  expect(() => readExpression('a & b')).toThrow('& b');
});
