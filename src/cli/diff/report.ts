import type { Style } from '../style.ts';
import { printable, renderTable } from '../table.ts';
import type { Difference } from './difference.ts';

/** In what a server as it runs differs from what is asked for. */
export type ServerDifference =
  | {
      readonly kind: 'changed';
      readonly name: string;
      readonly differences: readonly Difference[];
      /** What could not be compared, for people. */
      readonly notes: readonly string[];
    }
  | { readonly kind: 'start' | 'stop'; readonly name: string; readonly reason: string };

/** For people: a line for each difference, below its server. Empty where there is nothing to say. */
export function renderDifferences(servers: readonly ServerDifference[], style: Style): string {
  return servers.map((server) => renderServer(server, style)).join('');
}

function renderServer(server: ServerDifference, style: Style): string {
  const name = printable(server.name);
  switch (server.kind) {
    case 'start':
      return `${style.good(`+ ${name}`)}   would start${because(server.reason)}\n`;
    case 'stop':
      return `${style.bad(`- ${name}`)}   would be stopped${because(server.reason)}\n`;
    case 'changed': {
      const rows = server.differences.map((one) => [`  ${differenceText(one)}`, effectText(one, style)]);
      return `${style.bold(name)}\n${renderTable(rows)}`;
    }
  }
}

function because(reason: string): string {
  return reason === '' ? '' : `: ${printable(reason)}`;
}

/** `spec.resources.memory.limit: 1G -> 2G`. */
function differenceText({ field, from, to }: Difference): string {
  return printable(from === undefined || to === undefined ? `${field}: changed` : `${field}: ${from} -> ${to}`);
}

function effectText({ effect }: Difference, style: Style): string {
  return effect === 'live' ? style.good('live') : style.busy('needs restart');
}

/** For programs. */
export function differencesDocument(servers: readonly ServerDifference[]) {
  return { apiVersion: 'hublet/v1', kind: 'Differences', servers };
}
