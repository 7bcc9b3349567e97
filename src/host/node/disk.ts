// Names of files, directories and file systems over node:fs.
import fs, { promises as fsp } from 'node:fs';
import { dirname } from 'node:path';
import { BEING_WRITTEN } from '../../base/being-written.ts';
import { DiskFailure } from '../disk-error.ts';
import type { Disk, OpenFlags } from '../host.ts';
import { cachedReads } from './cached-reads.ts';
import { nodeFileSizes } from './file-sizes.ts';
import { type FileThread, fileThread } from './file-thread.ts';
import { lockFile } from './lock.ts';
import { attempt, attemptSync, callbacks, NodeFile, statOf } from './node-file.ts';

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
  const aside = `${path}${BEING_WRITTEN}`;
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

/** Disk.inTurn by this thread. */
export const inTurnOf =
  (thread: FileThread): NonNullable<Disk['inTurn']> =>
  (steps) =>
    thread.run(steps.map(({ file, bytes, position }) => ({ file: (file as NodeFile).fd, bytes, position })));

export const nodeDisk: Disk = {
  parallelism: Number.isSafeInteger(threads) && threads > 0 ? threads : DEFAULT_THREADS,
  open: (path, flags, mode) =>
    attempt(async () => new NodeFile(path, await callbacks.open(path, FLAGS[flags], mode ?? DEFAULT_FILE_MODE))),
  openSync: (path, flags, mode) =>
    attemptSync(() => new NodeFile(path, fs.openSync(path, FLAGS[flags], mode ?? DEFAULT_FILE_MODE))),
  stat: (path) => attempt(async () => statOf(await fsp.stat(path))),
  fileSizes: () => nodeFileSizes(),
  cachedReads: (file) => cachedReads(file),
  inTurn: inTurnOf(fileThread),
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
