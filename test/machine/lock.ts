import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Runs `body` while no other process on this computer holds the same lock file.
 *
 * The kernel's lock is held by a child that ends with our end of its input, so that no crash can leave it locked (flock(1)).
 * `onWait` is called once when the lock is not to be had at once.
 */
export async function withLock<T>(file: string, onWait: () => void, body: () => Promise<T>): Promise<T> {
  await mkdir(dirname(file), { recursive: true });
  const holder = spawn('flock', [file, 'sh', '-c', 'echo locked; exec cat'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(holder, 'close');
  const patience = setTimeout(onWait, 500);
  try {
    const first = await Promise.race([once(holder.stdout, 'data'), ended]);
    clearTimeout(patience);
    if (!Buffer.isBuffer(first[0])) throw new Error(`no lock on ${file}: flock ended with ${String(first[0])}`);
    return await body();
  } finally {
    clearTimeout(patience);
    holder.stdin.end();
    await ended;
  }
}
