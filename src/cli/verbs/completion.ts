import type { Verb, VerbOption } from '../catalogue/verb.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';

export type Shell = 'bash' | 'zsh' | 'fish';

/** What can be completed: the verbs with their options and arguments, and the options of all of them. */
export interface Completable {
  readonly verbs: readonly Verb[];
  readonly globals: readonly VerbOption[];
}

/** `hublet completion`: a script that makes a shell complete verbs, options and names of servers. */
export async function runCompletion(context: Context, shell: Shell, { verbs, globals }: Completable): Promise<number> {
  context.print((await loadRenderer(shell))(verbs, globals));
  return EXIT.ok;
}

async function loadRenderer(shell: Shell) {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.ts')).renderBash;
    case 'zsh':
      return (await import('../completion/zsh.ts')).renderZsh;
    case 'fish':
      return (await import('../completion/fish.ts')).renderFish;
  }
}
