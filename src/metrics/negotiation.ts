import type { ExpositionFormat } from './exposition.ts';

/** One choice of an Accept or Accept-Encoding header. */
interface Choice {
  readonly value: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** 0 to 1; 0 refuses. */
  readonly quality: number;
}

/** OpenMetrics versions whose readers take what is rendered as 1.0.0. */
const OPENMETRICS_VERSIONS: readonly (string | undefined)[] = ['1.0.0', '0.0.1', undefined];

/** The format of a scrape: OpenMetrics only for whom asks for it by name and not for text more strongly. */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  const choices = parseChoices(accept);
  const openMetrics = bestQuality(
    choices.filter(
      ({ value, parameters }) =>
        value === 'application/openmetrics-text' && OPENMETRICS_VERSIONS.includes(parameters.get('version')),
    ),
  );
  const text = bestQuality(choices.filter(({ value }) => value === 'text/plain'));
  return openMetrics > 0 && openMetrics >= text ? 'openmetrics' : 'text';
}

/** Whether the client takes gzip; no header means no. @see RFC 9110, 12.5.3 */
export function acceptsGzip(acceptEncoding: string | undefined): boolean {
  const choices = parseChoices(acceptEncoding);
  const named = choices.find(({ value }) => value === 'gzip') ?? choices.find(({ value }) => value === '*');
  return named !== undefined && named.quality > 0;
}

function bestQuality(choices: readonly Choice[]): number {
  return choices.reduce((best, { quality }) => Math.max(best, quality), 0);
}

function parseChoices(header: string | undefined): readonly Choice[] {
  if (header === undefined) return [];
  return header.split(',').map((choice) => {
    const [value = '', ...rest] = choice.split(';').map((part) => part.trim());
    const parameters = new Map(
      rest.map((part) => {
        const [name = '', text = ''] = part.split('=', 2);
        return [name.trim().toLowerCase(), text.trim().replace(/^"(.*)"$/, '$1')];
      }),
    );
    const quality = Number(parameters.get('q') ?? 1);
    return { value: value.toLowerCase(), parameters, quality: quality >= 0 && quality <= 1 ? quality : 0 };
  });
}
