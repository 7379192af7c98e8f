import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../../src/clock.ts';
import { createAskJupyter, parseLastActivity } from '../../../src/idle/jupyter.ts';

let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function serve(listener: RequestListener): Promise<number> {
  server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const ask = createAskJupyter(createSystemClock());
const place = { scheme: 'http', path: '/user/a/api/status', headers: { authorization: 'token t' } } as const;

describe('Jupyter', () => {
  it('says when it was last used, to who may ask', async () => {
    const port = await serve((request, response) => {
      response.statusCode = request.headers.authorization === 'token t' && request.url === place.path ? 200 : 403;
      response.end(JSON.stringify({ last_activity: '2026-01-01T00:00:00Z', kernels: 1 }));
    });
    expect(await ask(port, place)).toBe('2026-01-01T00:00:00Z');
    expect(await ask(port, { ...place, headers: {} })).toBeUndefined();
  });

  it.each(['', '<html>', 'null', '{}', '[]', '{"last_activity": 5}', '{"last_activity": ""}'])(
    'has said nothing with %j',
    (body) => {
      expect(parseLastActivity(body)).toBeUndefined();
    },
  );

  it('has said nothing where nobody answers, or too much', async () => {
    const port = await serve((_request, response) => void response.end(' '.repeat(100_000)));
    expect(await ask(port, place)).toBeUndefined();
    server?.close();
    server?.closeAllConnections();
    await once(server as Server, 'close');
    expect(await ask(port, place)).toBeUndefined();
  });
});
