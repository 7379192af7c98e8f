import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const maxStarting = 4;

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open({ maxStarting });
});

afterEach(async () => {
  await host.close();
});

describe('many servers', () => {
  it('three hundred specs at once all become Ready, never more of them starting than may', async () => {
    const names = numbered(300);
    await host.start();

    for (const name of names) host.put(name);
    await untilAll(names, 'Ready');

    expect(host.fake.units()).toHaveLength(300);
    expect(host.fake.mostStarting()).toBe(maxStarting);
    expect(host.fake.calls().StartTransientUnit).toBe(300);
  });

  it('a resync of two hundred unchanged ones is one call to systemd and writes no file', async () => {
    const names = numbered(200);
    for (const name of names) host.put(name);
    await host.start();
    await untilAll(names, 'Ready');
    await host.pass(1_000);
    const before = stamps();
    host.fake.resetCalls();

    await host.elapse(67_000);

    expect(host.fake.calls()).toEqual({ ListUnitsByPatterns: 1 });
    expect(stamps()).toEqual(before);
  });

  it('all found running are adopted untouched, with one listing and nothing but reading', async () => {
    const names = numbered(100);
    for (const name of names) host.put(name);
    await host.start();
    await untilAll(names, 'Ready');
    const runs = names.map((name) => host.invocation(name));
    await host.stop();
    host.fake.resetCalls();

    await host.start();
    await untilAll(names, 'Ready');

    expect(names.map((name) => host.invocation(name))).toEqual(runs);
    const changes = Object.keys(host.fake.calls()).filter(
      (method) => !/^(?:Get|GetAll|ListUnits.*|Subscribe)$/.test(method),
    );
    expect(changes).toEqual([]);
  });

  it('a thousand starts and stops leave as many match rules and timers as there were', {
    timeout: 180_000,
  }, async () => {
    const names = numbered(25);
    for (const name of names) host.put(name);
    await host.start();
    await untilAll(names, 'Ready');
    await toggle(names);
    const before = { rules: await host.fake.matchRules(), timers: host.clock.timers() };

    for (let round = 0; round < 19; round += 1) await toggle(names);

    expect(host.fake.calls().StopUnit).toBe(500);
    expect({ rules: await host.fake.matchRules(), timers: host.clock.timers() }).toEqual(before);
  });
});

/** Stops each of them by its spec and starts it again; then lets all that was set off come to an end. */
async function toggle(names: readonly string[]): Promise<void> {
  for (const name of names) host.put(name, spec(name, '  suspend: true\n'));
  await untilAll(names, 'Stopped');
  for (const name of names) host.put(name);
  await untilAll(names, 'Ready');
  await host.pass(2_000);
}

function numbered(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `s${at}`);
}

async function untilAll(names: readonly string[], phase: string): Promise<void> {
  const waiting = [...names];
  await host.until(() => {
    while (waiting.length > 0 && host.status(waiting.at(-1) ?? '')?.phase === phase) waiting.pop();
    return waiting.length === 0;
  }, `all are ${phase}`);
}

/** Which file has which content, as far as the outside can tell: a file replaced by the same text is another file. */
function stamps(): Readonly<Record<string, string>> {
  const files = readdirSync(host.runtimeDirectory, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name));
  return Object.fromEntries(
    files.map((path) => {
      const { ino, mtimeNs, size } = statSync(path, { bigint: true });
      return [path, `${ino} ${mtimeNs} ${size}`];
    }),
  );
}
