// The page follows what happens, filters and sorts without asking again. All of it works without this, only slower.
const body = document.body;
const live = document.getElementById('live');
const list = document.getElementById('list');
const filter = document.getElementById('filter');

/** Makes `old` equal to `fresh` with as few changes as there are, so that focus and selection stay. */
function morph(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  const isAlike = old.nodeName === fresh.nodeName && old.childNodes.length === fresh.childNodes.length;
  if (!isAlike || old.nodeType !== Node.ELEMENT_NODE) {
    old.replaceWith(fresh);
    return;
  }
  for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  const children = [...fresh.childNodes];
  for (const [at, child] of [...old.childNodes].entries()) morph(child, children[at]);
}

/** One message of the server: markup by id, and the rows that are no more. */
function take({ set, gone = [], rows }) {
  for (const [id, markup] of Object.entries(set)) {
    const template = document.createElement('template');
    template.innerHTML = markup;
    const fresh = template.content.firstElementChild;
    const old = document.getElementById(id);
    if (old !== null) morph(old, fresh);
    else document.getElementById('rows')?.append(fresh);
  }
  for (const id of gone) document.getElementById(id)?.remove();
  const known = rows && new Set(rows);
  if (known) for (const row of document.querySelectorAll('#rows > tr')) if (!known.has(row.id)) row.remove();
  if (list !== null) arrange();
}

// --- The list: what its address says, changed without asking the server again.

const query = new URLSearchParams(location.search);
const wish = {
  text: query.get('q') ?? '',
  phase: query.getAll('phase').at(-1) ?? '',
  sort: query.getAll('sort').at(-1) ?? '',
};

function value(row, column) {
  const text = row.dataset[column];
  return column === 'name' ? text : Number(text);
}

/** Shows the rows that are asked for, in the order that is asked for, and says so where people and screen readers look. */
function arrange() {
  const tbody = document.getElementById('rows');
  const all = [...tbody.rows];
  const words = wish.text.toLowerCase().split(/\s+/);
  const isShown = (row) =>
    (wish.phase === '' || row.dataset.phase === wish.phase) && words.every((word) => row.dataset.text.includes(word));
  for (const row of all) row.hidden = !isShown(row);

  const column = wish.sort.replace('-', '') || 'state';
  const sign = wish.sort.startsWith('-') ? -1 : 1;
  const compare = (a, b, key) => (value(a, key) < value(b, key) ? -1 : value(a, key) > value(b, key) ? 1 : 0);
  const sorted = all.toSorted((a, b) => sign * compare(a, b, column) || compare(a, b, 'name'));
  if (sorted.some((row, at) => row !== tbody.rows[at])) reorder(tbody, sorted);

  for (const button of document.querySelectorAll('th button[name=sort]')) {
    const own = button.value.replace('-', '');
    const isOwn = own === column;
    button.parentElement.ariaSort = isOwn ? (sign < 0 ? 'descending' : 'ascending') : 'none';
    const isAmount = own !== 'name' && own !== 'state';
    button.value = (isOwn ? sign > 0 : isAmount) ? `-${own}` : own;
  }
  for (const chip of document.querySelectorAll('button[name=phase]')) {
    if (chip.value === '') chip.hidden = wish.phase === '';
    else chip.ariaPressed = `${chip.value === wish.phase}`;
  }
  const shown = all.filter((row) => !row.hidden).length;
  const total = `${all.length} server${all.length === 1 ? '' : 's'}`;
  const count = document.getElementById('count');
  const text = shown === all.length ? total : `${shown} of ${total}`;
  if (count.textContent !== text) count.textContent = text;
  document.getElementById('none').hidden = shown > 0;
}

/** A row that is moved loses the focus: it gets it back. */
function reorder(tbody, rows) {
  const focused = tbody.contains(document.activeElement) ? document.activeElement : null;
  tbody.append(...rows);
  focused?.focus({ preventScroll: true });
}

function wishFor(changes) {
  Object.assign(wish, changes);
  const words = { q: wish.text, phase: wish.phase, sort: wish.sort };
  const said = new URLSearchParams(Object.entries(words).filter(([, word]) => word !== ''));
  history.replaceState(null, '', said.size > 0 ? `?${said}` : location.pathname);
  arrange();
}

if (list !== null) {
  filter.addEventListener('input', () => wishFor({ text: filter.value }));
  list.addEventListener('submit', (event) => {
    event.preventDefault();
    const { name = '', value: word } = event.submitter ?? {};
    wishFor(name === '' ? { text: filter.value } : { [name]: word });
  });
  document.addEventListener('keydown', (event) => {
    const isTyping = event.target instanceof HTMLInputElement;
    if (event.key === '/' && !isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      filter.focus();
      filter.select();
    } else if (event.key === 'Escape' && event.target === filter) {
      filter.value = '';
      wishFor({ text: '' });
      filter.blur();
    }
  });
}

// --- Following: nothing while nobody looks at the page.

const RETRY_MS = 15_000;
let source;
let lastId = new URLSearchParams(body.dataset.stream.split('?')[1]).get('since') ?? '';

function say(word) {
  live.hidden = false;
  if (live.textContent !== word) live.textContent = word;
  live.dataset.state = word;
}

function follow() {
  const address = new URL(body.dataset.stream, location.href);
  address.searchParams.set('since', lastId);
  source = new EventSource(address);
  source.addEventListener('open', () => say('live'));
  source.addEventListener('message', (event) => {
    lastId = event.lastEventId;
    take(JSON.parse(event.data));
  });
  source.addEventListener('error', () => {
    say('offline');
    // Refused, as when too many read already: a browser does not come back by itself then.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => document.hidden || follow(), RETRY_MS);
  });
}

if (body.dataset.stream !== '') {
  document.addEventListener('visibilitychange', () => {
    source?.close();
    if (!document.hidden) follow();
  });
  if (!document.hidden) follow();
}
