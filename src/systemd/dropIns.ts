import { readFileSync } from 'node:fs';
import type { Log } from '../log.ts';

/** What came with the system or lasts until the next boot: nobody's lasting wish. */
const NO_WISH = ['/run/', '/usr/', '/lib/'];
const SECTIONS: ReadonlySet<string> = new Set(['Service', 'Slice']);

/** Settings that an administrator's drop-ins make for a unit: the file that does, by the name of the setting. */
export type AdminSettings = ReadonlyMap<string, string>;

/**
 * What drop-ins outside of /run and /usr say for a unit: `systemctl edit` leaves such, and of a slice `systemctl set-property`
 * without `--runtime`; what that sets of a transient unit goes to /run. One that can't be read is logged and says nothing.
 *
 * @param paths the unit's DropInPaths
 * @see systemd.unit(5)
 */
export function readAdminSettings(paths: readonly string[], log: Log): AdminSettings {
  const settings = new Map<string, string>();
  for (const path of paths.filter((path) => !NO_WISH.some((prefix) => path.startsWith(prefix)))) {
    try {
      for (const name of settingsIn(readFileSync(path, 'utf8'))) settings.set(name, path);
    } catch (err) {
      log.warn({ err, path }, 'a drop-in of a unit could not be read');
    }
  }
  return settings;
}

/** Names of the settings in the sections of a unit file that have limits in them. */
function settingsIn(text: string): readonly string[] {
  let isOurs = false;
  return text.split('\n').flatMap((line) => {
    const section = /^\s*\[([^\]]*)\]\s*$/.exec(line)?.[1];
    if (section !== undefined) isOurs = SECTIONS.has(section);
    const name = /^\s*([A-Za-z][A-Za-z0-9]*)\s*=/.exec(line)?.[1];
    return isOurs && name !== undefined ? [name] : [];
  });
}
