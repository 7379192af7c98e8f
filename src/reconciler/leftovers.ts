/** What an earlier controller left behind, met once at the start: units without a spec, and files without either. */
import { serverFileId, unitName } from '../units/name.ts';
import type { LoopPorts } from './ports.ts';

/**
 * Our units among `units` that no source knows, by server name. Each costs one D-Bus call. They are only told of here.
 *
 * @throws {SystemdError} a unit can't be read
 */
export async function findOrphans(units: readonly string[], ports: LoopPorts): Promise<readonly string[]> {
  const { source, systemd, instance, events } = ports;
  const known = new Set(source.names().map((name) => unitName(name)));
  const orphans: string[] = [];
  for (const unit of units) {
    if (known.has(unit)) continue;
    const marks = (await systemd.read(unit))?.marks;
    if (marks?.instance !== instance.id) continue;
    orphans.push(marks.server);
    events.record({ server: marks.server, reason: 'Orphaned', message: `${unit} runs, but no spec asks for it` });
  }
  return orphans;
}

/**
 * Removes status files of servers that are not in `names`, and environment files that no loaded unit reads.
 *
 * @throws {NodeJS.ErrnoException} a read-only file system
 */
export function removeLeftovers(names: ReadonlySet<string>, ports: LoopPorts): void {
  const { statusFiles, runtime, systemd, config } = ports;
  for (const name of statusFiles.names()) {
    if (!names.has(name)) statusFiles.remove(name);
  }
  const isLoaded = (name: string) => systemd.unit(unitName(name))?.loaded === true;
  const paths = [...names].filter(isLoaded).map((name) => `${config.runtimeDirectory}/env/${serverFileId(name)}.env`);
  runtime.sweepEnvironment(new Set(paths));
}
