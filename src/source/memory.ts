import { join } from 'node:path';
import type { Log } from '../log.ts';
import { errorCode, openPrivateDirectory, readFileIfPresent, writeFileAtomic } from '../store/files.ts';
import { parseStored } from '../store/stored.ts';
import { NO_RELEASE, type StoredRelease } from './pruneRelease.ts';

/** What has to be known of a source after the controller was restarted. */
export interface SourceMemory {
  /** Device and inode of its directory as last trusted in this boot; undefined: not yet. */
  readonly inode: string | undefined;
  /** Names whose removal waits for a person. */
  readonly held: readonly string[];
  readonly release: StoredRelease;
}

interface StoredSource {
  readonly inode: string | null;
  readonly held: readonly string[];
  /** Digest and names of the last release; older versions did not write them. */
  readonly releasedDigest?: string;
  readonly released?: readonly string[];
}

interface StoredMemory {
  readonly bootId: string;
  readonly sources: readonly (readonly [path: string, memory: StoredSource])[];
}

const NOTHING: SourceMemory = { inode: undefined, held: [], release: NO_RELEASE };

/** `sources.json` in the state directory: which directories were trusted in this boot, and what is held. */
export class SourceMemories {
  readonly #path: string;
  readonly #bootId: string;
  readonly #log: Log;
  readonly #sources: Map<string, SourceMemory>;

  /** @throws {NodeJS.ErrnoException} where the state directory cannot be read */
  constructor(stateDirectory: string, bootId: string, log: Log) {
    openPrivateDirectory(stateDirectory);
    this.#path = join(stateDirectory, 'sources.json');
    this.#bootId = bootId;
    this.#log = log;
    this.#sources = new Map(this.#read());
  }

  get(path: string): SourceMemory {
    return this.#sources.get(path) ?? NOTHING;
  }

  /** Never throws: what can't be written is known until the controller ends. */
  set(path: string, memory: SourceMemory): void {
    this.#sources.set(path, memory);
    const sources: StoredMemory['sources'] = [...this.#sources].map(([source, { inode, held, release }]) => [
      source,
      {
        inode: inode ?? null,
        held,
        ...(release.digest === undefined ? {} : { releasedDigest: release.digest, released: release.names }),
      },
    ]);
    try {
      const text = `${JSON.stringify({ bootId: this.#bootId, sources })}\n`;
      writeFileAtomic(this.#path, text, { mode: 0o600, isSynced: true });
    } catch (err) {
      this.#log.error({ path: this.#path, err, reason: errorCode(err) }, 'state of the sources could not be stored');
    }
  }

  #read(): readonly (readonly [string, SourceMemory])[] {
    const text = readFileIfPresent(this.#path);
    const stored = text === undefined ? undefined : parseMemory(text);
    if (text !== undefined && stored === undefined) {
      this.#log.error({ path: this.#path }, 'stored state of the sources is damaged and ignored');
    }
    const isThisBoot = stored?.bootId === this.#bootId;
    return (stored?.sources ?? []).map(([path, { inode, held, releasedDigest, released }]) => [
      path,
      {
        // After a reboot the same directory may well have another device number.
        inode: isThisBoot ? (inode ?? undefined) : undefined,
        held,
        release: { digest: releasedDigest, names: released ?? [] },
      },
    ]);
  }
}

function parseMemory(text: string): StoredMemory | undefined {
  const { bootId, sources } = parseStored(text) ?? {};
  return typeof bootId === 'string' && Array.isArray(sources) && sources.every(isSource)
    ? { bootId, sources }
    : undefined;
}

function isSource(value: unknown): value is StoredMemory['sources'][number] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return false;
  const { inode, held, releasedDigest, released = [] } = (value[1] ?? {}) as Record<string, unknown>;
  const isInode = inode === null || typeof inode === 'string';
  const isDigest = releasedDigest === undefined || typeof releasedDigest === 'string';
  return isInode && isDigest && isNames(held) && isNames(released);
}

function isNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}
