import { beforeEach, describe, expect, it } from 'vitest';
import type { ProbeFailure, ProbeVerdict } from '../../../src/probes/types.ts';
import { World } from '../../fakes/world.ts';

const ALICE = 'hublet-alice.service';
const SLEEP = { command: ['/bin/sleep', 'infinity'] };
const LIVENESS = { ...SLEEP, probes: { liveness: { tcp: {} } } };
const STARTUP = { ...SLEEP, probes: { startup: { tcp: {} } }, startTimeout: '30s' };
const DEAD: ProbeFailure = { kind: 'liveness', message: 'its liveness probe failed 5 times in a row: HTTP 503' };

let world: World;

beforeEach(() => {
  world = new World();
});

const invocation = (): string => world.systemd.unit(ALICE)?.invocationId ?? '';

/** What the probes of the present run say. */
function say(verdict: Partial<ProbeVerdict>): void {
  const all: ProbeVerdict = { invocationId: invocation(), isReady: true, reason: 'ProbeSucceeded', message: '' };
  world.verdict('alice', { ...all, ...verdict });
}

const eventsOf = (reason: string): string[] =>
  world.events.filter((event) => event.reason === reason).map(({ message }) => message);

describe('a server that does not live', () => {
  it('is stopped and started again, with its own words, and by backoff the next time', async () => {
    world.source.put('alice', LIVENESS);
    await world.start();
    const first = invocation();
    say({ failure: DEAD });
    await world.settle();

    expect(invocation()).not.toBe(first);
    expect(eventsOf('Unhealthy')).toEqual([`${DEAD.message}; stopping it`]);
    expect(world.status('alice')).toMatchObject({
      phase: 'Ready',
      restarts: 1,
      lastExit: { result: 'liveness', message: `${DEAD.message}, so it was stopped` },
    });
    say({ failure: DEAD });
    await world.settle();

    expect(world.status('alice').phase).toBe('BackOff');
    expect(world.exits).toEqual(['liveness', 'liveness']);
    expect(eventsOf('Crashed')).toEqual([]);
  });

  it('stays down where it is never to be started again', async () => {
    world.source.put('alice', { ...LIVENESS, restartPolicy: 'Never' });
    await world.start();
    say({ failure: DEAD });
    await world.settle();

    expect(world.status('alice')).toMatchObject({ phase: 'Failed', lastExit: { result: 'liveness' } });
  });

  it('is stopped to the end though it answers meanwhile, and by a controller that comes up meanwhile', async () => {
    world.source.put('alice', LIVENESS);
    await world.start();
    const first = invocation();
    say({ failure: DEAD });
    await world.loop.idle();
    expect(world.status('alice').phase).toBe('Stopping');
    say({});
    await world.loop.idle();
    await world.kill();
    world.systemd.settle();
    await world.start();

    expect(invocation()).not.toBe(first);
    expect(world.status('alice')).toMatchObject({ phase: 'Ready', restarts: 1, lastExit: { result: 'liveness' } });
  });

  it('runs on where it could not be started again, and where nothing is known of this run', async () => {
    world.source.put('alice', LIVENESS);
    await world.start();
    const first = invocation();
    say({ failure: DEAD, invocationId: 'of another run' });
    await world.settle();
    world.source.put('alice', { ...LIVENESS, user: 'nobody-knows' });
    await world.settle();
    say({ failure: DEAD });
    await world.settle();

    expect(invocation()).toBe(first);
    expect(world.exits).toEqual([]);
  });

  it('is told as killed for memory where it was', async () => {
    world.source.put('alice', LIVENESS);
    await world.start();
    world.journal = { result: 'oom-kill', isOomSeen: true };
    say({ failure: DEAD });
    await world.settle();

    expect(world.status('alice').lastExit?.result).toBe('oom-kill');
  });
});

describe('a server with a startup probe', () => {
  it('is not ready before that has succeeded, and says what it waits for', async () => {
    world.source.put('alice', STARTUP);
    await world.start();
    say({ isReady: undefined, startup: 'failing', message: 'nothing listens', reason: 'ProbeFailed' });
    await world.settle();

    expect(world.status('alice').phase).toBe('Running');
    expect(world.condition('alice', 'Ready')).toMatchObject({
      reason: 'Starting',
      message: 'waiting for its startup probe: nothing listens',
    });
    say({});
    await world.settle();
    expect(world.condition('alice', 'Ready')).toMatchObject({ status: 'True', reason: 'ProbeSucceeded' });
  });

  it('has failed to start once its time is over', async () => {
    world.source.put('alice', STARTUP);
    await world.start();
    const first = invocation();
    say({ isReady: undefined, startup: 'failing', message: 'nothing listens', reason: 'ProbeFailed' });
    await world.pass(29_000);
    expect(invocation()).toBe(first);
    await world.pass(2_000);

    expect(invocation()).not.toBe(first);
    const message = 'its startup probe did not succeed within 30s: nothing listens';
    expect(eventsOf('StartFailed')).toEqual([`${message}; stopping it`]);
    expect(world.status('alice').lastExit).toMatchObject({
      result: 'startup',
      message: `${message}, so it was stopped`,
    });
  });

  it('has failed to start after the same time where a new controller came up meanwhile', async () => {
    world.source.put('alice', STARTUP);
    await world.start();
    const first = invocation();
    await world.pass(25_000);
    await world.kill();
    await world.start();
    say({ isReady: undefined, startup: 'failing', message: 'nothing listens', reason: 'ProbeFailed' });
    await world.pass(3_000);
    expect(invocation()).toBe(first);
    await world.pass(3_000);

    expect(invocation()).not.toBe(first);
    expect(world.status('alice').lastExit?.result).toBe('startup');
  });

  it('has not failed while nobody could ask it', async () => {
    world.source.put('alice', STARTUP);
    await world.start();
    const first = invocation();
    say({ isReady: undefined, startup: 'waiting', message: 'the probe could not be made', reason: 'ProbeFailed' });
    await world.pass(120_000);

    expect(invocation()).toBe(first);
    say({ isReady: undefined, startup: 'failing', message: 'HTTP 503', reason: 'ProbeFailed' });
    await world.settle();
    expect(invocation()).not.toBe(first);
  });

  it('is not asked for its start again by a later controller, ready or not', async () => {
    world.source.put('alice', { ...STARTUP, probes: { startup: { tcp: {} }, readiness: { tcp: {} } } });
    await world.start();
    say({ isReady: undefined, startup: 'failing' });
    await world.settle();
    expect(world.memories.get('alice')?.startedUpOf).toBe('');
    say({ isReady: false, reason: 'ProbeFailed' });
    await world.settle();
    await world.kill();
    await world.start();

    expect(world.known.get('alice')).toEqual({ isReady: false, hasStarted: true });
  });
});

describe('backoff', () => {
  it('is as the spec says, from the next failure on', async () => {
    world.source.put('alice', { ...SLEEP, backoff: { initial: '2s', max: '3s', resetAfter: '1m' } });
    await world.start();
    world.systemd.exit(ALICE, { code: 3 });
    await world.settle();
    world.systemd.exit(ALICE, { code: 3 });
    await world.settle();
    await world.pass(1_000);
    expect(world.status('alice').phase).toBe('BackOff');
    await world.pass(2_000);
    expect(world.status('alice').phase).toBe('Ready');

    await world.pass(61_000);
    world.systemd.exit(ALICE, { code: 3 });
    await world.settle();
    expect(world.status('alice').phase).toBe('Ready');
    expect(world.systemd.started).toHaveLength(4);
  });

  it('is edited on a running server without touching it', async () => {
    world.source.put('alice', SLEEP);
    await world.start();
    const first = invocation();
    const probes = { startup: { tcp: {} }, liveness: { tcp: {} } };
    world.source.put('alice', { ...SLEEP, backoff: { initial: '1s' }, priority: 7, probes });
    await world.settle();

    expect(invocation()).toBe(first);
    expect(world.condition('alice', 'UpdatePending')?.status).toBe('False');
    expect(world.known.get('alice')).toMatchObject({ hasStarted: true });
  });
});

describe('priority', () => {
  const startsOf = (): (string | undefined)[] =>
    world.events.filter(({ reason }) => reason === 'Ready').map(({ server }) => server);

  it('is the order of starts where few may start at once, by name among equals', async () => {
    world.maxStarting = 1;
    world.addAccount('dave', 1003);
    for (const [name, priority] of [
      ['carol', 0],
      ['alice', 0],
      ['bob', -5],
      ['dave', 9],
    ] as const)
      world.source.put(name, { ...SLEEP, priority });
    await world.start();

    expect(startsOf()).toEqual(['dave', 'alice', 'carol', 'bob']);
  });

  it('is the order of stops, the most important last', async () => {
    world.reconcileConcurrency = 1;
    for (const [name, priority] of [
      ['alice', 5],
      ['bob', -5],
      ['carol', 0],
    ] as const)
      world.source.put(name, { ...SLEEP, priority });
    await world.start();
    world.source.put('busy', SLEEP);
    for (const name of ['alice', 'bob', 'carol']) world.source.remove(name);
    await world.settle();

    const deleted = world.events.filter(({ reason }) => reason === 'Deleting').map(({ server }) => server);
    expect(deleted).toEqual(['bob', 'carol', 'alice']);
  });
});
