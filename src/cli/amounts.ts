/** Durations, sizes and cores as a person reads them in a table: short, two figures of meaning. */

/** A time span as kubectl prints ages: `45s`, `12m`, `3h5m`, `5d3h`, `2y10d`; below zero (a clock step) is `0s`. */
export function formatAge(ageMs: number): string {
  const seconds = Math.max(0, Math.floor(ageMs / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return withRest(`${minutes}m`, seconds % 60, 's');
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return withRest(`${hours}h`, minutes % 60, 'm');
  if (hours < 48) return `${hours}h`;
  const days = Math.floor(hours / 24);
  if (days < 8) return withRest(`${days}d`, hours % 24, 'h');
  if (days < 730) return `${days}d`;
  return withRest(`${Math.floor(days / 365)}y`, days % 365, 'd');
}

function withRest(text: string, rest: number, unit: string): string {
  return rest === 0 ? text : `${text}${rest}${unit}`;
}

/** Bytes in powers of 1024 with at most three figures, `84M`, `1.5G`, `512M`; never more exact than it looks. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 'B';
  for (const next of ['K', 'M', 'G', 'T', 'P']) {
    if (value < 1023.5) break;
    value /= 1024;
    unit = next;
  }
  const isWhole = unit === 'B' || value >= 10 || Math.abs(value - Math.round(value)) < 0.05;
  return `${isWhole ? Math.round(value) : value.toFixed(1)}${unit}`;
}

/** CPU cores in use, to a hundredth: `0.52`, `0`, `12.4`. */
export function formatCoresUsed(cores: number): string {
  return cores >= 10 ? cores.toFixed(1) : String(Math.round(Math.max(0, cores) * 100) / 100);
}
