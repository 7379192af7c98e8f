import type { Prometheus, ScrapedSeries } from '../../prometheus/server.ts';
import { readAlerts } from '../../unit/metrics/rules.ts';
import { nameOf } from './firing.ts';

const SECONDS_OF = { s: 1, m: 60, h: 3_600 };
/** Evaluations come each second; one more may be late. */
const NEXT_WITHIN_SECONDS = 2.5;

/**
 * Alerts of the last seconds, each as its name and whom it is about: all that fired under hurried rules, and those that did so
 * without a break for as long as their own rule asks, so that a person would have been told, or for half of the time looked at.
 */
export async function readAlarms(
  prometheus: Prometheus,
  seconds: number,
): Promise<{ readonly fired: ReadonlySet<string>; readonly told: ReadonlySet<string> }> {
  const series = await prometheus.range(`ALERTS{alertstate="firing"}[${seconds}s]`);
  const isTold = (each: ScrapedSeries) =>
    longestSeconds(each) >= Math.min(neededSeconds(each.labels.alertname ?? ''), seconds / 2);
  return {
    fired: new Set(series.map(({ labels }) => nameOf(labels))),
    told: new Set(series.filter(isTold).map(({ labels }) => nameOf(labels))),
  };
}

/** How long an alert fired without a break. */
export function longestSeconds({ samples }: Pick<ScrapedSeries, 'samples'>): number {
  let longest = 0;
  let from: number | undefined;
  for (const [index, { atSeconds }] of samples.entries()) {
    const before = samples[index - 1]?.atSeconds;
    if (from === undefined || before === undefined || atSeconds - before > NEXT_WITHIN_SECONDS) from = atSeconds;
    longest = Math.max(longest, atSeconds - from);
  }
  return longest;
}

/** `for` of the rule as hublet ships it; 0 where it has none. */
function neededSeconds(alert: string): number {
  const rule = readAlerts().find((each) => each.alert === alert);
  if (rule === undefined) throw new Error(`no rule ${alert}`);
  const [, amount = '0', unit = 's'] = /^(\d+)([smh])$/.exec(rule.for ?? '0s') ?? [];
  return Number(amount) * SECONDS_OF[unit as keyof typeof SECONDS_OF];
}
