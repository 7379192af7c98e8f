import { propertyRow, settingOf } from '../../units/table.ts';

/**
 * The field of a spec that sets a property, by its D-Bus name: `spec.resources.memory.limit` of MemoryMax,
 * `spec.unitProperties.LimitCORE` of one that has no field; the setting's own name where hublet alone decides.
 */
export function fieldOfProperty(name: string): string {
  const setting = settingOf(propertyRow(name)?.setting ?? '');
  switch (setting?.owner.kind) {
    case undefined:
      return name;
    case 'field':
      return setting.owner.path;
    case 'hublet':
      return setting.name;
    case 'free':
    case 'preset':
      return `spec.unitProperties.${setting.name}`;
  }
}

/** Whether a field of the spec, and nothing else, sets a property. */
export function hasField(name: string): boolean {
  return settingOf(propertyRow(name)?.setting ?? '')?.owner.kind === 'field';
}
