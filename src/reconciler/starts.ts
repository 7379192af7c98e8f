import type { Observed } from '../machines/server.machine.ts';
import type { ServerEntry } from './entry.ts';
import { UNKILLABLE_AFTER_MS } from './publisher.ts';
import { StartGate } from './startGate.ts';

/** Who may start now: keeps the places of the start gate true to what the statecharts say. */
export class Starts {
  readonly #gate: StartGate;
  readonly #enqueue: (name: string) => void;

  /** @param enqueue asks for a look at a server that may have a place: before all others, or the place stands empty meanwhile */
  constructor(capacity: () => number, enqueue: (name: string) => void) {
    this.#gate = new StartGate(capacity);
    this.#enqueue = enqueue;
  }

  /** Whether it has to wait for others; otherwise it holds a place for as long as it is starting. */
  isHeld(entry: ServerEntry, { nowMs, unit }: Observed): boolean {
    if (this.#isUpdating(entry, nowMs)) return false;
    if (!this.#isStarting(entry, nowMs)) {
      this.leave(entry.name);
      return false;
    }
    if (unit === 'absent' || unit === 'failed') return !this.#enter(entry);
    this.#gate.occupy(entry.name);
    return false;
  }

  /** Whether one that is to be started anew for a change may be stopped for it now: it takes its place before it stops. */
  mayUpdate(entry: ServerEntry): boolean {
    return this.#enter(entry);
  }

  /** Whether any stand in line for a place. */
  hasLine(): boolean {
    return this.#gate.waiting() > 0;
  }

  /** How many hold a place. */
  onTheWay(): number {
    return this.#gate.inside();
  }

  /** Gives its place among the starting servers back and wakes those that may have it. */
  leave(name: string): void {
    for (const next of this.#gate.leave(name)) this.#enqueue(next);
  }

  #enter({ name, served }: ServerEntry): boolean {
    return this.#gate.enter(name, served?.server.spec.priority ?? 0);
  }

  /** Whether it stands in line for an update, or is on its way down in one. A stop that hangs must not keep others from their starts. */
  #isUpdating({ snapshot, update, served }: ServerEntry, nowMs: number): boolean {
    if (snapshot.value !== 'updating') return update.kind === 'due';
    const graceMs = (served?.server.spec.terminationGracePeriodMs ?? 0) + UNKILLABLE_AFTER_MS;
    return nowMs - (snapshot.context.stoppingSinceMs ?? nowMs) < graceMs;
  }

  /** Whether it holds a place among the starting servers: one that takes longer than its start timeout doesn't any more. */
  #isStarting(entry: ServerEntry, nowMs: number): boolean {
    if (entry.snapshot.value === 'starting') return true;
    if (entry.snapshot.value !== 'running' || entry.invocation?.readyAtMs !== null) return false;
    return nowMs - entry.startedMs < (entry.served?.server.spec.startTimeoutMs ?? 0);
  }
}
