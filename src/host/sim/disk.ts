// A simulated machine's disk as a process sees it. Asynchronous calls take virtual time and happen at its end, so that
// calls in flight together finish in any order and a buffer changed too early shows; synchronous ones happen at once.
import { assert } from '../../base/assert.ts';
import { BEING_WRITTEN } from '../../base/being-written.ts';
import { HdfsError } from '../../base/errors.ts';
import type { SeededRandom } from '../../base/random.ts';
import { DiskFailure } from '../disk-error.ts';
import {
  type CachedFile,
  type Disk,
  type DiskErrorCode,
  type DiskLock,
  type FileStat,
  type FileStep,
  NO_FILE,
  type OpenFlags,
  type VolumeStat,
} from '../host.ts';
import { SimDirectoryNode, type SimNode } from './directory-node.ts';
import { partsOf, placeOf } from './disk-path.ts';
import type { DiskTree } from './disk-tree.ts';
import { type FileHandle, SimFileNode } from './file-node.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface DiskFaultAnswer {
  readonly error?: DiskErrorCode | undefined;
  /** A synchronous call holds its whole process up for so long. Infinity: the call never ends. */
  readonly delayMs?: number | undefined;
  /** A sync that says it has succeeded and has done nothing. */
  readonly lies?: boolean | undefined;
}

/** Decides for each call whether it fails or takes longer: where fault plans take hold (disk-faults.ts). */
export type DiskFault = (call: { readonly operation: string; readonly path: string }) => DiskFaultAnswer | undefined;

export interface DiskSite {
  readonly scheduler: Scheduler;
  readonly life: Life;
  readonly tree: DiskTree;
  readonly random: SeededRandom;
  readonly wallMs: () => number;
  readonly fault: () => DiskFault | undefined;
  /** Told of each call before it does anything and once it has, before anybody hears of it: the process may end there. */
  readonly onCall: (moment: 'before' | 'after') => void;
  readonly identity: string;
}

/** What calls take, milliseconds. */
const QUICK = { leastMs: 0.01, mostMs: 0.1 };
const SYNC = { leastMs: 0.2, mostMs: 3 };

/** Part of the files and pages that a machine does not have in memory. */
const UNCACHED = 0.3;

/** Few, so that callers meet answers that are shorter than their questions. */
const SIZES_AT_ONCE = 8;

/** Of so many questions for steps in turn one is not taken, though nothing is under way. */
const ASKED_IN_VAIN = 3;

/** Calls that run at once, as in a daemon's thread pool: hung ones use it up. */
const PARALLELISM = 32;

const LABELS = new Map(['open', 'read', 'write', 'close', 'fdatasync', 'fsync', 'stat'].map((name) => [name, `disk ${name}`]));

const MESSAGES: Readonly<Partial<Record<DiskErrorCode, string>>> = {
  ENOENT: 'no such file or directory',
  EEXIST: 'file already exists',
  ENOTDIR: 'not a directory',
  EISDIR: 'illegal operation on a directory',
  ENOTEMPTY: 'directory not empty',
  ENOSPC: 'no space left on device',
  EIO: 'i/o error',
};

function fail(code: DiskErrorCode, operation: string, path: string): never {
  throw new DiskFailure(code, `${code}: ${MESSAGES[code] ?? 'failed'}, ${operation} '${path}'`);
}

/** One that takes time. */
interface Call<T> {
  readonly operation: string;
  readonly path: string;
  readonly work: (fault: DiskFaultAnswer | undefined) => T;
  readonly file: SimFile | undefined;
  readonly resolve: (result: T) => void;
  readonly reject: (error: unknown) => void;
}

class Calls {
  readonly site: DiskSite;

  private running = 0;
  private readonly waiting: (() => void)[] = [];
  /** Faults that met a call which then did not wait for the disk, by operation and path: they meet the one that does. */
  private readonly owed = new Map<string, DiskFaultAnswer>();

  constructor(site: DiskSite) {
    this.site = site;
  }

  /** After a failed sync the kernel takes its pages for clean: a later one succeeds, and what was written is on no disk. */
  private failed(operation: string, path: string): void {
    if (operation !== 'fsync' && operation !== 'fdatasync') return;
    const node = this.site.tree.find(path);
    if (node?.kind === 'file') node.forgetUnsynced();
  }

  now<T>(operation: string, path: string, work: (fault: DiskFaultAnswer | undefined) => T): T {
    const { life, scheduler, onCall } = this.site;
    onCall('before');
    // Whoever goes on after the process has ended reaches nothing any more.
    if (!life.alive) fail('EIO', operation, path);
    const fault = this.site.fault()?.({ operation, path });
    if (fault?.delayMs !== undefined) life.heldUntilMs = Math.max(life.heldUntilMs, scheduler.nowMs) + fault.delayMs;
    if (fault?.error !== undefined) {
      this.failed(operation, path);
      fail(fault.error, operation, path);
    }
    const result = work(fault);
    onCall('after');
    return result;
  }

  /** What the machine has in memory, which chance decides. undefined: not that, or a fault is to meet the call. */
  cached<T>(operation: string, path: string, work: () => T): T | undefined {
    const { life, random } = this.site;
    if (!life.alive || random.fraction() < UNCACHED) return undefined;
    const fault = this.site.fault()?.({ operation, path });
    if (fault === undefined) return work();
    this.owed.set(`${operation} ${path}`, fault);
    return undefined;
  }

  private faultOf(operation: string, path: string): DiskFaultAnswer | undefined {
    if (this.owed.size === 0) return this.site.fault()?.({ operation, path });
    const key = `${operation} ${path}`;
    const owed = this.owed.get(key);
    if (owed === undefined) return this.site.fault()?.({ operation, path });
    this.owed.delete(key);
    return owed;
  }

  /** Of an open file, or of a path. */
  later<T>(operation: string, path: string, work: (fault: DiskFaultAnswer | undefined) => T, file?: SimFile): Promise<T> {
    return new Promise((resolve, reject) => {
      const call: Call<T> = { operation, path, work, file, resolve, reject };
      if (this.running < PARALLELISM) this.begin(call);
      else this.waiting.push(() => this.begin(call));
    });
  }

  private begin<T>(call: Call<T>): void {
    this.running++;
    const { scheduler, life, random, onCall } = this.site;
    const { operation } = call;
    onCall('before');
    const { leastMs, mostMs } = operation === 'fsync' || operation === 'fdatasync' ? SYNC : QUICK;
    const fault = life.alive ? this.faultOf(operation, call.path) : undefined;
    const delayMs = leastMs + random.fraction() * (mostMs - leastMs) + (fault?.delayMs ?? 0);
    if (delayMs === Number.POSITIVE_INFINITY) return;
    scheduler.after(delayMs, life, LABELS.get(operation) ?? `disk ${operation}`, () => this.finish(call, fault));
  }

  private finish<T>({ operation, path, work, file, resolve, reject }: Call<T>, fault: DiskFaultAnswer | undefined): void {
    this.running--;
    file?.callEnded();
    try {
      if (fault?.error !== undefined) {
        this.failed(operation, path);
        fail(fault.error, operation, path);
      }
      const result = work(fault);
      this.site.onCall('after');
      resolve(result);
    } catch (error) {
      reject(error);
    }
    this.waiting.shift()?.();
  }
}

const statOf = (node: SimNode): FileStat => ({
  isDirectory: node.kind === 'directory',
  isFile: node.kind === 'file',
  size: node.kind === 'file' ? node.size : 4096,
  mtimeMs: node.mtimeMs,
  mode: (node.kind === 'file' ? 0o100000 : 0o040000) | node.mode,
  inode: node.inode,
});

class SimFile implements CachedFile, FileHandle {
  readonly path: string;
  private readonly calls: Calls;
  private readonly node: SimFileNode;
  private open = true;
  private callsRunning = 0;

  constructor(calls: Calls, path: string, node: SimFileNode) {
    this.calls = calls;
    this.path = path;
    this.node = node;
    node.handles.add(this);
  }

  get isInUse(): boolean {
    return (this.open || this.callsRunning > 0) && this.calls.site.life.alive;
  }

  private later<T>(operation: string, work: (fault: DiskFaultAnswer | undefined) => T): Promise<T> {
    this.callsRunning++;
    return this.calls.later(operation, this.path, work, this);
  }

  /** Before its effect: nothing else happens in between. */
  callEnded(): void {
    this.callsRunning--;
    this.letGo();
  }

  private letGo(): void {
    if (!this.open && this.callsRunning === 0) this.node.handles.delete(this);
  }

  private check(): void {
    assert(this.open, `file used after close: ${this.path}`);
  }

  private put(chunks: readonly Uint8Array[], position: number): void {
    const { tree } = this.calls.site;
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    const growth = Math.max(0, position + length - this.node.size);
    if (tree.used + growth > tree.capacity) fail('ENOSPC', 'write', this.path);
    this.node.write(position, chunks);
    tree.grew(this.node, growth);
    this.node.mtimeMs = this.calls.site.wallMs();
  }

  private cut(length: number): void {
    this.calls.site.tree.used += length - this.node.size;
    this.node.truncate(length);
    this.node.mtimeMs = this.calls.site.wallMs();
  }

  private synced(fault: DiskFaultAnswer | undefined): void {
    if (fault?.lies !== true) this.node.sync();
  }

  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    this.check();
    return this.later('read', () => this.node.read(buffer, offset, length, position));
  }

  readSync(buffer: Uint8Array, offset: number, length: number, position: number): number {
    this.check();
    return this.calls.now('read', this.path, () => this.node.read(buffer, offset, length, position));
  }

  readNow(buffer: Uint8Array, offset: number, length: number, position: number): number | undefined {
    this.check();
    if (position + length > this.node.size) return undefined;
    return this.calls.cached('read', this.path, () => this.node.read(buffer, offset, length, position));
  }

  readv(chunks: readonly Uint8Array[], position: number): Promise<number> {
    this.check();
    return this.later('read', () => {
      let done = 0;
      for (const chunk of chunks) done += this.node.read(chunk, 0, chunk.length, position + done);
      return done;
    });
  }

  write(bytes: Uint8Array, position: number): Promise<void> {
    this.check();
    return this.later('write', () => this.put([bytes], position));
  }

  writeSync(bytes: Uint8Array, position: number): void {
    this.check();
    this.calls.now('write', this.path, () => this.put([bytes], position));
  }

  writev(chunks: readonly Uint8Array[], position: number): Promise<void> {
    this.check();
    return this.later('write', () => this.put(chunks, position));
  }

  writevSync(chunks: readonly Uint8Array[], position: number): void {
    this.check();
    this.calls.now('write', this.path, () => this.put(chunks, position));
  }

  truncate(length: number): Promise<void> {
    this.check();
    return this.later('truncate', () => this.cut(length));
  }

  truncateSync(length: number): void {
    this.check();
    this.calls.now('truncate', this.path, () => this.cut(length));
  }

  datasync(): Promise<void> {
    this.check();
    return this.later('fdatasync', (fault) => this.synced(fault));
  }

  datasyncSync(): void {
    this.check();
    this.calls.now('fdatasync', this.path, (fault) => this.synced(fault));
  }

  sync(): Promise<void> {
    this.check();
    return this.later('fsync', (fault) => this.synced(fault));
  }

  syncSync(): void {
    this.check();
    this.calls.now('fsync', this.path, (fault) => this.synced(fault));
  }

  stat(): Promise<FileStat> {
    this.check();
    return this.later('fstat', () => statOf(this.node));
  }

  close(): Promise<void> {
    this.open = false;
    return this.later('close', () => undefined);
  }

  closeSync(): void {
    this.open = false;
    this.letGo();
  }

  closeNow(): void {
    this.closeSync();
  }
}

export function simDisk(site: DiskSite): Disk {
  const { tree } = site;
  const calls = new Calls(site);

  const parentOf = (operation: string, path: string): { directory: SimDirectoryNode; name: string } => {
    const { parents, name } = placeOf(path);
    if (name === undefined) fail('EISDIR', operation, path);
    const directory = tree.walk(parents);
    if (directory === undefined) fail('ENOENT', operation, path);
    if (directory.kind !== 'directory') fail('ENOTDIR', operation, path);
    return { directory, name };
  };
  const existing = (operation: string, path: string): SimNode => tree.find(path) ?? fail('ENOENT', operation, path);

  const openNow = (path: string, flags: OpenFlags, mode = 0o644): SimFile => {
    const { directory, name } = parentOf('open', path);
    let node = directory.live.get(name);
    if (node?.kind === 'directory') fail('EISDIR', 'open', path);
    if (node !== undefined && flags === 'wx') fail('EEXIST', 'open', path);
    if (node === undefined) {
      if (flags === 'r' || flags === 'r+') fail('ENOENT', 'open', path);
      node = new SimFileNode(tree.nextInode(), mode, site.wallMs());
      directory.live.set(name, node);
      directory.mtimeMs = site.wallMs();
    } else if (flags === 'w' && node.size > 0) {
      tree.used -= node.size;
      node.truncate(0);
    }
    return new SimFile(calls, path, node);
  };

  const renameNow = (from: string, to: string): void => {
    const source = parentOf('rename', from);
    const target = parentOf('rename', to);
    const node = source.directory.live.get(source.name) ?? fail('ENOENT', 'rename', from);
    const replaced = target.directory.live.get(target.name);
    if (replaced === node) return;
    if (replaced?.kind === 'directory') {
      if (node.kind !== 'directory') fail('EISDIR', 'rename', to);
      if (replaced.live.size > 0) fail('ENOTEMPTY', 'rename', to);
    } else if (replaced !== undefined && node.kind === 'directory') fail('ENOTDIR', 'rename', to);
    if (replaced?.kind === 'file') tree.used -= replaced.size;
    source.directory.live.delete(source.name);
    target.directory.live.set(target.name, node);
    const move = { from: source.directory, name: source.name, to: target.directory, newName: target.name, newPath: to };
    tree.renamed(node, move);
  };

  const unlinkNow = (path: string): void => {
    const { directory, name } = parentOf('unlink', path);
    const node = directory.live.get(name) ?? fail('ENOENT', 'unlink', path);
    if (node.kind === 'directory') fail('EISDIR', 'unlink', path);
    tree.used -= node.size;
    directory.live.delete(name);
  };

  const mkdirNow = (path: string, mode = 0o755): void => {
    let node: SimNode = tree.root;
    for (const part of partsOf(path)) {
      if (node.kind !== 'directory') fail('ENOTDIR', 'mkdir', path);
      let next: SimNode | undefined = node.live.get(part);
      if (next === undefined) {
        next = new SimDirectoryNode(tree.nextInode(), mode, site.wallMs());
        node.live.set(part, next);
      }
      node = next;
    }
    if (node.kind !== 'directory') fail('EEXIST', 'mkdir', path);
  };

  const removeNow = (path: string): void => {
    const node = tree.find(path);
    if (node === undefined || node === tree.root) return;
    const { directory, name } = parentOf('rm', path);
    const forget = (gone: SimNode): void => {
      if (gone.kind === 'file') tree.used -= gone.size;
      else for (const child of gone.live.values()) forget(child);
    };
    forget(node);
    directory.live.delete(name);
  };

  const readNow = (path: string): Buffer => {
    const node = existing('open', path);
    if (node.kind === 'directory') fail('EISDIR', 'read', path);
    const bytes = Buffer.alloc(node.size);
    node.read(bytes, 0, bytes.length, 0);
    return bytes;
  };

  const syncNow = (path: string, fault: DiskFaultAnswer | undefined): void => {
    const node = existing('open', path);
    if (node.kind !== 'directory') fail('ENOTDIR', 'fsync', path);
    if (fault?.lies !== true) tree.syncDirectory(path);
  };

  /** One question at a time, and not each: whoever asks has to know the other way. */
  let turns = 0;
  let turnIsTaken = false;
  const makeSteps = async (steps: readonly FileStep[]): Promise<void> => {
    for (const { file, bytes, position } of steps) await file.write(bytes, position);
  };

  const disk: Disk = {
    parallelism: PARALLELISM,
    inTurn(steps) {
      if (turnIsTaken || ++turns % ASKED_IN_VAIN === 0) return undefined;
      turnIsTaken = true;
      return makeSteps(steps.map((step) => ({ ...step, bytes: Buffer.from(step.bytes) }))).finally(() => {
        turnIsTaken = false;
      });
    },
    open: (path, flags, mode) => calls.later('open', path, () => openNow(path, flags, mode)),
    openSync: (path, flags, mode) => calls.now('open', path, () => openNow(path, flags, mode)),
    stat: (path) => calls.later('stat', path, () => statOf(existing('stat', path))),
    fileSizes: () => ({
      async of(directory, names) {
        const sizes = new Float64Array(Math.min(names.length, SIZES_AT_ONCE));
        for (let i = 0; i < sizes.length; i++) {
          const path = `${directory}/${names[i]}`;
          sizes[i] = await calls.later('stat', path, () => {
            const node = tree.find(path);
            return node?.kind === 'file' ? node.size : NO_FILE;
          });
        }
        return sizes;
      },
      close: () => undefined,
    }),
    cachedReads: (file) =>
      calls.later('stat', file, () =>
        tree.find(file)?.kind === 'file'
          ? {
              open: (path) =>
                tree.find(path)?.kind === 'file' ? calls.cached('open', path, () => openNow(path, 'r')) : undefined,
            }
          : undefined,
      ),
    exists: (path) => calls.later('stat', path, () => tree.find(path) !== undefined),
    readdir: (path) =>
      calls.later('readdir', path, () => {
        const node = existing('scandir', path);
        if (node.kind !== 'directory') fail('ENOTDIR', 'scandir', path);
        return [...node.live.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      }),
    mkdir: (path, mode) => calls.later('mkdir', path, () => mkdirNow(path, mode)),
    rename: (from, to) => calls.later('rename', from, () => renameNow(from, to)),
    renameSync: (from, to) => calls.now('rename', from, () => renameNow(from, to)),
    link: (from, to) =>
      calls.later('link', from, () => {
        const node = existing('link', from);
        const { directory, name } = parentOf('link', to);
        if (directory.live.has(name)) fail('EEXIST', 'link', to);
        directory.live.set(name, node);
      }),
    unlink: (path) => calls.later('unlink', path, () => unlinkNow(path)),
    unlinkSync: (path) => calls.now('unlink', path, () => unlinkNow(path)),
    removeTree: (path) => calls.later('rm', path, () => removeNow(path)),
    chmod: (path, mode) =>
      calls.later('chmod', path, () => {
        existing('chmod', path).mode = mode & 0o7777;
      }),
    readFile: (path) => calls.later('read', path, () => readNow(path)),
    async writeFileAtomic(path, content) {
      const aside = `${path}${BEING_WRITTEN}`;
      const file = await disk.open(aside, 'w');
      await file.write(typeof content === 'string' ? Buffer.from(content, 'utf8') : Buffer.from(content), 0);
      await file.sync();
      await file.close();
      await disk.rename(aside, path);
      await disk.syncDirectory(`/${partsOf(path).slice(0, -1).join('/')}`);
    },
    syncDirectory: (path) => calls.later('fsync', path, (fault) => syncNow(path, fault)),
    syncDirectorySync: (path) => calls.now('fsync', path, (fault) => syncNow(path, fault)),
    volume: (path) =>
      calls.later('statfs', path, (): VolumeStat => {
        existing('statfs', path);
        return { id: 'disk', capacity: tree.capacity, available: Math.max(0, tree.capacity - tree.used), used: tree.used };
      }),
    lock: (path) =>
      calls.later('lock', path, (): DiskLock => {
        const name = partsOf(path).join('/');
        if (tree.locks.get(name)?.alive) {
          throw new HdfsError('EBUSY', `${path} is locked: it is in use by ${readNow(path).toString('utf8').trim()}`, { path });
        }
        const file = openNow(path, 'w');
        file.writeSync(Buffer.from(`${site.identity}\n`), 0);
        file.closeSync();
        tree.locks.set(name, site.life);
        return {
          release: () =>
            calls.later('unlock', path, () => {
              if (tree.locks.get(name) !== site.life) return;
              tree.locks.delete(name);
              removeNow(path);
            }),
        };
      }),
  };
  return disk;
}
