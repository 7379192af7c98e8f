/** Jupyter's own word on when it was last used. */
import type { RequestOptions } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { Clock } from '../clock.ts';
import { request as requestHttp } from '../nodeHttp.ts';
import type { JupyterPlace } from './types.ts';

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** The moment of `last_activity` as Jupyter writes it; undefined where it didn't say. Never rejects. */
export type AskJupyter = (port: number, place: JupyterPlace) => Promise<string | undefined>;

/**
 * Asks `GET .../api/status`, which Jupyter does not count as use. Needs a token where Jupyter does.
 * @see Jupyter Server's REST API, "/api/status"
 */
export function createAskJupyter(clock: Clock): AskJupyter {
  return (port, { scheme, path, headers }) =>
    new Promise((resolve) => {
      const options: RequestOptions = { host: '127.0.0.1', port, path, headers: { ...headers }, agent: false };
      // No certificate is issued for a loopback address.
      const request =
        scheme === 'https' ? requestHttps({ ...options, rejectUnauthorized: false }) : requestHttp(options);
      const finish = (answer: string | undefined): void => {
        cancel();
        request.destroy();
        resolve(answer);
      };
      const cancel = clock.after(TIMEOUT_MS, () => finish(undefined));
      // Whatever went wrong: it has not said that it is idle.
      request.on('error', () => finish(undefined));
      request.once('response', (response) => {
        if (response.statusCode !== 200) {
          finish(undefined);
          return;
        }
        let body = '';
        response.setEncoding('utf8');
        response.on('error', () => finish(undefined));
        response.on('data', (part: string) => {
          body += part;
          if (body.length > MAX_BYTES) finish(undefined);
        });
        response.on('end', () => finish(parseLastActivity(body)));
      });
      request.end();
    });
}

/** `last_activity` of the answer; undefined where it is none of Jupyter's. */
export function parseLastActivity(body: string): string | undefined {
  let status: unknown;
  try {
    status = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const moment = (status as { last_activity?: unknown } | null)?.last_activity;
  return typeof moment === 'string' && moment !== '' ? moment : undefined;
}
