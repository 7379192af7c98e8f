import { describe, expect, it } from 'vitest';
import { claim, positionOf, readRow, readSample } from '../../../../scripts/try/claims.ts';

describe('a claim', () => {
  it('that holds says nothing', () => {
    expect(() => claim(true, 'otherwise')).not.toThrow();
  });

  it('that does not hold says what is otherwise', () => {
    expect(() => claim(false, 'the limit is 512M')).toThrow('the limit is 512M');
  });
});

describe('the position of a word', () => {
  it.each([
    ['memroy: x', '1:1'],
    ['a\n  memroy: x', '2:3'],
    ['a\n\nresources: {memroy: x}\nmemroy', '3:13'],
  ])('in %j is %s', (text, position) => {
    expect(positionOf(text, 'memroy')).toBe(position);
  });

  it('that is not there is undefined', () => {
    expect(positionOf('memory: x', 'memroy')).toBeUndefined();
  });
});

describe('a line of hublet get', () => {
  it('is a row', () => {
    expect(readRow('alice   Ready     True    1          0.8/1   21M/512M    15s')).toEqual({
      name: 'alice',
      phase: 'Ready',
      isReady: true,
      restarts: 1,
    });
  });

  it('is a row of a server that does not run', () => {
    expect(readRow('alice   BackOff   False   3          -       -           -')).toMatchObject({
      phase: 'BackOff',
      isReady: false,
      restarts: 3,
    });
  });

  it.each(['NAME    PHASE     READY   RESTARTS   CPU     MEMORY      AGE', '', 'alice   Deleted'])(
    'is no row: %j',
    (line) => {
      expect(readRow(line)).toBeUndefined();
    },
  );
});

describe('a sample of a scrape', () => {
  const exposition = [
    '# TYPE hublet_server_ready gauge',
    'hublet_server_ready{server="alice"} 1',
    'hublet_server_ready{server="alice2"} 0',
    'hublet_server_start_time_seconds{server="alice"} 1795322337.681',
  ].join('\n');

  it.each([
    ['hublet_server_ready', 'alice', 1],
    ['hublet_server_ready', 'alice2', 0],
    ['hublet_server_start_time_seconds', 'alice', 1795322337.681],
  ])('%s of %s is %d', (metric, server, value) => {
    expect(readSample(exposition, metric, server)).toBe(value);
  });

  it.each([
    ['hublet_server_ready', 'bob'],
    ['hublet_server_tasks', 'alice'],
  ])('%s of %s is not there', (metric, server) => {
    expect(readSample(exposition, metric, server)).toBeUndefined();
  });
});
