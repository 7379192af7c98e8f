import type { ConfigState } from '../config/types.ts';
import type { ClockJump } from '../schedule/clockWatch.ts';
import type { Condition } from '../status/types.ts';
import { messageOf } from './effects.ts';
import { type HttpState, hostStatus } from './hostView.ts';
import type { ReconcileLoop } from './loop.ts';
import type { LoopPorts } from './ports.ts';
import { phaseOf } from './statusView.ts';

/** Many servers change at once: their counts are written together, and while more come once a second. */
const GATHER_MS = 250;
const PAUSE_MS = 1_000;
const RETRY_MS = 5_000;

/** What the controller knows of itself. */
export interface ControllerFacts {
  readonly version: string;
  readonly pid: number;
  readonly reconnects: () => number;
  /** A jump of the wall clock whose grace is not over. */
  readonly clockJump: () => ClockJump | undefined;
  /** Undefined: the configuration of the start is all there is. */
  readonly configState: () => ConfigState | undefined;
}

/** Keeps `/run/hublet/status.json` true and tells of sources lost and found again; the only writer of that file. */
export class HostPublisher {
  readonly #ports: LoopPorts;
  readonly #facts: ControllerFacts;
  readonly #startedAtMs: number;
  readonly #lostSources = new Set<string>();
  readonly #heldSources = new Map<string, string>();
  #loop: ReconcileLoop | undefined;
  #http: HttpState | null = null;
  #conditions: readonly Condition[] = [];
  #cancel: (() => void) | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;
  #isStarted = false;

  constructor(ports: LoopPorts, facts: ControllerFacts) {
    this.#ports = ports;
    this.#facts = facts;
    this.#startedAtMs = ports.clock.wallMs();
  }

  /** True once every server known at the start had its first look. */
  get isStarted(): boolean {
    return this.#isStarted;
  }

  attach(loop: ReconcileLoop): void {
    this.#loop = loop;
  }

  markStarted(): void {
    this.#isStarted = true;
    this.#write();
  }

  noteHttp(state: HttpState | null): void {
    this.#http = state;
    this.note();
  }

  /** Something the host's status shows may have changed. */
  note(): void {
    if (this.#cancel !== undefined) return;
    const { clock } = this.#ports;
    const restMs = this.#lastMs + PAUSE_MS - clock.monotonicMs();
    this.#cancel = clock.after(Math.max(GATHER_MS, restMs), () => {
      this.#cancel = undefined;
      this.#write();
    });
  }

  /** Writes a last time and no more. */
  stop(): void {
    this.#cancel?.();
    this.#write();
    this.#cancel = () => undefined;
  }

  #write(): void {
    const loop = this.#loop;
    if (loop === undefined) return;
    this.#lastMs = this.#ports.clock.monotonicMs();
    this.#tellOfSources();
    const busLostMs = loop.busLostMs();
    const status = hostStatus(this.#ports, {
      version: this.#facts.version,
      pid: this.#facts.pid,
      startedAtMs: this.#startedAtMs,
      phases: [...loop.entries.values()].map((entry) => phaseOf({ entry, busLostMs })),
      reconnects: this.#facts.reconnects(),
      http: this.#http,
      config: this.#facts.configState(),
      clockJump: this.#facts.clockJump(),
      previous: this.#conditions,
    });
    this.#conditions = status.conditions;
    try {
      this.#ports.statusFiles.writeHost(status);
    } catch (error) {
      this.#ports.log.warn({ reason: messageOf(error) }, 'host status could not be written');
      this.#cancel ??= this.#ports.clock.after(RETRY_MS, () => {
        this.#cancel = undefined;
        this.#write();
      });
    }
  }

  #tellOfSources(): void {
    const { source, events } = this.#ports;
    for (const { path, isReady, message, heldForPrune, pruneDigest } of source.states()) {
      if (!isReady && !this.#lostSources.has(path)) {
        this.#lostSources.add(path);
        events.record({ reason: 'SourceLost', message: `${path}: ${message}; its servers run on as they are` });
      } else if (isReady && this.#lostSources.delete(path)) {
        events.record({ reason: 'SourceRecovered', message: path });
      }
      if (pruneDigest === undefined) this.#heldSources.delete(path);
      else if (this.#heldSources.get(path) !== pruneDigest) {
        this.#heldSources.set(path, pruneDigest);
        const message = `${path}: ${heldForPrune.length} specs vanished at once; none of their servers is removed (digest ${pruneDigest})`;
        events.record({ reason: 'PruneHeld', message });
      }
    }
  }
}
