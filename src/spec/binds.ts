import { unitPathProblem } from './paths.ts';
import type { BindMount } from './types.ts';

/** An entry such as `-/srv/data:{HOME}/data:norbind` in its parts; without a destination it is seen where it is. Not judged. */
export function splitBind(text: string): BindMount {
  const isOptional = text.startsWith('-');
  const [source = '', destination = source, option = 'rbind'] = text.slice(isOptional ? 1 : 0).split(':');
  return { source, destination, isOptional, isRecursive: option !== 'norbind' };
}

/** What is wrong with an entry of `bindPaths`, or undefined. @see systemd.exec(5), "BindPaths=" */
export function bindProblem(text: string): string | undefined {
  const parts = text.slice(text.startsWith('-') ? 1 : 0).split(':');
  const [source = '', destination = source, option = 'rbind'] = parts;
  if (parts.length > 3 || !/^(?:no)?rbind$/.test(option)) {
    return 'must be SOURCE, SOURCE:DESTINATION or SOURCE:DESTINATION:norbind';
  }
  return unitPathProblem(source) ?? destinationProblem(destination);
}

/** What is wrong with the place where something is bound to, or undefined. */
export function destinationProblem(destination: string): string | undefined {
  if (/^\/+$/.test(destination)) return 'must not be bound over /';
  return unitPathProblem(destination);
}
