// The file system object of the library: one method for each thing a program does with files, named as in
// node:fs/promises. Each is a call or a few; reading and writing of data is in file-reader.ts and file-writer.ts.
import { HdfsError } from '../base/errors.ts';
import { quotaValue } from '../base/java-long.ts';
import { unlessAborted } from '../base/unless-aborted.ts';
import type { AclEntryProto_FsActionProto } from '../wire/messages/acl.ts';
import type { HdfsFileStatusProto } from '../wire/messages/hdfs.ts';
import { Acls } from './acl.ts';
import type { ClientContext, SignalOption } from './context.ts';
import { ErasureCoding } from './erasure-coding.ts';
import { type HdfsEvent, type WatchOptions, watchEvents } from './events.ts';
import { type FileChecksum, fileChecksum } from './file-checksum.ts';
import { HdfsFileHandle } from './file-handle.ts';
import { FileReader } from './file-reader.ts';
import { type AppendOptions, type CreateOptions, FileWriter } from './file-writer.ts';
import { listDirectory, walk } from './listing.ts';
import { located, nodeName } from './located.ts';
import { FileLocations } from './locations.ts';
import { type PathLike, resolvePath } from './paths.ts';
import { Quotas } from './quotas.ts';
import { type BlockLocation, type ContentSummary, type Dirent, type FsStats, HdfsStats, type ServerDefaults } from './stats.ts';
import { StoragePolicies } from './storage-policies.ts';
import { HdfsReadStream, HdfsWriteStream, type ReadStreamOptions } from './streams.ts';
import { moveToTrash } from './trash.ts';
import { type FileData, writeAll } from './write-all.ts';
import { Xattrs } from './xattr.ts';

export interface ReadFileOptions extends SignalOption {
  /** First byte; default 0. */
  readonly offset?: number | undefined;
  /** Most bytes; default all. */
  readonly length?: number | undefined;
  readonly encoding?: BufferEncoding | undefined;
}

export interface RemoveOptions extends SignalOption {
  /** Directories too, with all they hold. */
  readonly recursive?: boolean | undefined;
  /** A path that does not exist is fine. */
  readonly force?: boolean | undefined;
  /** Delete for good, even where the cluster has a trash. */
  readonly skipTrash?: boolean | undefined;
}

export interface RemoveResult {
  /** Where it is now; undefined: deleted for good, or it was not there. */
  readonly trashPath: string | undefined;
}

/** Seconds since 1970, as in node:fs, or anything with Date's getTime. */
export type TimeLike = number | { getTime(): number };

/** For `access`, as in node:fs. */
export const constants = { F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4 } as const;

export interface WriteStreamOptions extends CreateOptions, AppendOptions {
  /** `w`, the default, begins the file anew, `wx` refuses one that exists, `a` adds to its end. */
  readonly flags?: 'w' | 'wx' | 'a' | undefined;
  readonly highWaterMark?: number | undefined;
}

const DEFAULT_DIRECTORY_MODE = 0o777;
const TRUNCATE_POLL_MS = 200;
const SECONDS = 1000;

export class Hdfs implements AsyncDisposable {
  /** `hdfs://AUTHORITY` of the file system. */
  readonly uri: string;
  readonly acl: Acls;
  readonly erasureCoding: ErasureCoding;
  readonly quotas: Quotas;
  readonly storagePolicies: StoragePolicies;
  readonly xattr: Xattrs;
  readonly #context: ClientContext;
  readonly #authorities: readonly string[];
  readonly #close: () => Promise<void>;
  #defaults: { readonly value: Promise<ServerDefaults>; readonly until: number } | undefined;

  constructor(context: ClientContext, authorities: readonly string[], close: () => Promise<void>) {
    this.uri = `hdfs://${authorities[0] ?? ''}`;
    this.#context = context;
    this.acl = new Acls(context, (path) => this.resolve(path));
    this.erasureCoding = new ErasureCoding(context, (path) => this.resolve(path));
    this.quotas = new Quotas(context, (path) => this.resolve(path));
    this.storagePolicies = new StoragePolicies(context, (path) => this.resolve(path));
    this.xattr = new Xattrs(context, (path) => this.resolve(path));
    this.#authorities = authorities;
    this.#close = close;
  }

  get user(): string {
    return this.#context.user;
  }

  /** Whom NameNodes take for the holder of the files that it writes. */
  get clientName(): string {
    return this.#context.clientName;
  }

  /** Home directory of the user; it need not exist. */
  get homeDirectory(): string {
    return `${this.#context.settings.homePrefix}/${this.user}`;
  }

  /** The absolute path that `path` means. Throws EINVALIDPATH for one of another file system. */
  resolve(path: PathLike): string {
    return resolvePath(path, { home: this.homeDirectory, authorities: this.#authorities });
  }

  // -------------------------------------------------------------------------------------------------------- content

  async readFile(
    path: PathLike,
    options: BufferEncoding | (ReadFileOptions & { readonly encoding: BufferEncoding }),
  ): Promise<string>;
  async readFile(path: PathLike, options?: ReadFileOptions & { readonly encoding?: undefined }): Promise<Buffer>;
  async readFile(path: PathLike, options: ReadFileOptions | BufferEncoding): Promise<string | Buffer>;
  async readFile(path: PathLike, options: ReadFileOptions | BufferEncoding = {}): Promise<string | Buffer> {
    const {
      encoding,
      signal,
      offset = 0,
      length = Number.MAX_SAFE_INTEGER,
    } = typeof options === 'string' ? { encoding: options } : options;
    const reader = await FileReader.open(this.#context, this.resolve(path), signal);
    const size = Math.max(0, Math.min(length, reader.length - offset));
    const content = Buffer.allocUnsafeSlow(size);
    const filled = await reader.read(content, offset, { signal });
    const bytes = content.subarray(0, filled);
    return encoding === undefined ? bytes : bytes.toString(encoding);
  }

  /** Writes a whole file; when this resolves, the NameNode has closed it. */
  async writeFile(path: PathLike, data: FileData, options: CreateOptions = {}): Promise<void> {
    await writeAll(await this.#create(this.resolve(path), options), data, options.signal);
  }

  /** Adds to the end of a file, which is made when it does not exist. */
  async appendFile(path: PathLike, data: FileData, options: CreateOptions & AppendOptions = {}): Promise<void> {
    await writeAll(await this.#append(this.resolve(path), options), data, options.signal);
  }

  createReadStream(path: PathLike, options: ReadStreamOptions = {}): HdfsReadStream {
    const at = this.resolve(path);
    return new HdfsReadStream(at, (signal) => FileReader.open(this.#context, at, signal), options);
  }

  /** With flags `a` the bytes go to the end of the file, which is made when it does not exist. */
  createWriteStream(path: PathLike, options: WriteStreamOptions = {}): HdfsWriteStream {
    const at = this.resolve(path);
    const open = (signal: AbortSignal): Promise<FileWriter> =>
      options.flags === 'a'
        ? this.#append(at, { ...options, signal })
        : this.#create(at, { ...options, overwrite: options.flags === 'wx' ? false : options.overwrite, signal });
    return new HdfsWriteStream(at, open, options);
  }

  /**
   * Opens for reading (`r`), for writing a new file (`w` replaces an existing one, `wx` refuses it), or for writing behind
   * the last byte (`a`, which makes the file when it does not exist).
   */
  async open(
    path: PathLike,
    flags: 'r' | 'w' | 'wx' | 'a' = 'r',
    options: CreateOptions & AppendOptions = {},
  ): Promise<HdfsFileHandle> {
    const at = this.resolve(path);
    const stat = (): Promise<HdfsStats> => this.stat(at);
    if (flags === 'r') {
      return new HdfsFileHandle(at, { kind: 'read', reader: await FileReader.open(this.#context, at, options.signal) }, stat);
    }
    if (flags === 'a') {
      return new HdfsFileHandle(at, { kind: 'write', writer: await this.#append(at, options) }, stat);
    }
    if (flags !== 'w' && flags !== 'wx')
      throw new HdfsError('EUNSUPPORTED', `Files cannot be opened with '${flags}' yet`, { path: at });
    const writer = await this.#create(at, { ...options, overwrite: flags === 'w' });
    return new HdfsFileHandle(at, { kind: 'write', writer }, stat);
  }

  async #append(path: string, options: CreateOptions & AppendOptions): Promise<FileWriter> {
    try {
      return await FileWriter.append(this.#context, path, options);
    } catch (error) {
      if (!(error instanceof HdfsError) || error.code !== 'ENOENT' || options.mustExist === true) throw error;
    }
    return this.#create(path, { ...options, overwrite: false });
  }

  async #create(path: string, options: CreateOptions): Promise<FileWriter> {
    const { settings } = this.#context;
    const blockSize = options.blockSize ?? settings.blockSize;
    const replication = options.replication ?? settings.replication;
    if (blockSize !== undefined && replication !== undefined) {
      return FileWriter.create(this.#context, path, options, { blockSize, replication });
    }
    const defaults = await this.serverDefaults(options);
    return FileWriter.create(this.#context, path, options, {
      blockSize: blockSize ?? defaults.blockSize,
      replication: replication ?? defaults.replication,
    });
  }

  // ----------------------------------------------------------------------------------------------------- directories

  async readdir(
    path: PathLike,
    options: { readonly withFileTypes: true; readonly recursive?: boolean } & SignalOption,
  ): Promise<Dirent[]>;
  async readdir(
    path: PathLike,
    options?: { readonly withFileTypes?: false; readonly recursive?: boolean } & SignalOption,
  ): Promise<string[]>;
  async readdir(
    path: PathLike,
    options: { readonly withFileTypes?: boolean; readonly recursive?: boolean } & SignalOption = {},
  ): Promise<string[] | Dirent[]> {
    const at = this.resolve(path);
    const entries: Dirent[] = [];
    for await (const entry of this.opendir(at, options)) entries.push(entry);
    if (options.withFileTypes === true) return entries;
    const prefix = at === '/' ? 1 : at.length + 1;
    return entries.map((entry) => entry.path.slice(prefix));
  }

  /** The entries one by one, without holding them all: as they come from the NameNode, in the order of their names. */
  opendir(
    path: PathLike,
    options: { readonly recursive?: boolean } & SignalOption = {},
  ): AsyncGenerator<Dirent, void, undefined> {
    const at = this.resolve(path);
    return options.recursive === true
      ? walk(this.#context, at, options.signal)
      : listDirectory(this.#context, at, options.signal);
  }

  async mkdir(
    path: PathLike,
    options: { readonly recursive?: boolean | undefined; readonly mode?: number | undefined } & SignalOption = {},
  ): Promise<void> {
    const at = this.resolve(path);
    const { namenode, settings } = this.#context;
    const mode = (options.mode ?? DEFAULT_DIRECTORY_MODE) & 0o7777;
    const recursive = options.recursive ?? false;
    // The server takes an existing directory for success.
    if (!recursive && (await this.#status(at, options.signal)) !== undefined) {
      throw new HdfsError('EEXIST', `${at} already exists`, { path: at });
    }
    const masked = { perm: mode & ~settings.umask };
    const { result } = await namenode.call(
      'mkdirs',
      { src: at, masked, unmasked: { perm: mode }, createParent: recursive },
      options.signal,
    );
    if (!result) throw new HdfsError('EIO', `Could not create directory ${at}`, { path: at });
  }

  // --------------------------------------------------------------------------------------------------------- status

  async #status(path: string, signal: AbortSignal | undefined): Promise<HdfsFileStatusProto | undefined> {
    return (await this.#context.namenode.call('getFileInfo', { src: path }, signal)).fs;
  }

  async stat(path: PathLike, options: SignalOption = {}): Promise<HdfsStats> {
    const at = this.resolve(path);
    const status = await this.#status(at, options.signal);
    if (status === undefined) throw new HdfsError('ENOENT', `File does not exist: ${at}`, { path: at });
    return new HdfsStats(status);
  }

  async exists(path: PathLike, options: SignalOption = {}): Promise<boolean> {
    return (await this.#status(this.resolve(path), options.signal)) !== undefined;
  }

  /** Rejects with ENOENT or EACCES unless the user may do what `mode` says (`constants`). */
  async access(path: PathLike, mode: number = constants.F_OK, options: SignalOption = {}): Promise<void> {
    const at = this.resolve(path);
    if (mode === constants.F_OK) {
      await this.stat(at, options);
      return;
    }
    await this.#context.namenode.call(
      'checkAccess',
      { path: at, mode: (mode & 7) as AclEntryProto_FsActionProto },
      options.signal,
    );
  }

  // -------------------------------------------------------------------------------------------------------- changing

  /** Removes, to the trash where the cluster has one. */
  async rm(path: PathLike, options: RemoveOptions = {}): Promise<RemoveResult> {
    const at = this.resolve(path);
    const { namenode, settings } = this.#context;
    const { signal } = options;
    const status = await this.#status(at, signal);
    if (status === undefined) {
      if (options.force === true) return { trashPath: undefined };
      throw new HdfsError('ENOENT', `${at}: No such file or directory`, { path: at });
    }
    if (options.recursive !== true && new HdfsStats(status).isDirectory()) {
      throw new HdfsError('EISDIR', `${at}: Is a directory`, { path: at });
    }
    if (options.skipTrash !== true) {
      const { trashIntervalMinutes } = await this.serverDefaults(options);
      if (trashIntervalMinutes > 0 || settings.trashIntervalMs > 0) {
        const trashPath = await moveToTrash(this.#context, at, this.homeDirectory, signal);
        if (trashPath !== undefined) return { trashPath };
      }
    }
    const { result } = await namenode.call('delete', { src: at, recursive: options.recursive === true }, signal);
    if (!result && options.force !== true) {
      if (at === '/') throw new HdfsError('EIO', `Could not delete ${at}`, { path: at });
      // It was there a moment ago: somebody else was quicker.
      throw new HdfsError('ENOENT', `${at}: No such file or directory`, { path: at });
    }
    return { trashPath: undefined };
  }

  /** Fails with EEXIST when the target exists, unless `overwrite` allows to replace a file or an empty directory. */
  async rename(
    from: PathLike,
    to: PathLike,
    options: { readonly overwrite?: boolean | undefined } & SignalOption = {},
  ): Promise<void> {
    const request = { src: this.resolve(from), dst: this.resolve(to), overwriteDest: options.overwrite ?? false };
    await this.#context.namenode.call('rename2', request, options.signal);
  }

  /**
   * Hadoop's older rename, as its shell uses it: a directory that is there takes what is moved into it. False means that it
   * could not be done, for a reason that only the NameNode's log says; `rename` tells it.
   */
  async move(from: PathLike, to: PathLike, options: SignalOption = {}): Promise<boolean> {
    const request = { src: this.resolve(from), dst: this.resolve(to) };
    return (await this.#context.namenode.call('rename', request, options.signal)).result;
  }

  /**
   * Cuts a file to `length` bytes, which is no more than it has. Resolves when that is done; with `wait: false` at once,
   * and false then means that the DataNodes still have to cut the last block, until when nobody can write to the file. A cut
   * may be forgotten by a NameNode that starts from an image of before its end: a file that is found longer is an error.
   */
  async truncate(
    path: PathLike,
    length: number,
    options: { readonly wait?: boolean | undefined } & SignalOption = {},
  ): Promise<boolean> {
    const src = this.resolve(path);
    const { namenode, clientName, host, closed } = this.#context;
    const { result } = await namenode.call('truncate', { src, newLength: length, clientName }, options.signal);
    if (result || options.wait === false) return result;
    while (!(await this.isFileClosed(src, options))) await host.clock.sleep(TRUNCATE_POLL_MS, options.signal ?? closed);
    const { size } = await this.stat(path, options);
    // Cutting once more might take what somebody has appended since.
    if (size > length) {
      throw new HdfsError(
        'EIO',
        `${src} has ${size} bytes and was to be cut to ${length}: the NameNode has lost that, or it was appended to since`,
        { path: src },
      );
    }
    return true;
  }

  /** Moves the blocks of `sources`, in their order, behind those of `target`; the sources are gone then. */
  async concat(target: PathLike, sources: readonly PathLike[], options: SignalOption = {}): Promise<void> {
    const request = { trg: this.resolve(target), srcs: sources.map((source) => this.resolve(source)) };
    await this.#context.namenode.call('concat', request, options.signal);
  }

  /** Whether nobody has the file open for writing. */
  async isFileClosed(path: PathLike, options: SignalOption = {}): Promise<boolean> {
    return (await this.#context.namenode.call('isFileClosed', { src: this.resolve(path) }, options.signal)).result;
  }

  /** Has the NameNode take a file away from whoever writes it; true: it is closed. False: ask again later. */
  async recoverLease(path: PathLike, options: SignalOption = {}): Promise<boolean> {
    const { namenode, clientName } = this.#context;
    return (await namenode.call('recoverLease', { src: this.resolve(path), clientName }, options.signal)).result;
  }

  async chmod(path: PathLike, mode: number, options: SignalOption = {}): Promise<void> {
    await this.#context.namenode.call(
      'setPermission',
      { src: this.resolve(path), permission: { perm: mode & 0o7777 } },
      options.signal,
    );
  }

  async chown(
    path: PathLike,
    owner: { readonly user?: string | undefined; readonly group?: string | undefined },
    options: SignalOption = {},
  ): Promise<void> {
    const request = { src: this.resolve(path), username: owner.user, groupname: owner.group };
    await this.#context.namenode.call('setOwner', request, options.signal);
  }

  /** Times in seconds, or Dates, as in node:fs. */
  async utimes(path: PathLike, atime: TimeLike, mtime: TimeLike, options: SignalOption = {}): Promise<void> {
    const request = { src: this.resolve(path), atime: milliseconds(atime), mtime: milliseconds(mtime) };
    await this.#context.namenode.call('setTimes', request, options.signal);
  }

  /** False: the path is a directory, which has no replication. */
  async setReplication(path: PathLike, replication: number, options: SignalOption = {}): Promise<boolean> {
    const { result } = await this.#context.namenode.call(
      'setReplication',
      { src: this.resolve(path), replication },
      options.signal,
    );
    return result;
  }

  // ------------------------------------------------------------------------------------------------------ whole trees

  async contentSummary(path: PathLike, options: SignalOption = {}): Promise<ContentSummary> {
    const { summary } = await this.#context.namenode.call('getContentSummary', { path: this.resolve(path) }, options.signal);
    return {
      length: summary.length,
      fileCount: summary.fileCount,
      directoryCount: summary.directoryCount,
      spaceConsumed: summary.spaceConsumed,
      quota: quotaValue(summary.quota),
      spaceQuota: quotaValue(summary.spaceQuota),
      erasureCodingPolicy: summary.erasureCodingPolicy === '' ? undefined : summary.erasureCodingPolicy,
      snapshotLength: summary.snapshotLength ?? 0,
      snapshotFileCount: summary.snapshotFileCount ?? 0,
      snapshotDirectoryCount: summary.snapshotDirectoryCount ?? 0,
      snapshotSpaceConsumed: summary.snapshotSpaceConsumed ?? 0,
    };
  }

  /** The checksum that `hdfs dfs -checksum` prints; `mode` by default as dfs.checksum.combine.mode says. */
  async checksum(
    path: PathLike,
    options: { readonly mode?: 'MD5MD5CRC' | 'COMPOSITE_CRC' } & SignalOption = {},
  ): Promise<FileChecksum> {
    const locations = await FileLocations.open(this.#context, this.resolve(path), options.signal);
    return fileChecksum(this.#context, locations, options.mode ?? this.#context.settings.checksumCombineMode, options.signal);
  }

  async blockLocations(
    path: PathLike,
    options: { readonly start?: number | undefined; readonly length?: number | undefined } & SignalOption = {},
  ): Promise<BlockLocation[]> {
    const src = this.resolve(path);
    const { start = 0, length = Number.MAX_SAFE_INTEGER } = options;
    const { locations } = await this.#context.namenode.call(
      'getBlockLocations',
      { src, offset: start, length },
      options.signal,
    );
    if (locations === undefined) throw new HdfsError('ENOENT', `File does not exist: ${src}`, { path: src });
    return locations.blocks.map(located).map((block) => ({
      blockId: block.block.blockId,
      generationStamp: block.block.generationStamp,
      blockPool: block.block.poolId,
      offset: block.offset,
      length: block.length,
      hosts: block.nodes.map((node) => node.info.id.hostName),
      names: block.nodes.map((node) => nodeName(node.info)),
      topologyPaths: block.nodes.map((node) => `${node.info.location ?? '/default-rack'}/${nodeName(node.info)}`),
      storageIds: block.nodes.map((node) => node.storageId),
      corrupt: block.corrupt,
    }));
  }

  /** What changes at a path and below it, for superusers. */
  watch(path: PathLike, options: WatchOptions = {}): AsyncGenerator<HdfsEvent, void, undefined> {
    return watchEvents(this.#context, this.resolve(path), options);
  }

  async statfs(options: SignalOption = {}): Promise<FsStats> {
    const stats = await this.#context.namenode.call('getFsStats', {}, options.signal);
    return {
      capacity: stats.capacity,
      used: stats.used,
      remaining: stats.remaining,
      underReplicated: stats.under_replicated,
      corruptBlocks: stats.corrupt_blocks,
      missingBlocks: stats.missing_blocks,
      missingReplicationOneBlocks: stats.missing_repl_one_blocks ?? 0,
      pendingDeletionBlocks: stats.pending_deletion_blocks ?? 0,
    };
  }

  /** What the server makes files with when nothing is said; asked for anew once that is an hour old, or as old as is set. */
  serverDefaults(options: SignalOption = {}): Promise<ServerDefaults> {
    const { clock } = this.#context.host;
    const known = this.#defaults;
    if (known !== undefined && clock.monotonic() < known.until) return unlessAborted(known.value, options.signal);
    // Others may wait for the same answer when this caller gives up.
    const value = this.#askDefaults();
    const entry = { value, until: clock.monotonic() + this.#context.settings.defaultsValidMs };
    this.#defaults = entry;
    value.catch(() => {
      if (this.#defaults === entry) this.#defaults = undefined;
    });
    return unlessAborted(value, options.signal);
  }

  async #askDefaults(): Promise<ServerDefaults> {
    const { serverDefaults: defaults } = await this.#context.namenode.call('getServerDefaults', {});
    return {
      blockSize: defaults.blockSize,
      replication: defaults.replication,
      bytesPerChecksum: defaults.bytesPerChecksum,
      writePacketSize: defaults.writePacketSize,
      trashIntervalMinutes: defaults.trashInterval,
      encryptDataTransfer: defaults.encryptDataTransfer,
    };
  }

  /** Ends all connections. What is being read fails, and files still open for writing are given up. */
  close(): Promise<void> {
    return this.#close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function milliseconds(time: TimeLike): number {
  return typeof time === 'number' ? Math.round(time * SECONDS) : time.getTime();
}
