import { parseArgs } from 'node:util';
import { installHublet } from './hublet.ts';
import { attach, boot } from './machine.ts';
import { cacheDirectory, report } from './places.ts';
import { endLeftovers, livingMachines } from './records.ts';
import { ensureState } from './state.ts';
import { isSystemdAge } from './systemd.ts';

const usage = `usage: npm run machine -- VERB [OPTIONS] [ARGUMENTS]

  up [--cold] [--install]           start a fresh machine (--cold: really boot; --install: with this checkout's hublet)
     [--systemd oldest|newest]      oldest when not said
  run [--user U] [--timeout S] CMD  run a bash command in it; streams and exit code are the command's
  shell                             a root shell in it
  put PATH GUEST-DIRECTORY          copy a file, or what is in a directory
  forward PORT [HOST-PORT]          reach a port on its loopback from here; prints the port on 127.0.0.1
  console                           what its kernel has written
  down [--all]                      switch it off and forget it
  ls                                machines that are up
  build [--force] [--systemd ...]   make disk image and saved state now; --force: again, with Debian's newest packages

Every verb but ls and build takes --name NAME (default: "default"). Image and state are kept in
${cacheDirectory()} (HUBLET_MACHINE_CACHE moves it).`;

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        name: { type: 'string', short: 'n', default: 'default' },
        user: { type: 'string', short: 'u' },
        timeout: { type: 'string', short: 't' },
        cold: { type: 'boolean', default: false },
        install: { type: 'boolean', default: false },
        systemd: { type: 'string', default: 'oldest' },
        force: { type: 'boolean', default: false },
        all: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n`);
    process.exit(2);
  }
}

const { values, positionals } = readArguments();

/** Runs one verb; returns the exit code: 2 for a wrong call. */
async function main(verb: string, args: readonly string[]): Promise<number> {
  const { name, systemd } = values;
  if (!isSystemdAge(systemd)) return wrongCall();
  const [first, second] = args;
  switch (verb) {
    case 'up': {
      const startedMs = performance.now();
      const machine = await boot({ name, systemd, cold: values.cold, outlives: true });
      if (values.install) await installHublet(machine);
      report(`machine ${name} is up after ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
      return 0;
    }
    case 'run': {
      if (args.length === 0) return wrongCall();
      const { user, timeout } = values;
      return attach(name).pass(args.join(' '), {
        ...(user === undefined ? {} : { user }),
        ...(timeout === undefined ? {} : { timeoutMs: Number(timeout) * 1000 }),
      });
    }
    case 'shell':
      return attach(name).shell();
    case 'put':
      if (first === undefined || second === undefined) return wrongCall();
      await attach(name).put(first, second);
      return 0;
    case 'forward':
      if (!isPort(first) || (second !== undefined && !isPort(second))) return wrongCall();
      console.log(await attach(name).forward(Number(first), second === undefined ? undefined : Number(second)));
      return 0;
    case 'console':
      process.stdout.write(await attach(name).console());
      return 0;
    case 'down':
      for (const one of values.all ? startedByHand() : [name]) await attach(one).kill();
      return 0;
    case 'ls':
      await endLeftovers();
      for (const { name: one, qemu, sshPort, startedAt, owner } of livingMachines()) {
        console.log(
          [one, `pid=${qemu.pid}`, `ssh=${sshPort}`, startedAt, owner ? `of process ${owner.pid}` : '']
            .join('  ')
            .trim(),
        );
      }
      return 0;
    case 'build':
      report((await ensureState(report, systemd, values.force)).directory);
      return 0;
    default:
      return wrongCall();
  }
}

function startedByHand(): readonly string[] {
  return livingMachines()
    .filter(({ owner }) => owner === undefined)
    .map(({ name }) => name);
}

function isPort(text: string | undefined): boolean {
  return text !== undefined && /^[1-9]\d{0,4}$/.test(text) && Number(text) < 65_536;
}

function wrongCall(): number {
  process.stderr.write(`${usage}\n`);
  return 2;
}

if (values.help) {
  console.log(usage);
} else {
  try {
    process.exitCode = await main(positionals[0] ?? '', positionals.slice(1));
  } catch (err) {
    process.stderr.write(`${(err as Error).message}\n`);
    process.exitCode = 1;
  }
}
