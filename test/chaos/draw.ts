import { createDice, type Dice } from '../machine/dice.ts';
import { type FileState, type Files, fileOf, filesAfter, firstFiles } from './files.ts';
import { SUBJECTS, subjectOf, wishText } from './servers.ts';
import type { Action, DirectoryTrouble, Kind, Step, Wish } from './steps.ts';

/** How often each kind comes, where all are on. */
const WEIGHTS: Readonly<Record<Kind, number>> = { edits: 30, kills: 10, servers: 6, bus: 5, disks: 2, directory: 4 };
/** So few of one source's files are gone at once that it is never a mass removal. */
const MOST_ABSENT = 2;
/** Beyond that, correcting is given up as a quarrel. */
const MOST_DRIFTS = 2;

/**
 * The steps of a run without end: the same seed and kinds give the same steps, whatever happens when they are done.
 *
 * Of two runs with the same seed, one that ends later begins with the steps of the other.
 */
export function* drawSteps(seed: number, kinds: readonly Kind[]): Generator<Step, never> {
  const dice = createDice(seed);
  const bag = kinds.flatMap((kind) => Array.from({ length: WEIGHTS[kind] }, () => kind));
  const drifts = new Map<string, number>();
  let files = firstFiles();
  for (let number = 1; ; number += 1) {
    // Now and then nothing happens for so long that whatever is under way comes to an end.
    const pauseMs = dice.below(8) === 0 ? dice.below(4_000) : dice.below(500);
    const step = { number, pauseMs, action: drawAction(dice, dice.pick(bag), number, files, drifts) };
    files = filesAfter(files, step);
    yield step;
  }
}

function drawAction(dice: Dice, kind: Kind, number: number, files: Files, drifts: Map<string, number>): Action {
  switch (kind) {
    case 'edits':
      return drawEdit(dice, number, files);
    case 'kills':
      return { kind: 'kill controller', ...drawMoment(dice), whom: dice.pick(['all', 'main']) };
    case 'servers':
      return drawTrouble(dice, drifts);
    case 'bus':
      return dice.below(4) === 0
        ? { kind: 'bus away', seconds: 1 + dice.below(30) }
        : { kind: 'bus', how: dice.pick(['restart', 'kill', 'reload', 'reload', 'reexec']) };
    case 'disks':
      return { kind: 'disk full', which: dice.pick(['state', 'runtime', 'both']), seconds: 1 + dice.below(20) };
    case 'directory': {
      const how: readonly DirectoryTrouble[] = ['renamed', 'replaced', 'covered', 'unreadable', 'unmounted', 'emptied'];
      return { kind: 'directory', how: dice.pick(how), seconds: 1 + dice.below(25) };
    }
  }
}

/**
 * Of three kills one comes while the controller takes its servers up or works. All of them there would take hours: in the machine it
 * loads its code for 15 s and takes twenty servers up for 10 s.
 */
function drawMoment(dice: Dice): { readonly when: 'on its way up' | 'at work'; readonly afterMs: number } {
  const moment = dice.below(15);
  if (moment < 3) return { when: 'at work', afterMs: dice.below(4_000) };
  return { when: 'on its way up', afterMs: moment < 5 ? 10_000 + dice.below(14_000) : dice.below(3_000) };
}

function drawEdit(dice: Dice, number: number, files: Files): Action {
  const { name, source } = dice.pick(SUBJECTS);
  const file = fileOf(files, name);
  const manner = dice.pick(['renamed', 'renamed', 'in place'] as const);
  const write = (change: Partial<Wish>): Action => ({
    kind: 'write',
    name,
    manner,
    wish: { ...file.last, ...change, edit: number },
  });
  if (file.kind === 'absent') return write({ version: file.last.version + dice.below(2), isSuspended: false });
  const absent = SUBJECTS.filter((one) => one.source === source && fileOf(files, one.name).kind === 'absent').length;
  const choice = dice.below(12);
  switch (choice) {
    case 0:
      return { kind: 'spoil', name, manner, text: rubbish(dice) };
    case 1:
      return truncation(dice, name, file);
    case 2:
      return { kind: 'rename and back', name, milliseconds: dice.below(600) };
    case 3:
      return absent < MOST_ABSENT ? { kind: 'delete', name } : { kind: 'touch', name };
    case 4:
      return write({ isSuspended: !file.last.isSuspended });
    case 5:
      return file.last.isSuspended ? write({ isSuspended: false }) : write({ restartedAt: number });
    case 6:
    case 7:
      return write({ version: file.last.version + 1 });
    case 8:
      // Nothing but its label.
      return write({});
    default:
      return write({ memoryMebibytes: 48 + 8 * dice.below(16) });
  }
}

/** Cut off before its last brace, whatever stands in the file by then. */
function truncation(dice: Dice, name: string, { last }: FileState): Action {
  return { kind: 'truncate', name, keptBytes: dice.below(wishText(subjectOf(name), last).length - 3) };
}

function rubbish(dice: Dice): string {
  return dice.pick([
    '',
    '\n',
    'apiVersion: hublet/v1\nkind: Server\nmetadata: {name: other}\nspec: {}\n',
    'apiVersion: hublet/v1\nkind: Server\nspec: {command: [sleep, "1"], comand: []}\n',
    '{"apiVersion": "hublet/v1", "kind": "Server", "spec": {"resources": {"memory": {"limit": "-5"}}}}\n',
    '- \u0001\n',
    'a: &a [*a, *a]\n',
    `${'['.repeat(500)}\n`,
  ]);
}

function drawTrouble(dice: Dice, drifts: Map<string, number>): Action {
  const { name } = dice.pick(SUBJECTS);
  switch (dice.below(6)) {
    case 0:
      return { kind: 'stop server', name };
    case 1:
    case 2: {
      const count = drifts.get(name) ?? 0;
      if (count >= MOST_DRIFTS) break;
      drifts.set(name, count + 1);
      return { kind: 'drift', name, memoryMebibytes: 300 + dice.below(100) };
    }
  }
  return { kind: 'kill server', name, signal: dice.pick(['KILL', 'KILL', 'SEGV', 'TERM']) };
}
