import { join } from 'node:path';
import type { PruneAnswer } from './pruneRelease.ts';

/**
 * `<runtime directory>/confirm`, 0700: a file named by a digest confirms the removal of what the digest names; its
 * content does not count. The controller takes it away and writes `<digest>.answer`.
 */
export function pruneRequestDirectory(runtimeDirectory: string): string {
  return join(runtimeDirectory, 'confirm');
}

export function pruneRequestPath(runtimeDirectory: string, digest: string): string {
  return join(pruneRequestDirectory(runtimeDirectory), digest);
}

export function pruneAnswerPath(runtimeDirectory: string, digest: string): string {
  return join(pruneRequestDirectory(runtimeDirectory), `${digest}.answer`);
}

/** True for what `pruneDigest` makes: hex SHA-256. */
export function isPruneDigest(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text);
}

export function formatPruneAnswer(answer: PruneAnswer): string {
  return `${JSON.stringify(answer)}\n`;
}

/** @throws {SyntaxError} where it is no answer of ours */
export function parsePruneAnswer(text: string): PruneAnswer {
  const answer: unknown = JSON.parse(text);
  if (typeof answer === 'object' && answer !== null && 'kind' in answer) return answer as PruneAnswer;
  throw new SyntaxError('not an answer to a confirmation');
}
