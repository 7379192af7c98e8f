import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { MAX_DOCUMENT_BYTES } from '../../src/spec/document.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { readServerStatus } from '../../src/status/statusFile.ts';
import { mutate } from '../arbitraries/mutants.ts';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';
import { throwDice } from '../machine/dice.ts';
import { freePort } from '../machine/freePort.ts';

/** More of them: HUBLET_MUTANTS. */
const count = Number(process.env.HUBLET_MUTANTS ?? 1_000);
const batch = 500;
const patienceMs = 120_000;
/** Told to nobody. */
const secret = '+hunter2';
const runningNames = Array.from({ length: 20 }, (_, at) => `running${at}`);

const text = (name: string) => `apiVersion: hublet/v1
kind: Server
metadata:
  name: ${name}
  labels: {team: physics}
spec:
  command: [/usr/bin/jupyter, lab, "--token=${secret}", "--port={PORT}"]
  user: nobody
  environment:
    TOKEN: ${secret}
    OTHER: "a ${secret}"
  resources: {memory: {limit: 4G, high: 3G}, cpu: {limit: 1.5, cpus: "0-3"}}
  sandbox: {privateTmp: true, readOnlyPaths: [/srv/data], capabilities: [CAP_KILL]}
  restartPolicy: Always
`;

let host: ControllerHost;
let hublet: ControllerProcess;
let health: HealthWatch;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
  const port = await freePort();
  hublet.configure({
    sources: [{ path: host.specs, owner: userInfo().username, prune: 'off' }],
    metrics: { listen: `127.0.0.1:${port}` },
    ports: { range: '20000-39999' },
  });
  for (const name of runningNames) host.put(name, text(name));
  await hublet.start();
  await untilAll(runningNames, 'Ready', (name) => host.status(name)?.phase === 'Ready');
  await hublet.measure();
  health = new HealthWatch(`http://127.0.0.1:${port}/healthz`);
});

afterEach(async () => {
  await health.stop();
  await hublet.kill();
  await host.close();
});

describe('a directory of specs into which rubbish is poured', () => {
  it(`stops no server and no controller, and each refusal has a reason: ${count} mutants`, {
    timeout: 120_000 + count * 300,
  }, async () => {
    const dice = throwDice('mutants in a live directory', 20_261_122);
    const others = Array.from({ length: batch - runningNames.length }, (_, at) => `other${at}`);
    const runs = invocations();
    const tally: Record<string, number> = {};
    let longestTurnMs = 0;
    for (let done = 0; done < count; done += batch) {
      const expected = new Map<string, boolean>();
      for (const name of [...runningNames, ...others]) {
        const { bytes } = mutate(text(name), dice);
        if (runs.has(name) && dice.below(2) === 0) host.rewrite(name, bytes);
        else host.put(name, bytes);
        expected.set(name, isValid(bytes, name));
      }
      await untilAll([...expected.keys()], 'judged', (name) => isJudged(name, expected.get(name) === true));
      for (const name of expected.keys()) note(tally, name);
      // Whatever has been started by now is there to stay.
      const now = invocations();
      for (const [name, id] of runs) expect([name, now.get(name)]).toEqual([name, id]);
      for (const [name, id] of now) runs.set(name, id);
      longestTurnMs = Math.max(longestTurnMs, (await hublet.measure()).longestTurnMs);
    }
    process.stderr.write(`${JSON.stringify({ ...tally, longestTurnMs, ...health.told() })}\n`);
    expect(longestTurnMs).toBeLessThan(1_000);
    expect(health.told().failures).toBe(0);
    expect(tally.True ?? 0).toBeGreaterThan(0);

    for (const name of runningNames) host.put(name, text(name));
    await untilAll(runningNames, 'taken again', (name) => host.condition(name, 'Accepted')?.status === 'True');
    for (const name of runningNames) expect(host.invocation(name)).toBe(runs.get(name));
  });

  it('is full of things that are no files: each is refused for what it is, and the servers run on', {
    timeout: 300_000,
  }, async () => {
    const runs = invocations();
    const sockets = createServer();
    const isRoot = process.getuid?.() === 0;
    const things: Record<string, { make(path: string): void | Promise<void>; reason: string }> = {
      pipe: { make: (path) => void execFileSync('mkfifo', [path]), reason: 'InsecurePermissions' },
      linkToGood: { make: (path) => symlinkSync(`${host.path('running9')}`, path), reason: 'InsecurePermissions' },
      linkToZero: { make: (path) => symlinkSync('/dev/zero', path), reason: 'InsecurePermissions' },
      linkToNothing: { make: (path) => symlinkSync('/nowhere', path), reason: 'InsecurePermissions' },
      linkToItself: { make: (path) => symlinkSync(path, path), reason: 'InsecurePermissions' },
      socket: {
        make: (path) => new Promise<void>((resolve) => sockets.listen(path, resolve)),
        reason: 'InsecurePermissions',
      },
      directory: { make: (path) => void mkdirSync(path), reason: 'InsecurePermissions' },
      empty: { make: (path) => writeFileSync(path, ''), reason: 'Incomplete' },
      large: { make: (path) => writeFileSync(path, Buffer.alloc(MAX_DOCUMENT_BYTES + 1, '#')), reason: 'TooLarge' },
      huge: { make: (path) => execFileSync('truncate', ['-s', '1T', path]) && undefined, reason: 'TooLarge' },
      open: { make: (path) => writeMode(path, 0o666), reason: 'InsecurePermissions' },
      ...(isRoot && {
        ofAnother: {
          make(path: string) {
            writeMode(path, 0o644);
            chownSync(path, 65_534, 65_534);
          },
          reason: 'InsecurePermissions',
        },
        null: {
          make: (path: string) => void execFileSync('mknod', [path, 'c', '1', '3']),
          reason: 'InsecurePermissions',
        },
        zero: {
          make: (path: string) => void execFileSync('mknod', [path, 'c', '1', '5']),
          reason: 'InsecurePermissions',
        },
        disk: {
          make: (path: string) => void execFileSync('mknod', [path, 'b', '7', '0']),
          reason: 'InsecurePermissions',
        },
      }),
    };
    const kinds = Object.entries(things);
    for (const [at, [kind, { make }]] of kinds.entries()) {
      await make(host.path(kind));
      if (kind === 'socket') continue;
      // A directory can't be renamed over a file.
      host.remove(`running${at}`);
      await make(host.path(`running${at}`));
    }
    linkSync(host.path('running19'), host.path('hardlink'));

    const reasons = new Map(kinds.map(([kind, { reason }]) => [kind, reason]));
    for (const [at, [kind, { reason }]] of kinds.entries()) if (kind !== 'socket') reasons.set(`running${at}`, reason);
    await untilAll(
      [...reasons.keys()],
      'refused',
      (name) => host.condition(name, 'Accepted')?.reason === reasons.get(name),
    );
    for (const name of reasons.keys()) expectExplained(name);
    expect(invocations()).toEqual(runs);
    // It is the file of another server, which it says it is.
    await untilAll(['hardlink'], 'refused', (name) => host.condition(name, 'Accepted')?.reason === 'SchemaError');

    const { longestTurnMs } = await hublet.measure();
    expect(longestTurnMs).toBeLessThan(1_000);
    expect(health.told().failures).toBe(0);
    sockets.close();
  });
});

function writeMode(path: string, mode: number): void {
  writeFileSync(path, text('any'));
  chmodSync(path, mode);
}

/** As the controller is to judge it; false: it is refused. */
function isValid(bytes: Buffer, name: string): boolean {
  if (bytes.length > MAX_DOCUMENT_BYTES) return false;
  try {
    return parseSpec(new TextDecoder('utf-8', { fatal: true }).decode(bytes), name).kind === 'valid';
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
}

/** The status answers for the file as it is, and says what it must. */
function isJudged(name: string, isValid: boolean): boolean {
  const status = readServerStatus(host.runtimeDirectory, name);
  const accepted = status?.status.conditions.find(({ type }) => type === 'Accepted');
  const { size, mtimeNs, ino } = lstatSync(host.path(name), { bigint: true });
  const source = status?.metadata.source;
  if (source === undefined || source === null || accepted === undefined) return false;
  const isSame = BigInt(source.size) === size && BigInt(source.ino) === ino && source.mtimeNs === `${mtimeNs}`;
  // What is valid as it stands may lack its command, or a profile: refused all the same.
  return isSame && (isValid || accepted.status === 'False');
}

function note(tally: Record<string, number>, name: string): void {
  const accepted = host.condition(name, 'Accepted');
  if (accepted?.status === 'False') expectExplained(name);
  const key = accepted?.status === 'True' ? 'True' : `${accepted?.reason}`;
  tally[key] = (tally[key] ?? 0) + 1;
}

function expectExplained(name: string): void {
  const accepted = host.condition(name, 'Accepted');
  expect(accepted?.status, name).toBe('False');
  expect(accepted?.reason, name).toMatch(/^[A-Z]\w+$/);
  expect(accepted?.message, name).toContain(`${name}.yaml`);
  expect(accepted?.message, name).not.toMatch(/TypeError|RangeError|undefined|node_modules|\n {4}at /);
  expect(host.read(`status/${name}.json`), name).not.toContain(secret);
}

function invocations(): Map<string, string> {
  const names = [...runningNames, ...Array.from({ length: batch }, (_, at) => `other${at}`)];
  return new Map(
    names.flatMap((name) => (host.unit(name)?.activeState === 'active' ? [[name, host.invocation(name) ?? '']] : [])),
  );
}

async function untilAll(names: readonly string[], what: string, isTrue: (name: string) => boolean): Promise<void> {
  const waiting = [...names];
  for (const endMs = Date.now() + patienceMs; waiting.length > 0; await sleep(20)) {
    while (waiting.length > 0 && isTrue(waiting.at(-1) ?? '')) waiting.pop();
    if (Date.now() <= endMs) continue;
    const name = waiting.at(-1) ?? '';
    const bytes = lstatSync(host.path(name)).isFile() ? readFileSync(host.path(name)).subarray(0, 2_000) : '';
    throw new Error(
      `${name} is not ${what}: ${JSON.stringify(readServerStatus(host.runtimeDirectory, name))}\n${bytes}`,
    );
  }
}

/** Asks again and again whether the controller is alive. */
class HealthWatch {
  readonly #done: Promise<void>;
  #isWanted = true;
  #asked = 0;
  #failures = 0;

  constructor(url: string) {
    this.#done = this.#watch(url);
  }

  told() {
    return { asked: this.#asked, failures: this.#failures };
  }

  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.#done;
  }

  async #watch(url: string): Promise<void> {
    while (this.#isWanted) {
      this.#asked += 1;
      try {
        const answer = await fetch(url, { signal: AbortSignal.timeout(patienceMs) });
        if (!answer.ok) this.#failures += 1;
        await answer.arrayBuffer();
      } catch (error) {
        process.stderr.write(`healthz: ${error}\n`);
        this.#failures += 1;
      }
      await sleep(50);
    }
  }
}
