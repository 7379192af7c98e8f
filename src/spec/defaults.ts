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
  terminationGracePeriod: '30s',
  startTimeout: '60s',
} as const;

export const PROBE_DEFAULTS = {
  httpPath: '/',
  httpScheme: 'http',
  initialDelaySeconds: 0,
  periodSeconds: 10,
  timeoutSeconds: 2,
  successThreshold: 1,
  failureThreshold: 3,
} as const;
