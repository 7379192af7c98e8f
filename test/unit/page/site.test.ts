import { beforeEach, describe, expect, test } from 'vitest';
import { createSite, type Site } from '../../../src/page/site.ts';
import type { PageSnapshot } from '../../../src/page/types.ts';
import { FakeClock } from '../../fakes/clock.ts';
import { FakeLog } from '../../fakes/log.ts';
import { exampleSnapshot } from '../../page/example.ts';

let clock: FakeClock;
let snapshots: number;
let shown: PageSnapshot;
let site: Site;
beforeEach(() => {
  clock = new FakeClock();
  snapshots = 0;
  shown = exampleSnapshot();
  site = createSite({
    clock,
    log: new FakeLog(),
    snapshot: () => {
      snapshots += 1;
      return shown;
    },
  });
});

const plain = () => site.overview(new URLSearchParams());
const streamOf = (page: string) => /data-stream="([^"]*)"/.exec(page)?.[1] ?? '';

class Recorder {
  text = '';
  isEnded = false;
  write(bytes: Uint8Array): boolean {
    this.text += Buffer.from(bytes).toString();
    return true;
  }
  on(): void {}
  end(): void {
    this.isEnded = true;
  }
  destroy(): void {}
}

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 250) {
    clock.advance(Math.min(250, left));
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  }
}

describe('everybody who asks at once', () => {
  test('is served from one look', async () => {
    await Promise.all([plain(), plain(), site.server('alice'), site.server('bob')]);
    expect(snapshots).toBe(1);
    clock.advance(1_000);
    await plain();
    expect(snapshots).toBe(2);
  });

  test('has a page that goes on where it is: nothing is sent twice', async () => {
    const page = await plain();
    const reader = new Recorder();
    const since = new URLSearchParams(streamOf(page).split('?')[1]).get('since') ?? '';
    site.follow(undefined, since, reader);
    await pass(1_000);
    expect(reader.text).not.toContain('data:');
  });
});

describe('the page of a server', () => {
  test('is not there where the server is not', async () => {
    expect(await site.server('nobody')).toBeUndefined();
    expect(site.missing()).toContain('There is no such page or server');
  });

  test('tells who follows it that the server is no more', async () => {
    await site.server('alice');
    const reader = new Recorder();
    site.follow('alice', undefined, reader);
    await pass(1_000);
    shown = { ...shown, servers: shown.servers.filter(({ name }) => name !== 'alice') };
    await pass(2_000);
    expect(reader.text).toContain('It is no more');
    expect(reader.isEnded).toBe(false);
  });

  test('can not be followed where there never was one', async () => {
    const reader = new Recorder();
    site.follow('nobody', undefined, reader);
    await pass(1_000);
    expect(reader.isEnded).toBe(true);
  });
});

test('nothing is kept and no timer runs once nobody looks any more', async () => {
  await plain();
  await pass(61_000);
  expect(clock.timers()).toBe(0);
  const before = await plain();
  expect(streamOf(before)).toMatch(/since=[0-9a-f]{12}\.1$/);
  site.endAll();
  expect(clock.timers()).toBe(0);
});
