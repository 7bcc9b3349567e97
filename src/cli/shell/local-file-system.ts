// The local file system for the shell, through the host's disk.
import { HdfsError } from '../../base/errors.ts';
import type { ContentSummary, FileChecksum, FsStats, QuotaUsage } from '../../client/index.ts';
import type { DiskError, Host } from '../../host/host.ts';
import { joinPath, parentOf } from '../paths.ts';
import type { Terminal } from '../terminal.ts';
import type { CreateFileOptions, ShellEntry, ShellFileSystem, ShellStat } from './file-system.ts';
import { dropChecksums, isChecksumName, moveChecksums, summed, verified } from './local-checksums.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Apache: file.blocksize of the local file system. */
const LOCAL_BLOCK_SIZE = 32 * 1024 * 1024;

function unsupported(what: string): Promise<never> {
  return Promise.reject(new HdfsError('EUNSUPPORTED', `${what} is not for local files`));
}

export class LocalFileSystem implements ShellFileSystem {
  readonly uri = 'file://';
  readonly local = true;
  readonly workingDirectory: string;
  readonly acl = undefined;
  readonly xattr = undefined;
  readonly #host: Pick<Host, 'disk'>;
  readonly #terminal: Terminal;
  readonly #bytesPerSum: number;
  #verifies: boolean;

  /** `bytesPerSum`: file.bytes-per-checksum; `verifies`: fs.file.checksum.verify. */
  constructor(host: Pick<Host, 'disk'>, terminal: Terminal, bytesPerSum = 512, verifies = true) {
    this.#bytesPerSum = bytesPerSum;
    this.#verifies = verifies;
    this.#host = host;
    this.#terminal = terminal;
    this.workingDirectory = terminal.cwd;
  }

  qualify(path: string): string {
    return `file:${path}`;
  }

  async stat(path: string): Promise<ShellStat | undefined> {
    try {
      const stat = await this.#host.disk.stat(path);
      const { owner, group, atimeMs } = await this.#terminal.files.describe(path);
      return {
        isDirectory: stat.isDirectory,
        isFile: stat.isFile,
        size: stat.isDirectory ? 0 : stat.size,
        permission: stat.mode & 0o1777,
        owner,
        group,
        mtimeMs: Math.floor(stat.mtimeMs),
        atimeMs: Math.floor(atimeMs),
        replication: 1,
        blockSize: LOCAL_BLOCK_SIZE,
        hasAcl: false,
        erasureCoded: false,
      };
    } catch (error) {
      const { code } = error as DiskError;
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
  }

  async *list(path: string): AsyncIterable<ShellEntry> {
    for (const name of await this.#host.disk.readdir(path)) {
      if (isChecksumName(name)) continue;
      const stat = await this.stat(joinPath(path, name));
      // It may have gone since.
      if (stat !== undefined) yield { name, stat };
    }
  }

  async mkdirs(path: string): Promise<boolean> {
    await this.#host.disk.mkdir(path);
    return true;
  }

  async delete(path: string, recursive: boolean): Promise<boolean> {
    const stat = await this.stat(path);
    if (stat === undefined) return false;
    if (stat.isDirectory) {
      if (!recursive && (await this.#host.disk.readdir(path)).length > 0) {
        throw new HdfsError('ENOTEMPTY', `Directory ${path} is not empty`, { path });
      }
      await this.#host.disk.removeTree(path);
    } else {
      await this.#host.disk.unlink(path);
      await dropChecksums(this.#host.disk, path);
    }
    return true;
  }

  async rename(from: string, to: string, overwrite = false): Promise<void> {
    if (overwrite) await dropChecksums(this.#host.disk, to);
    else if ((await this.stat(to)) !== undefined) throw new HdfsError('EEXIST', `${to} exists`, { path: to });
    await this.move(from, to);
  }

  async move(from: string, to: string): Promise<boolean> {
    const { disk } = this.#host;
    const { isDirectory } = await disk.stat(from);
    await disk.rename(from, to);
    if (!isDirectory) await moveChecksums(disk, from, to);
    return true;
  }

  ignoreChecksums(): void {
    this.#verifies = false;
  }

  async *read(path: string, start = 0, end = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
    const held = this.#verifies ? await verified(this.#host.disk, path, start, end) : undefined;
    if (held !== undefined) {
      yield* held;
      return;
    }
    const file = await this.#host.disk.open(path, 'r');
    try {
      for (let at = start; at <= end; ) {
        const buffer = Buffer.allocUnsafeSlow(Math.min(CHUNK_BYTES, end - at + 1));
        const bytes = await file.read(buffer, 0, buffer.length, at);
        if (bytes === 0) return;
        at += bytes;
        yield buffer.subarray(0, bytes);
      }
    } finally {
      await file.close();
    }
  }

  async write(path: string, source: AsyncIterable<Uint8Array>, options: CreateFileOptions): Promise<void> {
    const { disk } = this.#host;
    const parent = parentOf(path);
    if (parent !== undefined && !(await disk.exists(parent))) await disk.mkdir(parent);
    const file = await disk.open(path, options.overwrite ? 'w' : 'wx', 0o644);
    // The disk takes a piece while the next one comes.
    let written = Promise.resolve();
    try {
      let at = 0;
      if (options.checksums === false) await dropChecksums(disk, path);
      for await (const chunk of options.checksums === false ? source : summed(disk, path, source, this.#bytesPerSum)) {
        options.signal?.throwIfAborted();
        await written;
        written = file.write(chunk, at);
        // That it failed is told where it is awaited, however long the next piece takes to come.
        written.catch(() => undefined);
        at += chunk.length;
      }
      await written;
    } finally {
      await Promise.allSettled([written]);
      await file.close();
    }
  }

  append(): Promise<void> {
    return unsupported('append');
  }

  truncate(): Promise<boolean> {
    return unsupported('truncate');
  }

  concat(): Promise<void> {
    return unsupported('concat');
  }

  chmod(path: string, permission: number): Promise<void> {
    return this.#host.disk.chmod(path, permission);
  }

  chown(path: string, user: string | undefined, group: string | undefined): Promise<void> {
    return this.#terminal.files.setOwner(path, user, group);
  }

  async setTimes(path: string, mtimeMs: number | undefined, atimeMs: number | undefined): Promise<void> {
    const now = await this.stat(path);
    await this.#terminal.files.setTimes(path, mtimeMs ?? now?.mtimeMs ?? 0, atimeMs ?? now?.atimeMs ?? 0);
  }

  setReplication(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async contentSummary(path: string): Promise<ContentSummary> {
    let length = 0;
    let fileCount = 0;
    let directoryCount = 0;
    const pending = [path];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      const stat = await this.stat(next);
      if (stat?.isDirectory === true) {
        directoryCount++;
        for (const name of await this.#host.disk.readdir(next)) pending.push(joinPath(next, name));
      } else if (stat !== undefined) {
        fileCount++;
        length += stat.size;
      }
    }
    return {
      length,
      fileCount,
      directoryCount,
      spaceConsumed: length,
      quota: -1,
      spaceQuota: -1,
      erasureCodingPolicy: undefined,
      snapshotLength: 0,
      snapshotFileCount: 0,
      snapshotDirectoryCount: 0,
      snapshotSpaceConsumed: 0,
    };
  }

  async quotaUsage(path: string): Promise<QuotaUsage> {
    const { fileCount, directoryCount, quota, spaceConsumed, spaceQuota } = await this.contentSummary(path);
    return { fileAndDirectoryCount: fileCount + directoryCount, quota, spaceConsumed, spaceQuota, types: new Map() };
  }

  checksum(): Promise<FileChecksum | undefined> {
    return Promise.resolve(undefined);
  }

  async status(): Promise<FsStats> {
    const { capacity, used, available } = await this.#host.disk.volume(this.workingDirectory);
    return {
      capacity,
      used,
      remaining: available,
      underReplicated: 0,
      corruptBlocks: 0,
      missingBlocks: 0,
      missingReplicationOneBlocks: 0,
      pendingDeletionBlocks: 0,
    };
  }

  access(): Promise<boolean> {
    return Promise.resolve(true);
  }

  trash(): Promise<string | undefined> {
    return Promise.resolve(undefined);
  }

  blockHosts(): Promise<readonly number[]> {
    return Promise.resolve([]);
  }
}
