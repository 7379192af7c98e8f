/** One server as a row of the table. */
import { ageText, bytesText, coresText, shareOf } from './amounts.ts';
import { bar, sparkline } from './chart.ts';
import { type Html, html, serverPath } from './html.ts';
import { causesOf, concernOf, PHASE_TONES, toneOf } from './state.ts';
import type { PageServer } from './types.ts';
import { publicWords } from './words.ts';

/** What the table can be ordered by; the script finds them as attributes of a row. */
export interface RowKeys {
  readonly name: string;
  readonly phase: string;
  /** 0 for what needs a person first. */
  readonly state: number;
  /** Cores in use; -1 where not known, as in the others. */
  readonly cpu: number;
  readonly memory: number;
  readonly restarts: number;
  /** Whole minutes. */
  readonly up: number;
  /** Wall time of its last event, whole seconds. */
  readonly event: number;
  /** What the filter looks through, in lower case. */
  readonly text: string;
}

export interface Row {
  readonly id: string;
  readonly keys: RowKeys;
  readonly markup: Html;
}

/** Of a path at the beginning of a message: its file's name is enough in a table. */
const DIRECTORY = /^\/(?:[^\s:]*\/)?(?=[^/\s]+:\d+:\d+:)/;

/** Names hold anything, ids no blanks. */
export function rowId(name: string): string {
  return `row-${encodeURIComponent(name)}`;
}

export function renderRow(server: PageServer, nowMs: number): Row {
  const keys = keysOf(server, nowMs);
  const tone = toneOf(server);
  const id = rowId(server.name);
  const markup = html`<tr id="${id}" class="${tone}" data-name="${server.name}" data-phase="${server.phase}" data-state="${keys.state}" data-cpu="${keys.cpu}" data-memory="${keys.memory}" data-restarts="${keys.restarts}" data-up="${keys.up}" data-event="${keys.event}" data-text="${keys.text}">
<th scope="row"><a href="${serverPath(server.name)}">${server.name}</a><span class="sub">${belongings(server)}</span></th>
<td class="state">${phasePill(server)}${why(server)}</td>
${cpuCell(server)}
${memoryCell(server)}
<td class="n" data-label="Restarts">${restarts(server)}</td>
<td class="n" data-label="Up">${server.startedMs === undefined ? html`<span class="quiet">–</span>` : ageText(nowMs - server.startedMs)}</td>
<td class="event" data-label="Last event">${lastEvent(server, nowMs)}</td>
</tr>`;
  return { id, keys, markup };
}

export function phasePill({ phase }: Pick<PageServer, 'phase'>): Html {
  return html`<span class="phase ${PHASE_TONES[phase]}">${phase}</span>`;
}

/** Cores in use against the limit, and how that went. */
export function usageWords(used: string, limit: string | undefined): Html {
  return html`<span class="amount">${used}</span><span class="limit">${limit === undefined ? html`<span class="quiet">no limit</span>` : `of ${limit}`}</span>`;
}

/** Memory as the limit counts it, without the file cache that can be dropped; undefined: not known. */
export function memoryOf({ usage }: Pick<PageServer, 'usage'>): number | undefined {
  return usage?.memoryWorkingSetBytes ?? usage?.memoryCurrentBytes;
}

function keysOf(server: PageServer, nowMs: number): RowKeys {
  const { name, user, pool, profile, phase } = server;
  const reasons = causesOf(server).map(({ reason }) => reason);
  return {
    name,
    phase,
    state: concernOf(server),
    cpu: Math.round((server.usage?.cpuCores ?? -1) * 1000) / 1000,
    memory: memoryOf(server) ?? -1,
    restarts: server.restarts,
    up: server.startedMs === undefined ? -1 : Math.max(0, Math.floor((nowMs - server.startedMs) / 60_000)),
    event: server.event === undefined ? -1 : Math.floor(Date.parse(server.event.at) / 1000),
    text: [name, user, pool, profile, phase, ...reasons].join(' ').toLowerCase(),
  };
}

/** Whose it is and what it belongs to, each word once. */
function belongings({ name, user, pool, profile }: PageServer): string {
  const words = new Set([user, pool, profile].filter((word) => word !== '' && word !== name));
  return [...words].join(' · ');
}

function why(server: PageServer): Html | undefined {
  const [cause] = causesOf(server);
  if (cause === undefined) return undefined;
  const all = cause.lines.join('; ');
  const said = all.replace(DIRECTORY, '');
  const words = cause.reason === 'NotRunning' && said !== '' ? said : [cause.reason, said].filter(Boolean).join(': ');
  return html`<span class="why" title="${all}">${words}</span>`;
}

function cpuCell(server: PageServer): Html {
  const used = server.usage?.cpuCores;
  const limit = server.usage?.cpuLimitCores;
  const recent = server.recent()?.cpuCores;
  if (used === undefined)
    return html`<td class="use cpu" data-label="CPU"><div class="meter">${sparkline(recent, limit)}${nothing()}</div></td>`;
  return html`<td class="use cpu" data-label="CPU"><div class="meter">${sparkline(recent, limit)}${usageWords(coresText(used), limit === undefined ? undefined : coresText(limit))}${bar(shareOf(used, limit))}</div></td>`;
}

function memoryCell(server: PageServer): Html {
  const used = memoryOf(server);
  const limit = server.usage?.memoryLimitBytes;
  const recent = server.recent()?.memoryBytes;
  if (used === undefined)
    return html`<td class="use memory" data-label="Memory"><div class="meter">${sparkline(recent, limit)}${nothing()}</div></td>`;
  return html`<td class="use memory" data-label="Memory"><div class="meter">${sparkline(recent, limit)}${usageWords(bytesText(used), limit === undefined ? undefined : bytesText(limit))}${bar(shareOf(used, limit))}</div></td>`;
}

/** Of something that is down. */
function nothing(): Html {
  return html`<span class="amount quiet">–</span>`;
}

function restarts({ restarts, oomKills }: PageServer): Html {
  const kills = oomKills === 0 ? undefined : html`<span class="oom" title="killed for memory">${oomKills} OOM</span>`;
  return html`${restarts === 0 ? html`<span class="quiet">0</span>` : restarts}${kills}`;
}

function lastEvent({ event }: PageServer, nowMs: number): Html {
  if (event === undefined) return html`<span class="quiet">–</span>`;
  const words = publicWords(event.message);
  const times = event.count > 1 ? ` ×${event.count}` : '';
  return html`<span class="${event.type === 'Warning' ? 'what warning' : 'what'}">${event.reason}${times}</span><span class="sub" title="${words}">${ageText(nowMs - Date.parse(event.at))} ago</span>`;
}
