// Limits on new names: length, items of a directory, reserved names, objects in all. Apache: FSDirectory.verify….
import { HdfsError } from '../../base/errors.ts';
import { type InodeHandle, InodeType } from './inodes.ts';
import type { Namespace } from './namespace.ts';
import { nameIs, nameText, SNAPSHOT_NAME } from './paths.ts';

const RESERVED_ROOT_NAME = '.reserved';

/** A name of its own for a new or renamed child of `parent` (0: a directory that is about to be made). */
export function checkName(ns: Namespace, name: Uint8Array, parent: InodeHandle, parentText: () => string): void {
  if (parent === ns.inodes.root && nameIs(name, RESERVED_ROOT_NAME)) {
    throw new HdfsError(
      'EINVAL',
      `File name "${RESERVED_ROOT_NAME}" is reserved and cannot be created. If this is during upgrade change the name of the ` +
        'existing file or directory to another name before upgrading to the new release.',
    );
  }
  checkNameLength(ns, name, parentText);
  if (parent !== 0) checkItems(ns, parent, parentText);
  checkNotSnapshot(name);
}

/** `.snapshot` is never an inode's own name. */
export function checkNotSnapshot(name: Uint8Array): void {
  if (nameIs(name, SNAPSHOT_NAME)) throw new HdfsError('EINVAL', `"${SNAPSHOT_NAME}" is a reserved name.`);
}

export function checkNameLength(ns: Namespace, name: Uint8Array, parentText: () => string): void {
  const limit = ns.options.maxComponentLength;
  if (limit === 0 || name.length <= limit) return;
  throw new HdfsError(
    'ENAMETOOLONG',
    `The maximum path component name limit of ${nameText(name)} in directory ${parentText()} is exceeded: ` +
      `limit=${limit} length=${name.length}`,
  );
}

export function checkItems(ns: Namespace, directory: InodeHandle, text: () => string): void {
  const items = ns.inodes.type(directory) === InodeType.DIRECTORY ? ns.inodes.childCount(directory) : 0;
  const limit = ns.options.maxDirectoryItems;
  if (items < limit) return;
  throw new HdfsError('EMAXITEMS', `The directory item limit of ${text()} is exceeded: limit=${limit} items=${items}`);
}

/** Inodes and blocks together. Apache: FSNamesystem.checkFsObjectLimit. */
export function checkObjectCount(ns: Namespace): void {
  const limit = ns.options.maxObjects;
  if (limit !== 0 && limit <= ns.inodeCount + ns.blockCount) {
    throw new HdfsError('EIO', `Exceeded the configured number of objects ${limit} in the filesystem.`);
  }
}
