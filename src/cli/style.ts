import type { Phase } from '../status/types.ts';

/** Colours of a terminal; the plain style returns its text as it is. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  busy(text: string): string;
  bad(text: string): string;
}

const plain = (text: string): string => text;

/** The style of output that goes into a pipe, a file, or a terminal of someone who set NO_COLOR. */
export const PLAIN_STYLE: Style = { bold: plain, dim: plain, good: plain, busy: plain, bad: plain };

const COLOUR_STYLE: Style = {
  bold: (text) => `\x1b[1m${text}\x1b[22m`,
  dim: (text) => `\x1b[2m${text}\x1b[22m`,
  good: (text) => `\x1b[32m${text}\x1b[39m`,
  busy: (text) => `\x1b[33m${text}\x1b[39m`,
  bad: (text) => `\x1b[31m${text}\x1b[39m`,
};

/**
 * Colours only where a terminal shows them and nobody said no.
 *
 * @see https://no-color.org: NO_COLOR counts when it is set and not empty
 */
export function chooseStyle(isTerminal: boolean, environment: Readonly<Record<string, string | undefined>>): Style {
  const isRefused = (environment.NO_COLOR ?? '') !== '' || environment.TERM === 'dumb';
  return isTerminal && !isRefused ? COLOUR_STYLE : PLAIN_STYLE;
}

/** A phase in the colour of how well the server is. */
export function stylePhase(phase: Phase | 'Deleted', style: Style): string {
  switch (phase) {
    case 'Ready':
      return style.good(phase);
    case 'Pending':
    case 'Starting':
    case 'Running':
    case 'Updating':
    case 'Stopping':
    case 'Deleting':
    case 'Unknown':
      return style.busy(phase);
    case 'BackOff':
    case 'Failed':
      return style.bad(phase);
    case 'Stopped':
    case 'Deleted':
      return style.dim(phase);
  }
}
