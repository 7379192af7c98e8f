/** What the journal holds about one run of a unit. */
export interface InvocationRecord {
  /** The last lines that the server itself wrote, oldest first, secrets scrubbed. */
  readonly lines: readonly string[];
  /**
   * How systemd said that the run ended: `success`, `exit-code`, `signal`, ..., or `oom-kill` where the kernel killed the
   * main process for memory. Undefined: the journal has no such entry, so the run goes on or its entries are gone.
   */
  readonly result: string | undefined;
  /** How the main process ended. Undefined where systemd did not log it, as for exit code 0. */
  readonly exit: JournalExit | undefined;
  /** How the command before it (ExecStartPre=) ended that failed the start. Undefined where none did. */
  readonly exitBefore: JournalExit | undefined;
  /** The kernel killed some process of this run for memory, whether or not that ended it. */
  readonly isOomSeen: boolean;
}

export interface JournalExit {
  /** siginfo's si_code, as in systemd's ExecMainCode: 1 exited, 2 killed, 3 dumped. */
  readonly code: 1 | 2 | 3;
  /** Exit code where `code` is 1, else the signal's number. */
  readonly status: number;
}

/** The journal could not be read: nothing is known, which is not the same as "no entry". */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/** The host's journal, read by invocation. */
export interface Journal {
  /**
   * What the journal tells about one invocation.
   *
   * @param options.unit its unit: what a run writes in its last moment journald may know by that alone
   * @param options.lines how many of the server's last lines
   * @throws {JournalError} it could not be read within 5 s, or `invocationId` is not 32 hex digits
   */
  readInvocation(
    invocationId: string,
    options: { readonly unit: string; readonly lines: number },
  ): Promise<InvocationRecord>;
}
