import { createHash } from 'node:crypto';
import { PHASES, type Phase } from '../status/types.ts';
import { countPhases } from './controllerFamilies.ts';
import type { MetricsSnapshot, ServerMetrics } from './types.ts';

export interface PageData {
  readonly version: string;
  readonly snapshot: MetricsSnapshot;
  /** Wall time, for ages. */
  readonly nowMs: number;
}

const STYLE = `
:root{color-scheme:light dark;font:15px/1.5 system-ui,sans-serif}
body{max-width:75rem;margin:0 auto;padding:1.5rem}
h1{font-size:1.3rem;margin:0}
header{display:flex;flex-wrap:wrap;gap:.3rem 1.5rem;align-items:baseline;margin-bottom:1rem}
header p{margin:0}
.quiet{opacity:.7}
.warn{border-left:.25rem solid #c60;padding:.3rem .8rem;margin:.5rem 0}
ul.counts{list-style:none;display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding:0;margin:0 0 1rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8884;white-space:nowrap}
th{font-weight:600}
td.n,th.n{text-align:right}
td.name{max-width:18rem;overflow:hidden;text-overflow:ellipsis}
meter{width:6rem;margin-right:.5rem;vertical-align:middle}
.phase{display:inline-block;padding:0 .5rem;border-radius:.6rem;background:#8883}
.Ready{background:#2a83}.Starting,.Running,.Updating{background:#28c3}.BackOff,.Failed{background:#c333}
`;

/** Nothing but the page's own style may load or run. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The read-only page for people, whole. Works without scripts; loads itself again every 10 s. */
export function renderPage({ version, snapshot, nowMs }: PageData): string {
  const servers = [...snapshot.servers].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>hublet: ${count(servers.length, 'server')}</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>hublet</h1><p>${count(servers.length, 'server')}</p>
<p class="quiet">version ${escapeHtml(version)}, systemd ${escapeHtml(snapshot.systemdVersion || 'unknown')}</p>
<p class="quiet"><a href="/metrics">metrics</a> <a href="/readyz?verbose">readiness</a></p></header>
${warnings(snapshot)}<ul class="counts">${phaseCounts(snapshot)}</ul>
${servers.length === 0 ? '<p>No servers: put a spec into the desired-state directory.</p>' : table(servers, nowMs)}
</body>
</html>
`;
}

/** Text as it may stand in an element or a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function warnings(snapshot: MetricsSnapshot): string {
  const texts = snapshot.sources
    .filter(({ isReady }) => !isReady)
    .map(({ path }) => `${path} can't be listed or trusted: nothing from it changes until it can.`);
  if (!snapshot.isDbusConnected) texts.unshift('systemd is not reachable: what is shown may be old.');
  if (snapshot.pruneHeld > 0) {
    const removals = count(snapshot.pruneHeld, 'removal');
    texts.push(`${removals} held, because many files vanished at once: see hublet prune.`);
  }
  return texts.map((text) => `<p class="warn">${escapeHtml(text)}</p>\n`).join('');
}

function phaseCounts(snapshot: MetricsSnapshot): string {
  const counts = countPhases(snapshot);
  return PHASES.filter((phase) => counts[phase] > 0)
    .map((phase) => `<li>${phaseText(phase)} ${counts[phase]}</li>`)
    .join('');
}

function table(servers: readonly ServerMetrics[], nowMs: number): string {
  return `<div class="scroll"><table>
<thead><tr><th>Name</th><th>User</th><th>Phase</th><th>CPU</th><th>Memory</th><th class="n">Tasks</th><th class="n">Restarts</th><th class="n">OOM kills</th><th class="n">Up</th></tr></thead>
<tbody>
${servers.map((server) => row(server, nowMs)).join('\n')}
</tbody>
</table></div>`;
}

function row(server: ServerMetrics, nowMs: number): string {
  const { usage } = server;
  const name = escapeHtml(server.name);
  const upMs = server.startTimeSeconds === undefined ? undefined : nowMs - server.startTimeSeconds * 1000;
  const cells = [
    `<td class="name" title="${name}">${name}</td>`,
    `<td>${escapeHtml(server.user)}</td>`,
    `<td>${phaseText(server.phase)}</td>`,
    `<td>${bar(usage?.cpuCores, usage?.cpuLimitCores, coresText)}</td>`,
    `<td>${bar(usage?.memoryWorkingSetBytes ?? usage?.memoryCurrentBytes, usage?.memoryLimitBytes, bytesText)}</td>`,
    `<td class="n">${usage?.tasks ?? ''}</td>`,
    `<td class="n">${server.restarts}</td>`,
    `<td class="n">${server.oomKills}</td>`,
    `<td class="n">${upMs === undefined ? '' : ageText(upMs)}</td>`,
  ];
  return `<tr>${cells.join('')}</tr>`;
}

function phaseText(phase: Phase): string {
  return `<span class="phase ${phase}">${phase}</span>`;
}

/** A bar against the limit, the amount alone where there is none, and nothing where it isn't known. */
function bar(amount: number | undefined, limit: number | undefined, format: (amount: number) => string): string {
  if (amount === undefined) return '';
  if (limit === undefined || limit <= 0) return format(amount);
  const share = Math.min(1, amount / limit).toFixed(3);
  const text = `${format(amount)} of ${format(limit)}`;
  return `<meter value="${share}" high="0.9" title="${text}"></meter>${text}`;
}

function coresText(cores: number): string {
  return cores.toFixed(2).replace(/\.?0+$/, '');
}

function bytesText(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit += 1;
  }
  return `${unit > 0 && amount < 10 ? amount.toFixed(1).replace(/\.0$/, '') : Math.round(amount)}${units[unit]}`;
}

function ageText(ms: number): string {
  const minutes = Math.max(0, Math.floor(ms / 60_000));
  if (minutes < 1) return `${Math.max(0, Math.floor(ms / 1000))}s`;
  if (minutes < 60) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h${minutes % 60}m` : `${Math.floor(hours / 24)}d`;
}

function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`;
}
