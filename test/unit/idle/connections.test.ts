import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { parsePortUse, readPortUse } from '../../../src/idle/connections.ts';

const TABLE = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:4E20 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 11 1 0 100 0 0 10 0
   1: 0100007F:4E20 0100007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 12 1 0 20 4 30 10 -1
   2: 0100007F:C350 0100007F:4E20 01 00000000:00000000 00:00000000 00000000     0        0 13 1 0 20 4 30 10 -1
   3: 0100007F:4E20 0100007F:C351 06 00000000:00000000 03:00000000 00000000     0        0 0 3 0
   4: 0100007F:4E2`;

describe('connections', () => {
  it('are those established to a port, by their other side; waiting ones and cut lines count for nothing', () => {
    const use = parsePortUse(TABLE);
    expect(use.get(20_000)).toEqual({ isListening: true, peers: new Set(['0100007F:C350']) });
    expect(use.get(50_000)?.isListening).toBe(false);
    expect(use.size).toBe(2);
  });

  it('of this host are read, those of IPv6 too', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    expect((await readPortUse()).get(port)).toEqual({ isListening: true, peers: new Set() });
    const client = connect({ host: '127.0.0.1', port });
    await once(client, 'connect');
    await expect.poll(async () => (await readPortUse()).get(port)?.peers.size).toBe(1);
    client.destroy();
    server.close();
  });

  it('of a kernel without tables are an empty list', async () => {
    expect(await readPortUse('/nowhere')).toEqual(new Map());
  });
});
