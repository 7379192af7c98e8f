import { readFileSync } from 'node:fs';

/**
 * This boot's random id, 36 characters; another boot of the same host has another.
 *
 * Virtual machines restored from one saved state share it.
 * @throws {NodeJS.ErrnoException} where /proc is not mounted
 * @see random(4), "boot_id"
 */
export function readBootId(path = '/proc/sys/kernel/random/boot_id'): string {
  return readFileSync(path, 'utf8').trim();
}
