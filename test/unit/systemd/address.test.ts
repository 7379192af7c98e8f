import { describe, expect, it } from 'vitest';
import { socketFile, systemBusAddress, toLibraryAddress } from '../../../src/systemd/address.ts';

describe('toLibraryAddress', () => {
  it.each([
    ['unix:path=/run/dbus/system_bus_socket', 'unix:socket=/run/dbus/system_bus_socket'],
    ['unix:path=/run/user/1000/bus,guid=abc', 'unix:socket=/run/user/1000/bus'],
    ['unix:path=/tmp/with%20blank', 'unix:socket=/tmp/with blank'],
    ['unix:abstract=/tmp/x', 'unix:socket=\0/tmp/x'],
    ['launchd:env=X;unix:path=/a', 'unix:socket=/a'],
    ['tcp:host=127.0.0.1,port=5', 'tcp:host=127.0.0.1,port=5'],
  ])('opens %s as a plain socket', (address, expected) => {
    expect(toLibraryAddress(address)).toBe(expected);
  });

  it.each(['', 'nonsense', 'unix:dir=/tmp', 'unix:path=/a%3ab'])('refuses "%s"', (address) => {
    expect(() => toLibraryAddress(address)).toThrow(expect.objectContaining({ code: 'Disconnected' }));
  });
});

describe('socketFile', () => {
  it.each([
    ['unix:path=/tmp/with%20blank', '/tmp/with blank'],
    ['unix:abstract=/tmp/x', undefined],
    ['tcp:host=127.0.0.1,port=5', undefined],
  ])('of %s is %s', (address, file) => {
    expect(socketFile(address)).toBe(file);
  });
});

describe('systemBusAddress', () => {
  it("is the environment's, else the well-known one", () => {
    expect(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/x' })).toBe('unix:path=/x');
    expect(systemBusAddress({})).toBe('unix:path=/run/dbus/system_bus_socket');
    expect(systemBusAddress({ DBUS_SYSTEM_BUS_ADDRESS: '' })).toBe('unix:path=/run/dbus/system_bus_socket');
  });
});
