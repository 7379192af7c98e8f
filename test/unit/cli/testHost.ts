import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_POLICY } from '../../../src/admission/policy.ts';
import type { Context } from '../../../src/cli/context.ts';
import { fileIdentity } from '../../../src/cli/specFiles.ts';
import { PLAIN_STYLE } from '../../../src/cli/style.ts';
import { createSystemClock } from '../../../src/clock.ts';
import type { Config } from '../../../src/config/types.ts';
import type { Condition, ServerStatus } from '../../../src/status/types.ts';
import { unitName } from '../../../src/units/name.ts';

/** A made-up host in a temporary directory: specs, status files, cgroups, and what a verb printed there. */
export class TestHost {
  readonly root = mkdtempSync(join(tmpdir(), 'hublet-cli-'));
  readonly specs = join(this.root, 'specs');
  readonly runtime = join(this.root, 'run');
  readonly cgroups = join(this.root, 'cgroup');
  readonly abort = new AbortController();
  readonly context: Context;
  out = '';
  err = '';
  input = '';

  constructor() {
    for (const directory of [this.specs, join(this.runtime, 'status'), this.cgroups]) {
      mkdirSync(directory, { recursive: true });
    }
    this.context = {
      config: async () => this.config,
      isUserMode: false,
      clock: createSystemClock(),
      environment: {},
      cgroupRoot: this.cgroups,
      style: PLAIN_STYLE,
      isOutputTerminal: false,
      isErrorTerminal: false,
      print: (text) => {
        this.out += text;
      },
      warn: (line) => {
        this.err += `${line}\n`;
      },
      readInput: async () => this.input,
      signal: this.abort.signal,
    };
  }

  get config(): Config {
    return {
      sources: [{ path: this.specs, ownerUid: 0, prune: true, policy: ADMIN_POLICY }],
      profiles: {},
      pools: new Map(),
      prune: { minCount: 3, maxFraction: 0.5 },
      drift: { isCorrected: true, ignore: [] },
      ports: { first: 20000, last: 20100 },
      reconcile: { concurrency: 1, maxStarting: 1, resyncMs: 1, rescanMs: 1 },
      metrics: { listen: null, level: 'basic', userLabel: 'name', labels: [] },
      runtimeDirectory: this.runtime,
      stateDirectory: join(this.root, 'state'),
      lockPath: join(this.root, 'lock'),
      isUserMode: false,
    };
  }

  remove(): void {
    rmSync(this.root, { recursive: true });
  }

  specPath(name: string): string {
    return join(this.specs, `${name}.yaml`);
  }

  writeSpec(name: string, text = specText(name)): void {
    writeFileSync(this.specPath(name), text);
  }

  writeStatus(status: ServerStatus): void {
    writeFileSync(join(this.runtime, 'status', `${status.metadata.name}.json`), JSON.stringify(status));
  }

  /** A status that answers for the spec file as it is now. */
  status(
    name: string,
    status: Partial<ServerStatus['status']> = {},
    labels: Record<string, string> = {},
  ): ServerStatus {
    return {
      apiVersion: 'hublet/v1',
      kind: 'ServerStatus',
      metadata: { name, generation: 1, source: fileIdentity(this.specPath(name)) ?? null, labels },
      status: {
        observedGeneration: 1,
        phase: 'Ready',
        user: name,
        pool: null,
        unit: unitName(name),
        controlGroup: null,
        invocationId: null,
        mainPid: null,
        address: null,
        restarts: 0,
        startedAt: null,
        readyAt: null,
        nextTransition: null,
        lastExit: null,
        applied: {},
        conditions: [condition('Accepted', 'True', 'Valid'), condition('Ready', 'True', 'NoProbes')],
        ...status,
      },
    };
  }

  /** Files of one cgroup, by name. */
  writeCgroup(path: string, files: Readonly<Record<string, string>>): void {
    mkdirSync(join(this.cgroups, path), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(this.cgroups, path, file), text);
  }
}

export function specText(name: string): string {
  return `# ${name}'s server\napiVersion: hublet/v1\nkind: Server\nmetadata:\n  name: ${name}   # as the file\nspec:\n  command: [sleep, infinity]\n`;
}

export function condition(
  type: Condition['type'],
  status: Condition['status'],
  reason: Condition['reason'],
  message = '',
): Condition {
  return { type, status, reason, message, observedGeneration: 1, lastTransitionTime: '2026-01-01T00:00:00.000Z' };
}
