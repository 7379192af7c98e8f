/** The page of all servers: its parts, each of which is replaced alone when it changes, and the whole. */
import type { Phase } from '../status/types.ts';
import { bytesText, coresText, countText, shareOf } from './amounts.ts';
import { bar, sparkline, stackedBar } from './chart.ts';
import { eventList } from './eventList.ts';
import { Html, html } from './html.ts';
import { type Column, compareRows, isShown, type ListWish, nextSort, PLAIN_WISH, sortWord } from './list.ts';
import { notices } from './notices.ts';
import { memoryOf, type Row, usageWords } from './row.ts';
import { PHASE_TONES, PHASES_BY_CONCERN, type Tone } from './state.ts';
import type { PagePool, PageSnapshot, PageSource } from './types.ts';
import { publicWords } from './words.ts';

const EVENTS_SHOWN = 12;

/** Markup by the id of the element that it is. */
export type Regions = ReadonlyMap<string, Html>;

/** All of the page but the table. */
export function overviewRegions(snapshot: PageSnapshot, wish: ListWish = PLAIN_WISH): Regions {
  return new Map([
    ['summary', summary(snapshot, wish.phase)],
    ['notices', notices(snapshot)],
    ['pools', pools(snapshot.pools)],
    ['sources', sources(snapshot.sources)],
    ['events', recentEvents(snapshot)],
  ]);
}

/** What stands between header and footer. */
export function overviewBody(regions: Regions, rows: readonly Row[], wish: ListWish): Html {
  const sorted = rows.toSorted((a, b) => compareRows(a.keys, b.keys, wish));
  const shown = rows.filter(({ keys }) => isShown(keys, wish));
  const sort = sortWord(wish.column, wish.isDescending);
  const count = shown.length === rows.length ? '' : `${shown.length} of `;
  const nothing =
    rows.length === 0 ? 'No servers yet: put a spec into a desired-state directory.' : 'No server matches.';
  // The first button of a form is the one that Enter in its field presses: none of those that mean something else.
  return html`<h1 class="hidden">Servers</h1>
<button form="list" hidden>Filter</button>
${regions.get('summary')}
${regions.get('notices')}
<form id="list" class="tools" method="get" action="/" role="search">
${sort === sortWord(PLAIN_WISH.column, PLAIN_WISH.isDescending) ? undefined : html`<input type="hidden" name="sort" value="${sort}">`}
${wish.phase === undefined ? undefined : html`<input type="hidden" name="phase" value="${wish.phase}">`}
<input id="filter" type="search" name="q" value="${wish.text}" placeholder="Filter by name, user, pool, reason" aria-label="Filter servers" autocomplete="off" spellcheck="false">
<p id="count" role="status">${count}${countText(rows.length, 'server')}</p>
</form>
<div class="panel list">
<table id="servers">
<caption class="hidden">Servers, their state and what they use</caption>
<thead><tr>${HEADINGS.map(([column, words, kind]) => heading(column, words, kind, wish))}</tr></thead>
<tbody id="rows">
${sorted.map((row) => (isShown(row.keys, wish) ? row.markup : hiddenRow(row)))}
</tbody>
</table>
${shown.length > 0 ? html`<p id="none" class="none" hidden>No server matches.</p>` : html`<p id="none" class="none">${nothing}</p>`}
</div>
<div class="columns">
${regions.get('events')}
<div>
${regions.get('pools')}
${regions.get('sources')}
</div>
</div>`;
}

/** There for the script, which may show it without asking again. */
function hiddenRow({ markup }: Row): Html {
  return new Html(markup.text.replace('<tr ', '<tr hidden '));
}

const HEADINGS: readonly (readonly [column: Column, words: string, kind: '' | 'n'])[] = [
  ['name', 'Server', ''],
  ['state', 'State', ''],
  ['cpu', 'CPU', ''],
  ['memory', 'Memory', ''],
  ['restarts', 'Restarts', 'n'],
  ['up', 'Up', 'n'],
  ['event', 'Last event', ''],
];

function heading(column: Column, words: string, kind: string, wish: ListWish): Html {
  const order = wish.column === column ? (wish.isDescending ? 'descending' : 'ascending') : 'none';
  return html`<th scope="col" class="col-${column} ${kind}" aria-sort="${order}"><button form="list" name="sort" value="${nextSort(column, wish)}">${words}</button></th>`;
}

/** From left to right. */
const TONE_ORDER: readonly Tone[] = ['good', 'busy', 'rest', 'warn', 'bad'];

function summary(snapshot: PageSnapshot, pressed: Phase | undefined): Html {
  const { servers, host } = snapshot;
  const counts = PHASES_BY_CONCERN.map((phase) => ({
    phase,
    tone: PHASE_TONES[phase],
    amount: servers.filter((server) => server.phase === phase).length,
  }));
  const cpu = total(servers.map(({ usage }) => usage?.cpuCores));
  const memory = total(servers.map(memoryOf));
  const recent = host.recent();
  const ready = servers.filter(({ phase }) => phase === 'Ready').length;
  const chips = counts.filter(({ amount, phase }) => amount > 0 || phase === pressed);
  return html`<section id="summary" class="summary" aria-label="Summary">
<div class="panel tile fleet"><h2>Servers</h2>
<p class="big">${ready} <small>of ${servers.length} ready</small></p>
${stackedBar(counts.toSorted((a, b) => TONE_ORDER.indexOf(a.tone) - TONE_ORDER.indexOf(b.tone)))}
<div class="chips" role="group" aria-label="Show a phase alone">${chips.map(
    ({ phase, tone, amount }) =>
      html`<button class="chip ${tone}" form="list" name="phase" value="${phase}" aria-pressed="${phase === pressed ? 'true' : 'false'}"><b>${amount}</b> ${phase}</button>`,
  )}${pressed === undefined ? html`<button class="chip all" form="list" name="phase" value="" hidden>All</button>` : html`<button class="chip all" form="list" name="phase" value="">All</button>`}</div></div>
<div class="panel tile cpu"><h2>CPU</h2>
<p class="big">${coresText(cpu)} <small>of ${countText(host.cpuCount, 'core')}</small></p>
${bar(shareOf(cpu, host.cpuCount))}${sparkline(recent?.cpuCores, host.cpuCount)}</div>
<div class="panel tile memory"><h2>Memory</h2>
<p class="big">${bytesText(memory)} <small>of ${bytesText(host.memoryBytes)}</small></p>
${bar(shareOf(memory, host.memoryBytes))}${sparkline(recent?.memoryBytes, host.memoryBytes)}</div>
</section>`;
}

function total(amounts: readonly (number | undefined)[]): number {
  return amounts.reduce<number>((sum, amount) => sum + (amount ?? 0), 0);
}

function pools(all: readonly PagePool[]): Html {
  if (all.length === 0) return html`<section id="pools" hidden></section>`;
  return html`<section id="pools" class="panel"><h2>Pools</h2><ul class="pools">${all.map(pool)}</ul></section>`;
}

function pool(one: PagePool): Html {
  const { usage, servers } = one;
  const cpu = usage?.cpuCores;
  const memory = memoryOf(one);
  const cpuLimit = usage?.cpuLimitCores;
  const memoryLimit = usage?.memoryLimitBytes;
  const recent = one.recent();
  return html`<li><p class="pool"><b>${one.name}</b> <span class="sub">${countText(servers, 'server')}</span></p>
<div class="meter cpu">${sparkline(recent?.cpuCores, cpuLimit)}${usageWords(cpu === undefined ? '–' : coresText(cpu), cpuLimit === undefined ? undefined : countText(Math.round(cpuLimit * 100) / 100, 'core'))}${bar(shareOf(cpu ?? 0, cpuLimit))}</div>
<div class="meter memory">${sparkline(recent?.memoryBytes, memoryLimit)}${usageWords(memory === undefined ? '–' : bytesText(memory), memoryLimit === undefined ? undefined : bytesText(memoryLimit))}${bar(shareOf(memory ?? 0, memoryLimit))}</div></li>`;
}

function sources(all: readonly PageSource[]): Html {
  return html`<section id="sources" class="panel"><h2>Sources</h2><ul class="sources">${all.map(
    ({
      path,
      isReady,
      message,
      files,
      ignored,
    }) => html`<li><p><span class="dot ${isReady ? 'good' : 'bad'}"></span><code>${path}</code></p>
<p class="sub">${isReady ? countText(files, 'file') : publicWords(message)}${ignored.length === 0 ? undefined : `, ${ignored.length} ignored: ${ignored.slice(0, 5).join(', ')}${ignored.length > 5 ? ' …' : ''}`}</p></li>`,
  )}</ul></section>`;
}

function recentEvents({ events, nowMs }: PageSnapshot): Html {
  return html`<section id="events" class="panel"><h2>Events</h2>${eventList(events.slice(-EVENTS_SHOWN).reverse(), nowMs, 'withServer')}</section>`;
}
