import { posix } from 'node:path';
import { PropertySyntaxError } from './error.ts';
import type { Word } from './words.ts';

/** Source, destination, whether the source may be absent, and mount flags, as D-Bus has a bind mount (`(ssbt)`). */
export type BindEntry = readonly [source: string, destination: string, isOptional: boolean, flags: bigint];
/** Options of a file system image by the designator of its partition (`a(ss)`). */
export type ImageOptions = readonly (readonly [partition: string, options: string])[];

const RECURSIVE = 1n << 14n;
const PARTITIONS: readonly string[] = 'root usr home srv esp xbootldr swap root-verity usr-verity tmp var'.split(' ');

/** An absolute path without `.` and `..`, normalised. @throws {PropertySyntaxError} */
export function parsePath(text: string): string {
  if (!text.startsWith('/') || text.split('/').includes('..')) {
    throw new PropertySyntaxError(`expects an absolute path without .., not ${JSON.stringify(text)}`);
  }
  const path = posix.normalize(text);
  return path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path;
}

/** A path with `-` before it where it may be absent, and with `+` where it is below RootDirectory=. @throws {PropertySyntaxError} */
export function parsePrefixedPath(text: string): string {
  const [, prefix = '', path = ''] = /^(-?\+?)(.*)$/s.exec(text) ?? [];
  return `${prefix}${parsePath(path)}`;
}

/** A path below the directory that systemd makes it in. @see systemd.exec(5), "RuntimeDirectory=" @throws {PropertySyntaxError} */
export function parseDirectory(text: string): string {
  const parts = text.split('/');
  if (parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new PropertySyntaxError(`expects a relative path without .., not ${JSON.stringify(text)}`);
  }
  return text;
}

/** `source`, `source:destination` or `source:destination:norbind`, `-` before it where the source may be absent. @see systemd.exec(5), "BindPaths=" @throws {PropertySyntaxError} */
export function parseBind({ parts }: Word): BindEntry {
  const [first = '', second, option = 'rbind'] = parts;
  const isOptional = first.startsWith('-');
  if (parts.length > 3 || (option !== 'rbind' && option !== 'norbind')) {
    throw new PropertySyntaxError('expects source:destination, with :rbind or :norbind after it');
  }
  const source = parsePath(isOptional ? first.slice(1) : first);
  return [source, second === undefined ? source : parsePath(second), isOptional, option === 'rbind' ? RECURSIVE : 0n];
}

/** `path` or `path:options`. @see systemd.exec(5), "TemporaryFileSystem=" @throws {PropertySyntaxError} */
export function parseTemporary({ parts }: Word): readonly [path: string, options: string] {
  const [path = '', ...options] = parts;
  return [parsePath(path), options.join(':')];
}

/** Options of images: `ro,nodev` for the root, `home:nosuid` for another partition, pairs one after the other. @see systemd.exec(5), "RootImageOptions=" @throws {PropertySyntaxError} */
export function parseImageOptions(parts: readonly string[]): ImageOptions {
  if (parts.length === 0) return [];
  if (parts.length === 1) return [['root', parts[0] ?? '']];
  if (parts.length % 2 !== 0) throw new PropertySyntaxError('expects options, or pairs such as root:ro:home:nodev');
  const pairs: (readonly [string, string])[] = [];
  for (let at = 0; at < parts.length; at += 2) {
    const partition = parts[at] ?? '';
    if (!PARTITIONS.includes(partition)) {
      throw new PropertySyntaxError(`${JSON.stringify(partition)} is no partition: expects ${PARTITIONS.join(', ')}`);
    }
    pairs.push([partition, parts[at + 1] ?? '']);
  }
  return pairs;
}

/** `image:destination`, with options after it. @see systemd.exec(5), "MountImages=" @throws {PropertySyntaxError} */
export function parseMountImage({ parts }: Word): readonly [string, string, boolean, ImageOptions] {
  const [source, isOptional] = optionalPath(parts[0] ?? '');
  if (parts[1] === undefined) throw new PropertySyntaxError('expects image:destination, with options after it');
  return [source, parsePath(parts[1]), isOptional, parseImageOptions(parts.slice(2))];
}

/** `image`, with options after it. @see systemd.exec(5), "ExtensionImages=" @throws {PropertySyntaxError} */
export function parseExtensionImage({ parts }: Word): readonly [string, boolean, ImageOptions] {
  const [source, isOptional] = optionalPath(parts[0] ?? '');
  return [source, isOptional, parseImageOptions(parts.slice(1))];
}

/** A device node or class, and what may be done with it: `/dev/nvidia0 rw`, `char-pts`; `rwm` where not said. @see systemd.resource-control(5), "DeviceAllow=" @throws {PropertySyntaxError} */
export function parseDevice(words: readonly string[]): readonly [device: string, access: string] {
  const [device = '', access = 'rwm', ...more] = words;
  const isNode = /^\/(?:dev|run\/systemd\/inaccessible)\//.test(device) && !device.split('/').includes('..');
  if (!isNode && !/^(?:char|block)-[^/]+$/.test(device)) {
    throw new PropertySyntaxError('expects a device node such as /dev/fuse, or a class such as char-pts');
  }
  const isAccess = /^[rwm]{1,3}$/.test(access) && new Set(access).size === access.length;
  if (!isAccess || more.length > 0) throw new PropertySyntaxError('expects one device and some of the letters r, w, m');
  return [device, access];
}

function optionalPath(text: string): [path: string, isOptional: boolean] {
  const isOptional = text.startsWith('-');
  return [parsePath(isOptional ? text.slice(1) : text), isOptional];
}
