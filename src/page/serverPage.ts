/** The page of one server: its parts, each of which is replaced alone when it changes, and the whole. */
import { ageText, bytesText, coresText, shareOf } from './amounts.ts';
import { bar, hourChart } from './chart.ts';
import { eventList } from './eventList.ts';
import { type Html, html } from './html.ts';
import { faultLine, hasPlace } from './notices.ts';
import type { Regions } from './overview.ts';
import { memoryOf, phasePill } from './row.ts';
import { causesOf, conditionTone, toneOf } from './state.ts';
import type { PageServer, ServerDetails } from './types.ts';
import { publicLines, publicWords } from './words.ts';

const EVENTS_SHOWN = 40;

export function serverRegions(server: PageServer, nowMs: number): Regions {
  const details = server.details();
  return new Map([
    ['head', head(server, details, nowMs)],
    ['usage', usage(server, details)],
    ['conditions', conditions(server, nowMs)],
    ['exit', lastExit(server, nowMs)],
    ['applied', applied(details)],
    ['facts', facts(server, details)],
    ['events', events(details, nowMs)],
  ]);
}

/** What follows a page of a server that is no more. */
export function goneRegions(name: string): Regions {
  return new Map([
    [
      'head',
      html`<section id="head" class="head rest"><h1>${name}</h1><p class="lead">It is no more: its spec was deleted, and nothing of it is left but its data.</p></section>`,
    ],
  ]);
}

export function serverBody(regions: Regions): Html {
  return html`<p class="back"><a href="/">All servers</a></p>
${regions.get('head')}
${regions.get('usage')}
<div class="columns">
<div>
${regions.get('conditions')}
${regions.get('events')}
</div>
<div>
${regions.get('exit')}
${regions.get('applied')}
${regions.get('facts')}
</div>
</div>`;
}

function head(server: PageServer, details: ServerDetails, nowMs: number): Html {
  const up =
    server.startedMs === undefined
      ? undefined
      : html` <span class="sub">up ${ageText(nowMs - server.startedMs)}</span>`;
  const causes = causesOf(server);
  return html`<section id="head" class="head ${toneOf(server)}"><h1>${server.name}</h1><p class="line">${phasePill(server)}${up}</p>
${causes.map(({ reason, lines, tone }) => html`<div class="cause ${tone}"><b>${reason}</b> ${lines.length === 1 && !hasPlace(lines[0] ?? '') ? lines : faults(lines)}</div>`)}${next(details, nowMs)}</section>`;
}

function next({ next: transition }: ServerDetails, nowMs: number): Html | undefined {
  if (transition === undefined) return undefined;
  const waitMs = Date.parse(transition.at) - nowMs;
  if (waitMs <= 0) return undefined;
  return html`<p class="cause rest">${transition.phase} in ${ageText(waitMs)} <span class="sub">(${transition.reason})</span></p>`;
}

function usage(server: PageServer, { hour }: ServerDetails): Html {
  const { usage: used } = server;
  const cpu = used?.cpuCores;
  const memory = memoryOf(server);
  const heldBack = used?.cpuThrottledSeconds;
  const peak = used?.memoryPeakBytes;
  return html`<section id="usage" class="usage" aria-label="Usage over the last hour">
<div class="panel tile cpu"><h2>CPU</h2>${amount(cpu, used?.cpuLimitCores, coresText, 'cores')}
${drawing(hour?.cpuCores, used?.cpuLimitCores, 'CPU over the last hour')}${bar(shareOf(cpu ?? 0, used?.cpuLimitCores))}
<p class="sub">Averages of a minute.${heldBack === undefined ? '' : ` Its limit held it back for ${Math.round(heldBack)} s so far.`}</p></div>
<div class="panel tile memory"><h2>Memory</h2>${amount(memory, used?.memoryLimitBytes, bytesText, '')}
${drawing(hour?.memoryBytes, used?.memoryLimitBytes, 'Memory over the last hour')}${bar(shareOf(memory ?? 0, used?.memoryLimitBytes))}
<p class="sub">Peaks of a minute, without file cache.${peak === undefined ? '' : ` At most ${bytesText(peak)} with it so far.`}</p></div>
</section>`;
}

function amount(
  used: number | undefined,
  limit: number | undefined,
  text: (amount: number) => string,
  unit: string,
): Html {
  if (used === undefined) return html`<p class="big">–</p>`;
  const words = limit === undefined ? `${unit}, no limit`.replace(/^, /, '') : `of ${text(limit)} ${unit}`;
  return html`<p class="big">${text(used)} <small>${words}</small></p>`;
}

function drawing(values: Float32Array | undefined, limit: number | undefined, label: string): Html {
  if (values === undefined || values.every(Number.isNaN))
    return html`<p class="unmeasured">Nothing measured in the last hour</p>`;
  return html`${hourChart(values, limit, limit === undefined ? label : `${label}; the dashed line is its limit`)}${AXIS}`;
}

const AXIS = html`<p class="axis" aria-hidden="true"><span>1 h ago</span><span>45 m</span><span>30 m</span><span>15 m</span><span>now</span></p>`;

function conditions(server: PageServer, nowMs: number): Html {
  const { conditions } = server;
  if (conditions.length === 0)
    return html`<section id="conditions" class="panel"><h2>Conditions</h2><p class="quiet">Not looked at yet.</p></section>`;
  return html`<section id="conditions" class="panel"><h2>Conditions</h2><table class="plain"><thead><tr><th scope="col">Condition</th><th scope="col">Status</th><th scope="col">Why</th><th scope="col" class="n">For</th></tr></thead><tbody>${conditions.map(
    (condition) => {
      const { type, status, reason, message, lastTransitionTime } = condition;
      return html`<tr><th scope="row">${type}</th><td data-label="Status"><span class="status ${conditionTone(condition, server)}">${status}</span></td><td data-label="Why">${reason}${faults(publicLines(message))}</td><td class="n" data-label="For">${ageText(nowMs - Date.parse(lastTransitionTime))}</td></tr>`;
    },
  )}</tbody></table></section>`;
}

function faults(lines: readonly string[]): Html | undefined {
  return lines.length === 0 ? undefined : html`<ul class="faults">${lines.map(faultLine)}</ul>`;
}

function lastExit({ lastExit: exit, restarts, oomKills }: PageServer, nowMs: number): Html {
  const counts = html`<dt>Restarts</dt><dd>${restarts}</dd><dt>Killed for memory</dt><dd>${oomKills}</dd>`;
  if (exit === undefined)
    return html`<section id="exit" class="panel"><h2>Exits</h2><dl><dt>Last</dt><dd>none that nobody asked for</dd>${counts}</dl></section>`;
  return html`<section id="exit" class="panel"><h2>Exits</h2><dl><dt>Last</dt><dd>${ageText(nowMs - Date.parse(exit.at))} ago</dd><dt>Result</dt><dd>${exit.result}</dd><dt>Cause</dt><dd>${publicWords(exit.message)}</dd>${counts}</dl></section>`;
}

function applied({ applied: limits }: ServerDetails): Html {
  const entries = Object.entries(limits);
  if (entries.length === 0)
    return html`<section id="applied" class="panel"><h2>Limits in force</h2><p class="quiet">None.</p></section>`;
  return html`<section id="applied" class="panel"><h2>Limits in force</h2><dl>${entries.map(([name, amount]) => html`<dt>${name}</dt><dd>${limitText(name, amount)}</dd>`)}</dl></section>`;
}

/** Names of limits end in their unit. */
function limitText(name: string, amount: number | string): string {
  if (typeof amount === 'number' && name.endsWith('Bytes')) return bytesText(amount);
  return String(amount);
}

function facts(server: PageServer, { address, labels, specPath }: ServerDetails): Html {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['User', server.user],
    ['Pool', server.pool],
    ['Profile', server.profile],
    ['Unit', server.unit],
    ['Address', address],
    ['Spec', specPath],
    ...Object.entries(labels),
  ];
  return html`<section id="facts" class="panel"><h2>About</h2><dl>${rows
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}

function events({ events: all }: ServerDetails, nowMs: number): Html {
  return html`<section id="events" class="panel"><h2>Events</h2>${eventList(all.slice(-EVENTS_SHOWN).reverse(), nowMs, 'ofOneServer')}</section>`;
}
