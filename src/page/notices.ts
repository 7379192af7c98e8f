/** What a person should look at, in words, above everything else. */
import { countText } from './amounts.ts';
import { type Html, html, serverPath } from './html.ts';
import { refusalOf } from './state.ts';
import type { PageServer, PageSnapshot, PageSource } from './types.ts';
import { publicLines, publicWords } from './words.ts';

const FILES_SHOWN = 10;
const LINES_SHOWN = 3;
const NAMES_SHOWN = 8;

/** Hidden where there is nothing to say. */
export function notices(snapshot: PageSnapshot): Html {
  const invalid = snapshot.servers.filter((server) => refusalOf(server) !== undefined);
  const all = [
    ...(snapshot.host.isDbusConnected ? [] : [notice('bad', 'systemd is not reachable', 'what is shown may be old')]),
    ...snapshot.sources.filter(({ isReady }) => !isReady).map(lostSource),
    ...snapshot.sources.filter(({ heldForPrune }) => heldForPrune.length > 0).map(heldRemovals),
    ...(snapshot.host.config.isGood
      ? []
      : [
          notice(
            'warn',
            'The configuration is not valid',
            'the last good one stays in force; the log says what is wrong',
          ),
        ]),
    ...invalid.slice(0, FILES_SHOWN).map(invalidFile),
    ...(invalid.length > FILES_SHOWN
      ? [notice('warn', `${countText(invalid.length - FILES_SHOWN, 'more file')} not accepted`, 'see hublet validate')]
      : []),
  ];
  if (all.length === 0) return html`<section id="notices" hidden></section>`;
  return html`<section id="notices" class="notices" aria-label="What needs attention">${all}</section>`;
}

function notice(tone: 'bad' | 'warn', title: string, words: string): Html {
  return html`<div class="notice ${tone}"><p><b>${title}</b>: ${words}</p></div>`;
}

function lostSource({ path, message }: PageSource): Html {
  return notice('bad', path, `${publicWords(message)}; its servers run on as they are`);
}

function heldRemovals({ path, heldForPrune }: PageSource): Html {
  const names = heldForPrune.slice(0, NAMES_SHOWN).join(', ') + (heldForPrune.length > NAMES_SHOWN ? ' …' : '');
  const words = `${countText(heldForPrune.length, 'spec')} vanished at once from ${path} (${names}); none of their servers is removed before somebody confirms it`;
  return html`<div class="notice warn"><p><b>Removals held</b>: ${words}. <code>hublet prune</code></p></div>`;
}

/** `dora.yaml`, line 9: what is wrong with it. */
function invalidFile(server: PageServer): Html {
  const refusal = refusalOf(server);
  const lines = publicLines(refusal?.message ?? '');
  const goesOn = server.startedMs !== undefined ? ' It runs on with the last good one.' : '';
  return html`<div class="notice warn"><p><b>Spec of <a href="${serverPath(server.name)}">${server.name}</a> not accepted</b> (${refusal?.reason}).${goesOn}</p>
<ul class="faults">${lines.slice(0, LINES_SHOWN).map(faultLine)}</ul>${
    lines.length > LINES_SHOWN ? html`<p class="sub">and ${lines.length - LINES_SHOWN} more</p>` : undefined
  }</div>`;
}

const PLACE = /^(.*\/)?([^/]+?):(\d+):(\d+): (.*)$/s;

/** Whether a line of a message begins with a place in a file. */
export function hasPlace(line: string): boolean {
  return PLACE.test(line);
}

/** Of `path:line:column: what` the place is set apart; any other line stands as it is. */
export function faultLine(line: string): Html {
  const match = PLACE.exec(line);
  if (match === null) return html`<li>${line}</li>`;
  const [, , file = '', row = '', column = '', words = ''] = match;
  return html`<li><code class="place">${file}<b>:${row}:${column}</b></code> <span>${words}</span></li>`;
}
