/** Where systemd's objects live, and the escaping of unit names in object paths. */

const unitRoot = '/org/freedesktop/systemd1/unit/';

/** What the names of units begin with that run one command and are nobody's server. */
export const commandUnitPrefix = 'hublet.probe-';

/** What the object paths of those begin with. */
export const commandUnitPathPrefix = `${unitRoot}hublet_2eprobe_2d`;

/** What the object path of each of our units begins with, after escaping `hublet-`. */
export const ourUnitPathPrefix = `${unitRoot}hublet_2d`;

/**
 * Object path of a unit: every byte but ASCII letters and digits as `_xx`, a leading digit too.
 *
 * @see sd-bus `sd_bus_path_encode(3)`
 */
export function unitPath(name: string): string {
  if (name === '') return `${unitRoot}_`;
  // A letter for each byte.
  const bytes = Buffer.from(name).toString('latin1');
  return unitRoot + bytes.replace(/^[^A-Za-z]|[^A-Za-z0-9]/g, (byte) => `_${hexOf(byte.charCodeAt(0))}`);
}

/** Unit name of an object path; undefined where the path is not a unit's. */
export function unitOfPath(path: string): string | undefined {
  if (!path.startsWith(unitRoot)) return undefined;
  const label = path.slice(unitRoot.length);
  if (!/^(?:[A-Za-z0-9]|_[0-9a-f]{2})+$/.test(label)) return undefined;
  const bytes = label.replace(/_(..)/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(bytes, 'latin1').toString();
}

function hexOf(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

/** Whether a unit may be one of our servers, by its name alone: `hublet-*.service`. */
export function isOurUnitName(name: string): boolean {
  return name.startsWith('hublet-') && name.endsWith('.service');
}

/** Whether a unit runs one command of ours, by its name alone. */
export function isCommandUnitName(name: string): boolean {
  return name.startsWith(commandUnitPrefix) && name.endsWith('.service');
}

/** Whether systemd takes this as a unit name at all; template names without an instance are left out. @see systemd.unit(5) */
export function isUnitName(name: string): boolean {
  return name.length <= 255 && /^[A-Za-z0-9:_.\\-]+\.(?:service|slice)$/.test(name);
}
