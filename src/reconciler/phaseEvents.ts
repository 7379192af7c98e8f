import type { ServerSnapshot } from '../machines/server.machine.ts';
import type { ProbeFailure } from '../probes/types.ts';
import type { EventReason } from '../status/reasons.ts';
import type { ServerEntry } from './entry.ts';
import type { LoopPorts } from './ports.ts';

/** Tells people of a server's moves from one phase to another, and times its starts. */
export class PhaseEvents {
  readonly #ports: Pick<LoopPorts, 'events' | 'clock' | 'instruments'>;

  constructor(ports: Pick<LoopPorts, 'events' | 'clock' | 'instruments'>) {
    this.#ports = ports;
  }

  tell(entry: ServerEntry, before: ServerSnapshot): void {
    const { value, context } = entry.snapshot;
    if (value === before.value) return;
    const isStarted = before.value === 'starting' && (value === 'running' || value === 'ready');
    if (isStarted) this.#record(entry, 'Started', 'its main process runs');
    const isGoing = value === 'deleting' || value === 'deleted' || value === 'left';
    if (before.value === 'deleting' && !isGoing) this.#record(entry, 'DeletionCancelled', 'its spec file is back');
    switch (value) {
      case 'starting':
        this.#record(entry, 'Starting', 'asked systemd to start it');
        return;
      case 'ready':
        this.#noteReady(entry);
        return;
      case 'running':
        if (before.value === 'ready') this.#record(entry, 'Unhealthy', 'its readiness probe fails');
        return;
      case 'backOff': {
        const seconds = Math.round(((context.backoffUntilMs ?? 0) - this.#ports.clock.monotonicMs()) / 1000);
        this.#record(entry, 'BackOff', `starts again in ${seconds} s`);
        return;
      }
      case 'updating':
        this.#record(entry, 'Restarted', restartWords(entry));
        return;
      case 'deleting':
        this.#record(entry, 'Deleting', 'its spec file is gone');
        return;
      case 'pending':
      case 'stopping':
      case 'stopped':
      case 'ended':
      case 'failed':
      case 'deleted':
      case 'left':
        return;
    }
  }

  /** Tells once why a run is stopped that should be up. */
  tellCondemned(entry: ServerEntry, { kind, message }: ProbeFailure): void {
    if (entry.stopFor !== undefined) return;
    this.#record(entry, kind === 'startup' ? 'StartFailed' : 'Unhealthy', `${message}; stopping it`);
  }

  #noteReady(entry: ServerEntry): void {
    const { clock, instruments } = this.#ports;
    if (entry.invocation?.readyAtMs !== null) return;
    entry.invocation = { ...entry.invocation, readyAtMs: clock.wallMs() };
    instruments.serverStarted((clock.monotonicMs() - entry.startedMs) / 1000);
    this.#record(entry, 'Ready', `after ${((clock.monotonicMs() - entry.startedMs) / 1000).toFixed(1)} s`);
  }

  #record(entry: ServerEntry, reason: EventReason, message: string): void {
    this.#ports.events.record({ server: entry.name, reason, message });
  }
}

function restartWords({ update, begunByOthers, invocation }: ServerEntry): string {
  if (update.kind === 'due') return 'its spec changed: stopping it in order to start anew';
  const isRenewal = begunByOthers !== '' && begunByOthers === invocation?.id;
  const why = isRenewal ? 'somebody restarted its unit, and systemd may run its command wrongly then: ' : '';
  return `${why}stopping it in order to start anew`;
}
