// HdfsFileStatusProto and DirectoryListingProto as numbers: what their two hand-made encoders share.
import type { InodeType } from '../../../core/namespace/inodes.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import { HdfsFileStatusProto_FileType } from '../../../wire/messages/hdfs.ts';
import { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { EncodedFields } from './encoded-fields.ts';

/** Field number and wire type. HdfsFileStatusProto. */
export const STATUS = {
  fileType: 8,
  path: 18,
  length: 24,
  permission: 34,
  owner: 42,
  group: 50,
  modificationTime: 56,
  accessTime: 64,
  symlink: 74,
  blockReplication: 80,
  blockSize: 88,
  locations: 98,
  fileId: 104,
  childrenNum: 112,
  storagePolicy: 128,
  flags: 144,
} as const;
/** FsPermissionProto. */
const PERMISSION = { perm: 8 } as const;
/** DirectoryListingProto; the first is that of a BatchedDirectoryListingProto too. */
export const LISTING = { partialListing: 10, remainingEntries: 16 } as const;

export const FILE_TYPES: Readonly<Record<InodeType, HdfsFileStatusProto_FileType>> = {
  1: HdfsFileStatusProto_FileType.IS_FILE,
  2: HdfsFileStatusProto_FileType.IS_DIR,
  3: HdfsFileStatusProto_FileType.IS_SYMLINK,
};

export type Rights = Pick<FileStatus, 'mode' | 'owner' | 'group'>;
export type Sizes = Pick<FileStatus, 'replication' | 'blockSize'>;

/** Permission, owner and group. */
export function rightsFields({ mode, owner, group }: Rights): EncodedFields {
  const writer = new ProtoWriter(64);
  const permission = writer.begin(STATUS.permission);
  writer.tag(PERMISSION.perm).putUint32(mode);
  writer.finish(permission);
  writer.tag(STATUS.owner).putString(owner);
  writer.tag(STATUS.group).putString(group);
  return new EncodedFields(writer.view());
}

/** Replication and block size. */
export function sizesFields({ replication, blockSize }: Sizes): EncodedFields {
  const writer = new ProtoWriter(64);
  writer.tag(STATUS.blockReplication).putUint32(replication);
  writer.tag(STATUS.blockSize).putInt64(blockSize);
  return new EncodedFields(writer.view());
}
