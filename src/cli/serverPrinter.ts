import type { ServerStatus } from '../status/types.ts';
import type { Context } from './context.ts';
import { measureRunning } from './liveUsage.ts';
import { tableHeader, tableRow } from './serverTable.ts';
import { columnWidths, renderTable } from './table.ts';

export type ServerFormat = 'table' | 'wide' | 'json' | 'yaml' | 'name';

/** Prints servers in one format, again and again in the same columns. */
export class ServerPrinter {
  readonly #context: Context;
  readonly #format: ServerFormat;
  #widths: readonly number[] = [];

  constructor(context: Context, format: ServerFormat) {
    this.#context = context;
    this.#format = format;
  }

  /** All of them, in the order given. `isSingle`: one was asked for by name, so JSON and YAML are of that one object. */
  async print(servers: readonly ServerStatus[], isSingle: boolean): Promise<void> {
    switch (this.#format) {
      case 'table':
      case 'wide':
        await this.#printRows([tableHeader(this.#rowOptions())], servers);
        return;
      case 'name':
        this.#context.print(servers.map(({ metadata }) => `${metadata.name}\n`).join(''));
        return;
      case 'json':
      case 'yaml': {
        const value = isSingle ? servers[0] : { apiVersion: 'hublet/v1', kind: 'List', items: servers };
        await this.#printObject(value);
      }
    }
  }

  /** Those that changed since, and the names of those that are gone; tables get rows without another header. */
  async printChanges(changed: readonly ServerStatus[], gone: readonly string[]): Promise<void> {
    if (this.#format === 'json' || this.#format === 'yaml') {
      for (const server of changed) await this.#printObject(server);
    } else if (this.#format === 'name') {
      await this.print(changed, false);
    } else {
      await this.#printRows([], changed);
      this.#printAligned(gone.map((name) => [name, this.#context.style.dim('Deleted')]));
    }
  }

  async #printObject(value: unknown): Promise<void> {
    const { toJson, toYaml } = await import('./output.ts');
    this.#context.print(this.#format === 'json' ? toJson(value) : `---\n${toYaml(value)}`);
  }

  async #printRows(header: readonly string[][], servers: readonly ServerStatus[]): Promise<void> {
    const live = await measureRunning(this.#context, servers);
    const options = this.#rowOptions();
    this.#printAligned([
      ...header,
      ...servers.map((server) => tableRow(server, live.get(server.metadata.name), options)),
    ]);
  }

  #printAligned(rows: readonly string[][]): void {
    this.#context.print(renderTable(rows, { minWidths: this.#widths }));
    this.#widths = columnWidths(rows).map((width, index) => Math.max(width, this.#widths[index] ?? 0));
  }

  #rowOptions(): Parameters<typeof tableHeader>[0] {
    return {
      isWide: this.#format === 'wide',
      style: this.#context.style,
      nowMs: this.#context.clock.wallMs(),
    };
  }
}
