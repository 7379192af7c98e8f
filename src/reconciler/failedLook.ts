import type { Log } from '../log.ts';
import { SystemdError } from '../systemd/port.ts';
import { messageOf } from './effects.ts';

/**
 * Logs that a look at a server failed and will be repeated.
 *
 * A lost connection to systemd is told once for the whole host, by the link and by BusConnected: here it is no error that somebody must
 * act on, and needs no stack. Anything else is.
 */
export function logFailedLook(log: Log, server: string, error: unknown): void {
  const isLink = error instanceof SystemdError && (error.code === 'Disconnected' || error.code === 'UnknownOutcome');
  const fields = { server, reason: messageOf(error) };
  if (isLink) log.debug(fields, 'a look at a server was cut short and will be repeated');
  else log.error({ ...fields, err: error }, 'a look at a server failed and will be repeated');
}
