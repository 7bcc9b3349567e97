// An HDFS for the shell, through the client library.
import { pipeline } from 'node:stream/promises';
import { HdfsError } from '../../base/errors.ts';
import type { Acls, ContentSummary, FileChecksum, FsStats, Hdfs, HdfsStats, QuotaUsage, Xattrs } from '../../client/index.ts';
import type { AppendFileOptions, CreateFileOptions, ShellEntry, ShellFileSystem, ShellStat } from './file-system.ts';

export function shellStat(stats: HdfsStats): ShellStat {
  return {
    isDirectory: stats.isDirectory(),
    isFile: stats.isFile(),
    size: stats.size,
    permission: stats.mode & 0o1777,
    owner: stats.owner,
    group: stats.group,
    mtimeMs: stats.mtimeMs,
    atimeMs: stats.atimeMs,
    replication: stats.replication,
    blockSize: stats.blockSize,
    hasAcl: stats.hasAcl,
    erasureCoded: stats.erasureCoded,
  };
}

export class HdfsFileSystem implements ShellFileSystem {
  readonly uri: string;
  readonly local = false;
  readonly workingDirectory: string;
  readonly acl: Acls;
  readonly xattr: Xattrs;
  readonly hdfs: Hdfs;
  readonly #trashIntervalMs: number;
  readonly #interrupted: AbortSignal;
  #verifies = true;

  /** `interrupted` ends what is read; what is written ends by its own signal. */
  constructor(hdfs: Hdfs, trashIntervalMs: number, interrupted: AbortSignal) {
    this.hdfs = hdfs;
    this.#interrupted = interrupted;
    this.uri = hdfs.uri;
    this.acl = hdfs.acl;
    this.xattr = hdfs.xattr;
    this.workingDirectory = hdfs.homeDirectory;
    this.#trashIntervalMs = trashIntervalMs;
  }

  qualify(path: string): string {
    return `${this.uri}${path}`;
  }

  async stat(path: string): Promise<ShellStat | undefined> {
    try {
      return shellStat(await this.hdfs.stat(path));
    } catch (error) {
      if (error instanceof HdfsError && error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async *list(path: string): AsyncIterable<ShellEntry> {
    for await (const entry of this.hdfs.opendir(path)) yield { name: entry.name, stat: shellStat(entry.stats) };
  }

  async mkdirs(path: string): Promise<boolean> {
    await this.hdfs.mkdir(path, { recursive: true });
    return true;
  }

  async delete(path: string, recursive: boolean): Promise<boolean> {
    try {
      await this.hdfs.rm(path, { recursive, skipTrash: true });
      return true;
    } catch (error) {
      // An empty directory may go without -r.
      if (error instanceof HdfsError && error.code === 'EISDIR' && !recursive) {
        for await (const _entry of this.hdfs.opendir(path)) {
          throw new HdfsError('ENOTEMPTY', `\`${path} is non empty': Directory is not empty`, { path });
        }
        await this.hdfs.rm(path, { recursive: true, skipTrash: true });
        return true;
      }
      if (error instanceof HdfsError && (error.code === 'ENOENT' || error.code === 'EIO')) return false;
      throw error;
    }
  }

  rename(from: string, to: string, overwrite = false): Promise<void> {
    return this.hdfs.rename(from, to, { overwrite });
  }

  move(from: string, to: string): Promise<boolean> {
    return this.hdfs.move(from, to);
  }

  read(path: string, start = 0, end?: number): AsyncIterable<Uint8Array> {
    return this.hdfs.createReadStream(path, { start, end, verifyChecksum: this.#verifies, signal: this.#interrupted });
  }

  ignoreChecksums(): void {
    this.#verifies = false;
  }

  async write(path: string, source: AsyncIterable<Uint8Array>, options: CreateFileOptions): Promise<void> {
    const { overwrite, replication, lazyPersist, signal } = options;
    await pipeline(source, this.hdfs.createWriteStream(path, { overwrite, replication, lazyPersist, signal }), {
      ...(signal === undefined ? {} : { signal }),
    });
  }

  async append(path: string, source: AsyncIterable<Uint8Array>, options: AppendFileOptions): Promise<void> {
    const { newBlock, signal } = options;
    await pipeline(source, this.hdfs.createWriteStream(path, { flags: 'a', newBlock, signal }), {
      ...(signal === undefined ? {} : { signal }),
    });
  }

  truncate(path: string, length: number): Promise<boolean> {
    return this.hdfs.truncate(path, length, { wait: false });
  }

  concat(target: string, sources: readonly string[]): Promise<void> {
    return this.hdfs.concat(target, sources);
  }

  chmod(path: string, permission: number): Promise<void> {
    return this.hdfs.chmod(path, permission);
  }

  chown(path: string, user: string | undefined, group: string | undefined): Promise<void> {
    return this.hdfs.chown(path, { user, group });
  }

  async setTimes(path: string, mtimeMs: number | undefined, atimeMs: number | undefined): Promise<void> {
    // -1 leaves a time alone, as Hadoop's setTimes has it.
    const time = (ms: number | undefined) => ({ getTime: () => (ms === undefined ? -1 : ms) });
    await this.hdfs.utimes(path, time(atimeMs), time(mtimeMs));
  }

  setReplication(path: string, replication: number): Promise<boolean> {
    return this.hdfs.setReplication(path, replication);
  }

  contentSummary(path: string): Promise<ContentSummary> {
    return this.hdfs.contentSummary(path);
  }

  quotaUsage(path: string): Promise<QuotaUsage> {
    return this.hdfs.quotas.usage(path);
  }

  /** Undefined for a file that was written without sums, or with sums of several kinds. */
  async checksum(path: string): Promise<FileChecksum | undefined> {
    try {
      return await this.hdfs.checksum(path);
    } catch (error) {
      if (error instanceof HdfsError && error.code === 'EUNSUPPORTED') return undefined;
      throw error;
    }
  }

  status(): Promise<FsStats> {
    return this.hdfs.statfs();
  }

  async access(path: string, mode: number): Promise<boolean> {
    try {
      await this.hdfs.access(path, mode);
      return true;
    } catch (error) {
      if (error instanceof HdfsError && (error.code === 'EACCES' || error.code === 'ENOENT')) return false;
      throw error;
    }
  }

  async trash(path: string): Promise<string | undefined> {
    const { trashIntervalMinutes } = await this.hdfs.serverDefaults();
    if (trashIntervalMinutes <= 0 && this.#trashIntervalMs <= 0) return undefined;
    // What lies in the trash already is deleted for good.
    if (`${path}/`.startsWith(`${this.hdfs.homeDirectory}/.Trash/`)) return undefined;
    return (await this.hdfs.rm(path, { recursive: true })).trashPath;
  }

  async blockHosts(path: string): Promise<readonly number[]> {
    return (await this.hdfs.blockLocations(path)).map((block) => block.hosts.length);
  }
}
