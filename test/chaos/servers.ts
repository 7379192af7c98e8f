import type { Spec } from '../machine/servers.ts';
import { specText } from '../machine/servers.ts';
import type { Wish } from './steps.ts';

/** One of the servers that chaos is made among. */
export interface Subject {
  readonly name: string;
  /** `plain`: a directory; `mounted`: a file system mounted there. Both are sources. */
  readonly source: 'plain' | 'mounted';
  /** Whether a change of its version makes a new run at once; otherwise it waits for one. */
  readonly isImmediate: boolean;
  readonly fields: Spec;
}

const sleeper: Spec = { command: ['sleep', '100000'], port: 'none' };
const web: Spec = {
  command: ['python3', '-m', 'http.server', '--bind', '127.0.0.1', '{PORT}'],
  workingDirectory: '/usr/share/doc',
  probes: { readiness: { http: { path: '/' } } },
};
/** A probe that the slow machine answers late must not end it. */
const patient = { periodSeconds: 5, timeoutSeconds: 30, failureThreshold: 10 };
const special: readonly (readonly [string, Spec])[] = [
  ['web', web],
  ['watched', { ...web, probes: { readiness: { tcp: {} }, liveness: { http: { path: '/' }, ...patient } } }],
  [
    'stubborn',
    {
      command: ['sh', '-c', 'trap "" TERM; while :; do sleep 1000; done'],
      port: 'none',
      terminationGracePeriod: '1s',
    },
  ],
  ['family', { command: ['sh', '-c', 'sleep 100000 & sleep 100000 & wait'], port: 'none' }],
  ['scattered', { command: ['sh', '-c', 'setsid sleep 100000 & exec sleep 100000'], port: 'none' }],
  ['pooled', { ...sleeper, pool: 'lab' }],
  ['pooled-too', { ...sleeper, pool: 'lab' }],
  ['hasty', { ...sleeper, updateStrategy: 'Immediate' }],
  ['hasty-too', { ...sleeper, updateStrategy: 'Immediate', sandbox: { privateTmp: false } }],
];
const plain = Array.from({ length: 11 }, (_, index): readonly [string, Spec] => [`s${index}`, sleeper]);
const users = ['alice', 'bob', 'carol'];

/** All twenty: sleepers, and one of each kind that ends, answers or starts in its own way. */
export const SUBJECTS: readonly Subject[] = [...special, ...plain].map(([name, fields], index) => ({
  name,
  source: index % 3 === 0 ? 'mounted' : 'plain',
  isImmediate: fields.updateStrategy === 'Immediate',
  fields: { user: users[index % users.length], ...fields },
}));

/** The first wish for every server. */
export const FIRST_WISH: Wish = { edit: 0, memoryMebibytes: 64, version: 0, isSuspended: false, restartedAt: 0 };

/** Text of the spec file by which a server is asked for. JSON: no proper part of it is a spec. */
export function wishText(subject: Subject, wish: Wish): string {
  const spec = {
    ...subject.fields,
    environment: { CHAOS: subject.name, VERSION: `${wish.version}` },
    resources: { memory: { limit: `${wish.memoryMebibytes}M` } },
    // So that runs that are asked for come within a checkpoint's patience.
    restartPolicy: 'Always',
    backoff: { initial: '1s', max: '4s' },
    ...(wish.isSuspended ? { suspend: true } : {}),
  };
  return specText(subject.name, spec, {
    labels: { edit: `${wish.edit}` },
    ...(wish.restartedAt === 0 ? {} : { annotations: { 'hublet/restartedAt': `step ${wish.restartedAt}` } }),
  });
}

/** The server of that name. @throws where there is none */
export function subjectOf(name: string): Subject {
  const subject = SUBJECTS.find((one) => one.name === name);
  if (subject === undefined) throw new Error(`no server ${name}`);
  return subject;
}
