// Paths as users give them, made absolute and clean before they go to a NameNode. Pure.
import { HdfsError } from '../base/errors.ts';

export type PathLike = string | URL;

export interface PathRules {
  /** Home directory, for relative paths. */
  readonly home: string;
  /** Authority of the file system (`ns1`, `host:8020`): a URI of another one is refused. */
  readonly authorities: readonly string[];
}

/** An absolute path that is clean already, as nearly all are. */
const CLEAN = /^(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)+$/;

/** `hdfs://AUTHORITY/path`, `/path` or `path` as an absolute path without `.`, `..` and doubled slashes. Throws EINVALIDPATH. */
export function resolvePath(path: PathLike, rules: PathRules): string {
  let text = typeof path === 'string' ? path : decodeURI(path.href);
  if (CLEAN.test(text)) return text;
  const uri = /^([a-zA-Z][a-zA-Z0-9+.-]*):(?:\/\/([^/]*))?(.*)$/s.exec(text);
  if (uri !== null && (uri[2] !== undefined || uri[1] === 'hdfs')) {
    const [, scheme, authority = '', rest = ''] = uri;
    if (scheme !== 'hdfs' || (authority !== '' && !rules.authorities.includes(authority))) {
      throw new HdfsError('EINVALIDPATH', `Wrong FS: ${text}, expected: hdfs://${rules.authorities[0] ?? ''}`, { path: text });
    }
    text = rest === '' ? '/' : rest;
  }
  if (text === '') throw new HdfsError('EINVALIDPATH', 'Can not create a Path from an empty string');
  if (text.includes('\0')) throw new HdfsError('EINVALIDPATH', 'A path may not hold a zero byte', { path: text });
  const full = text.startsWith('/') ? text : `${rules.home}/${text}`;
  const parts: string[] = [];
  for (const part of full.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..') parts.pop();
    else parts.push(part);
  }
  return `/${parts.join('/')}`;
}

/** Path of the directory that holds `path`; `/` holds itself. */
export function parentOf(path: string): string {
  const at = path.lastIndexOf('/');
  return at <= 0 ? '/' : path.slice(0, at);
}

export function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

export function join(directory: string, name: string): string {
  return directory === '/' ? `/${name}` : `${directory}/${name}`;
}

/** Whether `path` is `directory` or lies below it. */
export function isWithin(path: string, directory: string): boolean {
  return directory === '/' || path === directory || path.startsWith(`${directory}/`);
}
