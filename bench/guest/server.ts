/** The server that everybody starts: `sleep` as alice with a memory limit, in the terms of each contestant. */
import { createSecretKey } from 'node:crypto';
import { completeSpec } from '../../src/admission/profile.ts';
import { admit } from '../../src/admission/resolve.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import { compileUnit } from '../../src/units/compile.ts';
import type { UnitPlan } from '../../src/units/types.ts';

const MEMORY_LIMIT = '64M';

/** The text of its spec file. */
export function specText(name: string): string {
  return `apiVersion: hublet/v1
kind: Server
metadata:
  name: ${name}
spec:
  user: alice
  command: [/bin/sleep, infinity]
  resources:
    memory:
      limit: ${MEMORY_LIMIT}
`;
}

/** What hublet would tell systemd for it, so that others can say the very same. @throws where the spec is refused */
export function compileServer(name: string, environmentDirectory: string): UnitPlan {
  const parsed = parseSpec(specText(name), name);
  if (parsed.kind !== 'valid') throw new Error(`the spec of ${name} is ${parsed.kind}`);
  const account = { name: 'alice', uid: 1000, gid: 1000, home: '/home/alice', shell: '/bin/bash' };
  const whole = completeSpec(parsed.document, undefined, []);
  if (whole.kind !== 'whole') throw new Error(`the spec of ${name} is ${whole.kind}`);
  const admitted = admit(whole.spec, { account, port: 20_000 });
  if (admitted.kind !== 'admitted') throw new Error(`the spec of ${name} is refused: ${admitted.message}`);
  return compileUnit(admitted.server, {
    instanceId: '00000000-0000-4000-8000-000000000000',
    hashKey: createSecretKey(Buffer.alloc(32)),
    environmentDirectory,
    specPath: `/etc/hublet/desired-state/${name}.yaml`,
  });
}

/** The same as options of systemd-run. */
export function systemdRunOptions(name: string, environmentPath: string): readonly string[] {
  const properties = [
    'Type=exec',
    'User=alice',
    'WorkingDirectory=/home/alice',
    `EnvironmentFile=${environmentPath}`,
    `MemoryMax=${MEMORY_LIMIT}`,
    'MemorySwapMax=0',
    'PrivateTmp=yes',
    'NoNewPrivileges=yes',
    'KillMode=mixed',
    'OOMPolicy=continue',
    'CollectMode=inactive',
    'TimeoutStartSec=60',
    'TimeoutStopSec=30',
  ];
  return [`--unit=${name}`, '--slice=hublet.slice', ...properties.flatMap((property) => ['-p', property])];
}
