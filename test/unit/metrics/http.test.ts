import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSystemClock } from '../../../src/clock.ts';
import type { HealthCheck } from '../../../src/metrics/health.ts';
import { createHttpServer, type HttpServer } from '../../../src/metrics/http.ts';
import { createSite } from '../../../src/page/site.ts';
import type { PageSnapshot } from '../../../src/page/types.ts';
import { exampleSnapshot } from '../../page/example.ts';
import { recordingLog } from '../cgroup/tree.ts';

interface Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Long enough to be worth compressing. */
const TEXT_SCRAPE = `# text\n${'a_line 1\n'.repeat(500)}`;

let http: HttpServer;
let log: ReturnType<typeof recordingLog>;
let directory: string;
let checks: HealthCheck[];
let pageSnapshot: PageSnapshot;
let render: (format: string) => Promise<string>;
beforeEach(() => {
  log = recordingLog();
  checks = [{ name: 'dbus', check: () => undefined }];
  render = async (format) => (format === 'text' ? TEXT_SCRAPE : '# EOF\n');
  directory = mkdtempSync(join(tmpdir(), 'hublet-http-'));
  pageSnapshot = exampleSnapshot();
  const clock = createSystemClock();
  http = createHttpServer({
    clock,
    log,
    render: async function* (format) {
      yield await render(format);
    },
    readiness: checks,
    liveness: [{ name: 'loop', check: () => undefined }],
    site: createSite({ clock, log, snapshot: () => pageSnapshot }),
  });
});
afterEach(async () => {
  await http.stop();
  rmSync(directory, { recursive: true });
});

async function listening(listen = '127.0.0.1:0'): Promise<string> {
  const result = await http.start(listen);
  if (result.kind === 'failed') throw new Error(result.message);
  return result.address;
}

function ask(address: string, path: string, options: { method?: string; headers?: Record<string, string> } = {}) {
  const where = address.startsWith('unix:')
    ? { socketPath: address.slice('unix:'.length) }
    : { host: address.split(':')[0], port: Number(address.split(':')[1]) };
  return new Promise<Response>((resolve, reject) => {
    const outgoing = request({ ...where, path, agent: false, ...options }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () =>
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(chunks) }),
      );
    });
    outgoing.on('error', reject);
    outgoing.end();
  });
}

interface Change {
  readonly set: Readonly<Record<string, string>>;
  readonly gone?: readonly string[];
}

/** Reads events as a browser does. */
async function follow(address: string, path: string) {
  const [host, port] = address.split(':');
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const outgoing = request({ host, port, path: path.replaceAll('&#38;', '&'), agent: false }, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
  incoming.setEncoding('utf8');
  incoming.on('error', () => incoming.destroy());
  let text = '';
  const messages: Change[] = [];
  const wakers: (() => void)[] = [];
  incoming.on('data', (chunk: string) => {
    text += chunk;
    const parts = text.split('\n\n');
    text = parts.pop() ?? '';
    const data = parts.flatMap((part) => part.match(/^data: (.*)$/m)?.[1] ?? []);
    messages.push(...data.map((line) => JSON.parse(line) as Change));
    for (const wake of wakers.splice(0)) wake();
  });
  return {
    ended: new Promise((resolve) => incoming.once('close', resolve)),
    end: () => incoming.destroy(),
    async next(): Promise<Change> {
      while (messages.length === 0) await new Promise<void>((resolve) => wakers.push(resolve));
      return messages.shift() as Change;
    },
  };
}

describe('/metrics', () => {
  test('is text with its length for whoever asks for nothing else', async () => {
    const { status, headers, body } = await ask(await listening(), '/metrics');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['content-length']).toBe(String(TEXT_SCRAPE.length));
    expect(body.toString()).toBe(TEXT_SCRAPE);
  });

  test('is OpenMetrics for whoever asks for it', async () => {
    const accept = 'application/openmetrics-text;version=1.0.0';
    const { headers, body } = await ask(await listening(), '/metrics', { headers: { accept } });
    expect(headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(headers.vary).toContain('Accept');
    expect(body.toString()).toBe('# EOF\n');
  });

  test('is compressed for whoever takes it', async () => {
    const { headers, body } = await ask(await listening(), '/metrics', { headers: { 'accept-encoding': 'gzip' } });
    expect(headers['content-encoding']).toBe('gzip');
    expect(headers['content-length']).toBe(String(body.length));
    expect(gunzipSync(body).toString()).toBe(TEXT_SCRAPE);
  });

  test('that can not be made is an error for the client and the log, and the next one is fine', async () => {
    const address = await listening();
    const working = render;
    render = async () => {
      throw new Error('secret detail');
    };
    const failed = await ask(address, '/metrics');
    render = working;
    expect(failed.status).toBe(500);
    expect(failed.body.toString()).not.toContain('secret');
    expect(log.errors).toHaveLength(1);
    expect((await ask(address, '/metrics')).status).toBe(200);
  });
});

describe('health', () => {
  test('is found at both endpoints and for one check', async () => {
    const address = await listening();
    expect((await ask(address, '/healthz')).body.toString()).toBe('ok\n');
    expect((await ask(address, '/readyz?verbose')).body.toString()).toBe('[+]dbus ok\nreadyz check passed\n');
    expect((await ask(address, '/readyz/dbus')).status).toBe(200);
    expect((await ask(address, '/readyz/loop')).status).toBe(404);
  });

  test('is 503 while a check fails', async () => {
    checks.push({ name: 'sources', check: () => '/etc/x is gone' });
    const { status, body } = await ask(await listening(), '/readyz');
    expect(status).toBe(503);
    expect(body.toString()).toContain('[-]sources failed: /etc/x is gone\n');
  });
});

describe('the pages', () => {
  test('are HTML under a policy that lets nothing foreign load or run', async () => {
    const address = await listening();
    for (const path of ['/', '/?sort=-cpu&q=al', '/servers/alice']) {
      const { status, headers, body } = await ask(address, path);
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect([headers['x-content-type-options'], headers['referrer-policy']]).toEqual(['nosniff', 'no-referrer']);
      expect(body.toString()).toContain('alice');
    }
  });

  test('of a server that is not there say so', async () => {
    const address = await listening();
    for (const path of ['/servers/nobody', '/servers/%ff', '/servers/', '/servers/alice/more']) {
      expect((await ask(address, path)).status, path).toBe(404);
    }
  });

  test('load files of their own that may be kept, because their address changes with them', async () => {
    const address = await listening();
    const page = (await ask(address, '/')).body.toString();
    const paths = [...page.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    expect(paths).toHaveLength(3);
    const types = await Promise.all(paths.map(async (path) => (await ask(address, path)).headers['content-type']));
    expect(types.sort()).toEqual(['image/svg+xml', 'text/css; charset=utf-8', 'text/javascript; charset=utf-8']);
    expect((await ask(address, paths[0] ?? '')).headers['cache-control']).toContain('immutable');
    expect((await ask(address, '/assets/..%2fsite.ts')).status).toBe(404);
  });
});

describe('events', () => {
  test('bring what the page does not show yet, then what changes', async () => {
    const address = await listening();
    const stream = (await ask(address, '/')).body.toString().match(/data-stream="([^"]+)"/)?.[1] ?? '';
    const reader = await follow(address, stream);
    pageSnapshot = { ...pageSnapshot, servers: pageSnapshot.servers.filter(({ name }) => name !== 'emil') };
    const change = await reader.next();
    expect(change.gone).toEqual(['row-emil']);
    expect(Object.keys(change.set)).toEqual(['summary']);

    const newcomer = await follow(address, '/events');
    expect(Object.keys((await newcomer.next()).set)).toContain('row-alice');
    reader.end();
    newcomer.end();
  });

  test('are for a few at a time', async () => {
    const address = await listening();
    const readers = await Promise.all(Array.from({ length: 32 }, () => follow(address, '/events')));
    const { status, headers } = await ask(address, '/events');
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    for (const reader of readers) reader.end();
  });

  test('have headers for HEAD, and end there', async () => {
    const { status, headers, body } = await ask(await listening(), '/events', { method: 'HEAD' });
    expect([status, headers['content-type'], body.length]).toEqual([200, 'text/event-stream; charset=utf-8', 0]);
  });

  test('end at stop', async () => {
    const address = await listening();
    const reader = await follow(address, '/events');
    await Promise.all([reader.ended, http.stop()]);
    await expect(ask(address, '/healthz')).rejects.toThrow();
  });

  test('under a foreign name are refused', async () => {
    expect((await ask(await listening(), '/events', { headers: { host: 'evil.example' } })).status).toBe(421);
  });
});

describe('requests', () => {
  test.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('%s is refused', async (method) => {
    const { status, headers } = await ask(await listening(), '/metrics', { method });
    expect([status, headers.allow]).toEqual([405, 'GET, HEAD']);
  });

  test('HEAD gets the headers of GET and no body', async () => {
    const address = await listening();
    const { status, headers, body } = await ask(address, '/metrics', { method: 'HEAD' });
    expect([status, headers['content-length'], body.length]).toEqual([200, String(TEXT_SCRAPE.length), 0]);
  });

  test('under a foreign name are refused', async () => {
    const { status, body } = await ask(await listening(), '/metrics', { headers: { host: 'evil.example' } });
    expect(status).toBe(421);
    expect(body.toString()).not.toContain('a_line');
  });

  test.each(['/nothing', '/metrics/more', '/readyz/a/b', '//', '/%2e%2e/etc/passwd'])(
    'for %s find nothing',
    async (path) => {
      expect((await ask(await listening(), path)).status).toBe(404);
    },
  );
});

describe('listening', () => {
  test('on a taken port fails with its reason, and works once the port is free', async () => {
    const other: Server = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => resolve((other.address() as { port: number }).port));
    });
    const listen = `127.0.0.1:${port}`;
    expect(await http.start(listen)).toMatchObject({ kind: 'failed', reason: 'AddressInUse' });

    await new Promise((resolve) => other.close(resolve));
    expect(await http.start(listen)).toEqual({ kind: 'listening', address: listen });
  });

  test('on what is no address fails and says what one is', async () => {
    const result = await http.start('nonsense');
    expect(result).toMatchObject({ kind: 'failed', reason: 'Failed' });
    expect(result.kind === 'failed' && result.message).toContain('host:port');
  });

  test('on a unix socket is for owner and group alone', async () => {
    const path = join(directory, 'http.sock');
    const address = await listening(`unix:${path}`);
    expect(statSync(path).mode & 0o777).toBe(0o660);
    expect((await ask(address, '/healthz')).status).toBe(200);
  });

  test('takes over the socket file of a process that was killed, and no other file', async () => {
    const socket = join(directory, 'http.sock');
    await leaveStaleSocket(socket);
    expect(await http.start(`unix:${socket}`)).toMatchObject({ kind: 'listening' });

    const file = join(directory, 'precious');
    writeFileSync(file, 'data');
    expect(await http.start(`unix:${file}`)).toMatchObject({ kind: 'failed' });
    expect(statSync(file).size).toBe(4);
  });

  test('leaves a socket alone on which somebody answers', async () => {
    const path = join(directory, 'http.sock');
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(path, resolve));
    expect(await http.start(`unix:${path}`)).toMatchObject({ kind: 'failed', reason: 'AddressInUse' });
    await new Promise((resolve) => other.close(resolve));
  });

  test('comes to nothing where it is stopped while it begins', async () => {
    const beginning = http.start('127.0.0.1:0');
    await http.stop();
    expect(await beginning).toMatchObject({ kind: 'failed' });
  });

  test('ends at stop, with connections that clients keep open', async () => {
    const address = await listening();
    const [host, port] = address.split(':');
    const kept = new (await import('node:net')).Socket();
    await new Promise<void>((resolve) => kept.connect(Number(port), host ?? '', resolve));
    const ended = new Promise((resolve) => kept.once('close', resolve));
    kept.on('error', () => kept.destroy());
    kept.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n');
    await new Promise((resolve) => kept.once('data', resolve));

    await http.stop();
    await ended;
    await expect(ask(address, '/healthz')).rejects.toThrow();
  });
});

/** Node removes a socket's file when it closes it, so the file is moved away first and back after. */
async function leaveStaleSocket(path: string): Promise<void> {
  const { renameSync } = await import('node:fs');
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  renameSync(path, `${path}.moved`);
  await new Promise((resolve) => server.close(resolve));
  renameSync(`${path}.moved`, path);
}
