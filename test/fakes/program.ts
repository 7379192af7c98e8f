import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A temporary directory that goes away at the end of the `using` block. */
export class TemporaryDirectory implements Disposable {
  readonly path: string = mkdtempSync(join(tmpdir(), 'hublet-test-'));

  /** Writes an executable shell script and returns its path. In it, `$CALLS` is a file that `calls` reads. */
  program(name: string, script: string): string {
    const path = join(this.path, name);
    writeFileSync(path, `#!/bin/sh\nCALLS='${this.#callsPath}'\n${script}\n`);
    chmodSync(path, 0o755);
    return path;
  }

  /** A program that notes its arguments, one call a line with `|` between them, and then runs the script. */
  recordingProgram(name: string, script: string): string {
    return this.program(name, `(IFS='|'; printf '%s\\n' "$*") >> "$CALLS"\n${script}`);
  }

  /** What a recording program was called with, oldest first. */
  calls(): readonly (readonly string[])[] {
    try {
      const lines = readFileSync(this.#callsPath, 'utf8').split('\n').slice(0, -1);
      return lines.map((line) => line.split('|'));
    } catch (err) {
      // Not called yet.
      if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return [];
      throw err;
    }
  }

  get #callsPath(): string {
    return join(this.path, 'calls');
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
