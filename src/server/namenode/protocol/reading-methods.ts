// ClientProtocol's questions about the tree: status, listings, locations, counts, rights. A read waits only for changes,
// not yet durable, of what it met.
import { HdfsError } from '../../../base/errors.ts';
import type { Now } from '../../../core/blocks/datanode.ts';
import { fileLength } from '../../../core/namespace/file-length.ts';
import { InodeType } from '../../../core/namespace/inodes.ts';
import type { Caller, FsAction } from '../../../core/namespace/permissions.ts';
import { checkAccess, preferredBlockSize, storagePolicyOf } from '../../../core/namespace/queries/access.ts';
import {
  accessTimeOp,
  type BlockRange,
  blockLocations,
  blocksOfRange,
} from '../../../core/namespace/queries/block-locations.ts';
import { beginContentSummary, beginQuotaUsage, type CountWalk } from '../../../core/namespace/queries/content-summary.ts';
import { type FileStatus, fileStatus } from '../../../core/namespace/queries/file-status.ts';
import { linkTarget } from '../../../core/namespace/queries/link-target.ts';
import { listing } from '../../../core/namespace/queries/listing.ts';
import type { ResolvedPath } from '../../../core/namespace/resolve.ts';
import type { Writer } from '../../../core/placement/policy.ts';
import { STORAGE_POLICIES, type StoragePolicy, storagePolicyById } from '../../../core/placement/storage-policy.ts';
import type { Handlers, RpcCall, Written } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import type { BlockStoragePolicyProtoInit } from '../../../wire/messages/hdfs.ts';
import type { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import type { Locations } from '../locations.ts';
import type { NameSystem } from '../namesystem.ts';
import { FileStatusWriter, type ListedEntries } from '../wire/file-status-writer.ts';
import { contentSummaryProto, quotaUsageProto } from '../wire/files.ts';
import { BatchedListing } from './batched-listing.ts';

/** Inodes that a count looks at in one turn. */
const COUNT_SLICE = 2_500;
/** A tree that changes under this many counts is counted as it changes. */
const COUNT_TRIES = 3;

/** An answer without fields: nothing stands there. */
const NOTHING = (): void => undefined;

export interface ReadingMethodParts {
  readonly system: NameSystem;
  readonly locations: Locations;
  /** dfs.ls.limit: entries of a listing, and blocks of one that shows them. */
  readonly listLimit: number;
  /** dfs.batched.ls.limit: paths of a batched listing. */
  readonly batchLimit: number;
  /** Told of each directory of a batched listing, and of what a question for a link's target saw, for the audit log. */
  readonly onRead: (allowed: boolean, cmd: string, path: string, call: RpcCall) => void;
}

const policyProto = (policy: StoragePolicy): BlockStoragePolicyProtoInit => ({
  policyId: policy.id,
  name: policy.name,
  creationPolicy: { storageTypes: policy.storageTypes },
  creationFallbackPolicy: { storageTypes: policy.creationFallbacks },
  replicationFallbackPolicy: { storageTypes: policy.replicationFallbacks },
});

export function readingMethods({
  system,
  locations,
  listLimit,
  batchLimit,
  onRead,
}: ReadingMethodParts): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns, host } = system;
  const statuses = new FileStatusWriter(ns.inodes, (file) => fileLength(ns, file));
  const batched = new BatchedListing(ns, statuses, { paths: batchLimit, entries: listLimit });

  const waitForPath = (call: RpcCall, path: ResolvedPath): void => system.waitFor(call, path.inodes);

  const placeOf = (call: RpcCall): Writer | undefined => locations.placeOf(call.remote.host);

  const allBlocks =
    (status: FileStatus, reader: Writer | undefined, now: Now) =>
    (writer: ProtoWriter): void =>
      locations.writeFile(writer, blocksOfRange(ns, status.inode, 0, status.length), reader, now);

  /** Status of a path for one of the calls that ask for it; nothing when nothing stands there. */
  const status = (call: RpcCall, src: string, follow: boolean, located: boolean): Written | Promise<Written> =>
    system.read(call, (caller) => {
      const found = fileStatus(ns, caller, src, follow);
      if (found === undefined) return call.write(NOTHING);
      waitForPath(call, found.path);
      const { status: value } = found;
      if (value === undefined) return call.write(NOTHING);
      const isLocated = located && value.type === InodeType.FILE;
      const blocks = isLocated ? allBlocks(value, placeOf(call), system.turn()) : undefined;
      return call.write((writer) => statuses.answer(writer, value, blocks));
    });

  /** Steps a count in slices, beginning anew a few times when the tree changed under it. */
  const counted = <W extends CountWalk, R>(
    call: RpcCall,
    begin: (caller: Caller) => W,
    answer: (count: W) => R,
  ): R | Promise<R> =>
    system.read(call, (caller) => {
      const count = begin(caller);
      // It shows whatever was changed below.
      call.afterTxid = ns.touched.highest;
      if (count.step(COUNT_SLICE)) return answer(count);
      return (async () => {
        let running = count;
        for (let tries = 1; ; tries++) {
          while (!running.step(COUNT_SLICE)) await new Promise<void>((resolve) => host.clock.defer(resolve));
          if (running.holds) break;
          running = begin(caller);
          if (tries >= COUNT_TRIES) running.goThroughChanges();
        }
        call.afterTxid = ns.touched.highest;
        return answer(running);
      })();
    });

  return {
    getFileInfo: ({ src }, call) => status(call, src, true, false),
    getFileLinkInfo: ({ src }, call) => status(call, src, false, false),
    getLocatedFileInfo: ({ src }, call) => {
      if (src === undefined) throw new HdfsError('EILLEGAL', 'getLocatedFileInfo: no path');
      return status(call, src, true, true);
    },

    getListing: ({ src, startAfter, needLocation }, call) =>
      system.read(call, (caller) => {
        const found = listing(ns, caller, { path: src, startAfter, limit: listLimit });
        if (found === undefined) return call.write(NOTHING);
        waitForPath(call, found.path);
        const reader = needLocation ? placeOf(call) : undefined;
        const now = system.turn();
        let blocksLeft = listLimit;
        const isFresh = ns.touched.highest > 0;
        const each: ListedEntries = {
          seen: (inode) => {
            system.activity.filesListed++;
            if (isFresh) system.waitForOne(call, inode);
          },
          ...(needLocation && {
            locationsOf: (entry) => (entry.type === InodeType.FILE ? allBlocks(entry, reader, now) : undefined),
            more: (entry) => {
              if (entry.type !== InodeType.FILE) return true;
              // As Apache: an answer that shows locations also ends when so many of them are in it.
              blocksLeft -= ns.inodes.blockCount(entry.inode) * Math.max(1, entry.replication);
              return blocksLeft > 0;
            },
          }),
        };
        const write = (writer: ProtoWriter): void => statuses.listingAnswer(writer, found, each);
        return call.write(write, statuses.expectedBytes(found));
      }),

    getBatchedListing: (request, call) => {
      batched.check(request);
      return system.read(call, (caller) => {
        const now = system.turn();
        // It meets many directories, and shows what is there of each.
        call.afterTxid = ns.touched.highest;
        const reader = request.needLocation ? placeOf(call) : undefined;
        const locationsOf = request.needLocation ? (entry: FileStatus) => allBlocks(entry, reader, now) : undefined;
        return call.write((writer) => {
          const onDenied = (path: string): void => onRead(false, 'listStatus', path, call);
          const { from, to } = batched.write(writer, caller, request, locationsOf, onDenied);
          // As Hadoop's, which says of each that it was listed, whatever it said before.
          for (const path of request.paths.slice(from, to)) onRead(true, 'listStatus', path, call);
        });
      });
    },

    getLinkTarget: ({ path }, call) =>
      system.read(call, (caller) => {
        const found = linkTarget(ns, caller, path, () => onRead(true, 'getfileinfo', path, call));
        if (found.path === undefined) call.afterTxid = ns.touched.highest;
        else waitForPath(call, found.path);
        return { targetPath: found.target };
      }),

    getBlockLocations: ({ src, offset, length }, call) =>
      system.read(call, (caller) => {
        const now = system.turn();
        const found = blockLocations(ns, caller, src, offset, length);
        waitForPath(call, found.path);
        const reader = placeOf(call);
        if (system.blockManager.safeMode.isOn) {
          // A file that cannot be read yet: the client is told to wait. Apache: FSNamesystem.getBlockLocations.
          const locate = locations.forReader(reader, now);
          const isUnseen = ({ block }: BlockRange): boolean =>
            ns.blocks.numBytes(block) > 0 && locate(block).storages.length === 0;
          if (found.range.blocks.some(isUnseen)) system.requireWritable(`Zero blocklocations for ${src}`);
        } else {
          // Read once more after an hour: worth an op, which nobody waits for.
          const op = accessTimeOp(ns, found.file, now.wallMs);
          if (op !== undefined && system.editLog.lowSpace === undefined) system.commit([op], now);
        }
        const write = (writer: ProtoWriter): void => locations.writeAnswer(writer, found.range, reader, now);
        return call.write(write, locations.expectedBytes(found.range));
      }),

    getContentSummary: ({ path }, call) =>
      counted(
        call,
        (caller) => beginContentSummary(ns, caller, path),
        (count) => ({ summary: contentSummaryProto(count.summary()) }),
      ),

    getQuotaUsage: ({ path }, call) =>
      counted(
        call,
        (caller) => beginQuotaUsage(ns, caller, path),
        (count) => ({ usage: quotaUsageProto(count.usage()) }),
      ),

    checkAccess: ({ path, mode }, call) =>
      system.read(call, (caller) => {
        waitForPath(call, checkAccess(ns, caller, path, mode as FsAction));
        return {};
      }),

    getPreferredBlockSize: ({ filename }, call) =>
      system.ask(call, (caller) => {
        const { path, value } = preferredBlockSize(ns, caller, filename);
        return { path, value: { bsize: value } };
      }),

    getStoragePolicy: ({ path }, call) =>
      system.ask(call, (caller) => {
        const { path: found, value } = storagePolicyOf(ns, caller, path);
        const policy = storagePolicyById(value, system.blockManager.options.defaultStoragePolicy);
        return { path: found, value: { storagePolicy: policyProto(policy) } };
      }),

    getStoragePolicies: () => ({ policies: STORAGE_POLICIES.map(policyProto) }),
  };
}
