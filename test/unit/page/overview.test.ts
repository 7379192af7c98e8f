import { describe, expect, test } from 'vitest';
import { Html } from '../../../src/page/html.ts';
import { PAGE_POLICY, renderLayout } from '../../../src/page/layout.ts';
import { PLAIN_WISH, parseWish } from '../../../src/page/list.ts';
import { notices } from '../../../src/page/notices.ts';
import { overviewBody, overviewRegions } from '../../../src/page/overview.ts';
import { renderRow } from '../../../src/page/row.ts';
import { serverBody, serverRegions } from '../../../src/page/serverPage.ts';
import type { PageServer, PageSnapshot } from '../../../src/page/types.ts';
import { exampleSnapshot } from '../../page/example.ts';

const EXAMPLE = exampleSnapshot();

function server(name: string): PageServer {
  const found = EXAMPLE.servers.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${name} in the example`);
  return found;
}

function row(one: PageServer): string {
  return renderRow(one, EXAMPLE.nowMs).markup.text;
}

function body(snapshot: PageSnapshot, query = ''): string {
  const wish = parseWish(new URLSearchParams(query));
  const rows = snapshot.servers.map((one) => renderRow(one, snapshot.nowMs));
  return overviewBody(overviewRegions(snapshot, wish), rows, wish).text;
}

/** Names of the rows that are shown, from top to bottom. */
function shown(markup: string): readonly string[] {
  return [...markup.matchAll(/<tr id="row-[^"]*" class="[^"]*" data-name="([^"]*)"/g)].map(([, name]) => name ?? '');
}

describe('a row', () => {
  test('says how much is used of what, and since when', () => {
    const markup = row({
      ...server('alice'),
      usage: {
        sampledAtMs: 1,
        cpuCores: 0.5,
        cpuLimitCores: 2,
        memoryWorkingSetBytes: 1.5 * 2 ** 30,
        memoryLimitBytes: 2 ** 31,
      },
    });
    expect(markup).toContain('<span class="amount">0.5</span><span class="limit">of 2</span>');
    expect(markup).toContain('<span class="amount">1.5 GiB</span><span class="limit">of 2 GiB</span>');
    expect(markup).toContain('<rect width="25" height="1"/>');
    expect(markup).toContain('<svg class="bar warm"');
    expect(markup).toContain('3h 7m');
  });

  test('has no bar where there is no limit, and no amount where nothing runs', () => {
    const free = row({ ...server('alice'), usage: { sampledAtMs: 1, cpuCores: 0.5, memoryCurrentBytes: 5 * 2 ** 20 } });
    expect(free).toContain('no limit');
    expect(free).not.toContain('class="bar');
    expect(row(server('gustav'))).not.toContain('<svg');
  });

  test('says why it is not up, and what is at fault in its file without the directory', () => {
    expect(row(server('emil'))).toContain('>CrashLoop: exit code 1; restart 8 follows after a pause</span>');
    expect(row(server('dora'))).toContain('>SchemaError: dora.yaml:11:15: spec.resources.memory.limit');
  });

  test('links to its server whatever the name is, and no name becomes markup', () => {
    const name = `<img src=x onerror=alert(1)> "'&%?#`;
    const markup = row({ ...server('alice'), name, user: name, pool: name, profile: name });
    expect(markup).not.toContain('<img');
    expect(markup).toContain(`href="/servers/${encodeURIComponent(name).replaceAll("'", '&#39;')}"`);
  });
});

describe('the list', () => {
  test('has what needs a person on top', () => {
    expect(shown(body(EXAMPLE)).slice(0, 3)).toEqual(['emil', 'dora', 'hana']);
  });

  test('is filtered and ordered by the address alone, and hides the rest', () => {
    const markup = body(EXAMPLE, 'q=gpu&sort=-memory');
    expect(shown(markup)).toEqual(['liam-llm', 'kira-train']);
    expect(markup).toContain('<tr hidden id="row-alice"');
    expect(markup).toContain('2 of 14 servers');
    expect(markup).toContain(
      'class="col-memory " aria-sort="descending"><button form="list" name="sort" value="memory"',
    );
  });

  test('says that there is nothing, and what to do then', () => {
    expect(body({ ...EXAMPLE, servers: [] })).toContain('No servers yet: put a spec into');
    expect(body(EXAMPLE, 'q=nobody-at-all')).toContain('No server matches.');
  });
});

describe('what needs attention', () => {
  test('is nothing where all is well', () => {
    const well = { ...EXAMPLE, servers: EXAMPLE.servers.filter(({ name }) => name !== 'dora') };
    expect(notices(well).text).toBe('<section id="notices" hidden></section>');
  });

  test('names an invalid file with line and column, and what is wrong there', () => {
    const { text } = notices(EXAMPLE);
    expect(text).toContain('<a href="/servers/dora">dora</a>');
    expect(text).toContain('<code class="place">dora.yaml<b>:11:15</b></code>');
    expect(text).toContain('spec.resources.memory.limit: &#34;2 Gigs&#34; is not a size');
    expect(text).toContain('It runs on with the last good one.');
  });

  test('is a bus, a source, removals and a configuration too', () => {
    const [source] = EXAMPLE.sources;
    const { text } = notices({
      ...EXAMPLE,
      host: { ...EXAMPLE.host, isDbusConnected: false, config: { isGood: false } },
      sources: [
        { path: '/gone', isReady: false, message: 'does not exist', files: 0, ignored: [], heldForPrune: [] },
        { ...(source as PageSnapshot['sources'][0]), heldForPrune: ['a', 'b', 'c'] },
      ],
    });
    for (const words of [
      'systemd is not reachable',
      '/gone',
      'Removals held',
      '(a, b, c)',
      'The configuration is not valid',
    ]) {
      expect(text).toContain(words);
    }
  });
});

describe('the page of a server', () => {
  const text = (name: string) => serverBody(serverRegions(server(name), EXAMPLE.nowMs)).text;

  test('begins with why it is as it is and what comes next', () => {
    expect(text('emil')).toContain('<b>CrashLoop</b> exit code 1; restart 8 follows after a pause');
    expect(text('emil')).toContain('Starting in 2m');
  });

  test('has conditions, exits, limits in force and an hour of usage', () => {
    const markup = text('fatima');
    expect(markup).toContain('<dt>Result</dt><dd>oom-kill</dd>');
    expect(markup).toContain('<dt>memoryMaxBytes</dt><dd>2 GiB</dd>');
    expect(markup).toContain('aria-label="Memory over the last hour; the dashed line is its limit"');
    expect(markup).toContain('ProbeSucceeded');
  });
});

describe('the whole document', () => {
  test('has no style or script of its own in it, nothing from elsewhere, and no number that is none', () => {
    const parts = {
      assets: { style: '/s', script: '/j', icon: '/i' },
      stream: '/events',
      hostName: 'h',
      version: '1',
      systemdVersion: '',
    };
    const bodies = [
      new Html(body(EXAMPLE)),
      ...EXAMPLE.servers.map((one) => serverBody(serverRegions(one, EXAMPLE.nowMs))),
    ];
    for (const one of bodies) {
      const document = renderLayout({ ...parts, title: 't', body: one });
      expect(document).not.toMatch(/\sstyle=|\son[a-z]+=|<style|<script>|https?:|NaN|undefined|Infinity/);
    }
  });

  test('may not be framed, nor load or send anything', () => {
    expect(PAGE_POLICY).toContain("default-src 'none'");
    expect(PAGE_POLICY).not.toMatch(/unsafe|\*|https?:|data:/);
    expect(PLAIN_WISH.column).toBe('state');
  });
});
