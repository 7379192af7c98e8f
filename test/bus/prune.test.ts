import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { pruneDigest } from '../../src/source/prune.ts';
import { pruneRequestPath } from '../../src/source/pruneFiles.ts';
import type { HostStatus } from '../../src/status/types.ts';
import { ControllerHost } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';

const NAMES = ['alice', 'bob', 'carol', 'dave'];
const GONE = ['alice', 'bob', 'carol'];
const DIGEST = pruneDigest(GONE) ?? '';
/** An account that every system has, in a group of the same number. */
const ACCOUNT = 'nobody';

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
  hublet.configure({
    sources: [{ path: host.specs }],
    reconcile: { rescan: '1s', resync: '2s' },
    metrics: { listen: 'off' },
  });
  for (const name of NAMES) put(name);
  await hublet.start();
  for (const name of NAMES) await host.untilPhase(name, 'Ready');
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

function put(name: string): void {
  const spec = { command: ['/usr/bin/sleep', 'infinity'], user: ACCOUNT };
  host.put(name, `${JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Server', metadata: { name }, spec })}\n`);
}

function held(): HostStatus['sources'][number] | undefined {
  const status: HostStatus = JSON.parse(readFileSync(join(host.runtimeDirectory, 'status.json'), 'utf8'));
  return status.sources[0];
}

async function loseThree(): Promise<void> {
  for (const name of GONE) host.remove(name);
  await host.until(() => held()?.pruneDigest === DIGEST, 'they are held');
}

const unitsOf = (names: readonly string[]) => names.map((name) => `hublet-${name}.service`);

describe('files that vanish together', () => {
  it('keep their servers, over restarts of the controller, until a person confirms exactly these', async () => {
    await loseThree();
    const before = NAMES.map((name) => host.invocation(name));
    const list = await hublet.run(['prune']);
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out).toContain(`hublet prune --confirm ${DIGEST}`);
    for (const name of GONE) expect(list.out).toContain(`   ${name}\n`);
    expect(list.out).not.toContain('dave');

    await hublet.kill();
    expect((await hublet.run(['prune', '--confirm', DIGEST])).code).toBe(8);
    await hublet.start();
    await host.until(() => held()?.pruneDigest === DIGEST, 'they are held still');
    expect(NAMES.map((name) => host.invocation(name))).toEqual(before);

    const other = await hublet.run(['prune', '--confirm', pruneDigest(['alice']) ?? '']);
    expect(other.code).toBe(6);
    expect(other.err).toContain(`holds 3 with digest ${DIGEST}`);
    expect((await hublet.run(['prune', '--confirm', 'all'])).code).toBe(2);
    expect([...host.fake.units()].sort()).toEqual(unitsOf(NAMES));

    const confirmed = await hublet.run(['prune', '--confirm', DIGEST]);
    expect(confirmed).toEqual({ code: 0, out: `3 released in ${host.specs}: alice, bob, carol\n`, err: '' });
    await host.until(() => host.fake.units().length === 1, 'they are stopped');
    expect(host.fake.units()).toEqual(unitsOf(['dave']));
    expect(host.invocation('dave')).toBe(before[3]);

    const again = await hublet.run(['prune', '--confirm', DIGEST]);
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toContain('released before');
    await host.until(() => held()?.pruneDigest === null, 'the status says so');
    expect((await hublet.run(['prune', '-o', 'json'])).out).toBe('{\n  "held": []\n}\n');
    expect((await hublet.run(['events'])).out).toContain('PruneReleased');
  });

  it('go once they are confirmed, though the controller is killed before they are gone', async () => {
    await loseThree();
    const confirmed = await hublet.run(['prune', '--confirm', DIGEST]);
    await hublet.kill();
    expect(confirmed.code).toBe(0);

    await hublet.start();
    await host.until(() => host.fake.units().length === 1, 'they are stopped');
    expect(host.fake.units()).toEqual(unitsOf(['dave']));
    expect(held()?.pruneDigest).toBeNull();
  });

  it('may come back, and then the old digest releases nothing', async () => {
    await loseThree();
    const before = host.invocation('bob');
    put('bob');
    const { code, err } = await hublet.run(['prune', '--confirm', DIGEST]);

    expect(code).toBe(6);
    expect(err).toContain(`digest ${pruneDigest(['alice', 'carol'])}`);
    await host.until(() => held()?.pruneHeld.length === 2, 'the others are held');
    expect(host.invocation('bob')).toBe(before);
    expect([...host.fake.units()].sort()).toEqual(unitsOf(NAMES));
  });

  it('can be released by a file, without the command', async () => {
    await loseThree();
    writeFileSync(pruneRequestPath(host.runtimeDirectory, DIGEST), '');

    await host.until(() => host.fake.units().length === 1, 'they are stopped');
    expect(JSON.parse(host.read(join('confirm', `${DIGEST}.answer`)))).toMatchObject({ kind: 'released', names: GONE });
  });
});
