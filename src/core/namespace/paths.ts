// Paths as text: the one place that splits them into name bytes, joins them again and says which are allowed. What
// stands at a path is resolve.ts; who may go there is permissions.ts.
import { HdfsError } from '../../base/errors.ts';

/** Apache: HdfsServerConstants.MAX_PATH_LENGTH, in UTF-16 units as Java counts. */
export const MAX_PATH_LENGTH = 8000;
/** Apache: HdfsServerConstants.MAX_PATH_DEPTH. */
export const MAX_PATH_DEPTH = 1000;

const SLASH = 0x2f;
const EMPTY_NAME = new Uint8Array(0);

/** Components of a path: the root's empty name first, then one entry for each name. */
export type PathComponents = readonly Uint8Array[];

/** Components of the root alone. */
export const ROOT_COMPONENTS: PathComponents = [EMPTY_NAME];

/** Java class that a path which is not absolute is refused with. Apache: DFSUtil.getPathComponents. */
export const NOT_ABSOLUTE = 'java.lang.AssertionError';

/**
 * Splits an absolute path. Repeated and trailing slashes vanish, as in Apache's DFSUtil.getPathComponents. Throws
 * HdfsError for a path that is not absolute, under the class name that Apache answers with.
 */
export function splitPath(path: string): PathComponents {
  if (!path.startsWith('/')) {
    throw new HdfsError('EILLEGAL', `Absolute path required, but got '${path}'`, {
      remoteClass: NOT_ABSOLUTE,
      path,
    });
  }
  const bytes = Buffer.from(path, 'utf8');
  const components: Uint8Array[] = [EMPTY_NAME];
  let start = 1;
  for (let i = 1; i <= bytes.length; i++) {
    if (i < bytes.length && bytes[i] !== SLASH) continue;
    if (i > start) components.push(bytes.subarray(start, i));
    start = i + 1;
  }
  return components;
}

/** Text of the components from `from` up to (not including) `to`; absolute when `from` is 0. */
export function joinPath(components: PathComponents, from = 0, to = components.length): string {
  if (to <= from) return '';
  if (from === 0 && to === 1) return '/';
  const names: string[] = [];
  for (let i = from; i < to; i++) names.push(nameText(components[i] as Uint8Array));
  return names.join('/');
}

/** Whether joining the components of the path would give just its text. */
export function isCanonical(path: string): boolean {
  return !path.includes('//') && (path.length === 1 || !path.endsWith('/'));
}

/** Whether a name is this text, which is ASCII. */
export function nameIs(name: Uint8Array | undefined, text: string): boolean {
  if (name === undefined || name.length !== text.length) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== text.charCodeAt(i)) return false;
  return true;
}

/** A name as text. */
export function nameText(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.byteLength).toString('utf8');
}

/** Whether a path that is to be created is well formed. Apache: DFSUtilClient.isValidName. */
export function isValidName(path: string): boolean {
  if (!path.startsWith('/')) return false;
  // Most paths have nothing that could be wrong.
  if (!path.includes(':') && !path.includes('//') && !path.includes('/.')) return true;
  const names = path.split('/');
  while (names.length > 0 && names[names.length - 1] === '') names.pop();
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    if (name === '.' || name.includes(':')) return false;
    if (name === '..' && !(names.length > 4 && names[1] === '.reserved' && names[2] === '.inodes')) return false;
    if (name === '' && i !== 0 && i !== names.length - 1) return false;
  }
  return true;
}

/** Whether a path is short and shallow enough to be made. Apache: NameNodeRpcServer.checkPathLength. */
export function isPathLengthAllowed(path: string): boolean {
  if (path.length > MAX_PATH_LENGTH) return false;
  if (path.length <= MAX_PATH_DEPTH) return true;
  let depth = 0;
  for (let i = 0; i < path.length; i++) {
    if (path.charCodeAt(i) === SLASH && i + 1 < path.length && path.charCodeAt(i + 1) !== SLASH) depth++;
  }
  return depth <= MAX_PATH_DEPTH;
}

/** A path, perhaps with scheme and host before it, as Java's URI normalizes it: dots are gone where they lead somewhere. */
export function withoutDots(path: string): string {
  const [, head = '', tail = ''] = /^([A-Za-z][A-Za-z0-9+.-]*:(?:\/\/[^/]*)?)?(.*)$/s.exec(path) ?? [];
  if (tail === '') return head;
  const names: string[] = [];
  for (const name of tail.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else names.push(name);
  }
  return `${head}/${names.join('/')}`;
}

/** In Apache's words, which are those of its Path class. */
export function checkNotEmpty(path: string): void {
  if (path === '') throw new HdfsError('EILLEGAL', 'Can not create a Path from an empty string', { path });
}

/** Refuses a path that is too long or too deep to be made by `method`. */
export function checkPathLength(method: string, path: string): void {
  checkNotEmpty(path);
  if (!isPathLengthAllowed(path)) {
    throw new HdfsError(
      'EIO',
      `${method}: Pathname too long.  Limit ${MAX_PATH_LENGTH} characters, ${MAX_PATH_DEPTH} levels.`,
      { path },
    );
  }
}

/** The name under which a directory shows its snapshots. */
export const SNAPSHOT_NAME = '.snapshot';

const RESERVED_PREFIX = '/.reserved';

/** `/.reserved` itself. */
export const isExactReservedName = (path: string): boolean => path === RESERVED_PREFIX;
/** Anything below `/.reserved`. */
export const isReservedName = (path: string): boolean => path.startsWith(`${RESERVED_PREFIX}/`);
export const isReservedRawName = (path: string): boolean => path.startsWith(`${RESERVED_PREFIX}/raw`);
export const isReservedInodesName = (path: string): boolean => path.startsWith(`${RESERVED_PREFIX}/.inodes`);

/** Apache: InvalidPathException. */
export function invalidPath(path: string): HdfsError {
  return new HdfsError('EINVALIDPATH', `Invalid path name ${path}`, { path });
}
