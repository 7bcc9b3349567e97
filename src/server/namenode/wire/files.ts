// Files and directories between the namespace's values and Hadoop's messages.

import type { InodeType } from '../../../core/namespace/inodes.ts';
import type { ContentSummary, QuotaUsage } from '../../../core/namespace/queries/content-summary.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import {
  type ContentSummaryProtoInit,
  HdfsFileStatusProto_FileType,
  type HdfsFileStatusProtoInit,
  type LocatedBlocksProtoInit,
  type QuotaUsageProtoInit,
  type StorageTypeProto,
  type StorageTypeQuotaInfosProtoInit,
} from '../../../wire/messages/hdfs.ts';

const FILE_TYPES: Readonly<Record<InodeType, HdfsFileStatusProto_FileType>> = {
  1: HdfsFileStatusProto_FileType.IS_FILE,
  2: HdfsFileStatusProto_FileType.IS_DIR,
  3: HdfsFileStatusProto_FileType.IS_SYMLINK,
};

/** Status as a client gets it, with the file's blocks where they were asked for. */
export function fileStatusProto(status: FileStatus, locations?: LocatedBlocksProtoInit): HdfsFileStatusProtoInit {
  return {
    fileType: FILE_TYPES[status.type],
    path: status.name,
    length: status.length,
    permission: { perm: status.mode },
    owner: status.owner,
    group: status.group,
    modification_time: status.mtime,
    access_time: status.atime,
    symlink: status.symlink,
    block_replication: status.replication,
    blocksize: status.blockSize,
    locations,
    fileId: status.fileId,
    childrenNum: status.childrenNum,
    storagePolicy: status.storagePolicy,
    flags: status.flags,
  };
}

const typeQuotas = (byType: ReadonlyMap<number, number>): StorageTypeQuotaInfosProtoInit | undefined =>
  byType.size === 0
    ? undefined
    : { typeQuotaInfo: [...byType].map(([type, quota]) => ({ type: type as StorageTypeProto, quota, consumed: 0 })) };

export function contentSummaryProto(summary: ContentSummary): ContentSummaryProtoInit {
  return {
    length: summary.length,
    fileCount: summary.fileCount,
    directoryCount: summary.directoryCount,
    quota: summary.quota.namespace,
    spaceConsumed: summary.spaceConsumed,
    spaceQuota: summary.quota.space,
    typeQuotaInfos: typeQuotas(summary.quota.byType),
    snapshotLength: 0,
    snapshotFileCount: 0,
    snapshotDirectoryCount: 0,
    snapshotSpaceConsumed: 0,
    erasureCodingPolicy: summary.erasureCodingPolicy,
  };
}

export function quotaUsageProto(usage: QuotaUsage): QuotaUsageProtoInit {
  return {
    fileAndDirectoryCount: usage.fileAndDirectoryCount,
    quota: usage.quota.namespace,
    spaceConsumed: usage.spaceConsumed,
    spaceQuota: usage.quota.space,
    typeQuotaInfos: typeQuotas(usage.quota.byType),
  };
}
