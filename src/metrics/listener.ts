import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { HttpServer } from './http.ts';

/** A taken port may become free: it is tried again this often. */
const RETRY_MS = 15_000;

/** Where it listens, or why it does not. */
export type ListenerState =
  | { readonly address: string; readonly problem: undefined }
  | { readonly address: string; readonly problem: string; readonly reason: 'AddressInUse' | 'Failed' };

/**
 * Keeps an HTTP server listening on its address, trying again while it can't: no metrics is no reason to keep no servers.
 *
 * `tell` hears each change. Returns what ends it; that resolves when the server no longer listens.
 */
export function keepListening(
  server: HttpServer,
  listen: string,
  ports: { readonly clock: Clock; readonly log: Log; readonly tell: (state: ListenerState) => void },
): () => Promise<void> {
  let cancelRetry = (): void => undefined;
  let isStopped = false;
  let lastProblem: string | undefined;
  const attempt = async (): Promise<void> => {
    const result = await server.start(listen);
    if (isStopped) return;
    if (result.kind === 'listening') {
      lastProblem = undefined;
      ports.tell({ address: result.address, problem: undefined });
      return;
    }
    if (result.message !== lastProblem) {
      ports.log.warn({ reason: result.reason, listen }, result.message);
      ports.tell({ address: listen, problem: result.message, reason: result.reason });
    }
    lastProblem = result.message;
    cancelRetry = ports.clock.after(RETRY_MS, () => void attempt());
  };
  void attempt();
  return async () => {
    isStopped = true;
    cancelRetry();
    await server.stop();
  };
}
