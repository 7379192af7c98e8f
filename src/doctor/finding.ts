/** How bad a thing is: `fail`: hublet can't do its work, `warn`: a part of it will not work, `ok`: nothing to do. */
export type Level = 'ok' | 'warn' | 'fail';

/** What one look at the machine gave. */
export type Finding =
  | {
      /** What was looked at, a word or three; several findings may share it. */
      readonly check: string;
      readonly level: 'ok';
      /** What is there, in words. */
      readonly found: string;
    }
  | ({ readonly check: string; readonly level: 'warn' | 'fail'; readonly found: string } & Trouble);

/** What something that is not as it should be means to whoever wants to run servers here. */
export interface Trouble {
  /** What will not work. */
  readonly cost: string;
  /** What to do about it, in words. */
  readonly advice: string;
  /** Lines to put into a file or to run, as they are; absent: the words say it all. */
  readonly lines?: readonly string[];
}

export function ok(check: string, found: string): Finding {
  return { check, level: 'ok', found };
}

export function warn(check: string, found: string, trouble: Trouble): Finding {
  return { check, level: 'warn', found, ...trouble };
}

export function fail(check: string, found: string, trouble: Trouble): Finding {
  return { check, level: 'fail', found, ...trouble };
}

/** The worst of them; `ok` where there are none. */
export function worstOf(findings: readonly Finding[]): Level {
  for (const level of ['fail', 'warn'] as const) if (findings.some((one) => one.level === level)) return level;
  return 'ok';
}
