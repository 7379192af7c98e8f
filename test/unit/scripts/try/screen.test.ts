import { describe, expect, it } from 'vitest';
import { Screen } from '../../../../scripts/try/screen.ts';

function screenOn(isTTY: boolean, environment: Readonly<Record<string, string>> = {}) {
  const written: string[] = [];
  const screen = new Screen({ isTTY, write: (text: string) => written.push(text) }, environment);
  return { screen, text: () => written.join('') };
}

describe('into a pipe', () => {
  it('a step is its number, each command before its output, and a verdict', () => {
    const { screen, text } = screenOn(false);

    screen.step(2, 9, 'Two servers');
    screen.command('hublet get');
    screen.output('NAME    PHASE\nalice   Ready\n');
    screen.tick(5_000);
    screen.seen('both Ready', 12_345);

    expect(text()).toBe(
      [
        '',
        '[2/9]   Two servers',
        '        $ hublet get',
        '        NAME    PHASE',
        '        alice   Ready',
        '        ok  both Ready (12.3 s)',
        '',
      ].join('\n'),
    );
  });

  it('a failure is what was otherwise and what helps', () => {
    const { screen, text } = screenOn(false);

    screen.failed('the limit is 1 byte\nnot 1G', 'hublet describe alice');

    expect(text()).toBe(
      [
        '        not seen  the limit is 1 byte',
        '                  not 1G',
        '        hint      hublet describe alice',
        '',
      ].join('\n'),
    );
  });

  it('a command without output adds nothing', () => {
    const { screen, text } = screenOn(false);

    screen.output('');

    expect(text()).toBe('');
  });

  it('nothing follows the closing words', () => {
    const { screen, text } = screenOn(false);

    screen.close('interrupted');
    screen.failed('ssh ended', 'none');

    expect(text()).toBe('interrupted\n');
  });
});

describe('on a terminal', () => {
  it('phases have colours', () => {
    const { screen, text } = screenOn(true);

    screen.output('alice   Ready');

    expect(text()).toContain('\x1b[32mReady\x1b[39m');
  });

  it('NO_COLOR is obeyed', () => {
    const { screen, text } = screenOn(true, { NO_COLOR: '1' });

    screen.output('alice   Ready');

    expect(text()).toBe('        alice   Ready\n');
  });

  it('a silence is told in a line that the next text takes away', () => {
    const { screen, text } = screenOn(true, { NO_COLOR: '1' });

    screen.tick(2_000);
    screen.tick(3_000);
    screen.note('there');

    expect(text()).toBe('\r\x1b[2K        ... 2 s\r\x1b[2K        ... 3 s\r\x1b[2K        there\n');
  });

  it('what a server wrote cannot move the cursor', () => {
    const { screen, text } = screenOn(true, { NO_COLOR: '1' });

    screen.output('a\x1b[2Jb');

    expect(text()).toBe('        a\\x1b[2Jb\n');
  });
});
