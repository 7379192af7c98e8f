import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCode } from './read.ts';

/**
 * Limits of one cgroup as the kernel's files have them, as one text: another text, other limits. Of a file that isn't there (its
 * controller is off) nothing is told; undefined where the cgroup is gone.
 *
 * @param files names such as `cpu.weight`
 */
export function readLimitFiles(root: string, controlGroup: string, files: readonly string[]): string | undefined {
  const texts: string[] = [];
  for (const file of files) {
    try {
      texts.push(`${file}\n${readFileSync(join(root, controlGroup, file), 'latin1')}`);
    } catch (error) {
      const code = errorCode(error);
      if (code === 'ENODEV') return undefined;
      // A descriptor too few now: the next resync asks again.
      if (code !== 'ENOENT' && code !== 'EMFILE' && code !== 'ENFILE' && code !== 'EOPNOTSUPP') throw error;
    }
  }
  return texts.length === 0 ? undefined : texts.join('');
}
