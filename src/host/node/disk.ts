// Files over node:fs. Raw file descriptors, so that a file can be used synchronously and asynchronously in turn.
import fs, { promises as fsp } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import { DiskFailure } from '../disk-error.ts';
import type { Disk, DiskFile, FileSender, FileStat, OpenFlags } from '../host.ts';
import { nodeFileSizes } from './file-sizes.ts';
import { lockFile } from './lock.ts';

const callbacks = {
  open: promisify(fs.open),
  write: promisify(fs.write),
  ftruncate: promisify(fs.ftruncate),
  fdatasync: promisify(fs.fdatasync),
  fsync: promisify(fs.fsync),
  fstat: promisify(fs.fstat),
  close: promisify(fs.close),
};

/** The calls that move a block's bytes, without the promises in between that `promisify` makes. */
function counted(start: (done: (error: NodeJS.ErrnoException | null, bytes: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    start((error, bytes) => {
      if (error === null) resolve(bytes);
      else reject(DiskFailure.from(error));
    });
  });
}

async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HdfsError) throw error;
    throw DiskFailure.from(error);
  }
}

function attemptSync<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw DiskFailure.from(error);
  }
}

const statOf = (stat: fs.Stats): FileStat => ({
  isDirectory: stat.isDirectory(),
  isFile: stat.isFile(),
  size: stat.size,
  mtimeMs: stat.mtimeMs,
  mode: stat.mode,
  inode: stat.ino,
});

/** Most chunks in one vectored write of the kernel (IOV_MAX). */
const MAX_VECTOR = 1024;

/** What is left of `chunks` after `done` bytes. */
function remainder(chunks: readonly Uint8Array[], done: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = done;
  for (const chunk of chunks) {
    if (skip >= chunk.length) skip -= chunk.length;
    else {
      rest.push(skip === 0 ? chunk : chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

class NodeFile implements DiskFile {
  readonly path: string;
  private readonly descriptor: number;
  private open = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  private get fd(): number {
    assert(this.open, `file used after close: ${this.path}`);
    return this.descriptor;
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    const { fd } = this;
    return counted((done) => fs.read(fd, buffer, offset, length, position, done));
  }

  async readv(chunks: readonly Uint8Array[], position: number): Promise<number> {
    const { fd } = this;
    let rest = remainder(chunks, 0);
    let at = position;
    while (rest.length > 0) {
      const got = await counted((done) => fs.readv(fd, rest.slice(0, MAX_VECTOR), at, done));
      if (got === 0) break;
      at += got;
      rest = remainder(rest, got);
    }
    return at - position;
  }

  readSync(buffer: Uint8Array, offset: number, length: number, position: number): number {
    const { fd } = this;
    return attemptSync(() => fs.readSync(fd, buffer, offset, length, position));
  }

  sendTo(sender: FileSender, position: number, length: number): Promise<number> {
    return sender.send(this.fd, position, length);
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    const { fd } = this;
    return attempt(async () => {
      let done = 0;
      while (done < bytes.length) {
        const { bytesWritten } = await callbacks.write(fd, bytes, done, bytes.length - done, position + done);
        done += bytesWritten;
      }
    });
  }

  writeSync(bytes: Uint8Array, position: number): void {
    const { fd } = this;
    attemptSync(() => {
      let done = 0;
      while (done < bytes.length) done += fs.writeSync(fd, bytes, done, bytes.length - done, position + done);
    });
  }

  async writev(chunks: readonly Uint8Array[], position: number): Promise<void> {
    const { fd } = this;
    let rest = remainder(chunks, 0);
    let at = position;
    while (rest.length > 0) {
      const written = await counted((done) => fs.writev(fd, rest.slice(0, MAX_VECTOR), at, done));
      at += written;
      rest = remainder(rest, written);
    }
  }

  writevSync(chunks: readonly Uint8Array[], position: number): void {
    const { fd } = this;
    attemptSync(() => {
      let rest = remainder(chunks, 0);
      let at = position;
      while (rest.length > 0) {
        const written = fs.writevSync(fd, rest.length <= MAX_VECTOR ? rest : rest.slice(0, MAX_VECTOR), at);
        at += written;
        rest = remainder(rest, written);
      }
    });
  }

  truncate(length: number): Promise<void> {
    return attempt(() => callbacks.ftruncate(this.fd, length));
  }

  truncateSync(length: number): void {
    const { fd } = this;
    attemptSync(() => fs.ftruncateSync(fd, length));
  }

  datasync(): Promise<void> {
    return attempt(() => callbacks.fdatasync(this.fd));
  }

  datasyncSync(): void {
    const { fd } = this;
    attemptSync(() => fs.fdatasyncSync(fd));
  }

  sync(): Promise<void> {
    return attempt(() => callbacks.fsync(this.fd));
  }

  syncSync(): void {
    const { fd } = this;
    attemptSync(() => fs.fsyncSync(fd));
  }

  stat(): Promise<FileStat> {
    return attempt(async () => statOf(await callbacks.fstat(this.fd)));
  }

  async close(): Promise<void> {
    if (!this.open) return;
    this.open = false;
    await attempt(() => callbacks.close(this.descriptor));
  }

  closeSync(): void {
    if (!this.open) return;
    this.open = false;
    attemptSync(() => fs.closeSync(this.descriptor));
  }
}

const { O_CREAT, O_EXCL, O_RDONLY, O_RDWR, O_TRUNC } = fs.constants;

/**
 * Positions are always given, and Linux ignores them in append mode: 'a' is read and write, created when missing, so
 * that a file can be read back through the same handle.
 */
const FLAGS: Readonly<Record<OpenFlags, number>> = {
  r: O_RDONLY,
  'r+': O_RDWR,
  w: O_RDWR | O_CREAT | O_TRUNC,
  wx: O_RDWR | O_CREAT | O_EXCL,
  a: O_RDWR | O_CREAT,
};

const DEFAULT_FILE_MODE = 0o666;

function syncDirectorySync(path: string): void {
  const fd = fs.openSync(path, O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

async function syncDirectory(path: string): Promise<void> {
  const fd = await callbacks.open(path, O_RDONLY);
  try {
    await callbacks.fsync(fd);
  } finally {
    await callbacks.close(fd);
  }
}

async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  const aside = `${path}.tmp`;
  const file = new NodeFile(aside, await callbacks.open(aside, FLAGS.w, DEFAULT_FILE_MODE));
  try {
    await file.write(typeof content === 'string' ? Buffer.from(content, 'utf8') : content, 0);
    await file.sync();
    await file.close();
    await fsp.rename(aside, path);
  } catch (error) {
    await file.close();
    await fsp.rm(aside, { force: true });
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** Removes a tree one call after the other: Node's own way takes as many threads as there are files. */
async function removeTree(path: string): Promise<void> {
  let entries: fs.Dirent[];
  try {
    entries = await fsp.readdir(path, { withFileTypes: true });
  } catch (error) {
    const { code } = DiskFailure.from(error);
    if (code === 'ENOENT') return;
    if (code !== 'ENOTDIR') throw error;
    await fsp.rm(path, { force: true });
    return;
  }
  for (const entry of entries) {
    const name = `${path}/${entry.name}`;
    if (entry.isDirectory()) await removeTree(name);
    else await fsp.rm(name, { force: true });
  }
  await fsp.rmdir(path);
}

const ASCII = /^[\0-\x7f]*$/;

const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Threads of the pool when nothing is said of them. Node reads the variable once, before the first call. */
const DEFAULT_THREADS = 4;
const threads = Number(process.env.UV_THREADPOOL_SIZE ?? DEFAULT_THREADS);

export const nodeDisk: Disk = {
  parallelism: Number.isSafeInteger(threads) && threads > 0 ? threads : DEFAULT_THREADS,
  open: (path, flags, mode) =>
    attempt(async () => new NodeFile(path, await callbacks.open(path, FLAGS[flags], mode ?? DEFAULT_FILE_MODE))),
  openSync: (path, flags, mode) =>
    attemptSync(() => new NodeFile(path, fs.openSync(path, FLAGS[flags], mode ?? DEFAULT_FILE_MODE))),
  stat: (path) => attempt(async () => statOf(await fsp.stat(path))),
  fileSizes: () => nodeFileSizes(),
  exists: (path) =>
    attempt(async () => {
      try {
        await fsp.lstat(path);
        return true;
      } catch (error) {
        const failure = DiskFailure.from(error);
        if (failure.code === 'ENOENT' || failure.code === 'ENOTDIR') return false;
        throw failure;
      }
    }),
  readdir: (path) =>
    attempt(async () => {
      // They come sorted by bytes, and strings compare so as long as they are ASCII.
      const names = await fsp.readdir(path);
      return ASCII.test(names.join('')) ? names.sort() : names.sort(compareBytes);
    }),
  mkdir: (path, mode) =>
    attempt(async () => {
      await fsp.mkdir(path, mode === undefined ? { recursive: true } : { recursive: true, mode });
    }),
  rename: (from, to) => attempt(() => fsp.rename(from, to)),
  renameSync: (from, to) => attemptSync(() => fs.renameSync(from, to)),
  link: (existing, path) => attempt(() => fsp.link(existing, path)),
  unlink: (path) => attempt(() => fsp.unlink(path)),
  unlinkSync: (path) => attemptSync(() => fs.unlinkSync(path)),
  removeTree: (path) => attempt(() => removeTree(path)),
  chmod: (path, mode) => attempt(() => fsp.chmod(path, mode)),
  readFile: (path) => attempt(() => fsp.readFile(path)),
  writeFileAtomic: (path, content) => attempt(() => writeFileAtomic(path, content)),
  syncDirectory: (path) => attempt(() => syncDirectory(path)),
  syncDirectorySync: (path) => attemptSync(() => syncDirectorySync(path)),
  volume: (path) =>
    attempt(async () => {
      const stat = await fsp.statfs(path);
      return {
        id: String((await fsp.stat(path)).dev),
        capacity: stat.blocks * stat.bsize,
        available: stat.bavail * stat.bsize,
        used: (stat.blocks - stat.bfree) * stat.bsize,
      };
    }),
  lock: (path) => attempt(() => lockFile(path)),
};
