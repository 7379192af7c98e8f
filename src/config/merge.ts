import { parseDurationMs } from '../spec/quantities.ts';
import { CONFIG_DEFAULTS, type Places } from './defaults.ts';
import { parsePortRange } from './portRange.ts';
import type { ConfigDocument } from './schema.ts';
import type { Sections } from './sections.ts';
import type { Config, SourceConfig } from './types.ts';

/** What flags and variables say, the stronger of the two already chosen; paths are absolute. */
export interface Overrides {
  readonly desiredState?: string;
  readonly runtimeDirectory?: string;
  readonly stateDirectory?: string;
  readonly lockPath?: string;
  readonly listen?: string;
}

/** What must be known of the host and its accounts. */
export interface HostFacts {
  readonly isUserMode: boolean;
  /** The controller's own uid. */
  readonly uid: number;
  readonly cpuCount: number;
}

/** A source before its owner is looked up. */
export type UnresolvedSource = NonNullable<ConfigDocument['sources']>[number];

/** Later documents win field by field; lists and single values replace. */
export function mergeDocuments(documents: readonly ConfigDocument[]): ConfigDocument {
  return documents.reduce<ConfigDocument>((merged, next) => mergeValues(merged, next) as ConfigDocument, {
    apiVersion: 'hublet/v1',
    kind: 'Config',
  });
}

function mergeValues(base: unknown, over: unknown): unknown {
  if (!isObject(base) || !isObject(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = mergeValues(merged[key], value);
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The sources to read. A directory given by flag or variable is the only one; what the file says of the same directory holds. */
export function chooseSources(document: ConfigDocument, overrides: Overrides, places: Places): UnresolvedSource[] {
  const configured = document.sources ?? [{ path: places.desiredState }];
  const chosen = overrides.desiredState;
  if (chosen === undefined) return configured;
  return [configured.find(({ path }) => path === chosen) ?? { path: chosen }];
}

/** The whole configuration: flag and variable before file before default. */
export function composeConfig(
  document: ConfigDocument,
  sections: Sections,
  sources: readonly SourceConfig[],
  overrides: Overrides,
  places: Places,
  facts: HostFacts,
): Config {
  const { reconcile, metrics, ports } = document;
  const maxStarting = reconcile?.maxStarting ?? CONFIG_DEFAULTS.maxStarting;
  const listen = overrides.listen ?? metrics?.listen ?? places.listen;
  const { policies: _policies, ...shared } = sections;
  return {
    sources,
    ...shared,
    prune: {
      minCount: document.prune?.minCount ?? CONFIG_DEFAULTS.prune.minCount,
      maxFraction: document.prune?.maxFraction ?? CONFIG_DEFAULTS.prune.maxFraction,
    },
    drift: { isCorrected: document.drift?.correct ?? true, ignore: document.drift?.ignore ?? [] },
    ports: parsePortRange(ports?.range ?? CONFIG_DEFAULTS.portRange),
    reconcile: {
      concurrency: reconcile?.concurrency ?? CONFIG_DEFAULTS.concurrency,
      maxStarting: maxStarting === 'auto' ? Math.max(4, 4 * facts.cpuCount) : maxStarting,
      resyncMs: parseDurationMs(reconcile?.resync ?? CONFIG_DEFAULTS.resync),
      rescanMs: parseDurationMs(reconcile?.rescan ?? CONFIG_DEFAULTS.rescan),
    },
    metrics: {
      listen: listen === 'off' ? null : listen,
      level: metrics?.level ?? CONFIG_DEFAULTS.level,
      userLabel: metrics?.userLabel ?? CONFIG_DEFAULTS.userLabel,
      labels: metrics?.labels ?? [],
    },
    runtimeDirectory: overrides.runtimeDirectory ?? places.runtimeDirectory,
    stateDirectory: overrides.stateDirectory ?? places.stateDirectory,
    lockPath: overrides.lockPath ?? places.lockPath,
    isUserMode: facts.isUserMode,
  };
}
