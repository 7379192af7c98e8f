/** What somebody left behind: units without a spec, and files without either. */
import { serverFileId, unitName } from '../units/name.ts';
import { positionOf } from './plan.ts';
import type { LoopPorts } from './ports.ts';

/** Servers whose units are there (up or failed) and ours, but unknown to the caller, from the last listing. Costs no D-Bus call. */
export function findOrphans(isKnown: (unit: string) => boolean, ports: LoopPorts): readonly string[] {
  const { systemd, instance } = ports;
  const orphans: string[] = [];
  for (const unit of systemd.loadedUnits()) {
    const state = isKnown(unit) ? undefined : systemd.unit(unit);
    const marks = positionOf(state) === 'absent' ? undefined : state?.marks;
    if (marks?.instance === instance.id && unitName(marks.server) === unit) orphans.push(marks.server);
  }
  return orphans;
}

/**
 * Removes status and memory of servers that are not in `names`, and environment files that no loaded unit reads.
 *
 * @throws {NodeJS.ErrnoException} a read-only file system
 */
export function removeLeftovers(names: ReadonlySet<string>, ports: LoopPorts): void {
  const { statusFiles, runtime, systemd, config } = ports;
  for (const name of statusFiles.names()) {
    if (!names.has(name)) statusFiles.remove(name);
  }
  runtime.sweepMemories(names);
  const isLoaded = (name: string) => systemd.unit(unitName(name))?.loaded === true;
  const paths = [...names].filter(isLoaded).map((name) => `${config.runtimeDirectory}/env/${serverFileId(name)}.env`);
  runtime.sweepEnvironment(new Set(paths));
}
