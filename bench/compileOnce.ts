/**
 * `compileOnce.ts TREE COUNT`: compiles so many servers with the sources of a checkout, compares each with what systemd would
 * report for it, and prints the CPU time of that in milliseconds. The first hundred are not counted: they are compiled code's.
 */
import { join } from 'node:path';

interface Sources {
  readonly compileServer: typeof import('./guest/server.ts').compileServer;
  readonly diffLive: typeof import('../src/units/diff.ts').diffLive;
}

const WARM_UP = 100;

const [, , tree = '.', count = '1000'] = process.argv;
const sources: Sources = {
  ...(await import(join(tree, 'bench/guest/server.ts'))),
  ...(await import(join(tree, 'src/units/diff.ts'))),
};
compileAndDiff(sources, WARM_UP, 'w');
const before = process.cpuUsage();
compileAndDiff(sources, Number(count), 's');
const { user, system } = process.cpuUsage(before);
process.stdout.write(`${(user + system) / 1000}\n`);

function compileAndDiff({ compileServer, diffLive }: Sources, size: number, prefix: string): void {
  for (let index = 0; index < size; index++) {
    const { live } = compileServer(`${prefix}${index}`, '/run/bench-env');
    const reported = Object.fromEntries(live.map(({ name, value }) => [name, value]));
    if (diffLive(live, reported).length > 0) throw new Error('a plan differs from itself');
  }
}
