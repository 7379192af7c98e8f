/** What chaos does, one step at a time, as data: drawn by draw.ts, judged by model.ts, carried out by script.ts. */

/** Kinds of steps, as `--only` names them. */
export const KINDS = ['edits', 'kills', 'servers', 'bus', 'disks', 'directory'] as const;
export type Kind = (typeof KINDS)[number];

/** What one spec file asks for; `edit` is the number of the step that wrote it, and tells it apart from every other. */
export interface Wish {
  readonly edit: number;
  readonly memoryMebibytes: number;
  /** Changing it needs a new run. */
  readonly version: number;
  readonly isSuspended: boolean;
  /** The step that asked for a new run last; 0: none did. */
  readonly restartedAt: number;
}

/** Aside and renamed, as editors do; or over what is there, piece by piece. */
export type WriteManner = 'renamed' | 'in place';

export type Action =
  | { readonly kind: 'write'; readonly name: string; readonly wish: Wish; readonly manner: WriteManner }
  | { readonly kind: 'spoil'; readonly name: string; readonly text: string; readonly manner: WriteManner }
  | { readonly kind: 'truncate'; readonly name: string; readonly keptBytes: number }
  | { readonly kind: 'touch'; readonly name: string }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'rename and back'; readonly name: string; readonly milliseconds: number }
  | {
      readonly kind: 'kill controller';
      /** From which moment on `afterMs` counts: its process is there, or it has said that it is ready. */
      readonly when: 'on its way up' | 'at work';
      readonly afterMs: number;
      readonly whom: 'all' | 'main';
    }
  | { readonly kind: 'kill server'; readonly name: string; readonly signal: 'KILL' | 'SEGV' | 'TERM' }
  | { readonly kind: 'stop server'; readonly name: string }
  | { readonly kind: 'drift'; readonly name: string; readonly memoryMebibytes: number }
  | { readonly kind: 'bus'; readonly how: 'restart' | 'kill' | 'reload' | 'reexec' }
  | { readonly kind: 'bus away'; readonly seconds: number }
  | { readonly kind: 'disk full'; readonly which: 'state' | 'runtime' | 'both'; readonly seconds: number }
  | { readonly kind: 'directory'; readonly how: DirectoryTrouble; readonly seconds: number };

/** What becomes of a directory of specs for a while; `emptied`: every file taken out and put back. */
export type DirectoryTrouble = 'renamed' | 'replaced' | 'covered' | 'unreadable' | 'unmounted' | 'emptied';

export interface Step {
  /** From 1. */
  readonly number: number;
  readonly action: Action;
  /** How long nothing happens before it. */
  readonly pauseMs: number;
}

/** The step in words, for the log of a run. */
export function describeStep({ action }: Step): string {
  switch (action.kind) {
    case 'write': {
      const { memoryMebibytes, version, isSuspended, restartedAt } = action.wish;
      const state = `${isSuspended ? ' suspended' : ''}${restartedAt === action.wish.edit ? ' restart' : ''}`;
      return `${action.name}: ${memoryMebibytes}M version ${version}${state}, ${action.manner}`;
    }
    case 'spoil':
      return `${action.name}: rubbish of ${action.text.length} bytes, ${action.manner}`;
    case 'truncate':
      return `${action.name}: truncated to ${action.keptBytes} bytes`;
    case 'rename and back':
      return `${action.name}: renamed away and back after ${action.milliseconds} ms`;
    case 'kill controller':
      return `kill controller (${action.whom}) ${action.when}, after ${action.afterMs} ms`;
    case 'kill server':
      return `${action.name}: SIG${action.signal}`;
    case 'drift':
      return `${action.name}: set-property MemoryMax=${action.memoryMebibytes}M`;
    case 'bus':
      return `bus: ${action.how}`;
    case 'bus away':
      return `bus away for ${action.seconds} s`;
    case 'disk full':
      return `disk full: ${action.which} for ${action.seconds} s`;
    case 'directory':
      return `directory ${action.how} for ${action.seconds} s`;
    case 'touch':
    case 'delete':
    case 'stop server':
      return `${action.name}: ${action.kind}`;
  }
}
