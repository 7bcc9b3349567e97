// An open file over node:fs: a raw file descriptor, so that a file can be used synchronously and asynchronously in turn.
import fs from 'node:fs';
import { promisify } from 'node:util';
import { assert } from '../../base/assert.ts';
import { HdfsError } from '../../base/errors.ts';
import { DiskFailure } from '../disk-error.ts';
import type { DiskFile, FileSender, FileStat } from '../host.ts';
import { beginWriteback } from './write-behind.ts';

export const callbacks = {
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

export async function attempt<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HdfsError) throw error;
    throw DiskFailure.from(error);
  }
}

export function attemptSync<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw DiskFailure.from(error);
  }
}

export const statOf = (stat: fs.Stats): FileStat => ({
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

export class NodeFile implements DiskFile {
  readonly path: string;
  private readonly descriptor: number;
  private open = true;

  constructor(path: string, descriptor: number) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** Of the open file. */
  get fd(): number {
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

  beginWriteback(position: number, length: number): Promise<boolean> {
    return beginWriteback(this.fd, position, length);
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
