import { appendFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ControllerHost, spec } from '../fakes/controllerHost.ts';

let host: ControllerHost;

beforeEach(async () => {
  host = await ControllerHost.open();
});

afterEach(async () => {
  await host.close();
});

describe('an account that is made after its server was asked for', () => {
  it('heals the server within seconds, without a touch of its spec', async () => {
    await host.start();
    host.put('alice', spec('alice').replace('user: alice', 'user: hublet-test-dora'));
    await host.until(() => host.condition('alice', 'Stalled')?.status === 'True', 'it is stalled');
    expect(host.condition('alice', 'Stalled')).toMatchObject({
      reason: 'UserNotFound',
      message: expect.stringContaining('no account named hublet-test-dora'),
    });
    expect(host.unit('alice')).toBeUndefined();

    appendFileSync(join(host.root, 'passwd'), 'hublet-test-dora:x:4009:100::/home/dora:/bin/bash\n');
    await host.untilPhase('alice', 'Ready');

    expect(host.condition('alice', 'Stalled')).toBeUndefined();
    expect(host.unit('alice')?.properties.User).toBe('hublet-test-dora');
    expect(host.status('alice')?.restarts).toBe(0);
  });

  it('heals a server that lacks a group in the same way', async () => {
    await host.start();
    host.put('alice', spec('alice', '  group: hublet-test-lab\n  supplementaryGroups: [video]\n'));
    await host.until(() => host.condition('alice', 'Stalled')?.status === 'True', 'it is stalled');
    expect(host.condition('alice', 'Stalled')?.message).toContain('no group named hublet-test-lab (spec.group)');

    appendFileSync(join(host.root, 'group'), 'hublet-test-lab:x:4010:\n');
    await host.untilPhase('alice', 'Ready');

    expect(host.unit('alice')?.properties).toMatchObject({ Group: 'hublet-test-lab', SupplementaryGroups: ['video'] });
  });
});

describe('an account that goes', () => {
  it('takes nothing from a server that runs, and stalls its next start', async () => {
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.invocation('alice');

    host.rewriteAccounts('bob:x:1002:100::/home/bob:/bin/bash\n');
    await host.pass(70_000);
    expect(host.invocation('alice')).toBe(before);
    expect(host.status('alice')?.phase).toBe('Ready');

    host.fake.kill('hublet-alice.service', { exit: 3 });
    await host.until(() => host.status('alice')?.phase === 'Pending', 'it waits for its account');
    expect(host.condition('alice', 'Stalled')?.reason).toBe('UserNotFound');
  });
});

describe('a port that a foreign program listens on', () => {
  it.each(['127.0.0.1', '0.0.0.0', '::'])('at %s while the server is down is left for another', async (address) => {
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const before = host.status('alice')?.address?.port ?? 0;
    host.put('alice', spec('alice', '  suspend: true\n'));
    await host.untilPhase('alice', 'Stopped');
    await listen(before, address);
    // What was read of the host's sockets counts for a tenth of a second.
    await host.pass(500);

    host.put('alice');
    await host.untilPhase('alice', 'Ready');

    const after = host.status('alice')?.address?.port;
    expect(after).not.toBe(before);
    expect(host.events('alice')).toContain('PortMoved');
    await host.stop();
    await host.start();
    await host.untilPhase('alice', 'Ready');
    expect(host.status('alice')?.address?.port).toBe(after);
  });

  it('moves no server that runs, and that it adopts', async () => {
    host.put('alice');
    await host.start();
    await host.untilPhase('alice', 'Ready');
    const { invocationId, address } = host.status('alice') ?? {};
    await host.stop();
    // What a real server itself would do.
    await listen(address?.port ?? 0, '127.0.0.1');

    await host.start();
    await host.pass(70_000);

    expect(host.status('alice')).toMatchObject({ phase: 'Ready', invocationId, address });
    expect(host.condition('alice', 'UpdatePending')?.status).toBe('False');
  });
});

async function listen(port: number, address: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(port, address, listening));
  onTestFinished(() => new Promise<void>((closed) => void server.close(() => closed())));
  return server;
}
