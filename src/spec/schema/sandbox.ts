import * as z from 'zod';
import { addressProblem } from '../addresses.ts';
import { bindProblem } from '../binds.ts';
import { capabilityProblem } from '../capabilities.ts';
import { SPEC_DEFAULTS } from '../defaults.ts';
import { deviceRuleProblem } from '../devices.ts';
import { optionalUnitPathProblem } from '../paths.ts';
import { field, text } from '../rule.ts';
import { systemCallFilterProblem, systemCallProblem } from '../systemCalls.ts';
import { umaskProblem } from '../umask.ts';

const paths = () => z.array(text(optionalUnitPathProblem));
const addresses = () => z.array(text(addressProblem));

const systemCallFilterSchema = z
  .array(text(systemCallProblem))
  .min(1)
  .superRefine((entries, context) => {
    const problem = systemCallFilterProblem(entries);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: problem.message, path: [problem.index] });
  });

/** `spec.sandbox`. */
export const sandboxSchema = z.strictObject({
  privateTmp: field(z.boolean(), 'A /tmp and /var/tmp of its own (PrivateTmp=).', SPEC_DEFAULTS.privateTmp),
  privateDevices: field(
    z.boolean(),
    'A /dev of its own with pseudo devices only, such as null, random and terminals (PrivateDevices=).',
    false,
  ),
  deviceAllow: field(
    z.array(text(deviceRuleProblem)),
    'Devices it may use, and no others but pseudo devices: a node or class of devices, and r, w, m for read, write, make, such as "/dev/nvidia0 rw" (DevicePolicy=closed, DeviceAllow=). An empty list, the default: every device that its account may open.',
    [],
  ),
  noNewPrivileges: field(z.boolean(), 'No sudo, no setuid (NoNewPrivileges=).', SPEC_DEFAULTS.noNewPrivileges),
  readOnlyPaths: field(
    paths(),
    'Paths it may read and not write; with the prefix - one may be absent (ReadOnlyPaths=).',
    [],
  ),
  readWritePaths: field(
    paths(),
    'Paths it may write inside read-only ones; with the prefix - one may be absent (ReadWritePaths=).',
    [],
  ),
  inaccessiblePaths: field(
    paths(),
    'Paths it can neither read nor write; with the prefix - one may be absent (InaccessiblePaths=).',
    [],
  ),
  bindPaths: field(
    z.array(text(bindProblem)),
    'Paths of the host that it sees at another place as well: SOURCE:DESTINATION, or SOURCE alone to let it through; with :norbind without the mounts below; with the prefix - the source may be absent (BindPaths=).',
    [],
  ),
  bindReadOnlyPaths: field(z.array(text(bindProblem)), 'The same, but read-only (BindReadOnlyPaths=).', []),
  protectSystem: field(
    z.union([z.boolean(), z.enum(['full', 'strict'])]),
    'true: /usr and /boot are read-only; full: /etc too; strict: everything but /dev, /proc and /sys (ProtectSystem=).',
    false,
  ),
  protectHome: field(
    z.union([z.boolean(), z.enum(['read-only', 'tmpfs'])]),
    'true: /home, /root and /run/user are inaccessible; or read-only, or tmpfs: empty (ProtectHome=).',
    false,
  ),
  protectProc: field(
    z.enum(['default', 'noaccess', 'invisible', 'ptraceable']),
    "What of other accounts' processes is in /proc: invisible hides them (ProtectProc=).",
    'default',
  ),
  privateNetwork: field(z.boolean(), 'No network but a loopback of its own (PrivateNetwork=).', false),
  ipAddressAllow: field(
    addresses(),
    'Addresses it may talk to whatever ipAddressDeny says: any, localhost, link-local, multicast, 192.0.2.1, 10.0.0.0/8 (IPAddressAllow=).',
    [],
  ),
  ipAddressDeny: field(addresses(), 'Addresses it may not talk to, in the same words (IPAddressDeny=).', []),
  capabilities: field(
    z.array(text(capabilityProblem)),
    'The capabilities it can have at most, such as CAP_NET_RAW; none of them is given by this (CapabilityBoundingSet=). By default all.',
  ),
  systemCallFilter: field(
    systemCallFilterSchema,
    'System calls it may make, and no others, by name or group such as @system-service; ~ before the first makes it those it may not make, ~ before a later one takes that out (SystemCallFilter=). By default all.',
  ),
  umask: field(
    text(umaskProblem),
    'Permissions that new files and directories do not get, octal and in quotes: "0077" (UMask=). By default 0022.',
  ),
});
