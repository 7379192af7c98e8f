import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { type Check, type CheckResult, createCheck } from '../../../src/probes/check.ts';
import { createListenerTable } from '../../../src/probes/listeners.ts';
import { createProber } from '../../../src/probes/prober.ts';
import type { Listener } from '../../../src/probes/socketOwner.ts';
import type { ProbeCommand, ProbedPort, ProbeTarget } from '../../../src/probes/types.ts';
import type { ProbeSpec } from '../../../src/spec/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';

const UID = 1000;
const OK: CheckResult = { outcome: 'succeeded', message: 'HTTP 200' };
const BAD: CheckResult = { outcome: 'failed', message: 'HTTP 503' };

function probeOf(port: number, more: Partial<ProbeSpec> = {}): ProbedPort {
  const probe: ProbeSpec = {
    check: { kind: 'http', path: '/', scheme: 'http', headers: {} },
    initialDelayMs: 0,
    periodMs: 10_000,
    timeoutMs: 2_000,
    successThreshold: 1,
    failureThreshold: 3,
    ...more,
  };
  return { probe, port };
}

function targetOf(port: number, more: Partial<ProbeTarget> = {}, probe: Partial<ProbeSpec> = {}): ProbeTarget {
  return {
    invocationId: 'run-1',
    probes: { readiness: probeOf(port, probe) },
    owner: { kind: 'account', uid: UID },
    ...more,
  };
}

/** A host whose listening sockets and answers the test decides; answers are given when it says so. */
class FakeHost {
  readonly clock = new FakeClock();
  readonly log = new FakeLog();
  readonly sockets = new Map<number, number>();
  /** Who processes run as. */
  readonly processes = new Map<number, number>();
  /** Checks that wait for an answer. */
  readonly open: { port: number; signal: AbortSignal; answer: (result: CheckResult) => void }[] = [];
  readonly changed: string[] = [];
  looks = 0;
  failure: Error | undefined;

  readonly #check: Check = (_, { port }, signal) =>
    new Promise((answer) => {
      this.open.push({ port, signal, answer });
    });

  /** Commands that wait for their end. */
  readonly commands: {
    command: ProbeCommand;
    timeoutMs: number;
    signal: AbortSignal;
    answer: (result: CheckResult) => void;
  }[] = [];

  readonly prober = createProber({
    clock: this.clock,
    log: this.log,
    check: this.#check,
    checkCommand: (command, timeoutMs, signal) =>
      new Promise((answer) => {
        this.commands.push({ command, timeoutMs, signal, answer });
      }),
    concurrency: 3,
    processOwner: (pid) => this.processes.get(pid),
    listeners: () => {
      this.looks += 1;
      if (this.failure !== undefined) throw this.failure;
      return Map.groupBy(
        [...this.sockets].map(([port, uid]): Listener => ({ port, uid, exactness: 3 })),
        ({ port }) => port,
      );
    },
  });

  constructor() {
    this.prober.on((server) => this.changed.push(server));
  }

  /** Answers the oldest open check and lets the prober take it. */
  async answer(result: CheckResult): Promise<void> {
    this.open.shift()?.answer(result);
    await new Promise((taken) => setImmediate(taken));
  }

  verdict(server = 'alice') {
    return this.prober.verdict(server);
  }
}

function follow(port = 80, ...more: [Partial<ProbeTarget>?, Partial<ProbeSpec>?]): FakeHost {
  const host = new FakeHost();
  host.sockets.set(port, UID);
  host.prober.follow('alice', targetOf(port, ...more));
  return host;
}

test('a server is tried at once, and ready with its first success', async () => {
  const host = follow();
  expect(host.verdict()).toEqual({ invocationId: 'run-1', isReady: undefined, reason: 'ProbeFailed', message: '' });

  host.clock.advance(0);
  await host.answer(OK);

  expect(host.verdict()).toEqual({
    invocationId: 'run-1',
    isReady: true,
    reason: 'ProbeSucceeded',
    message: 'HTTP 200',
  });
  expect(host.changed).toEqual(['alice']);
});

test('the initial delay is waited out', () => {
  const host = follow(80, {}, { initialDelayMs: 5_000 });

  host.clock.advance(4_999);
  expect(host.open).toHaveLength(0);
  host.clock.advance(1);
  expect(host.open).toHaveLength(1);
});

test('nothing connects before something listens, and the next second sees it', () => {
  const host = new FakeHost();
  host.prober.follow('alice', targetOf(80));
  host.clock.advance(3_500);
  expect(host.open).toHaveLength(0);
  expect(host.verdict()).toMatchObject({ isReady: undefined, message: 'nothing listens on 127.0.0.1:80' });

  host.sockets.set(80, UID);
  host.clock.advance(500);

  expect(host.open).toHaveLength(1);
});

test('a port held by another account is never connected to', () => {
  const host = new FakeHost();
  host.sockets.set(80, 1001);
  host.prober.follow('alice', targetOf(80));

  host.clock.advance(5_000);

  expect(host.open).toHaveLength(0);
  expect(host.verdict()).toMatchObject({
    isReady: false,
    reason: 'PortTaken',
    message: "port 80 is held by uid 1001, not by the server's account (uid 1000)",
  });
});

test('a dynamic user is whoever its main process runs as', async () => {
  const host = new FakeHost();
  host.sockets.set(80, 61_200);
  host.processes.set(4711, 61_200);
  host.prober.follow('alice', targetOf(80, { owner: { kind: 'process', pid: 4711 } }));
  host.clock.advance(0);
  await host.answer(OK);
  expect(host.verdict()?.isReady).toBe(true);

  host.sockets.set(80, 1001);
  host.clock.advance(30_000);

  expect(host.open).toHaveLength(0);
  expect(host.verdict()?.reason).toBe('PortTaken');
});

test.each([0, 4711])('a main process that is not there (%d) lets no probe be made', (pid) => {
  const host = new FakeHost();
  host.sockets.set(80, 61_200);
  host.prober.follow('alice', targetOf(80, { owner: { kind: 'process', pid } }));

  host.clock.advance(30_000);

  expect(host.open).toHaveLength(0);
  expect(host.verdict()?.isReady).toBeUndefined();
});

test('a ready server whose port is taken over is not ready at the next try', async () => {
  const host = follow();
  host.clock.advance(0);
  await host.answer(OK);

  host.sockets.set(80, 1001);
  host.clock.advance(10_000);

  expect(host.verdict()).toMatchObject({ isReady: false, reason: 'PortTaken' });
});

test('failures count up to the threshold, and the listener hears of each new word once', async () => {
  const host = follow();
  host.clock.advance(0);
  await host.answer(OK);
  for (let n = 0; n < 3; n += 1) {
    host.clock.advance(10_000);
    await host.answer(BAD);
  }

  expect(host.verdict()).toMatchObject({ isReady: false, reason: 'ProbeFailed', message: 'HTTP 503' });
  // Ready; still ready but with another answer; not ready.
  expect(host.changed).toEqual(['alice', 'alice', 'alice']);
});

test('a try that could not be made changes no verdict', async () => {
  const host = follow(80, {}, { failureThreshold: 1 });
  host.clock.advance(0);
  await host.answer(OK);

  host.clock.advance(10_000);
  await host.answer({ outcome: 'notMade', message: 'the probe could not be made: EMFILE' });
  host.failure = new Error('EACCES: /proc/net/tcp');
  host.clock.advance(10_000);

  expect(host.verdict()).toMatchObject({
    isReady: true,
    message: 'the probe could not be made: EACCES: /proc/net/tcp',
  });
});

test('tries of one server never overlap, however long one takes', () => {
  const host = follow();

  host.clock.advance(60_000);

  expect(host.open).toHaveLength(1);
});

test('no more checks than allowed are under way, and the others follow', async () => {
  const host = new FakeHost();
  for (let port = 1; port <= 7; port += 1) {
    host.sockets.set(port, UID);
    host.prober.follow(`s${port}`, targetOf(port));
  }
  host.clock.advance(0);
  expect(host.open.map(({ port }) => port)).toEqual([1, 2, 3]);

  await host.answer(OK);
  host.clock.advance(20);
  expect(host.open.map(({ port }) => port)).toEqual([2, 3, 4]);

  while (host.open.length > 0) {
    await host.answer(OK);
    host.clock.advance(20);
  }
  expect([1, 2, 3, 4, 5, 6, 7].map((n) => host.verdict(`s${n}`)?.isReady)).toEqual(Array(7).fill(true));
});

test('the same target again changes nothing', async () => {
  const host = follow();
  host.clock.advance(0);
  await host.answer(OK);

  host.prober.follow('alice', targetOf(80));
  host.clock.advance(9_000);

  expect(host.open).toHaveLength(0);
  expect(host.verdict()?.isReady).toBe(true);
});

test('a new invocation starts anew, and the answer to the old one is not taken for it', async () => {
  const host = follow();
  host.clock.advance(0);
  const [old] = host.open;

  host.prober.follow('alice', targetOf(80, { invocationId: 'run-2' }));
  expect(old?.signal.aborted).toBe(true);
  await host.answer(OK);

  expect(host.verdict()).toMatchObject({ invocationId: 'run-2', isReady: undefined });
  host.clock.advance(20);
  await host.answer(BAD);
  expect(host.verdict()).toMatchObject({ invocationId: 'run-2', isReady: undefined, message: 'HTTP 503' });
});

test('an edited probe is tried at once and keeps the verdict until then', async () => {
  const host = follow();
  host.clock.advance(0);
  await host.answer(OK);
  host.clock.advance(100);

  host.prober.follow('alice', targetOf(80, {}, { failureThreshold: 1 }));
  expect(host.verdict()?.isReady).toBe(true);
  host.clock.advance(0);
  await host.answer(BAD);

  expect(host.verdict()?.isReady).toBe(false);
});

test('until it has started its other probes are not asked, and it is neither ready nor not', async () => {
  const host = new FakeHost();
  host.sockets.set(80, UID);
  const probes = { startup: probeOf(80, { periodMs: 2_000 }), readiness: probeOf(80), liveness: probeOf(80) };
  host.prober.follow('alice', targetOf(80, { probes }));
  host.clock.advance(0);
  expect(host.open).toHaveLength(1);
  await host.answer(BAD);
  expect(host.verdict()).toEqual({
    invocationId: 'run-1',
    isReady: undefined,
    reason: 'ProbeFailed',
    message: 'HTTP 503',
    startup: 'failing',
  });

  host.clock.advance(2_000);
  await host.answer(OK);
  expect(host.verdict()).toMatchObject({ isReady: undefined });
  expect(host.verdict()).not.toHaveProperty('startup');
  host.clock.advance(20);

  expect(host.open).toHaveLength(2);
});

test('a server with a startup probe alone is ready once that has succeeded, and is asked no more', async () => {
  const host = follow(80, { probes: { startup: probeOf(80) } });
  host.clock.advance(0);
  await host.answer(OK);
  host.clock.advance(100_000);

  expect(host.verdict()).toMatchObject({ isReady: true, message: 'HTTP 200' });
  expect(host.open).toHaveLength(0);
});

test('a start that fails often enough is to end, in words', async () => {
  const host = follow(80, { probes: { startup: probeOf(80, { failureThreshold: 2, periodMs: 1_000 }) } });
  host.clock.advance(0);
  await host.answer(BAD);
  host.clock.advance(1_000);
  await host.answer(BAD);

  expect(host.verdict()).toMatchObject({
    isReady: false,
    failure: { kind: 'startup', message: 'its startup probe failed 2 times in a row: HTTP 503' },
  });
  host.clock.advance(100_000);
  expect(host.open).toHaveLength(0);
});

test('a server that does not live is to end, ready or not, and only its own failures count', async () => {
  const host = follow(80, { probes: { liveness: probeOf(80, { failureThreshold: 2, periodMs: 30_000 }) } });
  expect(host.verdict()).toMatchObject({ isReady: true });
  host.clock.advance(0);
  await host.answer(BAD);
  host.sockets.set(80, 1001);
  host.clock.advance(60_000);
  expect(host.verdict()).not.toHaveProperty('failure');

  host.sockets.delete(80);
  host.clock.advance(30_000);

  expect(host.verdict()?.failure).toEqual({
    kind: 'liveness',
    message: 'its liveness probe failed 2 times in a row: nothing listens on 127.0.0.1:80',
  });
  host.prober.follow('alice', targetOf(80, { invocationId: 'run-2', probes: { liveness: probeOf(80) } }));
  expect(host.verdict()).not.toHaveProperty('failure');
});

test('a run that has started is not asked whether it has: known from before, or by a probe written later', () => {
  const host = new FakeHost();
  host.sockets.set(80, UID);
  const probes = { startup: probeOf(80), liveness: probeOf(80) };
  host.prober.follow('alice', targetOf(80, { probes }), { isReady: false, hasStarted: true });
  host.prober.follow('bob', targetOf(80, { probes: { liveness: probeOf(80) } }));
  host.prober.follow('bob', targetOf(80, { probes }));

  expect(host.verdict('alice')).not.toHaveProperty('startup');
  expect(host.verdict('bob')).not.toHaveProperty('startup');
});

test('an edit of one probe leaves the counts and checks of the others', async () => {
  const host = new FakeHost();
  host.sockets.set(80, UID);
  const liveness = probeOf(80, { failureThreshold: 2, periodMs: 30_000 });
  host.prober.follow('alice', targetOf(80, { probes: { liveness } }));
  host.clock.advance(0);
  await host.answer(BAD);

  host.prober.follow('alice', targetOf(80, { probes: { liveness, readiness: probeOf(80) } }));
  host.clock.advance(20);
  await host.answer(OK);
  host.clock.advance(29_980);
  while (host.open.length > 0) await host.answer(BAD);

  expect(host.verdict()).toMatchObject({ isReady: true, failure: { kind: 'liveness' } });
});

test('a server that is not followed any more has no verdict, no check and no timer', async () => {
  const host = follow();
  host.clock.advance(0);
  const [check] = host.open;

  host.prober.unfollow('alice');
  await host.answer(OK);

  expect(check?.signal.aborted).toBe(true);
  expect(host.verdict()).toBeUndefined();
  expect(host.changed).toEqual([]);
  expect(host.clock.nextDueMs()).toBeUndefined();
});

test('after stop nothing runs', () => {
  const host = follow();
  host.clock.advance(0);

  host.prober.stop();

  expect(host.open[0]?.signal.aborted).toBe(true);
  expect(host.clock.nextDueMs()).toBeUndefined();
});

test('a listener that throws is told of, and the others are heard', async () => {
  const host = follow();
  const heard: string[] = [];
  host.prober.on(() => {
    throw new Error('oops');
  });
  host.prober.on((server) => heard.push(server));

  host.clock.advance(0);
  await host.answer(OK);

  expect(heard).toEqual(['alice']);
  expect(host.log.complaints()).toEqual(['listener of probe verdicts failed']);
});

test('many servers that wait share one timer: what falls due within 20 ms is looked at together', () => {
  const host = new FakeHost();
  for (let n = 1; n <= 100; n += 1) {
    host.prober.follow(`s${n}`, targetOf(n));
    host.clock.advance(0.1);
  }
  const before = host.looks;

  host.clock.advance(1_000);

  expect(host.looks - before).toBeLessThanOrEqual(201);
  expect(host.verdict('s100')?.message).toBe('nothing listens on 127.0.0.1:100');
});

test('a real server of this account becomes ready, and not ready once it is gone', async () => {
  const clock = new FakeClock();
  const prober = createProber({
    clock,
    log: new FakeLog(),
    check: createCheck(clock),
    checkCommand: async () => ({ outcome: 'notMade', message: '' }),
    listeners: createListenerTable(clock),
  });
  onTestFinished(() => prober.stop());
  const server = await serve((_, response) => response.end());
  const { port } = server.address() as AddressInfo;
  prober.follow(
    'alice',
    targetOf(port, { owner: { kind: 'account', uid: process.getuid?.() ?? 0 } }, { failureThreshold: 1 }),
  );
  const changedAfter = (ms: number) =>
    new Promise<void>((resolve) => {
      const off = prober.on(() => {
        off();
        resolve();
      });
      clock.advance(ms);
    });

  await changedAfter(0);
  expect(prober.verdict('alice')).toMatchObject({ isReady: true, message: `HTTP 200 from http://127.0.0.1:${port}/` });

  await new Promise((closed) => server.close(closed));
  await changedAfter(10_000);
  expect(prober.verdict('alice')).toMatchObject({ isReady: false, message: `nothing listens on 127.0.0.1:${port}` });
});

async function serve(answer: RequestListener): Promise<Server> {
  const server = createServer(answer);
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

test('a command is run without a look at any port, and its end is the answer', async () => {
  const host = new FakeHost();
  const check = { kind: 'exec', command: ['/bin/check'] } as const;
  const { probe } = probeOf(80, { check, timeoutMs: 7_000, failureThreshold: 2 });
  const command = { properties: [{ name: 'Type', signature: 's', value: 'oneshot' }] };
  host.prober.follow('alice', { ...targetOf(80), probes: { readiness: { probe, command } } });
  host.clock.advance(0);
  expect(host.commands[0]).toMatchObject({ command, timeoutMs: 7_000 });
  expect(host.looks).toBe(0);

  host.commands[0]?.answer({ outcome: 'notMade', message: 'no such program' });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(host.verdict()).toMatchObject({ isReady: undefined, message: 'no such program' });
  host.clock.advance(1_000);
  host.commands[1]?.answer({ outcome: 'succeeded', message: 'its command ended with 0' });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(host.verdict()).toMatchObject({ isReady: true, reason: 'ProbeSucceeded' });

  host.clock.advance(10_000);
  host.prober.unfollow('alice');
  expect(host.commands[2]?.signal.aborted).toBe(true);
});

test('commands that hang keep no port from being asked, and the next takes the place of one that ends', async () => {
  const host = new FakeHost();
  host.sockets.set(80, UID);
  const { probe } = probeOf(80, { check: { kind: 'exec', command: ['/bin/check'] } });
  for (let n = 0; n < 40; n += 1) {
    host.prober.follow(`s${n}`, { ...targetOf(80), probes: { readiness: { probe, command: { properties: [] } } } });
  }
  host.clock.advance(0);
  host.prober.follow('alice', targetOf(80));
  host.clock.advance(100);
  expect(host.commands).toHaveLength(16);
  expect(host.open).toHaveLength(1);

  host.commands[0]?.answer({ outcome: 'succeeded', message: '' });
  await new Promise<void>((resolve) => setImmediate(resolve));
  host.clock.advance(100);
  expect(host.commands).toHaveLength(17);
});
