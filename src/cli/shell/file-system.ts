// The file systems a shell command works on, behind one interface: an HDFS through the client library, or the local one
// through the host's disk. Paths here are absolute and clean.
import type { Acls, ContentSummary, FileChecksum, FsStats, QuotaUsage, Xattrs } from '../../client/index.ts';

export interface ShellStat {
  readonly isDirectory: boolean;
  readonly isFile: boolean;
  readonly size: number;
  /** Permission bits, with the sticky bit. */
  readonly permission: number;
  readonly owner: string;
  readonly group: string;
  readonly mtimeMs: number;
  readonly atimeMs: number;
  readonly replication: number;
  readonly blockSize: number;
  readonly hasAcl: boolean;
  readonly erasureCoded: boolean;
}

export interface ShellEntry {
  readonly name: string;
  readonly stat: ShellStat;
}

export interface CreateFileOptions {
  /** Replace an existing file. */
  readonly overwrite: boolean;
  readonly replication?: number | undefined;
  /** DataNodes may keep it in memory for a while. */
  readonly lazyPersist?: boolean;
  /** False: no sums beside a local file. An HDFS always has its own. */
  readonly checksums?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface AppendFileOptions {
  /** In a block of its own. */
  readonly newBlock: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface ShellFileSystem {
  /** `hdfs://host:port`, `file://`. */
  readonly uri: string;
  readonly local: boolean;
  readonly workingDirectory: string;
  /** Undefined where there are none: on the local disk. */
  readonly acl: Acls | undefined;
  readonly xattr: Xattrs | undefined;
  /** Full URI of a path, as Hadoop prints it. */
  qualify(path: string): string;
  /** Undefined when it does not exist. */
  stat(path: string): Promise<ShellStat | undefined>;
  /** In the order of names. Rejects with ENOENT. */
  list(path: string): AsyncIterable<ShellEntry>;
  mkdirs(path: string): Promise<boolean>;
  delete(path: string, recursive: boolean): Promise<boolean>;
  /** Rejects with EEXIST where the target exists, unless it is a file that may be replaced: then one of both is always there. */
  rename(from: string, to: string, overwrite?: boolean): Promise<void>;
  /** As Hadoop's older rename: into a target that is a directory. False: it could not be done and nobody knows why. */
  move(from: string, to: string): Promise<boolean>;
  read(path: string, start?: number, end?: number): AsyncIterable<Uint8Array>;
  /** Bytes of whole files are not held against sums of them. */
  ignoreChecksums(): void;
  /** Writes a whole file; what was written is given up when the source fails. */
  write(path: string, source: AsyncIterable<Uint8Array>, options: CreateFileOptions): Promise<void>;
  /** Writes behind the last byte of a file that exists. */
  append(path: string, source: AsyncIterable<Uint8Array>, options: AppendFileOptions): Promise<void>;
  /** False: the last block is still being cut. */
  truncate(path: string, length: number): Promise<boolean>;
  concat(target: string, sources: readonly string[]): Promise<void>;
  chmod(path: string, permission: number): Promise<void>;
  chown(path: string, user: string | undefined, group: string | undefined): Promise<void>;
  /** Milliseconds since 1970; undefined leaves a time alone. */
  setTimes(path: string, mtimeMs: number | undefined, atimeMs: number | undefined): Promise<void>;
  setReplication(path: string, replication: number): Promise<boolean>;
  contentSummary(path: string): Promise<ContentSummary>;
  quotaUsage(path: string): Promise<QuotaUsage>;
  checksum(path: string): Promise<FileChecksum | undefined>;
  status(): Promise<FsStats>;
  /** Whether the user may read (4), write (2) or run (1). */
  access(path: string, mode: number): Promise<boolean>;
  /** Moves to the trash; answers where it is now, or undefined when it is not to go there. */
  trash(path: string): Promise<string | undefined>;
  /** Hosts of each block. */
  blockHosts(path: string): Promise<readonly number[]>;
}
