// Servers that use each of what is measured, and a pool of several of them.
import type { Spec } from '../../machine/servers.ts';
import type { Compared } from './comparison.ts';

export const programsDirectory = '/opt/programs';

export const programs: Readonly<Record<string, string>> = {
  // As much CPU as it may, in and out of the kernel.
  'busy.py': 'import os\nwhile True: os.getppid()\n',
  // Memory, and then nothing at all.
  'quiet.py': 'import signal\nblock = b"x" * (40 << 20)\nsignal.pause()\n',
  // Memory up to nine tenths and a half of its limit.
  'full.py': `
import signal
group = open("/proc/self/cgroup").read().split("::")[1].strip()
number = lambda file: int(open(f"/sys/fs/cgroup{group}/{file}").read())
held = []
while number("memory.current") < 0.955 * number("memory.max"): held.append(b"x" * (1 << 19))
signal.pause()
`,
  // Writes to the disk and waits until it is there.
  'writer.py': `
import os, time
file = os.open(os.path.expanduser("~/written"), os.O_RDWR | os.O_CREAT, 0o600)
block = os.urandom(1 << 20)
while True:
    os.pwrite(file, block, 0)
    os.fsync(file)
    time.sleep(0.3)
`,
  // A child that is killed for memory, each time that SIGUSR1 comes; says when it saw it.
  'greedy.py': `
import os, signal, time
def greedy(*_):
    child = os.fork()
    if child == 0:
        block = b"x" * (300 << 20)
        os._exit(0)
    os.waitpid(child, 0)
    print(f"killed at {time.time()}", flush=True)
signal.signal(signal.SIGUSR1, greedy)
while True: signal.pause()
`,
  // Wants ever more than memory.high lets it have.
  'thrashing.py': 'held = []\nwhile True: held.append(b"x" * (1 << 18))\n',
  // Listens only after more than a minute.
  'slow.py': `
import http.server, os, time
time.sleep(62)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.BaseHTTPRequestHandler).serve_forever()
`,
};

export const pools = { lab: { memory: { limit: '400M' }, cpu: { limit: 1.5 } }, tight: { memory: { limit: '64M' } } };

/** Names of servers by the pool that they are in. */
export const members = { lab: ['busy', 'greedy', 'quiet', 'writer'], tight: ['full'] } as const;

/** Servers that are Ready and stay it. */
export const steady: Readonly<Record<string, Spec>> = {
  busy: program('alice', 'busy.py', { resources: { cpu: { limit: 0.4 } }, pool: 'lab' }),
  quiet: program('bob', 'quiet.py', { resources: { memory: { limit: '256M', high: '200M' }, tasks: 30 }, pool: 'lab' }),
  writer: program('carol', 'writer.py', { pool: 'lab' }),
  full: program('bob', 'full.py', { resources: { memory: { limit: '64M' } }, pool: 'tight' }),
  greedy: program('alice', 'greedy.py', { resources: { memory: { limit: '128M' } }, pool: 'lab' }),
};

/** A server that ends again and again, and never listens. */
export const crashing: Spec = {
  user: 'alice',
  command: ['sh', '-c', 'exit 3'],
  restartPolicy: 'Always',
  backoff: { initial: '1s', max: '1s' },
  probes: { readiness: { tcp: {} } },
};

/** A server that is kept waiting by memory.high. */
export const thrashing = program('alice', 'thrashing.py', { resources: { memory: { high: '40M' } } });

/** A server that is Ready only after more than a minute. */
export const slow = program('carol', 'slow.py', { probes: { readiness: { tcp: {} } } });

/** Has one process of `greedy` killed for memory. */
export const killOne = 'systemctl kill --kill-whom=main --signal=USR1 hublet-greedy.service';

export function program(user: string, file: string, more: object): Spec {
  return { user, command: ['python3', `${programsDirectory}/${file}`], ...more };
}

/** All of them and their pools. */
export const measured: readonly Compared[] = [
  ...Object.keys(steady).map((name) => {
    const isQuiet = ['quiet', 'full', 'greedy'].includes(name);
    return { kind: 'server' as const, name, unit: `hublet-${name}.service`, isQuiet };
  }),
  ...Object.keys(members).map((name) => {
    return { kind: 'pool' as const, name, unit: `hublet-${name}.slice`, isQuiet: name === 'tight' };
  }),
];
