import type { DocumentRecord, DocumentSource } from '../../src/source/types.ts';
import { parseSpec } from '../../src/spec/parse.ts';
import type { ServerDocument } from '../../src/spec/schema.ts';

/** Documents in memory. */
export class FakeDocuments implements DocumentSource {
  readonly records = new Map<string, DocumentRecord>();
  readonly #listeners = new Set<(name: string | undefined) => void>();
  async start(): Promise<void> {}
  async stop(): Promise<void> {}
  names(): readonly string[] {
    return [...this.records.keys()];
  }
  record(name: string): DocumentRecord | undefined {
    return this.records.get(name);
  }
  adopt(): boolean {
    return false;
  }
  forget(name: string): void {
    this.records.delete(name);
  }
  states() {
    return [];
  }
  on(listener: (name: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
  /** Whoever listened is no more. */
  cut(): void {
    this.#listeners.clear();
  }
  put(name: string, spec: ServerDocument['spec'], source = '/specs'): void {
    const text = JSON.stringify({ apiVersion: 'hublet/v1', kind: 'Server', metadata: { name }, spec });
    const parsed = parseSpec(text, name);
    if (parsed.kind !== 'valid') throw new Error(JSON.stringify(parsed));
    const generation = (this.records.get(name)?.generation ?? 0) + 1;
    const file = { path: `${source}/${name}.yaml`, ino: 1, size: 1, mtimeNs: '1' };
    const base = { name, source, file, text, generation, refusal: undefined, warnings: [] };
    this.records.set(name, { ...base, document: parsed.document, isDeleted: false, isFrozen: false });
    for (const listener of this.#listeners) listener(name);
  }
}
