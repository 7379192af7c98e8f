import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createListenerTable, holdersOf } from '../../../src/probes/listeners.ts';
import { ownerOf } from '../../../src/probes/socketOwner.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { TemporaryDirectory } from '../../fakes/program.ts';

function row(state: string, port: number, uid: number): string {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  return `   0: 0100007F:${hex} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 634 1 0000000021944d81 100 0 0 10 0\n`;
}

test('a real listening socket of this process is found with its uid', async () => {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;

  const there = createListenerTable(new FakeClock())().get(port) ?? [];

  expect(ownerOf(there)).toEqual({ kind: 'account', uid: process.getuid?.() });
  await new Promise((closed) => server.close(closed));
});

test.each([
  [undefined, 100],
  ['recent', 1_000],
] as const)('looks (%s) share one reading for %i ms', (age, sharedMs) => {
  using directory = new TemporaryDirectory();
  const clock = new FakeClock();
  const table = createListenerTable(clock, directory.path);
  writeFileSync(join(directory.path, 'tcp'), row('0A', 80, 1));
  expect([...table().keys()]).toEqual([80]);
  writeFileSync(join(directory.path, 'tcp'), row('0A', 81, 1));

  clock.advance(sharedMs);
  expect([...table(age).keys()]).toEqual([80]);
  clock.advance(1);
  expect([...table(age).keys()]).toEqual([81]);
});

test('a kernel without IPv6 has no second table', () => {
  using directory = new TemporaryDirectory();
  writeFileSync(join(directory.path, 'tcp'), row('0A', 80, 1));

  expect(createListenerTable(new FakeClock(), directory.path)().size).toBe(1);
});

test('a table that is there and cannot be read is an error each time, not an empty table', () => {
  using directory = new TemporaryDirectory();
  mkdirSync(join(directory.path, 'tcp'));
  const table = createListenerTable(new FakeClock(), directory.path);

  expect(table).toThrow('EISDIR');
  expect(table).toThrow('EISDIR');
  rmSync(join(directory.path, 'tcp'), { recursive: true });
  expect(table().size).toBe(0);
});

test('of a long table all listening sockets are read', () => {
  using directory = new TemporaryDirectory();
  const listening = Array.from({ length: 2_000 }, (_, n) => row('0A', 20_000 + n, n)).join('');
  const connected = Array.from({ length: 5_000 }, () => row('01', 9, 9)).join('');
  writeFileSync(join(directory.path, 'tcp'), listening + connected);

  expect(createListenerTable(new FakeClock(), directory.path)().size).toBe(2_000);
});

test.each(['127.0.0.1', '0.0.0.0', '::', '::1'])('a real socket at %s holds its port', async (host) => {
  const table = createListenerTable(new FakeClock());
  const server = await listen(host);
  const { port } = server.address() as AddressInfo;

  expect(holdersOf(port, table)).toEqual([process.getuid?.()]);
  await new Promise((closed) => server.close(closed));
});

test('a socket that has gone since the last reading holds nothing', async () => {
  const table = createListenerTable(new FakeClock());
  const server = await listen('127.0.0.1');
  const { port } = server.address() as AddressInfo;
  expect(table().has(port)).toBe(true);

  await new Promise((closed) => server.close(closed));

  expect(table().has(port)).toBe(true);
  expect(holdersOf(port, table)).toEqual([]);
});

async function listen(host: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, host, listening));
  return server;
}
