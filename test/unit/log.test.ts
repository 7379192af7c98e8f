import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const LOG = join(import.meta.dirname, '../../src/log.ts');

it('the last line of a process that is killed right after it is written', () => {
  const program = `
    const { createLog } = await import(${JSON.stringify(LOG)});
    const log = createLog('info');
    for (let line = 1; line < 100; line += 1) log.info({ line }, 'before it');
    log.error({ server: 'alice' }, 'the last');
    process.kill(process.pid, 'SIGKILL');`;

  const { signal, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });

  expect(signal).toBe('SIGKILL');
  const lines = stdout.trimEnd().split('\n');
  expect(lines).toHaveLength(100);
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ level: 'error', server: 'alice', msg: 'the last' });
});
