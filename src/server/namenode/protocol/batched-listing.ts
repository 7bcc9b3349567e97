// getBatchedListing: pages of several directories in one answer. What one path fails with stands in its place, and the
// client goes on with a key of ours. Apache: FSNamesystem.getBatchedListing.
import { createHash } from 'node:crypto';
import { HdfsError } from '../../../base/errors.ts';
import { InodeType } from '../../../core/namespace/inodes.ts';
import type { Namespace } from '../../../core/namespace/namespace.ts';
import { NOT_ABSOLUTE } from '../../../core/namespace/paths.ts';
import type { Caller } from '../../../core/namespace/permissions.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import { listing } from '../../../core/namespace/queries/listing.ts';
import { writeGetBatchedListingResponseProto } from '../../../wire/messages/client-namenode.ts';
import { BatchedListingKeyProto, writeRemoteExceptionProto } from '../../../wire/messages/hdfs.ts';
import type { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import type { FileStatusWriter, WriteLocations } from '../wire/file-status-writer.ts';

export interface BatchedListingRequest {
  readonly paths: readonly string[];
  readonly startAfter: Uint8Array;
}

export interface BatchedListingLimits {
  /** dfs.batched.ls.limit: paths in one request. */
  readonly paths: number;
  /** dfs.ls.limit: entries in one answer, and blocks of one that shows them. */
  readonly entries: number;
}

const EMPTY = new Uint8Array(0);

/** BatchedDirectoryListingProto in a GetBatchedListingResponseProto. */
const LISTING = { listings: 10, parentIdx: 16, exception: 26 } as const;

const hashOf = (paths: readonly string[]): Uint8Array => {
  const hash = createHash('md5');
  for (const path of paths) hash.update(path, 'utf8');
  return hash.digest();
};

interface Start {
  readonly index: number;
  readonly after: Uint8Array;
}

/** Where the client goes on. */
function startOf({ paths, startAfter }: BatchedListingRequest): Start {
  if (startAfter.length === 0) return { index: 0, after: EMPTY };
  const { checksum, pathIndex, startAfter: after } = BatchedListingKeyProto.decode(startAfter);
  // The answer to other paths. Apache checks it with a Precondition, which has no words but its class.
  if (!Buffer.from(checksum).equals(hashOf(paths))) throw new HdfsError('EILLEGAL', 'java.lang.IllegalArgumentException');
  // No name: the last that was shown was a file.
  return { index: after.length === 0 ? pathIndex + 1 : pathIndex, after };
}

/** Which of the paths an answer shows as listed. */
export interface Listed {
  readonly from: number;
  /** Behind the last; not the one at which the answer was full. */
  readonly to: number;
}

interface Page {
  readonly entries: number;
  readonly left: number;
  readonly lastName: Uint8Array;
}

export class BatchedListing {
  readonly #ns: Namespace;
  readonly #statuses: FileStatusWriter;
  readonly #limits: BatchedListingLimits;

  constructor(ns: Namespace, statuses: FileStatusWriter, limits: BatchedListingLimits) {
    this.#ns = ns;
    this.#statuses = statuses;
    this.#limits = limits;
  }

  check({ paths }: BatchedListingRequest): void {
    if (paths.length <= this.#limits.paths) return;
    throw new HdfsError('EILLEGAL', `Too many source paths (${paths.length} > ${this.#limits.paths})`);
  }

  /**
   * `locationsOf`: for the entries whose blocks are shown. `onDenied` is told at once of each path that the caller may not
   * read: a path behind it that is none may yet fail the whole call.
   */
  write(
    writer: ProtoWriter,
    caller: Caller,
    request: BatchedListingRequest,
    locationsOf: ((entry: FileStatus) => WriteLocations | undefined) | undefined,
    onDenied: (path: string) => void,
  ): Listed {
    const { paths } = request;
    let { index, after } = startOf(request);
    const from = index;
    let shown = 0;
    let last: Page | undefined;
    for (; index < paths.length; index++) {
      last = this.#onePath(writer, caller, index, { path: paths[index] as string, after }, locationsOf, onDenied);
      shown += last?.entries ?? 0;
      after = EMPTY;
      if (shown >= this.#limits.entries) break;
    }
    const isDone = index >= paths.length || (index === paths.length - 1 && last?.left === 0);
    const key = isDone
      ? EMPTY
      : BatchedListingKeyProto.encode({ checksum: hashOf(paths), pathIndex: index, startAfter: last?.lastName ?? EMPTY });
    writeGetBatchedListingResponseProto({ hasMore: !isDone, startAfter: key }, writer);
    return { from, to: index };
  }

  /** Undefined: it failed, and says so in its place. */
  #onePath(
    writer: ProtoWriter,
    caller: Caller,
    index: number,
    { path, after }: { readonly path: string; readonly after: Uint8Array },
    locationsOf: ((entry: FileStatus) => WriteLocations | undefined) | undefined,
    onDenied: (path: string) => void,
  ): Page | undefined {
    const at = writer.begin(LISTING.listings);
    let page: Page | undefined;
    try {
      const found = listing(this.#ns, caller, { path, startAfter: after, limit: this.#limits.entries });
      if (found === undefined) throw new HdfsError('ENOENT', `Path ${path} does not exist`, { path });
      page = this.#page(writer, found, locationsOf);
      writer.tag(LISTING.parentIdx).putUint32(index);
    } catch (error) {
      // What is no path at all is no exception of Java's, but an error, which nothing there catches.
      if (!(error instanceof HdfsError) || error.javaClass === NOT_ABSOLUTE) throw error;
      if (error.code === 'EACCES') onDenied(path);
      writer.tag(LISTING.parentIdx).putUint32(index);
      const exception = writer.begin(LISTING.exception);
      writeRemoteExceptionProto({ className: error.javaClass.replaceAll('$', '.'), message: error.message }, writer);
      writer.finish(exception);
    }
    writer.finish(at);
    return page;
  }

  #page(
    writer: ProtoWriter,
    found: NonNullable<ReturnType<typeof listing>>,
    locationsOf: ((entry: FileStatus) => WriteLocations | undefined) | undefined,
  ): Page {
    const { inodes } = this.#ns;
    let entries = 0;
    let lastName: Uint8Array = EMPTY;
    let blocksLeft = this.#limits.entries;
    const left = this.#statuses.entries(writer, found, {
      locationsOf: (entry) => (entry.type === InodeType.FILE ? locationsOf?.(entry) : undefined),
      more: (entry) => {
        entries++;
        if (found.isDirectory) lastName = entry.inode === 0 ? entry.name : inodes.name(entry.inode);
        if (locationsOf === undefined || entry.type !== InodeType.FILE) return true;
        blocksLeft -= inodes.blockCount(entry.inode) * Math.max(1, entry.replication);
        return blocksLeft > 0;
      },
    });
    return { entries, left, lastName };
  }
}
