/** CPU numbers as systemd's AllowedCPUs= has them on D-Bus (`ay`): bit n of the little-endian mask is CPU n; no CPUs is an empty array, which means any. */
export function cpuMask(cpus: readonly number[]): Buffer {
  const mask = Buffer.alloc(cpus.length === 0 ? 0 : (Math.max(...cpus) >> 3) + 1);
  for (const cpu of cpus) mask[cpu >> 3] = (mask[cpu >> 3] ?? 0) | (1 << (cpu & 7));
  return mask;
}

/** CPU numbers of a mask, ascending. systemd pads what it gives back with zero bytes: they add nothing. */
export function cpusOfMask(mask: Iterable<number>): number[] {
  return [...mask].flatMap((byte, index) =>
    [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte >> bit) & 1).map((bit) => index * 8 + bit),
  );
}
