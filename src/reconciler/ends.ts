/** The ends of runs: looked into once, told once, counted once. */
import { isoTime } from '../clock.ts';
import type { ExitKind } from '../machines/server.machine.ts';
import type { ProbeFailure } from '../probes/types.ts';
import type { LastExit } from '../status/types.ts';
import type { UnitState } from '../systemd/port.ts';
import type { ServerEntry } from './entry.ts';
import { collectEvidence } from './evidence.ts';
import { classifyExit, needsEvidence, type UnitEnd, unknownExit } from './exit.ts';
import { judgeEnd, unhandledEnd } from './observer.ts';
import type { LoopPorts } from './ports.ts';

export type EndStep =
  | { readonly kind: 'none' }
  /** The journal is being asked; the name is enqueued when it has answered. */
  | { readonly kind: 'collecting' }
  | { readonly kind: 'ended'; readonly exit: ExitKind };

export class Ends {
  readonly #ports: LoopPorts;
  readonly #enqueue: (name: string) => void;

  constructor(ports: LoopPorts, enqueue: (name: string) => void) {
    this.#ports = ports;
    this.#enqueue = enqueue;
  }

  /** Finds an end that was not dealt with yet, and deals with it once all is known about it. */
  take(entry: ServerEntry, unit: UnitState | undefined): EndStep {
    const end = entry.end ?? unhandledEnd(unit, entry, this.#ports.clock.wallMs());
    if (end === undefined) return { kind: 'none' };
    if (end.evidence === undefined && this.#isWorthEvidence(entry, end)) {
      if (entry.end === undefined) this.#collect(entry, end);
      return { kind: 'collecting' };
    }
    return { kind: 'ended', exit: this.#finish(entry, end) };
  }

  /** Tells of kills for memory that were not told of yet; a run's own end by one counts too. */
  tellOomKills(entry: ServerEntry): void {
    const kills = this.oomKills(entry);
    if (kills <= entry.reportedOomKills) return;
    const message = `${kills - entry.reportedOomKills} process(es) killed for memory`;
    entry.reportedOomKills = kills;
    this.#ports.events.record({ server: entry.name, reason: 'OOMKilled', message });
  }

  /** Kills for memory since the controller started, whoever told of them. */
  oomKills(entry: ServerEntry): number {
    return this.#ports.sampler.oomKills(entry.name) + entry.journalOomKills;
  }

  /** A start that systemd refused outright: an end without a run. */
  refuse(entry: ServerEntry, message: string): void {
    const at = isoTime(this.#ports.clock.wallMs());
    entry.lastExit = {
      result: 'refused',
      code: 'none',
      status: 0,
      at,
      message: `systemd refused it: ${message}`,
      log: [],
    };
    this.#tell(entry, 'configuration', entry.lastExit.message);
  }

  #isWorthEvidence(entry: ServerEntry, end: UnitEnd): boolean {
    if (end.invocationId === '') return false;
    if (isAskedFor(entry, end)) return entry.stopFor !== undefined;
    return end.unit === undefined || needsEvidence(classifyExit(end.unit));
  }

  #collect(entry: ServerEntry, end: UnitEnd): void {
    const { sampler } = this.#ports;
    entry.end = end;
    // The last reading of a cgroup that may still be there: its counters are gone with it.
    sampler.unfollow(entry.name);
    const isOomCounted = () => sampler.oomKillsOf(entry.name, end.invocationId) > 0;
    const run = { invocationId: end.invocationId, unit: entry.unitName };
    void collectEvidence(run, end.unit !== undefined, isOomCounted, this.#ports).then((evidence) => {
      entry.end = { ...end, evidence };
      this.#enqueue(entry.name);
    });
  }

  #finish(entry: ServerEntry, end: UnitEnd): ExitKind {
    const { sampler, systemd, instruments, prober } = this.#ports;
    sampler.unfollow(entry.name);
    prober.unfollow(entry.name);
    const unknown = unknownExit(end);
    const judged =
      unknown === undefined ? judgeEnd(end, entry.served?.server) : ({ kind: 'failed', lastExit: unknown } as const);
    const isAsked = isAskedFor(entry, end);
    const probed = isAsked ? entry.stopFor : undefined;
    const kind = probed !== undefined ? 'failed' : isAsked ? 'asked' : judged.kind;
    const lastExit = probed === undefined ? judged.lastExit : probedExit(judged.lastExit, probed);
    if (lastExit.result === 'oom-kill' && sampler.oomKillsOf(entry.name, end.invocationId) === 0) {
      entry.journalOomKills += 1;
    }
    entry.end = undefined;
    entry.endedInvocationId = end.invocationId;
    entry.invocation = undefined;
    entry.startRequestedMs = undefined;
    entry.stopFor = undefined;
    if (kind !== 'asked') entry.lastExit = lastExit;
    entry.isRestartDue = kind !== 'asked';
    instruments.serverExited(lastExit.result);
    systemd.forget(entry.unitName);
    this.#tell(entry, probed === undefined ? kind : 'asked', lastExit.message);
    this.tellOomKills(entry);
    return kind;
  }

  #tell(entry: ServerEntry, kind: ExitKind, message: string): void {
    const { events } = this.#ports;
    switch (kind) {
      case 'asked':
        events.record({ server: entry.name, reason: 'Stopped', message: 'stopped' });
        break;
      case 'foreign':
        events.record({
          server: entry.name,
          reason: 'UnexpectedStop',
          message: `${message}; to keep it down: hublet suspend`,
        });
        break;
      case 'clean':
        events.record({ server: entry.name, reason: 'Exited', message });
        break;
      case 'failed':
        events.record({ server: entry.name, reason: 'Crashed', message });
        break;
      case 'configuration':
        events.record({ server: entry.name, reason: 'StartFailed', message });
        break;
    }
  }
}

/** Whether it ended a run that we had sent a stop for, though an earlier controller may have been the one that did. */
function isAskedFor(entry: ServerEntry, end: UnitEnd): boolean {
  return end.invocationId !== '' && end.invocationId === entry.stopAskedOf;
}

/** The end of a run that was stopped for its probes; one that ran out of memory before the stop came has an end of its own. */
function probedExit(exit: LastExit, { kind, message }: ProbeFailure): LastExit {
  return exit.result === 'oom-kill' ? exit : { ...exit, result: kind, message: `${message}, so it was stopped` };
}
