import type { CacheKind } from './cache.ts';

/**
 * Which systemd a machine has: the oldest that hublet works with (252, of Debian 12), or the newest that Debian has packages of
 * (its testing suite) on the kernel of that suite.
 */
export type SystemdAge = 'oldest' | 'newest';

/** Both, the usual one first. */
export const systemdAges: readonly SystemdAge[] = ['oldest', 'newest'];

/** Whether `text` is one of them. */
export function isSystemdAge(text: string): text is SystemdAge {
  return systemdAges.some((age) => age === text);
}

/** Where the cache has images and states with that systemd: apart, so that neither pushes the other out. */
export function cacheKinds(systemd: SystemdAge): { readonly image: CacheKind; readonly state: CacheKind } {
  return systemd === 'newest' ? { image: 'newest-image', state: 'newest-state' } : { image: 'image', state: 'state' };
}

/** Whether a file of the image's recipe belongs to the other systemd alone: its name ends with that one's. */
export function isOfOther(file: string, systemd: SystemdAge): boolean {
  return systemdAges.some((age) => age !== systemd && file.endsWith(`-${age}`));
}
