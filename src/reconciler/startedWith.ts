/** What of a spec only a new start can bring, as one short text that is kept over restarts and upgrades of the controller. */
import { createHmac, type KeyObject } from 'node:crypto';
import { canonicalJson } from '../spec/canonical.ts';
import type { CompleteDocument } from '../spec/schema.ts';
import { settingOf } from '../units/table.ts';

type Fields = CompleteDocument['spec'];

/** Fields that ask for no new start, or that stand for others which are merged in already. */
const NOT_COUNTED: ReadonlySet<string> = new Set<keyof Fields>([
  'profile',
  'probes',
  'restartPolicy',
  'backoff',
  'startTimeout',
  'schedule',
  'idle',
  'maxAge',
  'suspend',
  'updateStrategy',
  'deletionPolicy',
  'priority',
  // Counted as the pool that it comes to.
  'pool',
]);

/**
 * Equal texts: nothing that a person wrote for this server, in its file, its profile or the choice of its pool, asks for a
 * new start. It is made from what is written and not from what hublet makes of it, so that another version of hublet, with
 * other defaults, gives the same. 64 hex digits, keyed: an environment with a short secret could be guessed from a plain hash.
 *
 * @param pool the one that it runs in, the configuration's default included; undefined: none
 */
export function startedWith(document: CompleteDocument, pool: string | undefined, key: KeyObject): string {
  const counted = { spec: countedFields(document.spec), pool: pool ?? null };
  return createHmac('sha256', key).update(canonicalJson(counted)).digest('hex');
}

/** What is written of the fields that only a new start changes. */
export function countedFields(spec: Fields): Readonly<Record<string, unknown>> {
  const { resources, unitProperties = {}, ...rest } = spec;
  const fixed = Object.entries(unitProperties).filter(([name]) => settingOf(name)?.rows[0].change !== 'live');
  return {
    ...Object.fromEntries(Object.entries(rest).filter(([name]) => !NOT_COUNTED.has(name))),
    ...(resources?.files === undefined ? {} : { files: resources.files }),
    ...(fixed.length === 0 ? {} : { unitProperties: Object.fromEntries(fixed) }),
  };
}
