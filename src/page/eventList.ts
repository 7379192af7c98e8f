import type { HubletEvent } from '../status/types.ts';
import { ageText } from './amounts.ts';
import { type Html, html, serverPath } from './html.ts';
import { publicWords } from './words.ts';

/** Events in the order given. `withServer`: each names its server, with a link to it. */
export function eventList(events: readonly HubletEvent[], nowMs: number, kind: 'withServer' | 'ofOneServer'): Html {
  if (events.length === 0) return html`<p class="quiet">None since the host was started.</p>`;
  return html`<ol class="events">${events.map(
    ({ at, server, type, reason, message, count }) => html`<li class="${type === 'Warning' ? 'warning' : 'normal'}">
<time datetime="${at}">${ageText(nowMs - Date.parse(at))}</time>
<p><span class="what">${reason}</span>${count > 1 ? html` <span class="times">×${count}</span>` : undefined}${
      kind === 'withServer' && server !== undefined ? html` <a href="${serverPath(server)}">${server}</a>` : undefined
    }<span class="message">${publicWords(message)}</span></p></li>`,
  )}</ol>`;
}
