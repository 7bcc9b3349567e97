// Directories that nobody, not even the superuser, deletes or renames while something is in them. Apache:
// FSDirectory.parseProtectedDirectories, DFSUtil.checkProtectedDescendants.
import { HdfsError } from '../../base/errors.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { isReservedName } from './paths.ts';
import { type ResolvedPath, resolvePath } from './resolve.ts';

export interface ProtectedDirectories {
  /** Sorted; see `protectedPaths`. */
  readonly paths: ReadonlySet<string>;
  /** What lies below them, at any depth, stays where it is too. */
  readonly withAllBelow: boolean;
}

export const NONE_PROTECTED: ProtectedDirectories = { paths: new Set(), withAllBelow: false };

/** Paths as a configuration names them, in one form; relative, reserved and foreign ones are passed over and told to `ignored`. */
export function protectedPaths(named: readonly string[], ignored: (path: string, why: string) => void): ReadonlySet<string> {
  const paths: string[] = [];
  for (const path of named) {
    if (isReservedName(path)) ignored(path, 'reserved');
    else if (/^[a-zA-Z][a-zA-Z0-9+.-]*:/.test(path)) ignored(path, 'of a file system');
    else if (!path.startsWith('/')) ignored(path, 'relative');
    else paths.push(plain(path));
  }
  return new Set(paths.sort());
}

/** Without repeated and ending slashes, and without `.` and `..`, as Hadoop's Path has it. */
function plain(path: string): string {
  const names: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && names.length > 0 && names.at(-1) !== '..') names.pop();
    else names.push(name);
  }
  return `/${names.join('/')}`;
}

export function isNonEmptyDirectory(ns: Namespace, inode: InodeHandle): boolean {
  return inode !== 0 && ns.inodes.type(inode) === InodeType.DIRECTORY && ns.inodes.childCount(inode) > 0;
}

/** Refuses to take a directory that is not empty from its place when it, or what is below it, is protected. */
export function checkUnprotected(ns: Namespace, path: ResolvedPath): void {
  const { paths, withAllBelow } = ns.options.protectedDirectories;
  if (paths.size === 0) return;
  const { text } = path;
  if (paths.has(text)) refuse('non-empty protected directory', text);
  const prefix = `${text}/`;
  for (const below of paths) {
    if (below.startsWith(prefix) && isNonEmptyDirectory(ns, inodeAt(ns, below))) {
      refuse('non-empty protected subdirectory', below);
    }
  }
  if (!withAllBelow) return;
  for (let end = text.lastIndexOf('/'); end > 0; end = text.lastIndexOf('/', end - 1)) {
    const above = text.slice(0, end);
    if (paths.has(above)) refuse('subdirectory under protected subdirectory', above);
  }
}

function inodeAt(ns: Namespace, path: string): InodeHandle {
  return resolvePath(ns, { user: ns.options.superuser, groups: [], superuser: true }, path, 'write').last;
}

function refuse(what: string, path: string): never {
  throw new HdfsError('EACCES', `Cannot delete/rename ${what} ${path}`, { path });
}
