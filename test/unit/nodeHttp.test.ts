import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const SOURCE = join(import.meta.dirname, '../../src');

/** Node's own modules that are loaded once this one is. */
async function loadedBy(module: string): Promise<readonly string[]> {
  const script = `await import(${JSON.stringify(join(SOURCE, module))}); console.log(process.moduleLoadList.join('\\n'))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  return stdout.split('\n');
}

it('has the controller load HTTP, but not what Node has for fetch', async () => {
  const loaded = await loadedBy('daemon.ts');

  expect(loaded).toContain('NativeModule http');
  expect(loaded).not.toContain('NativeModule internal/deps/undici/undici');
});
