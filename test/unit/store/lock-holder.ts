/** Takes the lock in a process of its own, says how that went in one line, and lives until its stdin ends. */
import { spawn } from 'node:child_process';
import { LockHeld, takeLock } from '../../../src/store/lock.ts';

const [path = '', mode] = process.argv.slice(2);
try {
  takeLock(path);
  // A child that outlives us must not keep the lock.
  const child = mode === 'with-child' ? spawn('sleep', ['60'], { stdio: 'ignore', detached: true }) : undefined;
  console.log(`held ${child?.pid ?? 0}`);
  process.stdin.resume();
  process.stdin.on('end', () => process.exit(0));
} catch (error) {
  if (!(error instanceof LockHeld)) throw error;
  console.log(`${error.exitCode} ${error.message}`);
  process.exit(error.exitCode);
}
