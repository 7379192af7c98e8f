import type { EventLog } from './port.ts';

export interface HeldEvents extends EventLog {
  /** Tells now what is still to be told: before anything is written down that a later controller would take it for told by. */
  release(): void;
}

/**
 * An event log that tells once the step is over in which something was recorded, so that no start waits for it: of the time from
 * a new spec to the request to systemd, telling of the two was a fifteenth.
 *
 * A step is what runs without waiting for anything. In the order in which it was recorded, and nothing is left untold by `recent`.
 */
export function holdEvents(events: EventLog): HeldEvents {
  let held: Parameters<EventLog['record']>[0][] = [];
  const release = (): void => {
    const told = held;
    held = [];
    for (const event of told) events.record(event);
  };
  return {
    record(event) {
      if (held.push(event) === 1) queueMicrotask(release);
    },
    recent(server) {
      release();
      return events.recent(server);
    },
    release,
  };
}
