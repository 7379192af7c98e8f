import { ALL_FILES, BASIC_FILES } from '../cgroup/parse.ts';
import { CONTROLLER_ROWS } from './catalogue/controller.ts';
import { INSTRUMENT_ROWS } from './catalogue/instruments.ts';
import { POOL_ROWS } from './catalogue/pool.ts';
import { costOf, type MetricRow, seriesOf } from './catalogue/row.ts';
import { SERVER_ROWS } from './catalogue/server.ts';
import { seriesPerServer } from './serverFamilies.ts';

/** The text of metrics/catalogue.md, whole. */
export function renderCatalogueDocs(): string {
  return `<!-- Made by scripts/gen.ts from src/metrics/catalogue/: change it there. -->
# Metrics

What \`/metrics\` shows. Units are base units. A series is absent where its value isn't known or a limit isn't set: it is
never 0, -1 or a huge number instead. Counters never go backwards while the controller lives, however often a server is
restarted; they start at 0 with the controller. A deleted server's series are gone at the next scrape.

Series: the product of a label's values, for each combination of the labels that are listed without values.
Cost, at each sample of a server (every 10 s; never at a scrape, which reads no file and asks D-Bus nothing): \`none\`, \`read\`
of a file that is kept open, or \`sum\`, a file for which the kernel adds up all CPUs first. A file is read once for all of its
families: ${BASIC_FILES.length} files a server, ${ALL_FILES.length} at level \`full\`.

Of a server none of whose processes has run only CPU time is read; memory, swap, tasks and I/O once a minute, as the kernel may
change those by itself. All of it is read once one has run, once a limit is written to, and every five minutes in any case.

## Of each server

\`metrics.level\` says which are there: \`basic\` (at most ${seriesPerServer('basic')} series a server), \`full\` (at most
${seriesPerServer('full')}) or \`off\`. Where there would be more than 100,000 series the level falls by itself, and
\`hublet_metrics_truncated\` says so. Join with \`hublet_server_info\` for anything but the name:

    hublet_server_memory_current_bytes * on (server) group_left (user, pool) hublet_server_info

${table(SERVER_ROWS, true)}
## Of each pool

Of its slice \`hublet-POOL.slice\`: what all its servers use together and may use together. Levels as above. A pool is there
as long as the configuration has it or a server runs in it; one without any server yet has no series.

${table(POOL_ROWS, true)}
## Of the controller

Always there, whatever the level. Every value of a label that is listed is shown from the start, at 0.

${table([...CONTROLLER_ROWS, ...Object.values(INSTRUMENT_ROWS)], false)}
Besides these there are the \`process_*\` and \`nodejs_*\` families of the Prometheus client for Node.
`;
}

function table(rows: readonly MetricRow[], hasLevel: boolean): string {
  const level = (row: MetricRow) => (hasLevel ? ` ${row.level} | ${costOf(row)} |` : '');
  const head = `| name | type | unit | labels |${hasLevel ? ' level | cost |' : ''} series | meaning | source |`;
  const rule = `|---|---|---|---|${hasLevel ? '---|---|' : ''}---|---|---|`;
  const lines = rows.map(
    (row) =>
      `| \`${row.name}\` | ${row.type} | ${row.unit ?? ''} | ${labelsCell(row)} |${level(row)} ${seriesOf(row)} | ${row.help} | ${row.source} |`,
  );
  return `${[head, rule, ...lines].join('\n')}\n`;
}

function labelsCell(row: MetricRow): string {
  return row.labels
    .map(({ name, values }) => (values === undefined ? `\`${name}\`` : `\`${name}\`: ${values.join(' ')}`))
    .join('; ');
}
