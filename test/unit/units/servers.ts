import { createSecretKey } from 'node:crypto';
import type { Server } from '../../../src/admission/types.ts';
import type { ServerSpec } from '../../../src/spec/types.ts';
import type { UnitContext } from '../../../src/units/types.ts';

/** A spec of one `sleep`, with what a test cares about laid over it. */
export function makeSpec(changes: Partial<ServerSpec> = {}): ServerSpec {
  return {
    name: 'alice',
    labels: {},
    annotations: {},
    user: '{NAME}',
    supplementaryGroups: [],
    dynamicUser: false,
    command: ['/usr/bin/sleep', 'infinity'],
    preStart: [],
    postStop: [],
    workingDirectory: '{HOME}',
    environment: {},
    environmentFiles: [],
    credentials: {},
    extraPaths: [],
    shell: '/bin/bash',
    port: 'auto',
    resources: {},
    sandbox: { privateTmp: true, noNewPrivileges: true, readOnlyPaths: [], readWritePaths: [] },
    unitProperties: {},
    restartPolicy: 'OnFailure',
    backoff: { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 },
    terminationGracePeriodMs: 30_000,
    startTimeoutMs: 60_000,
    updateStrategy: 'OnRestart',
    deletionPolicy: 'Stop',
    priority: 0,
    ...changes,
  };
}

export const ALICE = { name: 'alice', uid: 1001, gid: 1001, home: '/home/alice', shell: '/bin/sh' };

/** An admitted server: its templates count as expanded. */
export function makeServer(changes: Partial<ServerSpec> = {}): Server {
  return {
    spec: makeSpec({ user: 'alice', workingDirectory: '/home/alice', ...changes }),
    account: ALICE,
    port: 20_001,
    unit: 'hublet-alice.service',
  };
}

export const CONTEXT: UnitContext = {
  instanceId: 'cafe',
  hashKey: createSecretKey(Buffer.alloc(32, 1)),
  environmentDirectory: '/run/hublet/env',
  specPath: '/etc/hublet/desired-state/alice.yaml',
};
