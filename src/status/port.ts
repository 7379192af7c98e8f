import type { EventReason } from './reasons.ts';
import type { HostStatus, HubletEvent, ServerStatus } from './types.ts';

/** The status directory; the only writer of it. */
export interface StatusFiles {
  /** Replaces the file where something in it changed, atomically. @throws on a full or read-only file system */
  write(status: ServerStatus): void;
  remove(name: string): void;
  writeHost(status: HostStatus): void;
  /** Names of all status files there: those of servers that are gone are removed by the loop. */
  names(): readonly string[];
  /** What an earlier controller wrote, for transition times that go on over its restarts. Undefined: none or unreadable. */
  read(name: string): ServerStatus | undefined;
}

export interface EventLog {
  /** Counts up the same (server, reason) of the last 10 minutes, or adds an event; logs the first and every tenfold. */
  record(event: { readonly server?: string; readonly reason: EventReason; readonly message: string }): void;
  /** Newest last. Absent server: all. */
  recent(server?: string): readonly HubletEvent[];
}
