import { describe, expect, test } from 'vitest';
import { formatListenAddress, isHostAllowed, parseListenAddress } from '../../../src/metrics/address.ts';
import { acceptsGzip, chooseFormat } from '../../../src/metrics/negotiation.ts';

describe('format', () => {
  test.each([
    [undefined, 'text'],
    ['*/*', 'text'],
    ['text/html,application/xhtml+xml,*/*;q=0.8', 'text'],
    ['text/plain;version=0.0.4', 'text'],
    ['application/openmetrics-text', 'openmetrics'],
    ['application/openmetrics-text; version="1.0.0"; charset=utf-8', 'openmetrics'],
    ['application/openmetrics-text;version=1.0.0;q=0.2,text/plain;q=0.9', 'text'],
    ['application/openmetrics-text;q=0', 'text'],
    ['application/openmetrics-text;version=2.0.0', 'text'],
    [
      'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2',
      'openmetrics',
    ],
  ])('for Accept: %s is %s', (accept, format) => {
    expect(chooseFormat(accept)).toBe(format);
  });
});

test.each([
  [undefined, false],
  ['gzip', true],
  ['deflate, GZIP;q=0.5', true],
  ['gzip;q=0', false],
  ['identity', false],
  ['*', true],
  ['*, gzip;q=0', false],
])('Accept-Encoding: %s takes gzip: %s', (header, isTaken) => {
  expect(acceptsGzip(header)).toBe(isTaken);
});

describe('listen address', () => {
  test.each(['127.0.0.1:9810', 'localhost:0', '[::1]:9810', 'unix:/run/hublet/http.sock', '0.0.0.0:80'])(
    '%s is one',
    (text) => {
      const address = parseListenAddress(text);
      expect(address && formatListenAddress(address)).toBe(text);
    },
  );

  test.each([
    '',
    '9810',
    ':9810',
    '127.0.0.1',
    '127.0.0.1:x',
    '127.0.0.1:70000',
    '::1:9810',
    'unix:relative',
    'http://x:1',
  ])('%j is none', (text) => {
    expect(parseListenAddress(text)).toBeUndefined();
  });
});

describe('Host', () => {
  const loopback = { kind: 'tcp', host: '127.0.0.1', port: 9810 } as const;

  test.each(['localhost', 'LOCALHOST:9810', '127.0.0.1', '127.0.0.1:9810', '[::1]:9810'])('%s is served', (host) => {
    expect(isHostAllowed(host, loopback)).toBe(true);
  });

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:9810',
    '127.0.0.1.evil.example',
    'localhost@evil',
    '10.0.0.1',
  ])('%s is refused', (host) => {
    expect(isHostAllowed(host, loopback)).toBe(false);
  });

  test('the configured host and the given names are served', () => {
    const address = { kind: 'tcp', host: 'hub.example', port: 9810 } as const;
    expect(isHostAllowed('hub.example:9810', address)).toBe(true);
    expect(isHostAllowed('hub', address, ['hub'])).toBe(true);
    expect(isHostAllowed('other', address, ['hub'])).toBe(false);
    expect(isHostAllowed('[fd00::1]:9810', { kind: 'tcp', host: 'fd00::1', port: 9810 })).toBe(true);
  });

  test('a wildcard serves any address and no foreign name', () => {
    const address = { kind: 'tcp', host: '0.0.0.0', port: 9810 } as const;
    expect(isHostAllowed('10.0.0.1:9810', address)).toBe(true);
    expect(isHostAllowed('[fd00::1]', address)).toBe(true);
    expect(isHostAllowed('evil.example', address)).toBe(false);
  });

  test('a unix socket serves whoever may open it', () => {
    expect(isHostAllowed('anything', { kind: 'unix', path: '/run/x' })).toBe(true);
  });
});
