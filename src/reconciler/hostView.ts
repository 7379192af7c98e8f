import { isoTime } from '../clock.ts';
import type { ConfigState } from '../config/types.ts';
import { type ClockJump, jumpWords } from '../schedule/clockWatch.ts';
import { setCondition } from '../status/conditions.ts';
import type { ConditionReason, ConditionType } from '../status/reasons.ts';
import { type Condition, type HostStatus, PHASES, type Phase } from '../status/types.ts';
import type { LoopPorts } from './ports.ts';

/** Where HTTP listens, or why it doesn't. */
export type HttpState =
  | { readonly address: string; readonly problem: undefined }
  | { readonly address: string; readonly problem: string; readonly reason: 'AddressInUse' | 'Failed' };

/** What the host's status is made from besides the ports. */
export interface HostFacts {
  readonly version: string;
  readonly pid: number;
  readonly startedAtMs: number;
  readonly phases: Iterable<Phase>;
  readonly reconnects: number;
  /** Address of the HTTP server and why it doesn't listen; null: switched off. */
  readonly http: HttpState | null;
  /** Undefined: it is never loaded anew. */
  readonly config: ConfigState | undefined;
  /** Undefined: none whose grace is not over. */
  readonly clockJump: ClockJump | undefined;
  readonly previous: readonly Condition[];
}

/** `/run/hublet/status.json`: the controller's own state, for people and for `hublet get` when it is down. */
export function hostStatus(ports: LoopPorts, facts: HostFacts): HostStatus {
  const counts = Object.fromEntries(PHASES.map((phase) => [phase, 0])) as Record<Phase, number>;
  for (const phase of facts.phases) counts[phase] += 1;
  return {
    apiVersion: 'hublet/v1',
    kind: 'HostStatus',
    version: facts.version,
    pid: facts.pid,
    startedAt: isoTime(facts.startedAtMs),
    systemdVersion: ports.systemd.version(),
    http: facts.http !== null && facts.http.problem === undefined ? facts.http.address : null,
    dbus: { connected: ports.systemd.isConnected(), reconnects: facts.reconnects },
    sources: ports.source.states().map((state) => ({
      path: state.path,
      ready: state.isReady,
      message: state.message,
      files: state.files,
      invalid: state.invalid,
      ignored: state.ignored,
      pruneHeld: state.heldForPrune,
      pruneDigest: state.pruneDigest ?? null,
    })),
    servers: counts,
    quotas: ports.source.quotas(),
    conditions: hostConditions(ports, facts),
  };
}

function hostConditions(ports: LoopPorts, facts: HostFacts): readonly Condition[] {
  const now = isoTime(ports.clock.wallMs());
  const condition = (type: ConditionType, isTrue: boolean, reason: ConditionReason, message: string): Condition =>
    setCondition(
      facts.previous,
      { type, status: isTrue ? 'True' : 'False', reason, message, observedGeneration: 0 },
      now,
    );
  const states = ports.source.states();
  const lost = states.filter((state) => !state.isReady);
  const held = states.filter((state) => state.heldForPrune.length > 0);
  const polled = states.filter((state) => state.isReady && state.isWatched === false);
  const isConnected = ports.systemd.isConnected();
  const http = facts.http;
  return [
    condition(
      'SourceReady',
      lost.length === 0,
      lost[0] === undefined ? 'Listed' : (lost[0].reason ?? 'Missing'),
      lost.map(({ path, message }) => `${path}: ${message}`).join('; '),
    ),
    condition(
      'PruneHeld',
      held.length > 0,
      held.length > 0 ? 'TooMany' : 'NoneHeld',
      held
        .map((state) => `${state.path}: ${state.heldForPrune.length} servers, digest ${state.pruneDigest}`)
        .join('; '),
    ),
    ...(facts.config === undefined ? [] : [configCondition(facts.config, condition)]),
    condition('BusConnected', isConnected, isConnected ? 'Connected' : 'Disconnected', ''),
    condition(
      'WatchDegraded',
      polled.length > 0,
      polled.length > 0 ? 'PollingOnly' : 'Watching',
      polled.map(({ path }) => `${path} can't be watched: changes are found by listing it every 5 s`).join('; '),
    ),
    condition(
      'ClockSane',
      facts.clockJump === undefined,
      facts.clockJump === undefined ? 'Steady' : 'Jumped',
      facts.clockJump === undefined ? '' : jumpWords(facts.clockJump),
    ),
    ...(http === null
      ? []
      : [
          condition(
            'HttpReady',
            http.problem === undefined,
            http.problem === undefined ? 'Listening' : http.reason,
            http.problem ?? http.address,
          ),
        ]),
  ];
}

type MakeCondition = (type: ConditionType, isTrue: boolean, reason: ConditionReason, message: string) => Condition;

function configCondition({ isGood, message, restartNeeds }: ConfigState, make: MakeCondition): Condition {
  if (!isGood) return make('ConfigReady', false, 'Invalid', `the last good configuration stays in force: ${message}`);
  if (restartNeeds.length === 0) return make('ConfigReady', true, 'Loaded', '');
  const words = `takes effect at the next start of the controller: ${restartNeeds.join(', ')}`;
  return make('ConfigReady', true, 'RestartNeeded', words);
}
