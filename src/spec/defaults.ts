/** What a field means that a spec doesn't write: used by the schema's documentation and by the resolution alike. */
export const SPEC_DEFAULTS = {
  user: '{NAME}',
  dynamicUser: false,
  workingDirectory: '{HOME}',
  shell: '/bin/bash',
  port: 'auto',
  privateTmp: true,
  noNewPrivileges: true,
  restartPolicy: 'OnFailure',
  overrun: 'stop',
  idle: { cpuCores: 0.05, warnBefore: '5m' },
  terminationGracePeriod: '30s',
  startTimeout: '60s',
  backoff: { initial: '10s', max: '5m', resetAfter: '10m' },
  updateStrategy: 'OnRestart',
  updateIdle: '10m',
  deletionPolicy: 'Stop',
  priority: 0,
} as const;

export const CHECK_DEFAULTS = { httpPath: '/', httpScheme: 'http' } as const;

/** Liveness is slow to judge: a busy server answers late, and stopping it loses work. */
export const PROBE_DEFAULTS = {
  startup: { initialDelaySeconds: 0, periodSeconds: 2, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 30 },
  readiness: { initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 2, successThreshold: 1, failureThreshold: 3 },
  liveness: { initialDelaySeconds: 0, periodSeconds: 30, timeoutSeconds: 5, successThreshold: 1, failureThreshold: 5 },
} as const;

/** The probes that a server can have. */
export type ProbeKind = keyof typeof PROBE_DEFAULTS;

export const PROBE_KINDS = Object.keys(PROBE_DEFAULTS) as readonly ProbeKind[];
