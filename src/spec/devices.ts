import { unitPathProblem } from './paths.ts';
import type { DeviceRule } from './types.ts';

const ALL_ACCESS = 'rwm';

/** An entry such as `/dev/nvidia0 rw` or `char-pts` in its parts; without letters all is allowed, as for systemd. Not judged. */
export function splitDeviceRule(text: string): DeviceRule {
  const [device = '', access = ALL_ACCESS] = text.split(/ +/);
  return { device, access: [...ALL_ACCESS].filter((letter) => access.includes(letter)).join('') };
}

/**
 * What is wrong with an entry of `deviceAllow`, or undefined: a node below /dev or a class of /proc/devices, and letters of r, w, m.
 *
 * @see systemd.resource-control(5), "DeviceAllow="
 */
export function deviceRuleProblem(text: string): string | undefined {
  const [device = '', access = ALL_ACCESS, ...more] = text.split(/ +/);
  if (more.length > 0 || !/^[rwm]{1,3}$/.test(access) || new Set(access).size !== access.length) {
    return 'must be a device and what is allowed, of r (read), w (write) and m (make), such as "/dev/nvidia0 rw"';
  }
  return deviceProblem(device);
}

/** What is wrong with a device node or class, or undefined. */
export function deviceProblem(device: string): string | undefined {
  if (/^(?:char|block)-[A-Za-z0-9_.*?/+-]+$/.test(device)) return undefined;
  if (!device.startsWith('/dev/')) return 'must name a device node below /dev, or a class such as char-pts';
  if (device.endsWith('/')) return 'must name a device node, not a directory';
  return unitPathProblem(device);
}
