import { writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';
import { freePort } from '../machine/freePort.ts';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
  // A probe counts only where the socket belongs to the server's account: here that of whoever runs this test.
  writeFileSync(join(host.root, 'passwd'), `alice:x:${process.getuid?.() ?? 0}:100::/home/alice:/bin/bash\n`);
});

afterEach(async () => {
  await host.close();
});

async function listen(port = 0): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
  return server;
}

const close = (server: Server): Promise<unknown> => new Promise((closed) => server.close(closed));

describe('a liveness probe', () => {
  it('that fails has the server stopped and started again: at once, then by its backoff', async () => {
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const liveness = `liveness: {tcp: {port: ${port}}, periodSeconds: 1, failureThreshold: 2}`;
    host.put('alice', spec('alice', `  port: none\n  probes: {${liveness}}\n  backoff: {initial: 20s}\n`));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const first = host.invocation('alice');
    await host.pass(5_000);
    expect(host.invocation('alice')).toBe(first);

    await close(server);
    await host.untilPhase('alice', 'BackOff');

    expect(host.status('alice')).toMatchObject({
      restarts: 1,
      lastExit: {
        result: 'liveness',
        message: `its liveness probe failed 2 times in a row: nothing listens on 127.0.0.1:${port}, so it was stopped`,
      },
    });
    const events = host.events('alice');
    expect(events).toContain('Unhealthy');
    expect(events).not.toContain('Crashed');
    expect(events).not.toContain('UnexpectedStop');

    const again = await listen(port);
    await host.elapse(23_000);
    await host.untilPhase('alice', 'Ready');
    await host.pass(5_000);
    expect(host.status('alice')?.phase).toBe('Ready');
    await close(again);
  });
});

describe('a startup probe', () => {
  it('makes a start fail that takes longer than its timeout, and one in time ready', async () => {
    const port = await freePort();
    const startup = `startup: {tcp: {port: ${port}}, periodSeconds: 1}`;
    host.put('alice', spec('alice', `  port: none\n  probes: {${startup}}\n  startTimeout: 5s\n`));
    await host.start();
    await host.untilPhase('alice', 'Running');
    const first = host.invocation('alice');
    await host.until(() => host.status('alice')?.lastExit !== null, 'its end is told');
    expect(host.invocation('alice')).not.toBe(first);
    const exit = host.status('alice')?.lastExit;
    expect(exit).toMatchObject({ result: 'startup' });
    expect(exit?.message).toBe(
      `its startup probe did not succeed within 5s: nothing listens on 127.0.0.1:${port}, so it was stopped`,
    );
    expect(host.events('alice')).toContain('StartFailed');

    const server = await listen(port);
    await host.untilPhase('alice', 'Ready');
    const second = host.invocation('alice');
    await close(server);
    await host.pass(20_000);

    expect(host.invocation('alice')).toBe(second);
    expect(host.status('alice')?.phase).toBe('Ready');
  });

  it('is not asked again by the next controller', async () => {
    const server = await listen();
    const { port } = server.address() as AddressInfo;
    const startup = `startup: {tcp: {port: ${port}}, periodSeconds: 1, failureThreshold: 1}`;
    host.put('alice', spec('alice', `  port: none\n  probes: {${startup}}\n`));
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const first = host.invocation('alice');
    await host.kill();
    await close(server);
    await host.start();
    await host.pass(10_000);

    expect(host.invocation('alice')).toBe(first);
    expect(host.status('alice')?.phase).toBe('Ready');
  });
});

describe('priority', () => {
  it('is the order of starts where one may start at a time', async () => {
    await host.close();
    host = await ControllerHost.open({ maxStarting: 1 });
    const priorities = { ant: 0, bee: -3, cow: 8, dog: 0, elk: 5 };
    for (const [name, priority] of Object.entries(priorities)) host.put(name, spec(name, `  priority: ${priority}\n`));

    await host.start();
    for (const name of Object.keys(priorities)) await host.untilPhase(name, 'Ready');

    const ready = host.controller.ports.events.recent().filter(({ reason }) => reason === 'Ready');
    expect(ready.map(({ server }) => server)).toEqual(['cow', 'elk', 'ant', 'dog', 'bee']);
  });
});
