import type { Group } from '../admission/types.ts';
import type { NssDatabase } from './database.ts';
import { parseId } from './key.ts';

/** Groups. @see group(5) */
export const GROUP: NssDatabase<Group> = {
  name: 'group',
  words: 'groups',
  parseLine: parseGroupLine,
  idOf: (group) => group.gid,
};

/**
 * One line of the group database, its members left out; undefined where it is no group: empty, a comment, NIS's `+`
 * and `-`, or broken.
 *
 * @see group(5)
 */
export function parseGroupLine(line: string): Group | undefined {
  const fields = line.split(':');
  const [name = '', , gidText = ''] = fields;
  const gid = parseId(gidText);
  if (fields.length !== 4 || name === '' || /^[#+-]/.test(name) || gid === undefined) return undefined;
  return { name, gid };
}
