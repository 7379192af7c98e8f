import { existsSync, readdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSystemClock } from '../../src/clock.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';
import { ControllerProcess } from '../fakes/controllerProcess.ts';

let host: ControllerHost;
let hublet: ControllerProcess;

beforeEach(async () => {
  host = await ControllerHost.open({ clock: createSystemClock() });
  hublet = new ControllerProcess(host);
});

afterEach(async () => {
  await hublet.kill();
  await host.close();
});

describe('hublet run --once', () => {
  it('starts what is asked for, prints the table, leaves the servers running and ends with 0', async () => {
    put('alice');
    put('bob', '  suspend: true\n');

    const { code, out, err } = await hublet.run(['run', '--once']);

    expect(err).toBe('');
    expect(code).toBe(0);
    expect(out).toMatch(/^NAME +PHASE/);
    expect(out).toMatch(/^alice +Ready/m);
    expect(out).toMatch(/^bob +Stopped/m);
    expect(host.fake.units()).toEqual(['hublet-alice.service']);
    expect(host.unit('alice')?.activeState).toBe('active');
  });

  it('ends with 1 where one can never become Ready, and says so in the table', async () => {
    put('alice');
    put('bob', '  user: nobody-by-that-name\n');
    host.put('carol', 'kind: Server\n');

    const { code, out } = await hublet.run(['run', '--once']);

    expect(code).toBe(1);
    expect(out).toMatch(/^alice +Ready/m);
    expect(out).toMatch(/^bob +Pending.*UserNotFound/m);
    expect(out).toMatch(/^carol +Pending/m);
  });

  it('ends with 1 where one is not Ready in time', async () => {
    const release = host.fake.holdStarts();
    put('alice');

    const { code, out } = await hublet.run(['run', '--once', '--timeout', '1s']);

    expect(code).toBe(1);
    expect(out).toMatch(/^alice +Starting/m);
    release();
  });

  it('waits for a file that is perhaps still being written', async () => {
    put('alice');
    host.put('alice', host.text('alice').trimEnd());

    const { code, out } = await hublet.run(['run', '--once']);

    expect(code).toBe(0);
    expect(out).toMatch(/^alice +Ready/m);
  });

  it('waits for a deletion before it ends', async () => {
    put('alice');
    await hublet.run(['run', '--once']);
    host.remove('alice');

    const { code, out } = await hublet.run(['run', '--once']);

    expect(code).toBe(0);
    expect(out).not.toContain('alice');
    expect(host.fake.units()).toEqual([]);
    expect([...host.files('env'), ...host.files('state'), ...host.files('status')]).toEqual([]);
  });
});

describe('hublet run --dry-run', () => {
  it('tells every step, does none and leaves no trace', async () => {
    const names = Array.from({ length: 20 }, (_, at) => `s${at}`);
    for (const name of names) put(name);
    const before = readdirSync(host.root).sort();

    const { code, out } = await hublet.run(['run', '--dry-run']);

    expect(code).toBe(0);
    const told = out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
    const starts = told.filter(({ msg, action }) => msg === 'would act' && action === 'start');
    expect(starts.map(({ server }) => server).sort()).toEqual([...names].sort());
    expect(host.fake.units()).toEqual([]);
    expect(Object.keys(host.fake.calls()).sort()).toEqual(['Get', 'ListUnitsByPatterns', 'Subscribe']);
    expect(existsSync(host.config.stateDirectory)).toBe(false);
    expect(
      readdirSync(host.root).filter((name) => !before.includes(name) && name !== 'compiled' && name !== 'lock'),
    ).toEqual([]);
  });

  it('tells nothing where all is as it should be', async () => {
    put('alice');
    await hublet.run(['run', '--once']);
    const before = host.invocation('alice');

    const { code, out } = await hublet.run(['run', '--dry-run']);

    expect(code).toBe(0);
    expect(out).not.toContain('would act');
    expect(host.invocation('alice')).toBe(before);
  });
});

describe('hublet run', () => {
  it('ends with 0 on SIGTERM and leaves the servers running', async () => {
    put('alice');
    await hublet.start();
    await host.untilPhase('alice', 'Ready');

    expect(await hublet.stop()).toBe(0);

    expect(host.unit('alice')?.activeState).toBe('active');
  });

  it('ends with 0 on SIGTERM while it still waits for D-Bus', async () => {
    host.fake.freezeBus(true);
    const listen = join(host.root, 'http');
    hublet.configure({ metrics: { listen: `unix:${listen}` } });
    hublet.launch();
    await host.until(() => existsSync(listen), 'it listens, and does no more without D-Bus');

    expect(await hublet.stop()).toBe(0);

    host.fake.freezeBus(false);
  });

  it('ends with 75 where another one runs, whatever is asked of it', async () => {
    await hublet.start();
    const second = new ControllerProcess(host);

    for (const args of [['run'], ['run', '--once']]) {
      const { code, err } = await second.run(args);
      expect(code).toBe(75);
      expect(err).toContain('already running');
    }
  });

  it('tells what it would do beside another one that runs, and leaves that alone', async () => {
    put('alice');
    await hublet.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');

    const { code, err } = await new ControllerProcess(host).run(['run', '--dry-run']);

    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(host.invocation('alice')).toBe(before);
    expect(await hublet.stop()).toBe(0);
  });

  it('ends with 69 where there is no D-Bus, and says what to look at', async () => {
    const { code, err } = await hublet.run(['run', '--once', '--timeout', '1s'], `unix:path=${host.root}/no-bus`);

    expect(code).toBe(69);
    expect(err).toContain('no-bus');
  });

  it('reads no spec before it has systemd, whose answer would count as late where there are many', async () => {
    put('alice');

    expect((await hublet.run(['run', '--once', '--timeout', '1s'], `unix:path=${host.root}/no-bus`)).code).toBe(69);
    expect(readdirSync(join(host.config.stateDirectory, 'specs'))).toEqual([]);

    expect((await hublet.run(['run', '--once'])).code).toBe(0);
    expect(readdirSync(join(host.config.stateDirectory, 'specs'))).toHaveLength(1);
  });

  it('ends with 78 where its configuration is wrong', async () => {
    hublet.configure({ sauces: [] });

    const { code, err } = await hublet.run(['run']);

    expect(code).toBe(78);
    expect(err).toContain('sauces');
  });
});

function put(name: string, more = ''): void {
  const text = more.includes('user:') ? spec(name).replace('  user: alice\n', more) : spec(name, more);
  host.put(name, text.replace('user: alice', `user: ${userInfo().username}`));
}
