// The NameNode's storage directories: which there are, what state each is in, and formatting them. What stands inside
// is Apache's: current/VERSION, seen_txid, fsimage_N and its .md5, edits_A-B, edits_inprogress_A, and in_use.lock beside.
import { HdfsError } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { directoriesOf } from '../../config/nameservices.ts';
import { LOCK_FILE, VERSION_FILE } from '../../format/storage/names.ts';
import { analyzeStorage, PREVIOUS, type StorageState } from '../../format/storage/upgrade-state.ts';
import type { DiskLock, Host } from '../../host/host.ts';

export interface NameDirectory {
  /** The directory as configured, without `current`. */
  readonly root: string;
  readonly image: boolean;
  readonly edits: boolean;
  /** Of the edits: the process stops when it fails. */
  readonly required: boolean;
  /** Of the directory and its `current`, where they are made: dfs.namenode.storage.dir.perm. */
  readonly mode: number;
}

/** Bits of group and others. */
const FOR_OTHERS = 0o077;

export const currentOf = (directory: NameDirectory): string => `${directory.root}/current`;

export interface NameDirectories {
  readonly all: readonly NameDirectory[];
  readonly minimumEdits: number;
}

function paths(configuration: Configuration, key: string): string[] {
  const found = [...new Set(directoriesOf(configuration, key).map((path) => path.replace(/(?<=.)\/+$/, '')))];
  for (const path of found) {
    if (!path.startsWith('/')) throw new HdfsError('EINVAL', `${key}: ${path} is not an absolute path`);
  }
  return found;
}

function together(
  configuration: Configuration,
  images: readonly string[],
  edits: readonly string[],
  required: ReadonlySet<string>,
): NameDirectory[] {
  const mode = configuration.getMode('dfs.namenode.storage.dir.perm');
  return [...new Set([...images, ...edits])].map((root) => ({
    root,
    image: images.includes(root),
    edits: edits.includes(root),
    required: required.has(root),
    mode,
  }));
}

/** The directories that a configuration names. Throws HdfsError EINVAL. */
export function nameDirectories(configuration: Configuration): NameDirectories {
  const images = paths(configuration, 'dfs.namenode.name.dir');
  const edits = paths(configuration, 'dfs.namenode.edits.dir');
  const required = new Set(paths(configuration, 'dfs.namenode.edits.dir.required'));
  if (images.length === 0) throw new HdfsError('EINVAL', 'dfs.namenode.name.dir names no directory');
  for (const path of required) {
    if (!edits.includes(path)) {
      throw new HdfsError(
        'EINVAL',
        `The required edits directory ${path} was not found in dfs.namenode.edits.dir (${edits.join(', ')})`,
      );
    }
  }
  return {
    all: together(configuration, images, edits, required),
    minimumEdits: Math.max(1, configuration.getInt('dfs.namenode.edits.dir.minimum')),
  };
}

/** Those of the secondary NameNode, from which a NameNode may import as well. Throws HdfsError EINVAL. */
export function checkpointDirectories(configuration: Configuration): readonly NameDirectory[] {
  const images = paths(configuration, 'dfs.namenode.checkpoint.dir');
  const edits = paths(configuration, 'dfs.namenode.checkpoint.edits.dir');
  for (const [found, key] of [
    [images, 'dfs.namenode.checkpoint.dir'],
    [edits, 'dfs.namenode.checkpoint.edits.dir'],
  ] as const) {
    if (found.length === 0) throw new HdfsError('EINVAL', `${key} names no directory`);
  }
  return together(configuration, images, edits, new Set());
}

/** Makes the directory itself, or its `current`. */
export async function makeDirectory({ disk }: Host, directory: NameDirectory, what: 'root' | 'current'): Promise<void> {
  const path = what === 'root' ? directory.root : currentOf(directory);
  const isThere = (directory.mode & FOR_OTHERS) !== 0 && (await disk.exists(path));
  await disk.mkdir(path, directory.mode);
  // The umask of the process takes from what others may; what was there before is left alone.
  if ((directory.mode & FOR_OTHERS) !== 0 && !isThere) await disk.chmod(path, directory.mode);
}

/** What stands in a directory; `previous` keeps the state of before an upgrade that can still be rolled back. */
export type DirectoryState = { readonly kind: 'missing' } | (StorageState & { readonly hasPrevious: boolean });

export async function stateOf(host: Host, directory: NameDirectory): Promise<DirectoryState> {
  if (!(await host.disk.exists(directory.root))) return { kind: 'missing' };
  const names = new Set(await host.disk.readdir(directory.root));
  const hasVersion = await host.disk.exists(`${currentOf(directory)}/${VERSION_FILE}`);
  return { ...analyzeStorage({ hasVersion, names }), hasPrevious: names.has(PREVIOUS) };
}

/** The words in which Apache refuses a directory. */
export const inconsistent = (directory: NameDirectory, what: string): HdfsError =>
  new HdfsError('EINCONSISTENT', `Directory ${directory.root} is in an inconsistent state: ${what}`);

export const lockPathOf = (directory: NameDirectory): string => `${directory.root}/${LOCK_FILE}`;

/** Locks every directory, or none. Rejects with HdfsError EBUSY that names the holder. By the directories' roots. */
export async function lockAll(host: Host, directories: readonly NameDirectory[]): Promise<Map<string, DiskLock>> {
  const locks = new Map<string, DiskLock>();
  try {
    for (const directory of directories) locks.set(directory.root, await host.disk.lock(lockPathOf(directory)));
    return locks;
  } catch (error) {
    for (const lock of locks.values()) await lock.release();
    throw error;
  }
}
