import fc from 'fast-check';
import { expect, test } from 'vitest';
import { scrubLine } from '../../../src/journal/scrub.ts';

test.each([
  ['    http://127.0.0.1:8888/lab?token=0123456789abcdef', '    http://127.0.0.1:8888/lab?token=[hidden]'],
  ['GET /api?token=abc&x=1 200', 'GET /api?token=[hidden]&x=1 200'],
  ['GET /api?x=1;_xsrf=2|abc|def HTTP/1.1', 'GET /api?x=1;_xsrf=[hidden] HTTP/1.1'],
  ['{"token": "abc def", "x": 1}', '{"token": [hidden], "x": 1}'],
  ["{'Authorization': 'token 0123abc'}", "{'Authorization': '[hidden]'}"],
  ['Authorization: Bearer abc.def-ghi', 'Authorization: [hidden]'],
  ['curl -H "authorization: Basic dXNlcjpwYXNz" x', 'curl -H "authorization: [hidden]" x'],
  ['sent bearer abcdef123456', 'sent bearer [hidden]'],
  ['jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln ok', 'jwt [hidden] ok'],
  ['JPY_API_TOKEN=abc', 'JPY_API_TOKEN=[hidden]'],
  ['AWS_SECRET_ACCESS_KEY=abc/def+g', 'AWS_SECRET_ACCESS_KEY=[hidden]'],
  ['password: hunter2', 'password: [hidden]'],
  ['--password hunter2 --port 1', '--password [hidden] --port 1'],
  ['Set-Cookie: a=b; Path=/; c=d', 'Set-Cookie: [hidden]'],
  ['cloning https://alice:s3cret@git.example/x', 'cloning https://alice:[hidden]@git.example/x'],
  ['generated token 0123456789abcdef0123456789abcdef', 'generated token [hidden]'],
  ['token \u001b[1mabc\u001b[0m', 'token abc'],
  ['to\u001b[1mken=abc', 'token=[hidden]'],
])('%j becomes %j', (line, clean) => {
  expect(scrubLine(line)).toBe(clean);
});

test.each([
  '[I 2026-01-01 12:00:00.000 ServerApp] Serving notebooks from local directory: /home/alice',
  'ModuleNotFoundError: No module named numpy',
  'bash: line 1: nosuch: command not found',
  'commit 0123456789abcdef0123456789abcdef01234567',
  'monkey business: the keyboard is fine',
])('leaves alone: %s', (line) => {
  expect(scrubLine(line)).toBe(line);
});

test('colours, titles and control characters go, so that no line can act on a terminal', () => {
  expect(scrubLine('\u001b[31mred\u001b[0m \u001b]0;title\u0007a\rb\u0000c\u202ed')).toBe('red a b c d');
});

test('long lines are cut, and a secret that the cut goes through does not show', () => {
  const clean = scrubLine(`${'x'.repeat(300)} token=${'s'.repeat(100_000)}`);

  expect(clean.length).toBeLessThanOrEqual(500);
  expect(clean).not.toContain('ss');
});

test('no secret after a telling word and an equals sign survives, whatever stands around it', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9_.~+/-]{6,60}$/).map((text) => `q7${text}`);
  const word = fc.constantFrom(
    'token',
    'TOKEN',
    'api_key',
    'my.secret',
    'Password',
    'JUPYTERHUB_API_TOKEN',
    'cookie_secret',
  );
  fc.assert(
    fc.property(
      fc.string({ maxLength: 50 }),
      word,
      fc.constantFrom('=', ': ', ' = '),
      secret,
      fc.string({ maxLength: 50 }),
      (before, key, sign, value, after) => {
        expect(scrubLine(`${before} ${key}${sign}${value} ${after}`)).not.toContain(value);
      },
    ),
  );
});

test('every line is done in bounded time', () => {
  for (const hostile of [
    'token'.repeat(20_000),
    '"'.repeat(100_000),
    `${'a-'.repeat(50_000)}=`,
    'cookie'.repeat(20_000),
  ]) {
    expect(scrubLine(hostile).length).toBeLessThanOrEqual(500);
  }
});
