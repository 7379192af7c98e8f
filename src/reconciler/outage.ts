import type { LoopPorts } from './ports.ts';
import { BUS_GRACE_MS } from './view.ts';

/** A bus that is away: since when, and what is told of it. */
export class Outage {
  readonly #ports: Pick<LoopPorts, 'clock' | 'events'>;
  readonly #graceOver: () => void;
  #sinceMs: number | undefined;
  #cancelGrace: () => void = () => undefined;

  /** @param graceOver it has been away for longer than what its restart takes */
  constructor(ports: Pick<LoopPorts, 'clock' | 'events'>, graceOver: () => void) {
    this.#ports = ports;
    this.#graceOver = graceOver;
  }

  /** How long the bus has been away; 0 while it is there. */
  lostMs(): number {
    return this.#sinceMs === undefined ? 0 : this.#ports.clock.monotonicMs() - this.#sinceMs;
  }

  /** False: it was away already. */
  begin(reason: string): boolean {
    const { clock, events } = this.#ports;
    if (this.#sinceMs !== undefined) return false;
    this.#sinceMs = clock.monotonicMs();
    events.record({ reason: 'BusDisconnected', message: reason });
    this.#cancelGrace();
    this.#cancelGrace = clock.after(BUS_GRACE_MS + 100, () => {
      if (this.#sinceMs !== undefined) this.#graceOver();
    });
    return true;
  }

  /** False: it was there. */
  end(): boolean {
    if (this.#sinceMs === undefined) return false;
    this.#sinceMs = undefined;
    this.#ports.events.record({ reason: 'BusReconnected', message: 'connected to systemd again' });
    return true;
  }

  stop(): void {
    this.#cancelGrace();
  }
}
