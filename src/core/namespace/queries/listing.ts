// getListing: the children of a directory in byte order of their names, a page at a time, from after any name. Apache:
// FSDirStatAndListingOp.getListing.
import { utf8, utf8Bytes } from '../../../base/bytes.ts';
import { HdfsError } from '../../../base/errors.ts';
import { effectivePolicy, localPolicy } from '../inode-policy.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import { isReservedName, splitPath } from '../paths.ts';
import { type Caller, FsAction } from '../permissions.ts';
import { checkPermission, expandReserved, isReservedDirectory, type ResolvedPath, resolvePath } from '../resolve.ts';
import { type FileStatus, fileStatusOf, reservedStatus } from './file-status.ts';

export interface ListingRequest {
  readonly path: string;
  /** Last name of the page before; empty: from the first. */
  readonly startAfter: Uint8Array;
  /** Entries at most. */
  readonly limit: number;
  /** Called for each entry with its status; false ends the page early, as when its blocks filled the answer. */
  readonly more?: (entry: FileStatus) => boolean;
}

export interface Listing {
  readonly path: ResolvedPath;
  readonly entries: readonly FileStatus[];
  /** How many more there are. */
  readonly remaining: number;
}

/** Undefined: nothing stands at the path. A file's listing is its own status, without a name. */
export function listing(ns: Namespace, caller: Caller, request: ListingRequest): Listing | undefined {
  const { inodes } = ns;
  const path = resolvePath(ns, caller, request.path, 'read');
  const startAfter = startName(ns, request.startAfter);
  const directory = path.last;
  const isDirectory = directory !== 0 && inodes.type(directory) === InodeType.DIRECTORY;
  if (isDirectory) checkPermission(ns, caller, path, { self: FsAction.READ_EXECUTE });
  if (isReservedDirectory(path)) return { path, entries: reservedEntries(ns), remaining: 0 };
  if (directory === 0) return undefined;
  if (!isDirectory) {
    const entry = fileStatusOf(ns, directory);
    request.more?.(entry);
    return { path, entries: [entry], remaining: 0 };
  }
  const policy = effectivePolicy(inodes, directory);
  const entries: FileStatus[] = [];
  if (request.limit > 0) {
    inodes.forEachChild(directory, startAfter, (child: InodeHandle) => {
      const entry = fileStatusOf(ns, child, inodes.name(child), localPolicy(inodes, child) || policy);
      entries.push(entry);
      return (request.more?.(entry) ?? true) && entries.length < request.limit;
    });
  }
  return { path, entries, remaining: remainingAfter(ns, directory, startAfter, entries) };
}

/** Children behind the page. The number is exact up to a bound; beyond it a client only sees that there are more. */
function remainingAfter(
  ns: Namespace,
  directory: InodeHandle,
  startAfter: Uint8Array | undefined,
  entries: readonly FileStatus[],
): number {
  const last = entries[entries.length - 1];
  const total = ns.inodes.childCount(directory);
  // From the first page on the rest is known by subtraction.
  if (startAfter === undefined) return total - entries.length;
  const from = last?.name ?? startAfter;
  let counted = 0;
  ns.inodes.forEachChild(directory, from, () => ++counted < REMAINING_COUNTED);
  return counted;
}

const REMAINING_COUNTED = 1000;

/** A client may name the last entry by an inode path, when it knows no other. */
function startName(ns: Namespace, startAfter: Uint8Array): Uint8Array | undefined {
  if (startAfter.length === 0) return undefined;
  if (startAfter[0] !== 0x2f) return startAfter;
  const text = utf8(startAfter);
  if (!isReservedName(text)) return startAfter;
  try {
    const components = expandReserved(ns.inodes, splitPath(text));
    return components[components.length - 1];
  } catch (error) {
    throw new HdfsError('EIO', `Can't find startAfter ${text}`, {
      cause: error,
      remoteClass: 'org.apache.hadoop.fs.DirectoryListingStartAfterNotFoundException',
    });
  }
}

const RESERVED_MODE = 0o770;

function reservedEntries(ns: Namespace): FileStatus[] {
  return ['.inodes', 'raw'].map((name) => reservedStatus(utf8Bytes(name), RESERVED_MODE, ns.options.supergroup, 0));
}
