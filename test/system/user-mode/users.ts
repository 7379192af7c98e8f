import { join } from 'node:path';
import { expect } from 'vitest';
import type { HostStatus, ServerStatus } from '../../../src/status/types.ts';
import { quote } from '../../machine/command.ts';
import { installHublet } from '../../machine/hublet.ts';
import { boot, type ExecResult, type Machine, waitFor } from '../../machine/machine.ts';
import { projectDirectory } from '../../machine/places.ts';
import { conditionOf, type Spec, specText } from '../../machine/servers.ts';

/** A shell that does what the lines of its FIFO say, so with the server's own confinement, and writes down what came of it. */
const obedient = 'while :; do bash -c "$(cat ~/order)" > ~/answer 2>&1; mv ~/answer ~/answered; done';
export const web: Spec = {
  command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '{PORT}'],
  resources: { memory: { limit: '200M' }, tasks: 50 },
  probes: { readiness: { http: {}, periodSeconds: 1 } },
};
/** It takes orders: `Users.order`. */
export const confined: Spec = {
  command: ['bash', '-c', obedient],
  sandbox: { readOnlyPaths: ['/home/alice/books'], inaccessiblePaths: ['/usr/games'], privateDevices: true },
};

/** Users of a machine, each with what is their own: alice and bob have a systemd that lingers, bob's without the CPU; carol has none. */
export class Users {
  readonly machine: Machine;
  readonly #uids = new Map<string, string>();

  private constructor(machine: Machine) {
    this.machine = machine;
  }

  /** A machine with the program; nobody has set it up. */
  static async boot(): Promise<Users> {
    const machine = await boot();
    await installHublet(machine);
    await machine.put(join(projectDirectory, 'scripts/install'), '/opt/hublet/scripts');
    // What a host has by default: journals on disk, so that each user has one.
    await machine.run(`rm /etc/systemd/journald.conf.d/machine.conf
      mkdir -p /var/log/journal && systemctl restart systemd-journald && journalctl --flush
      mkdir -p /etc/systemd/system/user@$(id -u bob).service.d
      printf '[Service]\\nDelegate=\\nDelegate=memory pids\\n' > /etc/systemd/system/user@$(id -u bob).service.d/delegate.conf
      systemctl daemon-reload
      touch /tmp/of-the-host`);
    const users = new Users(machine);
    for (const user of ['alice', 'bob']) await users.#linger(user);
    return users;
  }

  /** Of alice and bob; undefined: the user has no runtime directory. */
  uid(user: string): string | undefined {
    return this.#uids.get(user);
  }

  /** As the user, without a login session, with what one needs to reach the own systemd. */
  as(user: string, command: string): Promise<ExecResult> {
    const environment = `export XDG_RUNTIME_DIR=/run/user/${this.uid(user)} PATH=$HOME/.local/bin:$PATH; cd ~`;
    return this.machine.exec(`${environment}; ${command}`, { user, timeoutMs: 300_000 });
  }

  /** What the command printed. @throws where it fails */
  async must(user: string, command: string): Promise<string> {
    const { code, stdout, stderr } = await this.as(user, command);
    if (code !== 0) throw new Error(`${command}: exit code ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Installs hublet as the user's own service. */
  install(user: string): Promise<ExecResult> {
    return this.as(user, 'PREFIX=/opt/hublet sh /opt/hublet/scripts/install --user');
  }

  async drop(user: string, specs: Readonly<Record<string, Spec>>): Promise<void> {
    const moves = Object.entries(specs).map(([name, spec]) => {
      const text = quote(specText(name, spec));
      return `printf %s ${text} > ~/.aside && chmod 600 ~/.aside && mv ~/.aside ~/.config/hublet/desired-state/${name}.yaml`;
    });
    await this.must(user, moves.join('\n'));
  }

  async hostStatus(user: string): Promise<HostStatus> {
    return JSON.parse(await this.machine.run(`cat ${this.#statusDirectory(user)}/status.json`)) as HostStatus;
  }

  async serverStatus(user: string, name: string): Promise<ServerStatus['status']> {
    const text = await this.machine.run(`cat ${this.#statusDirectory(user)}/status/${name}.json`);
    return (JSON.parse(text) as ServerStatus).status;
  }

  async awaitStatus(
    user: string,
    name: string,
    passes: (status: ServerStatus['status']) => boolean,
    timeoutMs = 120_000,
  ): Promise<ServerStatus['status']> {
    return waitFor(
      `${name} of ${user}`,
      async (saw) => {
        const { code } = await this.machine.exec(`test -e ${this.#statusDirectory(user)}/status/${name}.json`);
        if (code !== 0) return false;
        const status = saw(await this.serverStatus(user, name));
        return passes(status) && status;
      },
      timeoutMs,
    );
  }

  /** Waits until the spec is refused. @returns what for */
  async refusal(user: string, name: string): Promise<string> {
    const status = await this.awaitStatus(user, name, (each) => conditionOf(each, 'Accepted')?.status === 'False');
    const condition = conditionOf(status, 'Accepted');
    expect(condition?.reason).toBe('SchemaError');
    return condition?.message ?? '';
  }

  /** Has alice's confined server run a command. @returns what that wrote */
  async order(command: string): Promise<string> {
    await this.must('alice', `rm -f ~/answered; printf %s ${quote(command)} > ~/order`);
    return waitFor(
      `what came of ${command}`,
      async () => {
        const { code, stdout } = await this.as('alice', 'cat ~/answered');
        return code === 0 && [stdout];
      },
      60_000,
    ).then(([text = '']) => text);
  }

  async #linger(user: string): Promise<void> {
    await this.machine.run(`loginctl enable-linger ${user}`);
    const uid = (await this.machine.run(`id -u ${user}`)).trim();
    this.#uids.set(user, uid);
    await waitFor(
      `the bus of ${user}`,
      async () => (await this.machine.exec(`test -S /run/user/${uid}/bus`)).code === 0,
      120_000,
    );
  }

  #statusDirectory(user: string): string {
    return `/run/user/${this.uid(user)}/hublet`;
  }
}
