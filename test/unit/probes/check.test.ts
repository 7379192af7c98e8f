import { createServer as createHttp, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer as createTcp, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createCheck } from '../../../src/probes/check.ts';
import type { HttpCheck } from '../../../src/spec/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { CERTIFICATE } from './certificate.ts';

const HTTP: HttpCheck = { kind: 'http', path: '/api?token=secret', scheme: 'http', headers: {} };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  onTestFinished(() => {
    if ('closeAllConnections' in server && typeof server.closeAllConnections === 'function')
      server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const http = (answer: RequestListener) => listen(createHttp(answer));

function run(port: number, check: Parameters<ReturnType<typeof createCheck>>[0] = HTTP) {
  const clock = new FakeClock();
  const aborter = new AbortController();
  const result = createCheck(clock)(check, { port, timeoutMs: 2_000 }, aborter.signal);
  return { clock, aborter, result };
}

test.each([
  [200, 'succeeded'],
  [204, 'succeeded'],
  [302, 'succeeded'],
  [399, 'succeeded'],
  [400, 'failed'],
  [404, 'failed'],
  [503, 'failed'],
])('HTTP %i is %s, and the message leaves the query out', async (status, outcome) => {
  const port = await http((_, response) => response.writeHead(status, { location: 'http://127.0.0.1:1/' }).end());

  expect(await run(port).result).toEqual({ outcome, message: `HTTP ${status} from http://127.0.0.1:${port}/api` });
});

test('the request is a GET for the path with the host it goes to, and the headers of the spec win', async () => {
  const seen: unknown[] = [];
  const port = await http(({ method, url, headers }, response) => {
    seen.push([method, url, headers.host, headers.accept, headers['x-a']]);
    response.end();
  });

  await run(port, { ...HTTP, headers: { 'X-A': 'b', ACCEPT: 'text/plain' } }).result;
  await run(port, { ...HTTP, headers: { Host: 'hub.example' } }).result;

  expect(seen).toEqual([
    ['GET', '/api?token=secret', `127.0.0.1:${port}`, 'text/plain', 'b'],
    ['GET', '/api?token=secret', 'hub.example', '*/*', undefined],
  ]);
});

test('an answer is taken at its head, though its body never ends', async () => {
  const port = await http((_, response) => {
    response.writeHead(200);
    response.write('forever');
  });

  expect(await run(port).result).toMatchObject({ outcome: 'succeeded' });
});

test('https works with a certificate that nobody signed', async () => {
  const port = await listen(createHttps(CERTIFICATE, (_, response) => response.end()));

  expect(await run(port, { ...HTTP, scheme: 'https' }).result).toEqual({
    outcome: 'succeeded',
    message: `HTTP 200 from https://127.0.0.1:${port}/api`,
  });
});

test('a port where nothing listens is a failure', async () => {
  const port = await http(() => undefined);
  const closed = createTcp();
  const free = await listen(closed);
  await new Promise((done) => closed.close(done));

  expect(await run(free).result).toEqual({
    outcome: 'failed',
    message: `connection refused from http://127.0.0.1:${free}/api`,
  });
  expect(port).not.toBe(free);
});

test('an answer that is not HTTP, and a connection that is closed, are failures', async () => {
  const garbage = await listen(createTcp((socket) => socket.end('SSH-2.0-x\r\n')));
  const closing = await listen(createTcp((socket) => socket.destroy()));

  expect((await run(garbage).result).message).toMatch(/^no HTTP answer \(HPE_/);
  expect((await run(closing).result).message).toMatch(/^connection closed before an answer/);
});

test('time that was over long before it was noticed says nothing about the server', async () => {
  class LateClock extends FakeClock {
    lateMs = 0;
    override monotonicMs(): number {
      return super.monotonicMs() + this.lateMs;
    }
  }
  const clock = new LateClock();
  const port = await http(() => undefined);
  const result = createCheck(clock)(HTTP, { port, timeoutMs: 2_000 }, new AbortController().signal);
  clock.lateMs = 3_000;
  clock.advance(2_000);

  expect(await result).toEqual({
    outcome: 'notMade',
    message: 'the probe could not be made: hublet itself was held up',
  });
});

test('no answer within the time is a failure', async () => {
  let asked = (): void => undefined;
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  const port = await http(() => asked());
  const { clock, result } = run(port);
  await isAsked;

  clock.advance(2_000);

  expect(await result).toEqual({
    outcome: 'failed',
    message: `no answer from http://127.0.0.1:${port}/api within 2 s`,
  });
});

test('a request that HTTP does not allow could not be made', async () => {
  const port = await http((_, response) => response.end());

  expect(await run(port, { ...HTTP, path: '/a b' }).result).toMatchObject({ outcome: 'notMade' });
  expect(await run(port, { ...HTTP, headers: { a: 'b\nc' } }).result).toMatchObject({ outcome: 'notMade' });
});

test('a check that is given up ends at once, and one given up before it begins never connects', async () => {
  const port = await http(() => undefined);
  const { aborter, result } = run(port);
  aborter.abort();

  expect(await result).toEqual({ outcome: 'notMade', message: 'given up' });
  expect(await createCheck(new FakeClock())(HTTP, { port, timeoutMs: 1 }, AbortSignal.abort())).toMatchObject({
    outcome: 'notMade',
  });
});

test('tcp succeeds on a connection and fails without', async () => {
  const server = createTcp();
  const port = await listen(server);
  expect(await run(port, { kind: 'tcp' }).result).toEqual({
    outcome: 'succeeded',
    message: `connected to 127.0.0.1:${port}`,
  });

  await new Promise((done) => server.close(done));

  expect(await run(port, { kind: 'tcp' }).result).toEqual({
    outcome: 'failed',
    message: `connection refused from 127.0.0.1:${port}`,
  });
});

test('nothing is left of a check that is over: no timer, no listener', async () => {
  const port = await http((_, response) => response.end());
  const { clock, result } = run(port);
  await result;

  expect(clock.nextDueMs()).toBeUndefined();
});
