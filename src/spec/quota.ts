/** What many servers may ask for together. An absent field means: any amount. */
export interface Quota {
  readonly servers?: number;
  /** Sum of resources.memory.limit, bytes. */
  readonly memoryMaxBytes?: number;
  /** Sum of resources.memory.guarantee, bytes. */
  readonly memoryLowBytes?: number;
  /** Sum of resources.cpu.limit, cores. */
  readonly cpuLimitCores?: number;
  /** Sum of resources.tasks. */
  readonly tasksMax?: number;
}

/** What is counted, as the configuration calls it. */
export const QUOTA_RESOURCES = ['servers', 'memory', 'memoryGuarantee', 'cpu', 'tasks'] as const;
export type QuotaResource = (typeof QUOTA_RESOURCES)[number];

/** A limit of a quota and how much of it is given away, in base units: servers, bytes, cores, tasks. */
export interface QuotaUse {
  readonly scope: 'pool' | 'source';
  /** Name of the pool, or path of the source. */
  readonly name: string;
  readonly resource: QuotaResource;
  readonly used: number;
  readonly limit: number;
}
