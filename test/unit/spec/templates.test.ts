import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expand, TEMPLATE_NAMES, TemplateError, templatesIn } from '../../../src/spec/templates.ts';

const values = { NAME: 'alice', USER: 'al', UID: '1001', HOME: '/home/al', UNIT: 'hublet-alice.service' };

describe('expand', () => {
  it.each([
    ['{NAME} {USER} {HOME}/x', 'alice al /home/al/x'],
    ['{USERNAME}:{USERID}', 'al:1001'],
    ['{{NAME}}', '{NAME}'],
    ['{{{NAME}}}', '{{NAME}}'],
    ['{"a": {"b": [1]}}', '{"a": {"b": [1]}}'],
    ['{"user":{USER}}', '{"user":al}'],
    ['{name} {NAME2} {} {{x}} $NAME %n', '{name} {NAME2} {} {{x}} $NAME %n'],
    [`cd $\{HOME} && echo $\{PORT:-$\{{UID}}} {NAME}`, `cd $\{HOME} && echo $\{PORT:-$\{UID}} alice`],
    ['', ''],
  ])('%s -> %s', (text, expanded) => {
    expect(expand(text, values)).toBe(expanded);
  });

  it('names the template that has no value', () => {
    expect(() => expand('--port={PORT}', values)).toThrow(new TemplateError('PORT'));
    expect(() => expand('{PORT}', values)).toThrow('{PORT} has no value here');
  });

  it('does not expand what a value holds, nor treats $ in it specially', () => {
    expect(expand('{NAME}', { NAME: '{USER}$&$1', USER: 'x' })).toBe('{USER}$&$1');
  });

  it('leaves every text without a template as it is', () => {
    const text = fc.string({ unit: 'grapheme' }).filter((one) => templatesIn(one).length === 0 && !one.includes('{{'));
    fc.assert(fc.property(text, (one) => expand(one, {}) === one));
  });
});

describe('templatesIn', () => {
  it('lists each template once and no literals', () => {
    expect(templatesIn('{PORT}{{HOME}}{NAME}{PORT}')).toEqual(['PORT', 'NAME']);
  });

  it('knows every template', () => {
    expect(templatesIn(TEMPLATE_NAMES.map((name) => `{${name}}`).join(' '))).toEqual([...TEMPLATE_NAMES]);
  });
});
