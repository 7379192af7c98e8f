import type { ClientRequest, RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import type { Clock } from '../clock.ts';
import { request as requestHttp } from '../nodeHttp.ts';
import type { HttpCheck, TcpCheck } from '../spec/types.ts';
import { errorCode } from '../store/files.ts';

/** What one try came to; `message` holds no query, header or body. */
export interface CheckResult {
  /** notMade: this side could not even try, which says nothing about the server. */
  readonly outcome: 'succeeded' | 'failed' | 'notMade';
  readonly message: string;
}

/** Makes one try against 127.0.0.1. Never rejects; an aborted one is `notMade`. */
export type Check = (check: HttpCheck | TcpCheck, target: CheckTarget, signal: AbortSignal) => Promise<CheckResult>;

export interface CheckTarget {
  readonly port: number;
  /** For all of it: connection, request and the answer's head. */
  readonly timeoutMs: number;
}

const HOST = '127.0.0.1';

/** A time limit that is noticed this long after it was over: the answer may wait, unread, as this process was stopped or had no CPU. */
const LATE_MS = 250;

/** Errors of this side: out of descriptors, memory or local ports, or a request that HTTP does not allow. */
const OWN_ERRORS: ReadonlySet<string> = new Set([
  'EMFILE',
  'ENFILE',
  'ENOMEM',
  'ENOBUFS',
  'EADDRNOTAVAIL',
  'EAGAIN',
  'ERR_INVALID_CHAR',
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_INVALID_HTTP_TOKEN',
  'ERR_UNESCAPED_CHARACTERS',
]);

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection closed before an answer',
  EPIPE: 'connection closed before an answer',
};

/** Checks by real connections, timed by `clock`. */
export function createCheck(clock: Clock): Check {
  return (check, target, signal) =>
    check.kind === 'tcp' ? checkTcp(target, clock, signal) : checkHttp(check, target, clock, signal);
}

/** A connection is enough; it is closed at once. */
function checkTcp({ port, timeoutMs }: CheckTarget, clock: Clock, signal: AbortSignal): Promise<CheckResult> {
  const where = `${HOST}:${port}`;
  return settleOnce(timeoutMs, clock, signal, where, (settle) => {
    const socket = connect({ host: HOST, port });
    socket.once('connect', () => settle({ outcome: 'succeeded', message: `connected to ${where}` }));
    socket.on('error', (err) => settle(failure(err, where)));
    return () => socket.destroy();
  });
}

/**
 * One GET. Status 200 to 399 is success and redirects are not followed; the certificate is not verified, as nothing
 * issues one for a loopback address. The body is not waited for.
 * @see Kubernetes, "Configure Liveness, Readiness and Startup Probes", HTTP probes
 */
function checkHttp(check: HttpCheck, target: CheckTarget, clock: Clock, signal: AbortSignal): Promise<CheckResult> {
  // A query may hold a token, and messages go to status files.
  const where = `${check.scheme}://${HOST}:${target.port}${check.path.replace(/[?#].*$/s, '')}`;
  return settleOnce(target.timeoutMs, clock, signal, where, (settle) => {
    const request = openRequest(check, target.port);
    request.once('response', (response) => {
      const status = response.statusCode ?? 0;
      settle({
        outcome: status >= 200 && status < 400 ? 'succeeded' : 'failed',
        message: `HTTP ${status} from ${where}`,
      });
    });
    request.on('error', (err) => settle(failure(err, where)));
    request.end();
    return () => request.destroy();
  });
}

function openRequest(check: HttpCheck, port: number): ClientRequest {
  const options: RequestOptions = {
    host: HOST,
    port,
    path: check.path,
    // One connection a try: a kept one could outlive the server behind it.
    agent: false,
    headers: headersOf(check, port),
  };
  return check.scheme === 'https' ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
}

/** The spec's headers over ours, whatever their case. */
function headersOf(check: HttpCheck, port: number): Readonly<Record<string, string>> {
  const own = { host: `${HOST}:${port}`, 'user-agent': 'hublet-probe', accept: '*/*', connection: 'close' };
  const asked = Object.entries(check.headers).map(([name, value]) => [name.toLowerCase(), value]);
  return { ...own, ...Object.fromEntries(asked) };
}

/** Runs one try to its first result: an answer, an error, the end of its time or an abort; then closes what `open` opened. */
function settleOnce(
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
  where: string,
  open: (settle: (result: CheckResult) => void) => () => void,
): Promise<CheckResult> {
  const { promise, resolve } = Promise.withResolvers<CheckResult>();
  let close = (): void => undefined;
  const onAbort = (): void => settle({ outcome: 'notMade', message: 'given up' });
  const dueMs = clock.monotonicMs() + timeoutMs;
  const cancelLimit = clock.after(timeoutMs, () => {
    const isLate = clock.monotonicMs() - dueMs > LATE_MS;
    settle(
      isLate
        ? { outcome: 'notMade', message: 'the probe could not be made: hublet itself was held up' }
        : { outcome: 'failed', message: `no answer from ${where} within ${timeoutMs / 1000} s` },
    );
  });
  // Later calls do nothing: a promise resolves once, and the rest may be repeated safely.
  const settle = (result: CheckResult): void => {
    cancelLimit();
    signal.removeEventListener('abort', onAbort);
    close();
    resolve(result);
  };
  if (signal.aborted) {
    onAbort();
    return promise;
  }
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    close = open(settle);
  } catch (err) {
    settle(failure(err, where));
  }
  return promise;
}

function failure(err: unknown, where: string): CheckResult {
  const code = errorCode(err);
  if (OWN_ERRORS.has(code)) return { outcome: 'notMade', message: `the probe could not be made: ${code}` };
  const words = WORDS[code] ?? (code.startsWith('HPE_') ? `no HTTP answer (${code})` : code);
  return { outcome: 'failed', message: `${words} from ${where}` };
}
