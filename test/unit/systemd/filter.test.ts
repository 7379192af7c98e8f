import { createRequire } from 'node:module';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { Message } from 'dbus-next';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { interceptMessages } from '../../../src/systemd/filter.ts';

const require = createRequire(import.meta.url);
/** The library's own encoder and parser, which it doesn't export. */
const { marshallMessage } = require('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: Message): [Buffer];
};
const { unmarshalMessages } = require('dbus-next/lib/message.js') as {
  unmarshalMessages(stream: PassThrough, onMessage: (message: { member: string; body: unknown[] }) => void): void;
};

const message = (member: string, text: string): Buffer => {
  const [bytes] = marshallMessage(
    new Message({
      type: 4,
      path: '/a',
      interface: 'org.example.A',
      member,
      signature: 's',
      body: [text],
      serial: 1,
    } as never),
  );
  return bytes;
};

it('shows each message once and in order, however the bytes come, and the library those that are passed', async () => {
  const sent = fc.array(
    fc.record({ isOurs: fc.boolean(), text: fc.string({ maxLength: 40 }).map((t) => t.replaceAll('\0', '')) }),
    { maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(
      sent,
      fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 6 }),
      async (messages, cuts) => {
        const stream = new PassThrough();
        const taken: string[] = [];
        const passed: string[] = [];
        interceptMessages(stream as unknown as Socket, ({ member }, body) => {
          if (member !== 'Ours') return 'pass';
          taken.push(body.toString('utf8', 4, 4 + body.readUInt32LE(0)));
          return 'taken';
        });
        unmarshalMessages(stream, ({ body }) => passed.push(String(body[0])));

        const bytes = Buffer.concat(messages.map(({ isOurs, text }) => message(isOurs ? 'Ours' : 'Theirs', text)));
        for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
          const end = at + (cuts[turn % cuts.length] ?? 1);
          stream.write(bytes.subarray(at, end));
          at = end;
          await setImmediate();
        }
        await setImmediate();

        const of = (wanted: boolean) => messages.filter(({ isOurs }) => isOurs === wanted).map(({ text }) => text);
        expect({ taken, passed }).toEqual({ taken: of(true), passed: of(false) });
      },
    ),
    { numRuns: 200 },
  );
});

it('half a message at the end of the stream is none', async () => {
  const stream = new PassThrough();
  const taken: string[] = [];
  interceptMessages(stream as unknown as Socket, ({ member }) => {
    taken.push(member);
    return 'taken';
  });
  const ended = new Promise((resolve) => stream.once('end', resolve));
  unmarshalMessages(stream, () => expect.unreachable());

  stream.end(Buffer.concat([message('Whole', 'a'), message('Cut', 'b').subarray(0, -1)]));
  await ended;

  expect(taken).toEqual(['Whole']);
});
