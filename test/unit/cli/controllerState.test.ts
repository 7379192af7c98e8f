import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readControllerState, warnWhenStopped } from '../../../src/cli/controllerState.ts';
import { PHASES } from '../../../src/status/types.ts';
import { takeLock } from '../../../src/store/lock.ts';
import { TestHost } from './testHost.ts';

/** Larger than any kernel gives (PID_MAX_LIMIT). */
const NO_PROCESS = 2 ** 22 + 1;

let host: TestHost;

beforeEach(() => {
  host = new TestHost();
});

afterEach(() => host.remove());

function writeHostStatus(pid: number, startedAt: Date): void {
  const status = {
    apiVersion: 'hublet/v1',
    kind: 'HostStatus',
    version: '1.2.3',
    pid,
    startedAt: startedAt.toISOString(),
    systemdVersion: '252',
    http: null,
    dbus: { connected: true, reconnects: 0 },
    sources: [],
    servers: Object.fromEntries(PHASES.map((phase) => [phase, 0])),
    conditions: [],
  };
  writeFileSync(join(host.runtime, 'status.json'), JSON.stringify(status));
}

describe('the controller', () => {
  it('runs where the process of its status does', () => {
    writeHostStatus(process.pid, new Date());

    expect(readControllerState(host.config)).toMatchObject({ isRunning: true, host: { version: '1.2.3' } });
  });

  it('does not run where that process is gone', () => {
    writeHostStatus(NO_PROCESS, new Date());

    expect(readControllerState(host.config).isRunning).toBe(false);
  });

  it('does not run where another process has its number now', () => {
    writeHostStatus(process.pid, new Date('2000-01-01'));

    expect(readControllerState(host.config).isRunning).toBe(false);
  });

  it('is told of on standard error only where it does not run', () => {
    warnWhenStopped(host.context, host.config, { isRunning: true, host: undefined });
    expect(host.err).toBe('');

    warnWhenStopped(host.context, host.config, readControllerState(host.config));
    expect(host.err).toMatch(/has not run since the host started.*systemctl start hublet/);
  });

  it('is never kept from starting by a look at it', () => {
    writeHostStatus(NO_PROCESS, new Date());
    const lock = takeLock(host.config.lockPath);
    readControllerState(host.config);

    expect(lock.isIntact()).toBe(true);
    lock.release();
    takeLock(host.config.lockPath).release();
  });
});
