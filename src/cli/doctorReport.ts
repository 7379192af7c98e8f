import { type Finding, type Level, worstOf } from '../doctor/finding.ts';
import type { Style } from './style.ts';
import { printable, textWidth } from './table.ts';

/** As wide as a terminal usually is. Lines to paste are never broken. */
const WIDTH = 80;
const GAP = '   ';
const LEVEL_WIDTH = 'warn'.length;
/** Below the name of the check. */
const INDENT = ' '.repeat(LEVEL_WIDTH + GAP.length);

/** For people: a line for each check, what it costs and what to do below those that are not ok, and the outcome in words. */
export function renderFindings(findings: readonly Finding[], style: Style): string {
  const nameWidth = Math.max(...findings.map(({ check }) => textWidth(check)));
  const blocks = findings.map((finding) => renderFinding(finding, nameWidth, style));
  return `${blocks.join('')}\n${wrap('', outcomeWords(findings))}`;
}

function renderFinding(finding: Finding, nameWidth: number, style: Style): string {
  const { check, level, found } = finding;
  const head = `${level.padEnd(LEVEL_WIDTH)}${GAP}${check.padEnd(nameWidth)}${GAP}`;
  const line = colour(wrap(head, found), level, style);
  if (level === 'ok') return line;
  const { cost, advice, lines = [] } = finding;
  return [
    line,
    wrap(`${INDENT}costs: `, cost),
    wrap(`${INDENT}to do: `, advice),
    ...lines.map((one) => `${INDENT}${' '.repeat('to do: '.length)}${printable(one)}\n`),
  ].join('');
}

/** Text behind a beginning, on as many lines as it takes, each as far in as the first. */
function wrap(beginning: string, text: string): string {
  const indent = ' '.repeat(textWidth(beginning));
  const lines: string[] = [];
  let line = '';
  for (const word of printable(text.replaceAll('\n', ' ')).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && indent.length + textWidth(longer) > WIDTH) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line].map((one, index) => `${index === 0 ? beginning : indent}${one}\n`).join('');
}

/** The level alone, which is what comes first. */
function colour(block: string, level: Level, style: Style): string {
  const paint = { ok: style.good, warn: style.busy, fail: style.bad }[level];
  return paint(block.slice(0, level.length)) + block.slice(level.length);
}

function outcomeWords(findings: readonly Finding[]): string {
  const names = (level: Level): string[] => [
    ...new Set(findings.filter((one) => one.level === level).map(({ check }) => check)),
  ];
  const [failing, warning] = [names('fail'), names('warn')];
  switch (worstOf(findings)) {
    case 'ok':
      return `hublet will work here: all ${findings.length} checks are ok.`;
    case 'warn':
      return `hublet will work here, but for what the warnings tell: ${warning.join(', ')}.`;
    case 'fail': {
      const more = warning.length === 0 ? '' : ` Then the warnings: ${warning.join(', ')}.`;
      return `hublet can't do its work here until this is mended: ${failing.join(', ')}.${more}`;
    }
  }
}

/** For programs. */
export function findingsDocument(findings: readonly Finding[], isUserMode: boolean) {
  return {
    apiVersion: 'hublet/v1',
    kind: 'Examination',
    mode: isUserMode ? 'user' : 'system',
    result: worstOf(findings),
    checks: findings,
  };
}
