import type { Server } from './types.ts';

/** What ProtectHome= hides. @see systemd.exec(5), "ProtectHome=" */
const HIDDEN = ['/home', '/root', '/run/user'];

/**
 * Why a server could never start where `sandbox.protectHome` hides the directory that it starts in, with the field's path before it;
 * undefined: it doesn't.
 */
export function hiddenHomeProblem({ spec: { workingDirectory, sandbox } }: Server): string | undefined {
  const { protectHome, bindPaths = [], bindReadOnlyPaths = [] } = sandbox;
  if (protectHome !== true && protectHome !== 'tmpfs') return undefined;
  if (!HIDDEN.some((path) => isWithin(workingDirectory, path))) return undefined;
  const isBound = [...bindPaths, ...bindReadOnlyPaths].some(({ destination }) =>
    isWithin(workingDirectory, destination),
  );
  if (protectHome === 'tmpfs' && isBound) return undefined;
  const way =
    protectHome === 'tmpfs' ? 'bind it with sandbox.bindPaths' : 'write tmpfs and bind it with sandbox.bindPaths';
  return `spec.workingDirectory: is hidden by sandbox.protectHome: ${way}, or choose another directory`;
}

function isWithin(path: string, directory: string): boolean {
  return path === directory || path.startsWith(`${directory}/`);
}
