import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isPastListeners, ownerOf, parseListeners } from '../../../src/probes/socketOwner.ts';

const HEADING = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode';

function row(local: string, state: string, uid: number): string {
  const remote = local.length > 20 ? '00000000000000000000000000000000:0000' : '00000000:0000';
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 634 1 0000000021944d81 100 0 0 10 0`;
}

function table(...rows: readonly string[]): string {
  return `${[HEADING, ...rows].join('\n')}\n`;
}

const owner = (port: number, ...rows: readonly string[]) =>
  ownerOf(parseListeners(table(...rows)).filter((listener) => listener.port === port));

test('the owner of a listening socket is read from the table', () => {
  expect(owner(0x1f90, row('0100007F:1F90', '0A', 1000))).toEqual({ kind: 'account', uid: 1000 });
});

test('connections and other ports are nobody who listens', () => {
  expect(owner(0x1f90, row('0100007F:1F90', '01', 1000), row('0100007F:1F91', '0A', 1000))).toEqual({ kind: 'nobody' });
});

test.each([
  ['0100007F:1F90', 'on 127.0.0.1'],
  ['00000000:1F90', 'on all IPv4 addresses'],
  ['00000000000000000000000000000000:1F90', 'on all addresses'],
  ['0000000000000000FFFF00000100007F:1F90', 'on 127.0.0.1 through IPv6'],
])('a socket %s counts: it listens %s', (local) => {
  expect(owner(0x1f90, row(local, '0A', 7))).toEqual({ kind: 'account', uid: 7 });
});

test.each([
  ['0200007F:1F90', '127.0.0.2'],
  ['0A00000A:1F90', '10.0.0.10'],
  ['00000000000000000000000001000000:1F90', '::1'],
])('a socket %s answers for nobody, as 127.0.0.1 never reaches %s, and is in the table', (local) => {
  expect(owner(0x1f90, row(local, '0A', 7))).toEqual({ kind: 'nobody' });
  expect(parseListeners(table(row(local, '0A', 7)))).toEqual([{ port: 0x1f90, uid: 7, exactness: undefined }]);
});

test('the most exactly bound socket gets the connection, so a squatter beside it is seen', () => {
  const server = row('00000000:1F90', '0A', 1000);
  const squatter = row('0100007F:1F90', '0A', 1001);
  const behind = row('00000000000000000000000000000000:1F90', '0A', 1001);

  expect(owner(0x1f90, server, squatter)).toEqual({ kind: 'account', uid: 1001 });
  expect(owner(0x1f90, server, behind)).toEqual({ kind: 'account', uid: 1000 });
});

test('sockets of one account that share a port are one owner, those of two are several', () => {
  const [a, b] = [row('0100007F:1F90', '0A', 5), row('0100007F:1F90', '0A', 6)];

  expect(owner(0x1f90, a, a)).toEqual({ kind: 'account', uid: 5 });
  expect(owner(0x1f90, a, b)).toEqual({ kind: 'several', uids: [5, 6] });
});

test('no text makes the parser throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      expect(parseListeners(text)).toEqual([]);
    }),
  );
});

test('a part is past the listeners once it shows a whole line of another state', () => {
  const listening = row('0100007F:1F90', '0A', 1000);
  const connected = row('0100007F:1F90', '01', 1000);

  expect(isPastListeners(table(listening))).toBe(false);
  expect(isPastListeners(table(listening, connected))).toBe(true);
  fc.assert(
    fc.property(fc.nat(listening.length), (cut) => {
      expect(isPastListeners(listening.slice(cut))).toBe(false);
    }),
  );
});
