import { PropertySyntaxError } from './error.ts';

/** In the order of their numbers, from 1. @see signal(7) */
const SIGNALS: readonly string[] = [
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG',
  'XCPU XFSZ VTALRM PROF WINCH IO PWR SYS',
].flatMap((names) => names.split(' '));

/** In the order of their numbers, from 1, without the E; `-`: there is none. @see errno(3); kernel include/uapi/asm-generic/errno.h */
const ERRORS: readonly string[] = [
  'PERM NOENT SRCH INTR IO NXIO 2BIG NOEXEC BADF CHILD AGAIN NOMEM ACCES FAULT NOTBLK BUSY EXIST XDEV NODEV',
  'NOTDIR ISDIR INVAL NFILE MFILE NOTTY TXTBSY FBIG NOSPC SPIPE ROFS MLINK PIPE DOM RANGE DEADLK NAMETOOLONG',
  'NOLCK NOSYS NOTEMPTY LOOP - NOMSG IDRM CHRNG L2NSYNC L3HLT L3RST LNRNG UNATCH NOCSI L2HLT BADE BADR XFULL',
  'NOANO BADRQC BADSLT - BFONT NOSTR NODATA TIME NOSR NONET NOPKG REMOTE NOLINK ADV SRMNT COMM PROTO MULTIHOP',
  'DOTDOT BADMSG OVERFLOW NOTUNIQ BADFD REMCHG LIBACC LIBBAD LIBSCN LIBMAX LIBEXEC ILSEQ RESTART STRPIPE USERS',
  'NOTSOCK DESTADDRREQ MSGSIZE PROTOTYPE NOPROTOOPT PROTONOSUPPORT SOCKTNOSUPPORT OPNOTSUPP PFNOSUPPORT',
  'AFNOSUPPORT ADDRINUSE ADDRNOTAVAIL NETDOWN NETUNREACH NETRESET CONNABORTED CONNRESET NOBUFS ISCONN NOTCONN',
  'SHUTDOWN TOOMANYREFS TIMEDOUT CONNREFUSED HOSTDOWN HOSTUNREACH ALREADY INPROGRESS STALE UCLEAN NOTNAM NAVAIL',
  'ISNAM REMOTEIO DQUOT NOMEDIUM MEDIUMTYPE CANCELED NOKEY KEYEXPIRED KEYREVOKED KEYREJECTED OWNERDEAD',
  'NOTRECOVERABLE RFKILL HWPOISON',
].flatMap((names) => names.split(' '));
const ERROR_ALIASES: Readonly<Record<string, string>> = {
  EWOULDBLOCK: 'EAGAIN',
  EDEADLOCK: 'EDEADLK',
  ENOTSUP: 'EOPNOTSUPP',
};

const FIRST_REALTIME = 34;
const LAST_REALTIME = 64;
/** systemd's number for "kill the process" in place of an error. */
const KILL = 0x7ffffffe;
const LARGEST_ERRNO = 4095;

/** Meaning of exit codes by systemd's names. @see systemd.exec(5), "Process Exit Codes" */
const EXIT_CODES: Readonly<Record<string, number>> = Object.fromEntries(
  [
    'SUCCESS:0 FAILURE:1 INVALIDARGUMENT:2 NOTIMPLEMENTED:3 NOPERMISSION:4 NOTINSTALLED:5 NOTCONFIGURED:6 NOTRUNNING:7',
    'USAGE:64 DATAERR:65 NOINPUT:66 NOUSER:67 NOHOST:68 UNAVAILABLE:69 SOFTWARE:70 OSERR:71 OSFILE:72 CANTCREAT:73',
    'IOERR:74 TEMPFAIL:75 PROTOCOL:76 NOPERM:77 CONFIG:78 CHDIR:200 NICE:201 FDS:202 EXEC:203 MEMORY:204 LIMITS:205',
    'OOM_ADJUST:206 SIGNAL_MASK:207 STDIN:208 STDOUT:209 CHROOT:210 IOPRIO:211 TIMERSLACK:212 SECUREBITS:213',
    'SETSCHEDULER:214 CPUAFFINITY:215 GROUP:216 USER:217 CAPABILITIES:218 CGROUP:219 SETSID:220 CONFIRM:221 STDERR:222',
    'PAM:224 NETWORK:225 NAMESPACE:226 NO_NEW_PRIVILEGES:227 SECCOMP:228 SELINUX_CONTEXT:229 PERSONALITY:230',
    'APPARMOR:231 ADDRESS_FAMILIES:232 RUNTIME_DIRECTORY:233 CHOWN:235 SMACK_PROCESS_LABEL:236 KEYRING:237',
    'STATE_DIRECTORY:238 CACHE_DIRECTORY:239 LOGS_DIRECTORY:240 CONFIGURATION_DIRECTORY:241 NUMA_POLICY:242',
    'CREDENTIALS:243 BPF:244 EXCEPTION:255',
  ]
    .join(' ')
    .split(' ')
    .map((entry) => [entry.slice(0, entry.indexOf(':')), Number(entry.slice(entry.indexOf(':') + 1))]),
);

/** The number of a signal: `SIGINT`, `INT`, `2`, `RTMIN+3`. @see signal(7) @throws {PropertySyntaxError} */
export function parseSignal(text: string): number {
  const signal = signalOf(text);
  if (signal === undefined) throw new PropertySyntaxError('expects a signal such as SIGINT or SIGRTMIN+3');
  return signal;
}

/** Exit codes and signals, each ascending and once. @see systemd.service(5), "SuccessExitStatus=" @throws {PropertySyntaxError} */
export function parseExitStatuses(words: readonly string[]): [codes: number[], signals: number[]] {
  const codes = new Set<number>();
  const signals = new Set<number>();
  for (const word of words) {
    const code = /^\d{1,3}$/.test(word) ? Number(word) : Object.hasOwn(EXIT_CODES, word) ? EXIT_CODES[word] : undefined;
    const signal = code === undefined ? signalOf(word) : undefined;
    if (code !== undefined && code <= 255) codes.add(code);
    else if (signal !== undefined) signals.add(signal);
    else throw new PropertySyntaxError(`expects exit codes (0-255, TEMPFAIL) and signals (SIGTERM), not ${word}`);
  }
  const ascending = (numbers: Set<number>): number[] => [...numbers].sort((a, b) => a - b);
  return [ascending(codes), ascending(signals)];
}

/** The number of an error, `EPERM` or `1`; of `kill` 2147483646. @see systemd.exec(5), "SystemCallErrorNumber=" @throws {PropertySyntaxError} */
export function parseErrorNumber(text: string): number {
  if (text === 'kill') return KILL;
  const name = Object.hasOwn(ERROR_ALIASES, text) ? (ERROR_ALIASES[text] ?? '') : text;
  const named = name.startsWith('E') ? ERRORS.indexOf(name.slice(1)) + 1 : 0;
  const number = /^\d{1,4}$/.test(text) ? Number(text) : named || Number.NaN;
  if (!(number <= LARGEST_ERRNO)) {
    throw new PropertySyntaxError('expects an error such as EPERM, or kill');
  }
  return number;
}

function signalOf(text: string): number | undefined {
  if (/^\d{1,2}$/.test(text)) return Number(text) >= 1 && Number(text) <= LAST_REALTIME ? Number(text) : undefined;
  const name = text.startsWith('SIG') ? text.slice(3) : text;
  const realtime = /^(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime !== null) {
    const offset = Number(realtime[3] ?? 0);
    const isMin = realtime[1] === 'RTMIN';
    const number = isMin ? FIRST_REALTIME + offset : LAST_REALTIME - offset;
    const isWrongWay = realtime[2] === (isMin ? '-' : '+');
    return isWrongWay || number < FIRST_REALTIME || number > LAST_REALTIME ? undefined : number;
  }
  const index = SIGNALS.indexOf(name);
  return index < 0 ? undefined : index + 1;
}
