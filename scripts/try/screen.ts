import { chooseStyle, type Style, stylePhase } from '../../src/cli/style.ts';
import { printable } from '../../src/cli/table.ts';
import { PHASES } from '../../src/status/types.ts';

/** Where the text goes; `process.stdout` is one. */
export interface Out {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

const INDENT = ' '.repeat(8);
const CLEAR_LINE = '\r\x1b[2K';
const PHASE_WORD = new RegExp(`\\b(?:${PHASES.join('|')})\\b`, 'g');

/** Seconds with one digit, as a person compares them: `12.3 s`. */
export function formatSeconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/**
 * What a person sees: numbered steps, each command before its output, one verdict a step.
 *
 * Plain text into pipes and files; on a terminal colours (unless NO_COLOR) and a last line that says how long a silence lasts already.
 */
export class Screen {
  readonly #out: Out;
  readonly #style: Style;
  readonly #isTerminal: boolean;
  #isTicking = false;
  #isClosed = false;

  constructor(out: Out, environment: Readonly<Record<string, string | undefined>>) {
    this.#out = out;
    this.#isTerminal = out.isTTY === true;
    this.#style = chooseStyle(this.#isTerminal, environment);
  }

  /** A paragraph at the left edge. */
  text(text: string): void {
    this.#write(`${text}\n`);
  }

  /** Begins a step: `number` of `total`, from 1. */
  step(number: number, total: number, title: string): void {
    const count = `[${number}/${total}]`.padEnd(INDENT.length - 1);
    this.#write(`\n${this.#style.bold(`${count} ${title}`)}\n`);
  }

  /** A command as somebody types it. */
  command(command: string): void {
    this.#write(`${INDENT}${this.#style.dim('$')} ${this.#style.bold(command)}\n`);
  }

  /** What a command wrote: foreign text, made harmless; nothing is printed for none. */
  output(text: string): void {
    for (const line of text.split('\n').filter((one, index, all) => one !== '' || index < all.length - 1)) {
      const coloured = printable(line).replaceAll(PHASE_WORD, (word) =>
        stylePhase(word as (typeof PHASES)[number], this.#style),
      );
      this.#write(`${INDENT}${coloured}\n`);
    }
  }

  /** A remark on what goes on. */
  note(text: string): void {
    this.#write(`${INDENT}${this.#style.dim(text)}\n`);
  }

  /** The verdict of a step that was seen to be as it should. */
  seen(what: string, durationMs: number): void {
    this.#write(`${INDENT}${this.#style.good('ok')}  ${what} ${this.#style.dim(`(${formatSeconds(durationMs)})`)}\n`);
  }

  /** The verdict of a step that was not, and what helps. */
  failed(what: string, hint: string): void {
    const [first = '', ...rest] = what.split('\n').map(printable);
    this.#write(`${INDENT}${this.#style.bad('not seen')}  ${first}\n`);
    for (const line of rest) this.#write(`${INDENT}          ${line}\n`);
    this.#write(`${INDENT}hint      ${hint}\n`);
  }

  /** Says on a terminal that a silence lasts, in a line that the next text takes away again. */
  tick(durationMs: number): void {
    if (!this.#isTerminal || this.#isClosed) return;
    this.#out.write(`${CLEAR_LINE}${INDENT}${this.#style.dim(`... ${Math.round(durationMs / 1000)} s`)}`);
    this.#isTicking = true;
  }

  /** A last paragraph; nothing is shown after it. */
  close(text: string): void {
    this.text(text);
    this.#isClosed = true;
  }

  #write(text: string): void {
    if (this.#isClosed) return;
    this.#out.write(this.#isTicking ? `${CLEAR_LINE}${text}` : text);
    this.#isTicking = false;
  }
}
