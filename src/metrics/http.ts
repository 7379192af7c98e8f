/**
 * The HTTP server: metrics, health and the page for people.
 *
 * On a many-user host loopback is public. So nothing here changes anything, nothing secret is shown, requests whose Host
 * names someone else are refused, and what anybody may ask costs the controller a bounded share of its time.
 */

import { chmodSync, lstatSync, unlinkSync } from 'node:fs';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { createServer } from '../nodeHttp.ts';
import { formatListenAddress, isHostAllowed, type ListenAddress, parseListenAddress } from './address.ts';
import { type Answer, textAnswer } from './answer.ts';
import { acceptsGzip } from './negotiation.ts';
import {
  createRoutes,
  type HttpContent,
  type Request,
  type RoutedAnswer,
  type StreamAnswer,
  tooMany,
} from './routes.ts';

export interface HttpOptions extends HttpContent {
  readonly clock: Clock;
  readonly log: Log;
  /** The machine's own names, allowed in Host besides loopback and the configured host. */
  readonly hosts?: readonly string[];
}

export interface HttpServer {
  /** Listens on `host:port`, `[::1]:port` or `unix:/path`. Never rejects; after a failure it may be tried again. */
  start(listen: string): Promise<ListenResult>;
  /** Ends: no new connections, a second for the answers under way, then all are cut. Nothing where it doesn't listen. */
  stop(): Promise<void>;
}

export type ListenResult =
  /** `address` as it is now: with the port that was chosen where 0 was asked for. */
  | { readonly kind: 'listening'; readonly address: string }
  /** The reasons of the condition HttpReady. */
  | { readonly kind: 'failed'; readonly reason: 'AddressInUse' | 'Failed'; readonly message: string };

const SOCKET_MODE = 0o660;
const STOP_GRACE_MS = 1_000;
const IDLE_MS = 30_000;
const REQUEST_MS = 10_000;
const CONNECTIONS_MAX = 128;

const COMMON_HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** A server that does not listen yet. */
export function createHttpServer(options: HttpOptions): HttpServer {
  return new MetricsHttpServer(options);
}

class MetricsHttpServer implements HttpServer {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #hosts: readonly string[];
  readonly #routes: (request: Request) => Promise<RoutedAnswer>;
  readonly #endStreams: () => void;
  #server: Server | undefined;
  /** Grows with each stop, so that a start under way meanwhile comes to nothing. */
  #stops = 0;

  constructor(options: HttpOptions) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#hosts = options.hosts ?? [];
    this.#routes = createRoutes(options, options.clock);
    this.#endStreams = () => options.site.endAll();
  }

  async start(listen: string): Promise<ListenResult> {
    const address = parseListenAddress(listen);
    if (address === undefined) {
      const message = `${listen}: not an address to listen on; use host:port, [::1]:port or unix:/path`;
      return { kind: 'failed', reason: 'Failed', message };
    }
    const stopped = this.stop();
    const stops = this.#stops;
    await stopped;
    try {
      if (address.kind === 'unix') await removeStaleSocket(address.path);
      this.#server = await this.#listen(address);
      if (stops !== this.#stops) {
        await this.stop();
        return { kind: 'failed', reason: 'Failed', message: `stopped before it could listen on ${listen}` };
      }
      return { kind: 'listening', address: formatListenAddress(boundAddress(this.#server, address)) };
    } catch (error) {
      const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      const what = isInUse ? 'something else listens there' : error instanceof Error ? error.message : String(error);
      return {
        kind: 'failed',
        reason: isInUse ? 'AddressInUse' : 'Failed',
        message: `cannot listen on ${listen}: ${what}`,
      };
    }
  }

  async stop(): Promise<void> {
    this.#stops += 1;
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    this.#endStreams();
    const cancel = this.#clock.after(STOP_GRACE_MS, () => server.closeAllConnections());
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeIdleConnections();
    });
    cancel();
  }

  #listen(address: ListenAddress): Promise<Server> {
    const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS, keepAliveTimeout: IDLE_MS });
    server.maxConnections = CONNECTIONS_MAX;
    server.setTimeout(IDLE_MS);
    server.on('request', (request, response) => void this.#handle(request, response, address));
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(
        address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port },
        () => {
          server.off('error', reject);
          server.on('error', (error) => this.#log.error({ err: error }, 'the http server failed'));
          try {
            if (address.kind === 'unix') chmodSync(address.path, SOCKET_MODE);
            resolve(server);
          } catch (error) {
            server.close(() => reject(error));
          }
        },
      );
    });
  }

  /** Never rejects: whatever fails is logged and answered. */
  async #handle(request: IncomingMessage, response: ServerResponse, address: ListenAddress): Promise<void> {
    // The other side left in the middle: its own business, and nobody's work here.
    response.on('error', (error) => this.#log.debug({ err: error }, 'an http client left before its answer'));
    try {
      const answer = await this.#answer(request, address);
      if ('kind' in answer) await stream(request, response, answer);
      else await send(request, response, answer);
    } catch (error) {
      this.#log.error({ err: error, path: request.url }, 'an http request failed');
      if (response.headersSent) response.destroy();
      else await send(request, response, textAnswer(500, 'internal error: see the log of hublet\n'));
    }
  }

  async #answer(request: IncomingMessage, address: ListenAddress): Promise<RoutedAnswer> {
    if (!isHostAllowed(request.headers.host, address, this.#hosts)) {
      return textAnswer(421, 'this host is not served here: use localhost or the configured address\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return textAnswer(405, 'read only: GET and HEAD\n', undefined, { allow: 'GET, HEAD' });
    }
    const target = request.url ?? '/';
    // Set before the path rather than given as a base: a path may begin with two slashes.
    const url = URL.parse(target.startsWith('/') ? `http://localhost${target}` : target);
    if (url === null) return textAnswer(400, 'not a path\n');
    return this.#routes({ url, headers: request.headers });
  }
}

async function send(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  const { gzipped } = answer;
  const isGzip = gzipped !== undefined && acceptsGzip(header(request, 'accept-encoding'));
  const body = isGzip ? await gzipped() : answer.body;
  const vary = [answer.headers.vary, gzipped && 'Accept-Encoding'].filter(Boolean).join(', ');
  response.writeHead(answer.status, {
    ...COMMON_HEADERS,
    ...answer.headers,
    ...(vary !== '' && { vary }),
    ...(isGzip && { 'content-encoding': 'gzip' }),
    'content-length': body.length,
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Headers at once; the rest comes as it happens, for as long as the other side stays. */
async function stream(request: IncomingMessage, response: ServerResponse, answer: StreamAnswer): Promise<void> {
  if (answer.isFull()) return send(request, response, tooMany());
  // Where the other side left meanwhile nobody would ever tell that it did.
  if (response.destroyed) return;
  response.writeHead(200, { ...COMMON_HEADERS, ...answer.headers });
  if (request.method === 'HEAD') response.end();
  else answer.begin(response);
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}

function boundAddress(server: Server, asked: ListenAddress): ListenAddress {
  const bound = server.address();
  if (asked.kind === 'unix' || bound === null || typeof bound === 'string') return asked;
  return { kind: 'tcp', host: asked.host, port: bound.port };
}

/** A socket file outlives a process that was killed; it is removed only where nobody answers on it. */
async function removeStaleSocket(path: string): Promise<void> {
  // Connecting to an ordinary file is refused too, and that one is not ours to remove.
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return;
  const code = await new Promise<string | undefined>((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(undefined);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
  });
  if (code === 'ECONNREFUSED') unlinkSync(path);
}
