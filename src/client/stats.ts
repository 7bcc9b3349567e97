// What the library says of files and directories: values in the shapes of node:fs, with HDFS' own fields beside them.
import { utf8 } from '../base/bytes.ts';
import { HdfsFileStatusProto_FileType as FileType, type HdfsFileStatusProto } from '../wire/messages/hdfs.ts';

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const HAS_ACL = 1;
const HAS_CRYPT = 2;
const HAS_EC = 4;
const SNAPSHOT_ENABLED = 8;

/** A file or directory. Times are milliseconds since 1970, sizes bytes. */
export class HdfsStats {
  /** 0 for a directory. */
  readonly size: number;
  /** Type and permission bits, as in POSIX. */
  readonly mode: number;
  readonly owner: string;
  readonly group: string;
  readonly mtimeMs: number;
  /** 0 for a directory. */
  readonly atimeMs: number;
  /** 0 for a directory. */
  readonly replication: number;
  /** 0 for a directory. */
  readonly blockSize: number;
  /** Inode id. */
  readonly ino: number;
  /** Entries of a directory; 0 for a file. */
  readonly children: number;
  readonly storagePolicy: number;
  readonly hasAcl: boolean;
  readonly encrypted: boolean;
  readonly erasureCoded: boolean;
  readonly snapshotEnabled: boolean;
  /** Target of a symbolic link. */
  readonly target: string | undefined;

  constructor(status: HdfsFileStatusProto) {
    this.size = status.length;
    this.mode = typeBits(status.fileType) | (status.permission.perm & 0o7777);
    this.owner = status.owner;
    this.group = status.group;
    this.mtimeMs = status.modification_time;
    this.atimeMs = status.access_time;
    this.replication = status.block_replication;
    this.blockSize = status.blocksize;
    this.ino = status.fileId;
    this.children = Math.max(0, status.childrenNum);
    this.storagePolicy = status.storagePolicy;
    this.hasAcl = (status.flags & HAS_ACL) !== 0;
    this.encrypted = (status.flags & HAS_CRYPT) !== 0;
    this.erasureCoded = (status.flags & HAS_EC) !== 0;
    this.snapshotEnabled = (status.flags & SNAPSHOT_ENABLED) !== 0;
    this.target = status.symlink === undefined || status.symlink.length === 0 ? undefined : utf8(status.symlink);
  }

  isFile(): boolean {
    return (this.mode & 0o170000) === S_IFREG;
  }

  isDirectory(): boolean {
    return (this.mode & 0o170000) === S_IFDIR;
  }

  isSymbolicLink(): boolean {
    return (this.mode & 0o170000) === S_IFLNK;
  }
}

/** An entry of a directory, with its status, which HDFS gives along. */
export class Dirent {
  readonly name: string;
  /** Directory that holds it. */
  readonly parentPath: string;
  readonly stats: HdfsStats;

  constructor(name: string, parentPath: string, stats: HdfsStats) {
    this.name = name;
    this.parentPath = parentPath;
    this.stats = stats;
  }

  get path(): string {
    return this.parentPath === '/' ? `/${this.name}` : `${this.parentPath}/${this.name}`;
  }

  isFile(): boolean {
    return this.stats.isFile();
  }

  isDirectory(): boolean {
    return this.stats.isDirectory();
  }

  isSymbolicLink(): boolean {
    return this.stats.isSymbolicLink();
  }
}

function typeBits(type: FileType): number {
  switch (type) {
    case FileType.IS_DIR:
      return S_IFDIR;
    case FileType.IS_FILE:
      return S_IFREG;
    case FileType.IS_SYMLINK:
      return S_IFLNK;
  }
}

export interface FsStats {
  /** Bytes. */
  readonly capacity: number;
  readonly used: number;
  readonly remaining: number;
  /** Blocks. */
  readonly underReplicated: number;
  readonly corruptBlocks: number;
  readonly missingBlocks: number;
  readonly missingReplicationOneBlocks: number;
  readonly pendingDeletionBlocks: number;
}

export interface ServerDefaults {
  /** Bytes. */
  readonly blockSize: number;
  readonly replication: number;
  readonly bytesPerChecksum: number;
  readonly writePacketSize: number;
  /** Minutes; 0: the server empties no trash. */
  readonly trashIntervalMinutes: number;
  readonly encryptDataTransfer: boolean;
}

export interface ContentSummary {
  /** Bytes of all files. */
  readonly length: number;
  readonly fileCount: number;
  readonly directoryCount: number;
  /** Bytes with replication. */
  readonly spaceConsumed: number;
  /** -1: none. The root has Java's Long.MAX_VALUE where nobody set another. */
  readonly quota: number;
  /** -1: none. */
  readonly spaceQuota: number;
  readonly erasureCodingPolicy: string | undefined;
  readonly snapshotLength: number;
  readonly snapshotFileCount: number;
  readonly snapshotDirectoryCount: number;
  readonly snapshotSpaceConsumed: number;
}

export interface BlockLocation {
  readonly blockId: bigint;
  readonly generationStamp: number;
  readonly blockPool: string;
  /** In the file. */
  readonly offset: number;
  readonly length: number;
  /** Names of the DataNodes, nearest first. */
  readonly hosts: readonly string[];
  /** Their transfer addresses, `ip:port`. */
  readonly names: readonly string[];
  /** Their places in the network, `/rack/ip:port`. */
  readonly topologyPaths: readonly string[];
  readonly storageIds: readonly string[];
  /** No undamaged replica is known. */
  readonly corrupt: boolean;
}
