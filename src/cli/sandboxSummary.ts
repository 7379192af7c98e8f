import type { BindMount, Sandbox } from '../spec/types.ts';

/** What a sandbox asks for, a few words each; what is systemd's default anyway is left out. */
export function summariseSandbox(sandbox: Sandbox): readonly string[] {
  const { deviceAllow, protectSystem, protectHome, protectProc, capabilities, systemCallFilter, umask } = sandbox;
  return [
    sandbox.privateTmp ? 'private /tmp' : 'shared /tmp',
    sandbox.noNewPrivileges ? 'no new privileges' : 'new privileges allowed',
    ...when(sandbox.privateDevices === true, 'private /dev'),
    ...(deviceAllow ?? []).map(({ device, access }) => `device ${device} ${access}`),
    ...sandbox.readOnlyPaths.map((path) => `${path} read-only`),
    ...sandbox.readWritePaths.map((path) => `${path} writable`),
    ...(sandbox.inaccessiblePaths ?? []).map((path) => `${path} inaccessible`),
    ...(sandbox.bindPaths ?? []).map(bindWords),
    ...(sandbox.bindReadOnlyPaths ?? []).map((bind) => `${bindWords(bind)} read-only`),
    ...when(protectSystem !== undefined && protectSystem !== false, `system protected: ${protectSystem}`),
    ...when(protectHome !== undefined && protectHome !== false, `homes protected: ${protectHome}`),
    ...when(protectProc !== undefined && protectProc !== 'default', `/proc: ${protectProc}`),
    ...when(sandbox.privateNetwork === true, 'private network'),
    ...(sandbox.ipAddressAllow ?? []).map((range) => `may talk to ${range}`),
    ...(sandbox.ipAddressDeny ?? []).map((range) => `may not talk to ${range}`),
    ...(capabilities === undefined ? [] : [`capabilities at most ${capabilities.join(' ') || 'none'}`]),
    ...(systemCallFilter === undefined ? [] : [`system calls ${systemCallFilter.join(' ')}`]),
    ...(umask === undefined ? [] : [`umask ${umask.toString(8).padStart(4, '0')}`]),
  ];
}

function bindWords({ source, destination }: BindMount): string {
  return source === destination ? `${source} bound` : `${source} bound at ${destination}`;
}

function when(isSo: boolean, words: string): string[] {
  return isSo ? [words] : [];
}
