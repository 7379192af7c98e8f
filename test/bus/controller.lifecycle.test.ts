import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FakeClock } from '../fakes/clock.ts';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

let host: ControllerHost;

afterEach(async () => {
  await host.close();
});

function schedule(start: string, stop: string, more = ''): string {
  return `  schedule: {timeZone: Europe/Berlin, windows: [{start: "${start}", stop: "${stop}"}]${more}}\n`;
}

describe('a schedule', () => {
  beforeEach(async () => {
    // The night in which Berlin's clocks go ahead; 02:30 is skipped.
    host = await ControllerHost.open({ clock: new FakeClock(Date.UTC(2026, 2, 28, 23, 0)) });
  });

  it('opens after the hour that clocks skip, closes in the day, and changes no unit by itself', async () => {
    host.put('ann', spec('ann', schedule('30 2 * * *', '0 5 * * *')));
    host.put('ben');
    await host.start();
    await host.untilPhase('ann', 'Stopped');
    await host.untilPhase('ben', 'Ready');
    const ben = host.invocation('ben');
    expect(host.status('ann')?.nextTransition).toMatchObject({ phase: 'Starting', at: '2026-03-29T01:00:00.000Z' });
    expect(host.unit('ann')).toBeUndefined();

    host.clock.advance(2 * HOUR_MS - 1_000);
    await host.settle();
    expect(host.unit('ann')).toBeUndefined();
    host.clock.advance(1_000);
    await host.untilPhase('ann', 'Ready');
    const run = host.invocation('ann');

    host.put('ann', spec('ann', schedule('30 2 * * *', '0 6 * * *')));
    await host.until(() => host.status('ann')?.observedGeneration === 2, 'the new schedule is looked at');
    expect(host.invocation('ann')).toBe(run);
    expect(host.condition('ann', 'UpdatePending')?.status).toBe('False');

    host.clock.advance(3 * HOUR_MS);
    await host.untilPhase('ann', 'Stopped');
    expect(host.events('ann')).toEqual(expect.arrayContaining(['WindowOpened', 'WindowClosed']));
    expect(host.invocation('ben')).toBe(ben);
  });

  it('stops nothing for a minute after the clock jumped, nor ever where it is set right in time', async () => {
    host.put('ann', spec('ann', schedule('0 0 * * *', '0 5 * * *')));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    const run = host.invocation('ann');
    host.clock.stepWall(6 * HOUR_MS);
    await host.pass(30_000);
    expect(host.invocation('ann')).toBe(run);
    expect(host.hostEvents('ClockJump')).toHaveLength(1);
    expect(JSON.parse(host.read('status.json')).conditions).toContainEqual(
      expect.objectContaining({ type: 'ClockSane', status: 'False', reason: 'Jumped' }),
    );
    host.clock.stepWall(-6 * HOUR_MS);
    await host.pass(2 * MINUTE_MS);
    expect(host.invocation('ann')).toBe(run);
    expect(host.status('ann')?.phase).toBe('Ready');
    expect(JSON.parse(host.read('status.json')).conditions).toContainEqual(
      expect.objectContaining({ type: 'ClockSane', status: 'True' }),
    );

    host.clock.stepWall(6 * HOUR_MS);
    await host.pass(50_000);
    expect(host.invocation('ann')).toBe(run);
    await host.pass(20_000);
    await host.untilPhase('ann', 'Stopped');
  });

  it('sees a jump that came while no controller ran', async () => {
    host.put('ann', spec('ann', schedule('0 0 * * *', '0 5 * * *')));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    const run = host.invocation('ann');
    await host.kill();
    host.clock.stepWall(6 * HOUR_MS);
    await host.start();
    await host.pass(50_000);
    expect(host.invocation('ann')).toBe(run);
    expect(host.hostEvents('ClockJump')).toHaveLength(1);
    await host.pass(20_000);
    await host.untilPhase('ann', 'Stopped');
  });

  it('lets a run finish that is to, whatever controllers come and go', async () => {
    host.put('ann', spec('ann', schedule('0 0 * * *', '0 1 * * *', ', overrun: finish')));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    const run = host.invocation('ann');
    host.clock.advance(90 * MINUTE_MS);
    await host.settle();
    await host.kill();
    await host.start();
    await host.pass(2_000);
    expect(host.invocation('ann')).toBe(run);
    expect(host.condition('ann', 'WindowOpen')).toMatchObject({ status: 'False', reason: 'Closed' });
    host.fake.kill('hublet-ann.service', { signal: 9 });
    await host.untilPhase('ann', 'Stopped');
    await host.pass(MINUTE_MS);
    expect(host.status('ann')?.phase).toBe('Stopped');
  });
});

describe('maxAge', () => {
  beforeEach(async () => {
    host = await ControllerHost.open();
  });

  it('counts on over a restart of the controller, which stops nothing early and wakes nothing', async () => {
    host.put('ann', spec('ann', '  maxAge: 2h\n'));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    const run = host.invocation('ann');
    host.clock.advance(HOUR_MS);
    await host.settle();
    await host.kill();
    host.clock.advance(55 * MINUTE_MS);
    await host.start();
    await host.pass(2_000);
    expect(host.invocation('ann')).toBe(run);
    host.clock.advance(5 * MINUTE_MS);
    await host.untilPhase('ann', 'Stopped');
    expect(host.events('ann')).toContain('AgeStopped');

    await host.stop();
    host.clock.advance(HOUR_MS);
    await host.start();
    await host.pass(2_000);
    expect(host.status('ann')?.phase).toBe('Stopped');
    host.put('ann', spec('ann', '  maxAge: 3h\n'));
    await host.untilPhase('ann', 'Ready');
  });
});

describe('idle', () => {
  beforeEach(async () => {
    host = await ControllerHost.open();
  });

  /** CPU time that the kernel counts for a server's cgroup. */
  function useCpu(name: string, seconds: number): void {
    const path = join(host.root, 'cgroup', host.status(name)?.controlGroup ?? '');
    mkdirSync(path, { recursive: true });
    const text = `usage_usec ${seconds * 1e6}\nuser_usec ${seconds * 1e6}\nsystem_usec 0\n`;
    writeFileSync(join(path, 'cpu.stat'), text);
  }

  const idleFor = (timeout: string, check: string) =>
    `  idle: {timeout: ${timeout}, warnBefore: 30s, check: [${check}]}\n`;

  it('stops a server after a warning, not while it works, not early after a restart of the controller, and is woken', async () => {
    host.put('ann', spec('ann', idleFor('2m', 'cpu')));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    await host.until(() => host.status('ann')?.controlGroup !== null, 'its cgroup is known');
    useCpu('ann', 1);
    for (let seconds = 10; seconds < 100; seconds += 10) {
      useCpu('ann', seconds);
      await host.pass(15_000);
    }
    expect(host.condition('ann', 'Idle')).toMatchObject({ status: 'False', reason: 'Active' });
    await host.pass(60_000);
    expect(host.condition('ann', 'Idle')).toMatchObject({ status: 'True', reason: 'NoActivity' });
    const run = host.invocation('ann');

    await host.kill();
    await host.start();
    // Idle for not even 90 s, whether or not the new one knows what the old one measured.
    await host.pass(25_000);
    expect(host.invocation('ann')).toBe(run);
    expect(host.events('ann')).not.toContain('IdleStopped');
    await host.pass(180_000);
    await host.untilPhase('ann', 'Stopped');
    expect(host.events('ann')).toContain('IdleWarning');
    expect(host.events('ann')).toContain('IdleStopped');

    await host.pass(60_000);
    expect(host.status('ann')?.phase).toBe('Stopped');
    host.put('ann', spec('ann', idleFor('3m', 'cpu')));
    await host.untilPhase('ann', 'Ready');
    expect(host.invocation('ann')).not.toBe(run);
  });

  it('leaves a server alone that somebody is connected to', async () => {
    host.put('ann', spec('ann', idleFor('1m', 'connections')));
    await host.start();
    await host.untilPhase('ann', 'Ready');
    const port = host.status('ann')?.address?.port;
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    const client = connect({ host: '127.0.0.1', port: Number(port) });
    await once(client, 'connect');

    await host.pass(120_000);
    expect(host.condition('ann', 'Idle')).toMatchObject({ status: 'False', reason: 'Active' });
    client.destroy();
    await host.pass(120_000);
    await host.untilPhase('ann', 'Stopped');
    server.close();
  });
});
