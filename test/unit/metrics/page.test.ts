import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { PAGE_POLICY, renderPage } from '../../../src/metrics/page.ts';
import { FULL_USAGE, server, snapshot } from './snapshot.ts';

const NOW_MS = 1_700_000_000_000 + 3 * 3_600_000 + 5 * 60_000;

function page(...parameters: Parameters<typeof snapshot>): string {
  return renderPage({ version: '0.1.0', snapshot: snapshot(...parameters), nowMs: NOW_MS });
}

test('shows each server with its usage against its limits', () => {
  const usage = { ...FULL_USAGE, memoryWorkingSetBytes: 1.5 * 2 ** 30, memoryLimitBytes: 2 * 2 ** 30 };
  const html = page([server('alice', { usage, restarts: 3 })]);
  expect(html).toContain('<td class="name" title="alice">alice</td>');
  expect(html).toContain('<meter value="0.750" high="0.9" title="1.5G of 2G"></meter>1.5G of 2G');
  expect(html).toContain('<meter value="0.125" high="0.9" title="0.25 of 2"></meter>0.25 of 2');
  expect(html).toContain('<td class="n">3h5m</td>');
});

test('shows an amount without a bar where there is no limit', () => {
  const html = page([server('alice', { usage: { sampledAtMs: 0, memoryWorkingSetBytes: 5 * 2 ** 20 } })]);
  expect(html).toContain('<td>5M</td>');
  expect(html).not.toContain('<meter');
});

test('lets nothing that a name contains become markup', () => {
  const hostile = `<script>alert(1)</script>"'&`;
  const html = page([server(hostile, { user: hostile })], { sources: [{ path: hostile, isReady: false }] });
  expect(html).not.toContain('<script');
  expect(html).not.toContain(`"'&<`);
  expect(html).toContain('&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;');
});

test('says what is wrong with the host', () => {
  const html = page([], { isDbusConnected: false, pruneHeld: 4, sources: [{ path: '/etc/x', isReady: false }] });
  expect(html.match(/class="warn"/g)).toHaveLength(3);
  expect(html).toContain('4 removals held');
  expect(html).toContain('No servers');
});

test('has exactly the style that its policy allows, and no other', () => {
  const html = page([server('alice')]);
  const styles = [...html.matchAll(/<style>([\s\S]*?)<\/style>/g)].map((match) => match[1] ?? '');
  expect(styles).toHaveLength(1);
  const digest = createHash('sha256')
    .update(styles[0] ?? '')
    .digest('base64');
  expect(PAGE_POLICY).toContain(`style-src 'sha256-${digest}'`);
  expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|<script|https?:/);
});
