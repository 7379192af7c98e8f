import { createRequire } from 'node:module';
import { Message, MessageType, Variant } from 'dbus-next';
import { describe, expect, it } from 'vitest';
import { fixedHeaderBytes, readHeader, readSizes } from '../../../src/systemd/header.ts';

/** The library's own encoder, which it doesn't export. */
const { marshallMessage } = createRequire(import.meta.url)('dbus-next/lib/marshall-compat.js') as {
  marshallMessage(message: Message): [Buffer];
};

describe('readHeader', () => {
  it('reads type, path and sender of a signal and counts its bytes exactly', () => {
    const [fixed, rest] = split(
      signal('/org/freedesktop/systemd1/unit/hublet_2da_2eservice', [
        ['a', { B: new Variant('t', 5n) }, ['x']],
        'sa{sv}as',
      ]),
    );

    expect(readHeader(fixed, readSizes(fixed), rest)).toEqual({
      type: 4,
      path: '/org/freedesktop/systemd1/unit/hublet_2da_2eservice',
      interface: 'org.example.A',
      member: 'Changed',
      errorName: '',
      replySerial: 0,
      sender: ':1.42',
      signature: 'sa{sv}as',
      isLittleEndian: true,
    });
    expect(readSizes(fixed).remainingBytes).toBe(rest.length);
  });

  it('reads paths of every length, whatever padding they bring', () => {
    for (let length = 1; length < 40; length += 1) {
      const path = `/${'a'.repeat(length)}`;
      const [fixed, rest] = split(signal(path, [[], '']));

      expect(readHeader(fixed, readSizes(fixed), rest)).toMatchObject({
        type: 4,
        path,
        sender: ':1.42',
        signature: '',
      });
      expect(readSizes(fixed).remainingBytes).toBe(rest.length);
    }
  });

  it('reads which call an error answers, and where its body begins', () => {
    const message = new Message({
      type: MessageType.ERROR,
      errorName: 'org.example.Error.Bad',
      // The library's types say that it is a text.
      replySerial: 77 as unknown as string,
      signature: 's',
      body: ['no'],
    });
    message.serial = 8;
    const [fixed, rest] = split(marshallMessage(message)[0]);

    expect(readHeader(fixed, readSizes(fixed), rest)).toMatchObject({
      type: 3,
      errorName: 'org.example.Error.Bad',
      replySerial: 77,
      signature: 's',
    });
    expect(rest.subarray(readSizes(fixed).bodyOffset).toString('latin1')).toBe('\x02\0\0\0no\0');
  });

  it('gives up, rather than guess, at a field of a type that no field has', () => {
    const [fixed, rest] = split(signal('/a', [[], '']));
    rest[1] = 2;

    expect(readHeader(fixed, readSizes(fixed), rest)).toBeUndefined();
  });
});

function signal(path: string, [body, signature]: readonly [unknown[], string]): Buffer {
  const message = Message.newSignal(path, 'org.example.A', 'Changed', signature, body);
  message.sender = ':1.42';
  message.serial = 7;
  return marshallMessage(message)[0];
}

function split(whole: Buffer): [Buffer, Buffer] {
  return [whole.subarray(0, fixedHeaderBytes), whole.subarray(fixedHeaderBytes)];
}
