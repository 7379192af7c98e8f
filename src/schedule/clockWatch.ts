import { type Clock, isoTime } from '../clock.ts';

/** One step of the wall clock against the monotonic one: somebody set it, or the machine slept. */
export interface ClockJump {
  /** How far it jumped, milliseconds; negative: back. */
  readonly byMs: number;
  /** Wall time after it. */
  readonly atMs: number;
}

/** What others ask of it. */
export interface ClockJudge {
  /** How much longer nothing may be stopped for the time it is; 0: the clock is to be believed. */
  graceLeftMs(): number;
}

/** What outlives the controller, within a boot: how far the wall clock is ahead of the monotonic one, milliseconds. */
export interface ClockMemory {
  /** Undefined: nothing is known. */
  read(): number | undefined;
  write(offsetMs: number): void;
}

/** A step up to this is a correction of a clock that is right by and large. */
export const JUMP_MS = 5 * 60_000;
/** After a jump a person, or NTP, has this long to set it right before any server is stopped by it. */
export const CLOCK_GRACE_MS = 60_000;
const PERIOD_MS = 5_000;
/** Corrections up to this need not be remembered. */
const REMEMBER_MS = 60_000;

/**
 * Watches the wall clock against the monotonic one, which no step moves and which stands still while the machine sleeps.
 *
 * A jump is seen at the next tick or the next question, whichever comes first: no decision is made on a jump unseen.
 */
export class ClockWatch implements ClockJudge {
  readonly #clock: Clock;
  readonly #listeners = new Set<(jump: ClockJump | undefined) => void>();
  readonly #memory: ClockMemory | undefined;
  #offsetMs: number;
  #writtenMs: number | undefined;
  #jump: ClockJump | undefined;
  #graceUntilMs = Number.NEGATIVE_INFINITY;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, memory?: ClockMemory) {
    this.#clock = clock;
    this.#memory = memory;
    this.#writtenMs = memory?.read();
    this.#offsetMs = this.#writtenMs ?? clock.wallMs() - clock.monotonicMs();
  }

  start(): void {
    this.#look();
    this.#cancel ??= this.#clock.after(PERIOD_MS, () => {
      this.#cancel = undefined;
      this.start();
    });
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  graceLeftMs(): number {
    this.#look();
    return Math.max(0, this.#graceUntilMs - this.#clock.monotonicMs());
  }

  /** The last jump, as long as its grace lasts. */
  jump(): ClockJump | undefined {
    return this.graceLeftMs() > 0 ? this.#jump : undefined;
  }

  /** Told of each jump, and with undefined of the end of its grace. Returns a function that ends it. */
  on(listener: (jump: ClockJump | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #look(): void {
    const nowMs = this.#clock.monotonicMs();
    const atMs = this.#clock.wallMs();
    const byMs = atMs - nowMs - this.#offsetMs;
    this.#offsetMs += byMs;
    if (this.#writtenMs === undefined || Math.abs(this.#offsetMs - this.#writtenMs) > REMEMBER_MS) {
      this.#writtenMs = this.#offsetMs;
      this.#memory?.write(this.#offsetMs);
    }
    if (Math.abs(byMs) > JUMP_MS) {
      this.#graceUntilMs = nowMs + CLOCK_GRACE_MS;
      this.#jump = { byMs, atMs };
      this.#tell(this.#jump);
    } else if (this.#jump !== undefined && nowMs >= this.#graceUntilMs) {
      this.#jump = undefined;
      this.#tell(undefined);
    }
  }

  #tell(jump: ClockJump | undefined): void {
    for (const listener of this.#listeners) listener(jump);
  }
}

/** What happened to the clock, for people. */
export function jumpWords({ byMs, atMs }: ClockJump): string {
  const minutes = Math.round(Math.abs(byMs) / 60_000);
  return `the wall clock jumped ${minutes} min ${byMs < 0 ? 'back' : 'ahead'}, to ${isoTime(atMs)}`;
}
