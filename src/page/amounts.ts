/** Amounts as people read them on the page: short, with their units. */

/** Cores to a hundredth, `0.42`, `12.4`. */
export function coresText(cores: number): string {
  return cores >= 10 ? cores.toFixed(1) : String(Math.round(Math.max(0, cores) * 100) / 100);
}

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in powers of 1024 with at most three figures: `84 MiB`, `1.5 GiB`. */
export function bytesText(bytes: number): string {
  let amount = Math.max(0, bytes);
  let unit = 0;
  while (amount >= 1023.5 && unit < UNITS.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  const isWhole = unit === 0 || amount >= 10 || Math.abs(amount - Math.round(amount)) < 0.05;
  return `${isWhole ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`;
}

/** A time span in whole minutes at the finest, so that it changes seldom: `<1m`, `12m`, `3h 5m`, `5d 3h`. */
export function ageText(ageMs: number): string {
  const minutes = Math.floor(ageMs / 60_000);
  if (minutes < 1) return '<1m';
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours}h` : `${hours}h ${minutes % 60}m`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 || days >= 10 ? `${days}d` : `${days}d ${hours % 24}h`;
}

/** A part of a limit, 0 to 1; undefined where there is no limit. */
export function shareOf(amount: number, limit: number | undefined): number | undefined {
  return limit === undefined || limit <= 0 ? undefined : Math.min(1, Math.max(0, amount / limit));
}

export function countText(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
