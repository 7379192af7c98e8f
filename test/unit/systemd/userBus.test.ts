import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { userBusAddress, userRuntimeDirectory } from '../../../src/systemd/address.ts';
import { findUserBus, NoUserManager } from '../../../src/systemd/userBus.ts';

const uid = process.geteuid?.() ?? 0;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'hublet-bus-'));
});
afterEach(() => rmSync(root, { recursive: true }));

function refusal(environment: Record<string, string>, caller = uid): NoUserManager {
  try {
    findUserBus(environment, caller);
  } catch (error) {
    if (error instanceof NoUserManager) return error;
    throw error;
  }
  throw new Error('it was found');
}

describe("the user's bus", () => {
  it('is in the runtime directory, unless the environment names another', () => {
    expect(userBusAddress({ XDG_RUNTIME_DIR: '/run/user/7' }, 7)).toBe('unix:path=/run/user/7/bus');
    expect(userBusAddress({}, 7)).toBe('unix:path=/run/user/7/bus');
    expect(userBusAddress({ DBUS_SESSION_BUS_ADDRESS: '' }, 7)).toBe('unix:path=/run/user/7/bus');
    expect(userBusAddress({ DBUS_SESSION_BUS_ADDRESS: 'unix:path=/x' }, 7)).toBe('unix:path=/x');
    expect(userBusAddress({ XDG_RUNTIME_DIR: '/a b,c' }, 7)).toBe('unix:path=/a%20b%2Cc/bus');
  });

  it('passes over a runtime directory that is relative', () => {
    expect(userRuntimeDirectory({ XDG_RUNTIME_DIR: 'run' }, 7)).toBe('/run/user/7');
  });

  it('is found where directory and socket are there', () => {
    writeFileSync(join(root, 'bus'), '');

    expect(findUserBus({ XDG_RUNTIME_DIR: root }, uid)).toEqual({
      address: `unix:path=${root}/bus`,
      runtimeDirectory: root,
    });
  });

  it('is missing where no systemd runs for the user: what to do is said', () => {
    const error = refusal({ XDG_RUNTIME_DIR: join(root, 'absent') });

    expect(error.exitCode).toBe(69);
    expect(error.message).toContain(`loginctl enable-linger ${uid}`);
    expect(error.message).toContain(`export XDG_RUNTIME_DIR=/run/user/${uid}`);
  });

  it('is missing where the systemd has no D-Bus', () => {
    const error = refusal({ XDG_RUNTIME_DIR: root });

    expect(error.exitCode).toBe(69);
    expect(error.message).toContain(`there is no ${root}/bus; install dbus-user-session`);
  });

  it("is refused in somebody else's runtime directory, as sudo and su leave it in the environment", () => {
    mkdirSync(join(root, 'other'));
    chmodSync(join(root, 'other'), 0o700);
    const error = refusal({ XDG_RUNTIME_DIR: join(root, 'other') }, uid + 1);

    expect(error.exitCode).toBe(77);
    expect(error.message).toContain(`is not yours; set it right by 'export XDG_RUNTIME_DIR=/run/user/${uid + 1}'`);
  });
});
