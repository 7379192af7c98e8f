import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const LOG = join(import.meta.dirname, '../../src/log.ts');

it('the last line of a process that is killed right after it is written', () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    createLog('info').error({ server: 'alice' }, 'the last');
    process.kill(process.pid, 'SIGKILL');`;

  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });

  expect(signal).toBe('SIGKILL');
  expect(JSON.parse(stdout)).toMatchObject({ level: 'error', server: 'alice', msg: 'the last' });
});
