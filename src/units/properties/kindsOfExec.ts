import { parseChoice } from '../syntax/choices.ts';
import { PropertySyntaxError } from '../syntax/error.ts';
import { parseDirectory, parsePath } from '../syntax/mounts.ts';
import { splitWords, unescapeText } from '../syntax/words.ts';
import { onlyText, plainText, scalar, sinceReset } from './kinds.ts';
import type { Kind } from './row.ts';

/** Directories below systemd's own, each with another name for it after a colon. */
export const DIRECTORIES: Kind = {
  signature: 'as',
  readBack: 'set',
  others: (name) => [{ name: `${name}Symlink`, signature: 'a(sst)', since: 251, readBack: 'set' }],
  read: (texts, name) => {
    const entries = sinceReset(texts).flatMap((text) => splitWords(plainText(text), 'keep').map(({ parts }) => parts));
    if (entries.some((parts) => parts.length > 2))
      throw new PropertySyntaxError('expects directory, or directory:link');
    const plain = entries.filter(({ length }) => length === 1).map(([directory = '']) => parseDirectory(directory));
    const linked = entries.filter(({ length }) => length === 2);
    const links = linked.map(([directory = '', link = '']) => [parseDirectory(directory), parseDirectory(link), 0n]);
    const isPlain = plain.length > 0 || links.length === 0;
    return [
      ...(isPlain ? [[name, plain] as const] : []),
      ...(links.length > 0 ? [[`${name}Symlink`, links] as const] : []),
    ];
  },
};

const OUTPUTS = ['inherit', 'null', 'tty', 'journal', 'kmsg', 'journal+console', 'kmsg+console', 'socket'];
const INPUTS = ['null', 'tty', 'tty-force', 'tty-fail', 'data', 'socket'];

/** A word, or a file after `file:`, `append:`, `truncate:`. */
export const OUTPUT: Kind = {
  signature: 's',
  others: (name) => [
    { name: `${name}File`, signature: 's', readBack: 'never' },
    { name: `${name}FileToAppend`, signature: 's', readBack: 'never' },
    { name: `${name}FileToTruncate`, signature: 's', since: 248, readBack: 'never' },
    { name: `${name}FileDescriptorName`, signature: 's' },
  ],
  read: (texts, name) => {
    const [how, rest] = divided(onlyText(texts));
    switch (how) {
      case 'file':
        return [[`${name}File`, parsePath(plainText(rest))]];
      case 'append':
        return [[`${name}FileToAppend`, parsePath(plainText(rest))]];
      case 'truncate':
        return [[`${name}FileToTruncate`, parsePath(plainText(rest))]];
      case 'fd':
        return [[`${name}FileDescriptorName`, plainText(rest)]];
      default:
        return [[name, parseChoice(onlyText(texts), [...OUTPUTS, 'file:/path', 'append:/path', 'truncate:/path'])]];
    }
  },
};

/** A word, or a file after `file:`. */
export const INPUT: Kind = {
  signature: 's',
  others: (name) => [
    { name: `${name}File`, signature: 's', readBack: 'never' },
    { name: `${name}FileDescriptorName`, signature: 's' },
  ],
  read: (texts, name) => {
    const [how, rest] = divided(onlyText(texts));
    if (how === 'file') return [[`${name}File`, parsePath(plainText(rest))]];
    if (how === 'fd') return [[`${name}FileDescriptorName`, plainText(rest)]];
    return [[name, parseChoice(onlyText(texts), [...INPUTS, 'file:/path'])]];
  },
};

/** Lines of text with C escapes, each ended. */
export const INPUT_TEXT: Kind = {
  signature: 'ay',
  read: (texts, name) => [
    [name, Buffer.concat(sinceReset(texts).map((text) => Buffer.concat([unescapeText(text), Buffer.from('\n')])))],
  ],
};

/** Bytes in Base64. */
export const INPUT_DATA: Kind = {
  signature: 'ay',
  read: (texts, name) => [[name, Buffer.concat(sinceReset(texts).map(base64Bytes))]],
};

/** A credential that only this host can open, in Base64 after its name. */
export const SEALED_CREDENTIALS: Kind = {
  signature: 'a(say)',
  readBack: 'set',
  read: (texts, name) => [
    [
      name,
      sinceReset(texts).map((text) => {
        const [id, data] = divided(text);
        if (!/^[^/:\s]{1,255}$/.test(id) || data === '') throw new PropertySyntaxError('expects name:Base64');
        return [plainText(id), base64Bytes(data)];
      }),
    ],
  ],
};

/** A pattern of lines to keep, or with `~` before it to drop. */
export const LOG_PATTERNS: Kind = {
  signature: 'a(bs)',
  readBack: 'set',
  read: (texts, name) => [
    [
      name,
      sinceReset(texts).map((text) => {
        const isDropped = text.startsWith('~');
        return [!isDropped, plainText(isDropped ? text.slice(1) : text)];
      }),
    ],
  ],
};

/** A hash in hexadecimal, or the path of a file that holds it. */
export const ROOT_HASH: Kind = {
  signature: 'ay',
  others: (name) => [{ name: `${name}Path`, signature: 's' }],
  read: (texts, name) => {
    const text = onlyText(texts);
    if (text.startsWith('/')) return [[`${name}Path`, parsePath(plainText(text))]];
    if (text.length < 32 || !/^(?:[0-9A-Fa-f]{2})*$/.test(text)) {
      throw new PropertySyntaxError('expects a hash in hexadecimal, 32 digits or more, or an absolute path');
    }
    return [[name, Buffer.from(text, 'hex')]];
  },
};

/** A signature as `base64:...`, or the path of a file that holds it. */
export const ROOT_HASH_SIGNATURE: Kind = {
  signature: 'ay',
  others: (name) => [{ name: `${name}Path`, signature: 's' }],
  read: (texts, name) => {
    const text = onlyText(texts);
    if (text.startsWith('base64:')) return [[name, base64Bytes(text.slice('base64:'.length))]];
    return [[`${name}Path`, parsePath(plainText(text))]];
  },
};

/** A label that may be absent where `-` is before it. */
export const LABEL = scalar('(bs)', (text) => {
  const isOptional = text.startsWith('-');
  return [isOptional, plainText(isOptional ? text.slice(1) : text)];
});

function divided(text: string): [before: string, after: string] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function base64Bytes(text: string): Buffer {
  const plain = text.replace(/\s/g, '');
  if (plain === '' || plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) {
    throw new PropertySyntaxError('expects Base64');
  }
  return Buffer.from(plain, 'base64');
}
