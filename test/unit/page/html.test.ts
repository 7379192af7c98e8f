import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { escapeHtml, html, serverPath } from '../../../src/page/html.ts';

/** What a browser makes of it. */
function readBack(text: string): string {
  return text.replaceAll(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

describe('markup', () => {
  test('takes any text as text, and gives it back exactly', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const { text: markup } = html`<a title="${text}">${text}</a>`;
        const [, attribute = '', content = ''] = /^<a title="([^"<>']*)">([^"<>']*)<\/a>$/.exec(markup) ?? [];
        expect([readBack(attribute), readBack(content)]).toEqual([text, text]);
      }),
    );
  });

  test('takes what it made itself as it is, joins lists and leaves out what is not there', () => {
    const items = ['<', 2].map((item) => html`<li>${item}</li>`);
    expect(html`<ul>${items}${undefined}</ul>`.text).toBe('<ul><li>&#60;</li><li>2</li></ul>');
  });

  test('leaves harmless text alone', () => {
    expect(escapeHtml('alice · müller')).toBe('alice · müller');
  });
});

test('the address of a server is one segment of a path, whatever its name', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((name) => !/[/.]/.test(name)),
      (name) => {
        const { pathname } = new URL(serverPath(name), 'http://localhost');
        expect(pathname.split('/')).toHaveLength(3);
        expect(decodeURIComponent(pathname.split('/')[2] ?? '')).toBe(name);
      },
    ),
  );
});
