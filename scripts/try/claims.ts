import type { Condition, ServerStatus } from '../../src/status/types.ts';

/** @throws with `otherwise` where the claim does not hold */
export function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Where a word first stands in a text, as editors count: `line:column`, both from 1. Undefined where it doesn't. */
export function positionOf(text: string, word: string): string | undefined {
  const offset = text.indexOf(word);
  if (offset === -1) return undefined;
  const before = text.slice(0, offset).split('\n');
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}

/** A row of `hublet get`. */
export interface TableRow {
  readonly name: string;
  readonly phase: string;
  readonly isReady: boolean;
  readonly restarts: number;
}

/** Undefined for the header and for what is no row. */
export function readRow(line: string): TableRow | undefined {
  const [name, phase, ready, restarts] = line.trim().split(/\s{2,}/);
  if (name === undefined || phase === undefined || restarts === undefined || !/^\d+$/.test(restarts)) return undefined;
  return { name, phase, isReady: ready === 'True', restarts: Number(restarts) };
}

/** Value of a server's series in Prometheus' text format; undefined where there is none. */
export function readSample(exposition: string, metric: string, server: string): number | undefined {
  const line = exposition.split('\n').find((one) => one.startsWith(`${metric}{server="${server}"}`));
  return line === undefined ? undefined : Number(line.slice(line.lastIndexOf(' ') + 1));
}

/** A condition of a server; undefined where it is not reported. */
export function conditionOf(server: ServerStatus, type: Condition['type']): Condition | undefined {
  return server.status.conditions.find((condition) => condition.type === type);
}
