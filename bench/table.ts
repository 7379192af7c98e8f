import type { Spread } from './numbers.ts';

/** One line of the result. */
export interface Row {
  readonly what: string;
  readonly hublet: Spread;
  readonly raw?: Spread;
  readonly loop?: Spread;
  /** hublet's median by that of whom it is measured against. */
  readonly ratio?: number;
  readonly target?: Target;
}

/** What the ratio, or where there is none hublet's median, must be. */
export interface Target {
  readonly comparison: 'atLeast' | 'moreThan' | 'atMost';
  readonly value: number;
  /** In words, with the unit: `0.7 x raw`. */
  readonly text: string;
}

const SIGNS = { atLeast: '>=', moreThan: '>', atMost: '<=' } as const;
const HEADINGS = ['what', 'hublet', 'raw', 'loop', 'ratio', 'target', ''] as const;

/** Undefined where nothing is asked of it. */
export function isMet({ hublet, ratio, target }: Row): boolean | undefined {
  if (target === undefined) return undefined;
  const value = ratio ?? hublet.median;
  switch (target.comparison) {
    case 'atLeast':
      return value >= target.value;
    case 'moreThan':
      return value > target.value;
    case 'atMost':
      return value <= target.value;
  }
}

/** The table for people, columns aligned. */
export function formatTable(rows: readonly Row[]): string {
  const cells = [HEADINGS, ...rows.map(toCells)];
  const widths = HEADINGS.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const lines = cells.map((line) => line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

function toCells(row: Row): readonly string[] {
  const verdict = isMet(row);
  return [
    row.what,
    formatSpread(row.hublet),
    row.raw === undefined ? '-' : formatSpread(row.raw),
    row.loop === undefined ? '-' : formatSpread(row.loop),
    row.ratio === undefined ? '-' : row.ratio.toFixed(2),
    row.target === undefined ? '-' : `${SIGNS[row.target.comparison]} ${row.target.text}`,
    verdict === undefined ? '' : verdict ? 'ok' : 'MISS',
  ];
}

function formatSpread({ median, min, max }: Spread): string {
  return min === max ? formatNumber(median) : `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
}

function formatNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
