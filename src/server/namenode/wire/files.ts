// Files and directories between the namespace's values and Hadoop's messages.

import { STORAGE_TYPES_WITH_QUOTA } from '../../../core/blocks/storage-type.ts';
import type { InodeType, Quota } from '../../../core/namespace/inodes.ts';
import type { ContentSummary, QuotaUsage } from '../../../core/namespace/queries/content-summary.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import { QUOTA_RESET } from '../../../core/namespace/quota.ts';
import {
  type ContentSummaryProtoInit,
  HdfsFileStatusProto_FileType,
  type HdfsFileStatusProtoInit,
  type LocatedBlocksProtoInit,
  type QuotaUsageProtoInit,
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

/** All types together, where one has a quota or is used. Apache: PBHelperClient.convert of a QuotaUsage. */
function typeQuotas(quota: Quota, used: ReadonlyMap<number, number>): StorageTypeQuotaInfosProtoInit | undefined {
  const typeQuotaInfo = STORAGE_TYPES_WITH_QUOTA.map((type) => ({
    type,
    quota: quota.byType.get(type) ?? QUOTA_RESET,
    consumed: used.get(type) ?? 0,
  }));
  return typeQuotaInfo.some((each) => each.quota > 0 || each.consumed > 0) ? { typeQuotaInfo } : undefined;
}

export function contentSummaryProto(summary: ContentSummary): ContentSummaryProtoInit {
  return {
    length: summary.length,
    fileCount: summary.fileCount,
    directoryCount: summary.directoryCount,
    quota: summary.quota.namespace,
    spaceConsumed: summary.spaceConsumed,
    spaceQuota: summary.quota.space,
    typeQuotaInfos: typeQuotas(summary.quota, summary.spaceByType),
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
    typeQuotaInfos: typeQuotas(usage.quota, usage.spaceByType),
  };
}
