import type { Clock } from '../clock.ts';
import type { SpecRecord } from '../source/types.ts';
import type { ServerEntry } from './entry.ts';
import { flapsDueMs } from './flapping.ts';
import { UNKILLABLE_AFTER_MS } from './publisher.ts';
import { ORPHAN_GRACE_MS } from './wish.ts';

/** A limit that waits for room is tried again after this time. */
const DEFERRED_RETRY_MS = 30_000;

/** A stop that takes too long is looked after so often: of processes that end once systemd has given them up nobody tells. */
const STOP_RETRY_MS = 5_000;

/** When time alone may change something for a server, from now in milliseconds; undefined where only events can. */
export function nextLookMs(entry: ServerEntry, record: SpecRecord | undefined, clock: Clock): number | undefined {
  const nowMs = clock.monotonicMs();
  const { context, value } = entry.snapshot;
  const spec = entry.served?.server.spec;
  const due: number[] = [];
  if (value === 'backOff' && context.backoffUntilMs !== null) due.push(context.backoffUntilMs - nowMs);
  if (value === 'running' && entry.invocation?.readyAtMs === null && spec !== undefined) {
    const leftMs = entry.startedMs + spec.startTimeoutMs - nowMs;
    if (leftMs > 0) due.push(leftMs);
  }
  if (context.stoppingSinceMs !== null) {
    const graceMs = spec?.terminationGracePeriodMs ?? 0;
    const leftMs = context.stoppingSinceMs + graceMs + UNKILLABLE_AFTER_MS - nowMs;
    due.push(leftMs > 0 ? leftMs : STOP_RETRY_MS);
  }
  if (entry.unknownSinceMs !== undefined) {
    const leftMs = entry.unknownSinceMs + ORPHAN_GRACE_MS - nowMs;
    if (leftMs > 0) due.push(leftMs);
  }
  if (entry.resizeDeferred !== undefined) due.push(DEFERRED_RETRY_MS);
  const flapsMs = flapsDueMs(entry.rivals.flaps, nowMs);
  if (flapsMs !== undefined) due.push(flapsMs);
  if (entry.admission.kind !== 'admitted' && entry.admission.retryAfterMs !== undefined) {
    due.push(entry.admission.retryAfterMs);
  }
  if (record?.denial?.retryAfterMs !== undefined) due.push(record.denial.retryAfterMs);
  if (entry.lifecycle.lookAfterMs !== undefined) due.push(entry.lifecycle.lookAfterMs);
  const untilMs = record?.spec?.suspend?.untilMs;
  if (untilMs !== undefined && untilMs > clock.wallMs()) due.push(untilMs - clock.wallMs());
  return due.length === 0 ? undefined : Math.max(0, Math.min(...due));
}
