/** A strict reader of text 0.0.4 and OpenMetrics, written from their descriptions and not from our renderer. */

export interface ParsedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string | undefined;
  readonly samples: ParsedSample[];
}

export interface ParsedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** @throws at whatever a scraper would refuse: samples without a family, doubled series, label names or metadata */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  const families = new Map<string, ParsedFamily>();
  const seen = new Set<string>();
  const metadata = new Map<string, Record<string, string>>();
  if (!text.endsWith('\n')) throw new Error('the last line is not ended');
  let current: ParsedFamily | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const comment = /^# (HELP|TYPE|UNIT) (\S+) (.*)$/.exec(line);
    if (comment !== null) {
      const [, keyword = '', name = '', rest = ''] = comment;
      const known = metadata.get(name) ?? {};
      if (known[keyword] !== undefined) throw new Error(`${keyword} of ${name} stands twice`);
      metadata.set(name, { ...known, [keyword]: rest });
      if (current?.name !== name && families.has(name)) throw new Error(`${name} is torn apart`);
      const { TYPE = 'untyped', HELP = '', UNIT } = metadata.get(name) ?? {};
      current = { name, type: TYPE, help: HELP, unit: UNIT, samples: [] };
      families.set(name, current);
      continue;
    }
    const sample = parseSample(line);
    if (current === undefined || !belongs(sample.name, current)) throw new Error(`no family for: ${line}`);
    const series = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(series)) throw new Error(`series stands twice: ${series}`);
    seen.add(series);
    current.samples.push(sample);
  }
  return families;
}

/** The value of one series; undefined where there is none. */
export function seriesValue(
  families: ReadonlyMap<string, ParsedFamily>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number | undefined {
  const samples = [...families.values()].flatMap((family) => family.samples);
  return samples.find(
    (sample) =>
      sample.name === name && Object.entries(labels).every(([label, value]) => sample.labels[label] === value),
  )?.value;
}

function belongs(sampleName: string, family: ParsedFamily): boolean {
  const suffixes = family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['', '_total'];
  return suffixes.some((suffix) => sampleName === family.name + suffix);
}

function parseSample(line: string): ParsedSample {
  const name = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0];
  if (name === undefined) throw new Error(`no metric name: ${line}`);
  let rest = line.slice(name.length);
  const labels: Record<string, string> = {};
  if (rest.startsWith('{')) {
    rest = rest.slice(1);
    while (!rest.startsWith('}')) {
      const match = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,(?=[a-zA-Z_])|(?=\}))/.exec(rest);
      if (match === null) throw new Error(`bad label: ${rest}`);
      const [whole, label = '', value = ''] = match;
      if (label in labels) throw new Error(`label ${label} stands twice: ${line}`);
      labels[label] = value.replaceAll(/\\(["\\n])/g, (_, character) => (character === 'n' ? '\n' : character));
      rest = rest.slice(whole.length);
    }
    rest = rest.slice(1);
  }
  const value = /^ (\S+)$/.exec(rest)?.[1];
  if (value === undefined) throw new Error(`no value: ${line}`);
  return { name, labels, value: toNumber(value) };
}

function toNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(text)) throw new Error(`not a number: ${text}`);
  return Number(text);
}
