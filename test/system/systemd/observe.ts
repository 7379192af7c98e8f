/**
 * Runs in the machine, on its systemd: does one thing after the other through the adapter and prints, as one JSON object,
 * what the adapter then said. What that should be is in ../systemd.test.ts.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { createSystemClock } from '../../../src/clock.ts';
import { createLog } from '../../../src/log.ts';
import { SystemdOverDbus } from '../../../src/systemd/adapter.ts';
import type { SystemdEvent, UnitState } from '../../../src/systemd/port.ts';
import { hasEnded } from '../../../src/systemd/units.ts';
import { expectedControlGroup } from '../../../src/units/pool.ts';
import type { UnitProperty } from '../../../src/units/types.ts';

const run = promisify(execFile);
const calls: Record<string, number> = {};
const events: SystemdEvent[] = [];
const seen: Record<string, unknown> = {};

const systemd = new SystemdOverDbus({
  clock: createSystemClock(),
  log: createLog('silent'),
  liveProperties: ['MemoryMax', 'TasksMax', 'CPUWeight', 'AllowedCPUs'],
  // Often, so that a bus that refuses to be asked would show as lost connections.
  pingIntervalMs: 100,
  onCall: (method) => {
    calls[method] = (calls[method] ?? 0) + 1;
  },
});
systemd.on((event) => events.push(event));

/** Names of units that looked ended at some event since the last time this was asked. */
const ended = new Set<string>();
systemd.on((event) => {
  const state = event.kind === 'changed' ? systemd.unit(event.unit) : undefined;
  if (state !== undefined && hasEnded(state)) ended.add(state.name);
});

function unit(name: string): string {
  return `hublet-${name}.service`;
}

function service(command: string, more: Readonly<Record<string, readonly [string, unknown]>> = {}): UnitProperty[] {
  const marks = ['HUBLET_SERVER=s', 'HUBLET_INSTANCE=i', 'HUBLET_UNIT_HASH=h'].map((mark) =>
    new TextEncoder().encode(mark),
  );
  const properties: Record<string, readonly [string, unknown]> = {
    Type: ['s', 'exec'],
    CollectMode: ['s', 'inactive'],
    Slice: ['s', 'hublet-test.slice'],
    ExecStart: ['a(sasb)', [['/bin/sh', ['/bin/sh', '-c', command], false]]],
    LogExtraFields: ['aay', marks],
    MemoryMax: ['t', 64n * 1024n * 1024n],
    MemorySwapMax: ['t', 0n],
    KillMode: ['s', 'mixed'],
    ...more,
  };
  return Object.entries(properties).map(([name, [signature, value]]) => ({ name, signature, value }));
}

function until(name: string, isWanted: (state: UnitState) => boolean): Promise<UnitState> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      const state = systemd.unit(unit(name));
      if (state === undefined || !isWanted(state)) return false;
      resolve(state);
      return true;
    };
    if (look()) return;
    const off = systemd.on(() => {
      if (look()) off();
    });
  });
}

function nextEvent(kind: SystemdEvent['kind']): Promise<SystemdEvent> {
  return new Promise((resolve) => {
    const off = systemd.on((event) => {
      if (event.kind !== kind) return;
      off();
      resolve(event);
    });
  });
}

async function start(name: string, properties = service('exec sleep infinity')): Promise<UnitState> {
  await systemd.startTransientUnit(unit(name), properties);
  return until(name, (state) => state.activeState === 'active' && !state.hasJob);
}

function note(key: string, value: unknown): void {
  seen[key] = value;
  process.stderr.write(`${key}\n`);
}

async function ends(): Promise<void> {
  note(
    'exit 0',
    await systemd.startTransientUnit(unit('zero'), service('exit 0')).then(() => until('zero', (s) => !s.loaded)),
  );
  await systemd.startTransientUnit(unit('three'), service('exit 3'));
  const three = await until('three', (state) => state.activeState === 'failed' && !state.hasJob);
  note('exit 3', three);
  await Promise.all([
    systemd.resetFailedUnit(unit('three')),
    systemd.startTransientUnit(unit('three'), service('exec sleep infinity')),
  ]);
  note(
    'start over failed',
    await until('three', (s) => s.activeState === 'active' && s.invocationId !== three.invocationId),
  );
  await systemd.startTransientUnit(
    unit('missing'),
    service('', { ExecStart: ['a(sasb)', [['/no/such', ['/no/such'], false]]] }),
  );
  note('missing program', await until('missing', (state) => state.activeState === 'failed' && !state.hasJob));
  const killed = await start('killed');
  process.kill(killed.mainPid, 'SIGKILL');
  note('SIGKILL', await until('killed', (state) => state.activeState === 'failed' && !state.hasJob));
  const hog = "exec perl -e '@held = (1) x 4_000_000'";
  await systemd.startTransientUnit(unit('oom'), service(hog));
  note('out of memory', await until('oom', (state) => state.activeState === 'failed' && !state.hasJob));
  await systemd.startTransientUnit(unit('oomc'), service(hog, { OOMPolicy: ['s', 'continue'] }));
  note('out of memory, continue', await until('oomc', (state) => state.activeState === 'failed' && !state.hasJob));
}

async function stops(): Promise<void> {
  await start('ours');
  await systemd.stopUnit(unit('ours'));
  note('stopped by us', await until('ours', (state) => !state.loaded));
  await start('theirs');
  await run('systemctl', ['stop', unit('theirs')]);
  note('stopped by somebody', await until('theirs', (state) => !state.loaded));
  const before = await start('again');
  await run('systemctl', ['restart', unit('again')]);
  const again = await until(
    'again',
    (s) => s.activeState === 'active' && !s.hasJob && s.invocationId !== before.invocationId,
  );
  note('restarted by somebody', again);
  await run('systemctl', ['start', unit('again')]);
  process.kill(again.mainPid, 'SIGKILL');
  note(
    'killed after a needless start job',
    await until('again', (state) => state.activeState === 'failed' && !state.hasJob),
  );
  const trapped = '/run/hublet-test-trapped';
  const stubborn = `trap "" TERM; touch ${trapped}; while :; do sleep 1; done`;
  await start('stubborn', service(stubborn, { TimeoutStopUSec: ['t', 2_000_000n] }));
  while (!existsSync(trapped)) await new Promise((resolve) => setTimeout(resolve, 20));
  await systemd.stopUnit(unit('stubborn'));
  note('killed after its grace', await until('stubborn', (state) => state.activeState === 'failed' && !state.hasJob));
  await systemd.startTransientUnit(unit('early'), service('exec sleep infinity'));
  await systemd.stopUnit(unit('early'));
  note('stopped while starting', await until('early', (state) => !state.loaded));
}

async function disturbances(): Promise<void> {
  const before = await start('calm');
  await systemd.read(unit('calm'));
  await systemd.relist();
  ended.clear();
  for (const [what, happen] of [
    ['reload', () => run('systemctl', ['daemon-reload'])],
    ['reexec', () => run('systemctl', ['daemon-reexec'])],
  ] as const) {
    const reloaded = nextEvent('reloaded');
    await happen();
    await reloaded;
    await systemd.relist();
    note(what, { ended: [...ended], same: systemd.unit(unit('calm'))?.invocationId === before.invocationId });
  }
  const connected = nextEvent('connected');
  await run('sh', ['-c', 'kill -KILL $(systemctl show -P MainPID dbus.service)']);
  await connected;
  note('bus killed', { ended: [...ended], same: systemd.unit(unit('calm'))?.invocationId === before.invocationId });
  const stillThere = systemd.unit(unit('calm'))?.mainPid ?? 0;
  process.kill(stillThere, 'SIGKILL');
  note('killed after all that', await until('calm', (state) => state.activeState === 'failed' && !state.hasJob));
}

async function readings(): Promise<void> {
  const state = await start('read');
  ended.delete(unit('read'));
  const read = await systemd.read(unit('read'));
  note('read', read);
  note('expected control group', expectedControlGroup(systemd.controlGroup(), 'test', unit('read')));
  await systemd.setUnitProperties(unit('read'), [
    { name: 'MemoryMax', signature: 't', value: 100n * 1024n * 1024n },
    { name: 'AllowedCPUs', signature: 'ay', value: new Uint8Array([1]) },
  ]);
  const changed = await systemd.read(unit('read'));
  note('live change', { live: changed?.live, samePid: changed?.mainPid === state.mainPid });
  note('not loaded', { read: (await systemd.read(unit('nobody'))) ?? 'undefined' });
  await run('systemctl', ['show', unit('nobody')]);
  await systemd.relist();
  note('left of not loaded', systemd.unit(unit('nobody')) ?? 'undefined');
  for (const method of Object.keys(calls)) delete calls[method];
  await systemd.relist();
  note('calls of an idle listing', { ...calls });
}

await systemd.open(60_000);
note('version', systemd.version());
await readings();
await start('never-ended');
note('looked ended while starting', [...ended]);
await ends();
await stops();
await disturbances();
note('reconnects', events.filter((event) => event.kind === 'connected').length);
systemd.close();
await run('sh', [
  '-c',
  'systemctl stop "hublet-*.service"; systemctl reset-failed "hublet-*.service" || true; rm -f /run/hublet-test-trapped',
]);
process.stdout.write(
  JSON.stringify(seen, (_, value: unknown) =>
    typeof value === 'bigint' ? `${value}n` : value instanceof Uint8Array ? [...value] : value,
  ),
);
