import { createRequire } from 'node:module';
import { Message, Variant } from 'dbus-next';
import { describe, expect, it } from 'vitest';
import { fixedHeaderBytes, readHeader, remainingBytes } from '../../../src/systemd/header.ts';

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

    expect(readHeader(fixed, rest)).toEqual({
      type: 4,
      path: '/org/freedesktop/systemd1/unit/hublet_2da_2eservice',
      sender: ':1.42',
    });
    expect(remainingBytes(fixed)).toBe(rest.length);
  });

  it('reads paths of every length, whatever padding they bring', () => {
    for (let length = 1; length < 40; length += 1) {
      const path = `/${'a'.repeat(length)}`;
      const [fixed, rest] = split(signal(path, [[], '']));

      expect(readHeader(fixed, rest)).toEqual({ type: 4, path, sender: ':1.42' });
      expect(remainingBytes(fixed)).toBe(rest.length);
    }
  });

  it('gives up, rather than guess, at a field of a type that no field has', () => {
    const [fixed, rest] = split(signal('/a', [[], '']));
    rest[1] = 2;

    expect(readHeader(fixed, rest)).toBeUndefined();
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
