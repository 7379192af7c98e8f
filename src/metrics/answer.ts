import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** What a request gets, whoever asked and how. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  /** The body compressed, made at the first call off the loop's thread; undefined where that isn't worth it. */
  readonly gzipped: (() => Promise<Buffer>) | undefined;
}

const GZIP_FROM_BYTES = 1024;
/** Exposition text repeats itself so much that the higher levels gain a twelfth in size for twice the time. */
const GZIP_LEVEL = 1;

const compress = promisify(gzip);

export function textAnswer(
  status: number,
  text: string | Buffer,
  contentType = 'text/plain; charset=utf-8',
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = typeof text === 'string' ? Buffer.from(text) : text;
  let compressed: Promise<Buffer> | undefined;
  const gzipped = (): Promise<Buffer> => {
    compressed ??= compress(body, { level: GZIP_LEVEL });
    return compressed;
  };
  return {
    status,
    headers: { 'content-type': contentType, ...headers },
    body,
    gzipped: body.length < GZIP_FROM_BYTES ? undefined : gzipped,
  };
}
