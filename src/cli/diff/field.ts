import { serverSchema } from '../../spec/schema.ts';
import { listFields } from '../../spec/schemaWalk.ts';
import { propertiesOf } from '../fieldText.ts';

/** D-Bus names that unit files spell in another way. @see org.freedesktop.systemd1(5) */
const UNIT_FILE_NAMES: Readonly<Record<string, string>> = {
  CPUQuotaPerSecUSec: 'CPUQuota',
  TimeoutStopUSec: 'TimeoutStopSec',
  TimeoutStartUSec: 'TimeoutStartSec',
  EnvironmentFiles: 'EnvironmentFile',
};

/** Properties that a field sets beside the one that its description names. */
const COMPANIONS: Readonly<Record<string, string>> = {
  ExecSearchPath: 'spec.extraPaths',
  StateDirectory: 'spec.dynamicUser',
  StateDirectoryMode: 'spec.dynamicUser',
  LimitNOFILESoft: 'spec.resources.files',
  DevicePolicy: 'spec.sandbox.deviceAllow',
  AmbientCapabilities: 'spec.sandbox.capabilities',
  SystemCallErrorNumber: 'spec.sandbox.systemCallFilter',
};

const FIELDS: ReadonlyMap<string, string> = new Map(
  listFields(serverSchema).flatMap(({ path, schema }) =>
    propertiesOf(schema.meta()?.description ?? '').map((property) => [property.slice(0, -1), path] as const),
  ),
);

/** The field of a spec that sets a property, `spec.resources.memory.limit` of MemoryMax; the property's own name where none does. */
export function fieldOfProperty(name: string): string {
  return COMPANIONS[name] ?? FIELDS.get(UNIT_FILE_NAMES[name] ?? name) ?? name;
}
