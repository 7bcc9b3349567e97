// HdfsFileStatusProto and DirectoryListingProto by hand, byte for byte what the generated encoder makes of them: the
// messages that a NameNode sends most. Fields in the order of their numbers; a test holds both encoders together.
import type { Inodes, InodeType } from '../../../core/namespace/inodes.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import type { Listing } from '../../../core/namespace/queries/listing.ts';
import { HdfsFileStatusProto_FileType } from '../../../wire/messages/hdfs.ts';
import type { ProtoWriter } from '../../../wire/protobuf/writer.ts';

/** Field number and wire type. HdfsFileStatusProto. */
const STATUS = {
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
const LISTING = { partialListing: 10, remainingEntries: 16 } as const;
/** GetFileInfoResponseProto and its like, GetListingResponseProto: the only field of each. */
const ANSWER = 10;

const FILE_TYPES: Readonly<Record<InodeType, HdfsFileStatusProto_FileType>> = {
  1: HdfsFileStatusProto_FileType.IS_FILE,
  2: HdfsFileStatusProto_FileType.IS_DIR,
  3: HdfsFileStatusProto_FileType.IS_SYMLINK,
};

/** Appends the fields of LocatedBlocksProto. */
export type WriteLocations = (writer: ProtoWriter) => void;

interface Rights {
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  /** The three fields, encoded. */
  readonly bytes: Buffer;
}

export interface ListedEntries {
  /** For the entries whose blocks are shown. */
  readonly locationsOf: (entry: FileStatus) => WriteLocations | undefined;
  /** False ends the listing early. */
  readonly more: (entry: FileStatus) => boolean;
}

export class FileStatusWriter {
  private readonly inodes: Inodes;
  private lastRights: Rights = { mode: -1, owner: '', group: '', bytes: Buffer.alloc(0) };

  constructor(inodes: Inodes) {
    this.inodes = inodes;
  }

  /** An answer whose one field is a status. */
  answer(writer: ProtoWriter, status: FileStatus, locations?: WriteLocations): void {
    const at = writer.begin(ANSWER);
    this.fields(writer, status, false, locations);
    writer.finish(at);
  }

  /** An answer whose one field is a listing. */
  listingAnswer(writer: ProtoWriter, listing: Listing, each: ListedEntries): void {
    const answer = writer.begin(ANSWER);
    const left = this.entries(writer, listing, each);
    writer.tag(LISTING.remainingEntries).putUint32(left);
    writer.finish(answer);
  }

  /** The entries of a listing inside a message that has begun; answers how many are left behind the page. */
  entries(writer: ProtoWriter, listing: Listing, each: ListedEntries): number {
    return listing.walk((entry) => {
      const at = writer.begin(LISTING.partialListing);
      this.fields(writer, entry, listing.isDirectory, each.locationsOf(entry));
      writer.finish(at);
      return each.more(entry);
    });
  }

  private fields(writer: ProtoWriter, status: FileStatus, named: boolean, locations: WriteLocations | undefined): void {
    writer.tag(STATUS.fileType).putUint32(FILE_TYPES[status.type]);
    writer.tag(STATUS.path);
    this.name(writer, status, named);
    writer.tag(STATUS.length).putInt64(status.length);
    this.rights(writer, status);
    writer.tag(STATUS.modificationTime).putInt64(status.mtime);
    writer.tag(STATUS.accessTime).putInt64(status.atime);
    if (status.symlink !== undefined) writer.tag(STATUS.symlink).putBytes(status.symlink);
    writer.tag(STATUS.blockReplication).putUint32(status.replication);
    writer.tag(STATUS.blockSize).putInt64(status.blockSize);
    if (locations !== undefined) {
      const at = writer.begin(STATUS.locations);
      locations(writer);
      writer.finish(at);
    }
    writer.tag(STATUS.fileId).putInt64(status.fileId);
    writer.tag(STATUS.childrenNum).putUint32(status.childrenNum);
    writer.tag(STATUS.storagePolicy).putUint32(status.storagePolicy);
    writer.tag(STATUS.flags).putUint32(status.flags);
  }

  /** Permission, owner and group: nearly always those of the entry before. */
  private rights(writer: ProtoWriter, { mode, owner, group }: FileStatus): void {
    const last = this.lastRights;
    if (last.mode === mode && last.owner === owner && last.group === group) {
      writer.putRaw(last.bytes);
      return;
    }
    const from = writer.length;
    const permission = writer.begin(STATUS.permission);
    writer.tag(PERMISSION.perm).putUint32(mode);
    writer.finish(permission);
    writer.tag(STATUS.owner).putString(owner);
    writer.tag(STATUS.group).putString(group);
    this.lastRights = { mode, owner, group, bytes: writer.toBuffer(from) };
  }

  private name(writer: ProtoWriter, { inode, name }: FileStatus, named: boolean): void {
    const { inodes } = this;
    if (inode === 0) writer.putBytes(name);
    else if (!named) writer.putUint32(0);
    else writer.putBytesOf(inodes.nameBytes(inode), inodes.nameStart(inode), inodes.nameLength(inode));
  }
}
