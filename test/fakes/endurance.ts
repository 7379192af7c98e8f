import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSystemClock } from '../../src/clock.ts';
import { ControllerHost } from './controllerHost.ts';
import { ControllerProcess } from './controllerProcess.ts';
import type { Measures } from './measures.ts';

/** What a controller needs after so many starts and stops. */
export interface EnduranceMeasures extends Measures {
  readonly cycles: number;
  /** Match rules on the bus. */
  readonly matchRules: number;
  /** Files below the runtime directory. */
  readonly files: number;
}

/** One controller as a process of its own on a fake systemd, whose servers are started and stopped again and again. */
export class Endurance {
  readonly #host: ControllerHost;
  readonly #hublet: ControllerProcess;
  readonly #names: readonly string[];
  #cycles = 0;

  private constructor(host: ControllerHost, names: readonly string[]) {
    this.#host = host;
    this.#hublet = new ControllerProcess(host);
    this.#names = names;
    const source = { path: host.specs, owner: userInfo().username, prune: 'off' };
    this.#hublet.configure({
      sources: [source],
      metrics: { listen: 'off' },
      reconcile: { rescan: '1s', maxStarting: names.length },
    });
  }

  /** Starts it, with that many servers, all of them Ready. */
  static async open(servers: number): Promise<Endurance> {
    const host = await ControllerHost.open({ clock: createSystemClock() });
    const names = Array.from({ length: servers }, (_, at) => `server${at}`);
    const endurance = new Endurance(host, names);
    for (const name of names) host.put(name, text(name, 0));
    await endurance.#hublet.start();
    await endurance.#until('Ready');
    return endurance;
  }

  /** Stops and starts each server so often: half of the times by its spec, half of them by taking it away and putting it back. */
  async cycle(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round += 1) {
      const isDeleted = round % 2 === 1;
      for (const name of this.#names) {
        if (isDeleted) this.#host.remove(name);
        else this.#host.put(name, `${text(name, this.#cycles)}  suspend: true\n`);
      }
      await this.#until(isDeleted ? undefined : 'Stopped');
      for (const name of this.#names) this.#host.put(name, text(name, this.#cycles));
      await this.#until('Ready');
      this.#cycles += this.#names.length;
    }
  }

  async measure(): Promise<EnduranceMeasures> {
    const measures = await this.#hublet.measure();
    const files = this.#host.files('status').length + this.#host.files('env').length + this.#host.files('state').length;
    return { ...measures, cycles: this.#cycles, matchRules: await this.#host.fake.matchRules(), files };
  }

  async close(): Promise<void> {
    await this.#hublet.kill();
    await this.#host.close();
  }

  /** Waits until all are in that phase; undefined: until none of them has a status. */
  async #until(phase: string | undefined): Promise<void> {
    const waiting = [...this.#names];
    for (const endMs = Date.now() + 120_000; waiting.length > 0; await sleep(10)) {
      while (waiting.length > 0 && this.#host.status(waiting.at(-1) ?? '')?.phase === phase) waiting.pop();
      if (Date.now() > endMs) throw new Error(`${waiting.join(', ')} did not become ${phase ?? 'gone'}`);
    }
  }
}

/** A spec that is another one in each cycle, so that all that is kept by content is kept anew. */
function text(name: string, cycle: number): string {
  return `apiVersion: hublet/v1
kind: Server
metadata:
  name: ${name}
spec:
  user: nobody
  command: [/usr/bin/sleep, infinity]
  environment: {CYCLE: "${cycle}"}
  resources: {memory: {limit: ${64 + (cycle % 1_000)}M}}
`;
}
