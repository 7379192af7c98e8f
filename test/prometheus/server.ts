// A Prometheus of a test's own: its data in a directory that goes with it, ended with the test or with this process.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../machine/freePort.ts';
import { waitFor } from '../machine/wait.ts';
import { ensurePrometheus } from './tools.ts';

export interface PrometheusOptions {
  /** Port on 127.0.0.1 that is scraped, by the job `hublet`. */
  readonly port: number;
  /** Rule files, absolute. */
  readonly rules?: readonly string[];
  /** Texts of further rule files. */
  readonly ruleTexts?: readonly string[];
  /** Between two scrapes, and the most that one may take; 1 when absent. */
  readonly scrapeSeconds?: number;
}

/** One series of the answer to a query. */
export interface QueriedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Unix time of the value: that of the query, unless `timestamp()` was asked for. */
  readonly atSeconds: number;
}

/** One series of a range: what was scraped, as it was. */
export interface ScrapedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly { readonly atSeconds: number; readonly value: number }[];
}

export interface ActiveAlert {
  readonly state: 'pending' | 'firing';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

const READY_MS = 60_000;
const END_MS = 10_000;

export class Prometheus {
  readonly #child: ChildProcess;
  readonly #address: string;
  readonly #directory: string;

  private constructor(child: ChildProcess, address: string, directory: string) {
    this.#child = child;
    this.#address = address;
    this.#directory = directory;
  }

  /** Returns when it answers queries. @throws with its log where it doesn't */
  static async start(options: PrometheusOptions): Promise<Prometheus> {
    const { prometheus } = await ensurePrometheus();
    const directory = mkdtempSync(join(tmpdir(), 'hublet-prometheus-'));
    const texts = (options.ruleTexts ?? []).map((text, index) => {
      const file = join(directory, `rules${index}.yml`);
      writeFileSync(file, text);
      return file;
    });
    const config = {
      global: {
        scrape_interval: `${options.scrapeSeconds ?? 1}s`,
        evaluation_interval: `${options.scrapeSeconds ?? 1}s`,
      },
      rule_files: [...(options.rules ?? []), ...texts],
      scrape_configs: [{ job_name: 'hublet', static_configs: [{ targets: [`127.0.0.1:${options.port}`] }] }],
    };
    // JSON is YAML too.
    writeFileSync(join(directory, 'prometheus.yml'), JSON.stringify(config));
    const address = `127.0.0.1:${await freePort()}`;
    const child = spawn(
      'setpriv',
      [
        '--pdeathsig=KILL',
        prometheus,
        `--config.file=${join(directory, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(directory, 'data')}`,
        `--web.listen-address=${address}`,
      ],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      said = (said + chunk).slice(-4_000);
    });
    const started = new Prometheus(child, address, directory);
    try {
      await waitFor('Prometheus to be ready', () => started.#isReady(), READY_MS);
    } catch (cause) {
      await started.stop();
      throw new Error(`Prometheus does not answer:\n${said}`, { cause });
    }
    return started;
  }

  /** The present series of an expression. @throws with Prometheus' own words where it is none */
  async query(expression: string): Promise<readonly QueriedSeries[]> {
    const { result } = await this.#get<{ readonly result: readonly RawSeries[] }>(
      `query?query=${encodeURIComponent(expression)}`,
    );
    return result.map(({ metric, value: [atSeconds, text] }) => ({ labels: metric, value: Number(text), atSeconds }));
  }

  /** Every sample of a range, such as `up[5m]`. @throws with Prometheus' own words where it is none */
  async range(selector: string): Promise<readonly ScrapedSeries[]> {
    const { result } = await this.#get<{ readonly result: readonly RawRange[] }>(
      `query?query=${encodeURIComponent(selector)}`,
    );
    return result.map(({ metric, values }) => ({
      labels: metric,
      samples: values.map(([atSeconds, text]) => ({ atSeconds, value: Number(text) })),
    }));
  }

  /** The value of an expression that has one series; undefined where it has none. @throws where there are several */
  async value(expression: string): Promise<number | undefined> {
    const series = await this.query(expression);
    if (series.length > 1) throw new Error(`${series.length} series for ${expression}`);
    return series[0]?.value;
  }

  async alerts(): Promise<readonly ActiveAlert[]> {
    return (await this.#get<{ readonly alerts: readonly ActiveAlert[] }>('alerts')).alerts;
  }

  /** What it knows of each family from the last scrape; units come by OpenMetrics alone. */
  async metadata(): Promise<readonly { readonly metric: string; readonly type: string; readonly unit: string }[]> {
    return this.#get('targets/metadata');
  }

  /** Names of the alerting and recording rules in force, each with `ok` or why it can't be evaluated. */
  async rules(): Promise<readonly { readonly name: string; readonly health: string; readonly lastError?: string }[]> {
    const { groups } = await this.#get<{ readonly groups: readonly { readonly rules: readonly RawRule[] }[] }>('rules');
    return groups.flatMap(({ rules }) => rules);
  }

  /** Ends it and removes its data. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      const hurry = setTimeout(() => this.#child.kill('SIGKILL'), END_MS);
      await exited;
      clearTimeout(hurry);
    }
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #isReady(): Promise<boolean> {
    if (this.#child.exitCode !== null) throw new Error(`it ended with ${this.#child.exitCode}`);
    try {
      return (await fetch(`http://${this.#address}/-/ready`)).ok;
    } catch (err) {
      // Nobody listens yet; fetch tells by a cause.
      if (err instanceof TypeError) return false;
      throw err;
    }
  }

  async #get<T>(path: string): Promise<T> {
    const response = await fetch(`http://${this.#address}/api/v1/${path}`);
    const answer = (await response.json()) as { readonly status: string; readonly error?: string; readonly data: T };
    if (answer.status !== 'success') throw new Error(`${decodeURIComponent(path)}: ${answer.error}`);
    return answer.data;
  }
}

type RawSeries = { readonly metric: Readonly<Record<string, string>>; readonly value: readonly [number, string] };
type RawRange = Pick<RawSeries, 'metric'> & { readonly values: readonly (readonly [number, string])[] };
type RawRule = { readonly name: string; readonly health: string; readonly lastError?: string };
