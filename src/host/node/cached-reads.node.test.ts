// If these fail, readers of blocks get other bytes than the file's, or a disk that hangs holds the one thread of a DataNode.
import { execFileSync } from 'node:child_process';
import fs, { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CachedFile, CachedReads } from '../host.ts';
import { cachedReads } from './cached-reads.ts';
import { type KernelLibrary, kernelLibrary } from './kernel-library.ts';

const EXT4 = 0xef53;
const FILE_BYTES = 4 * 1024 * 1024 + 77;
/**
 * Where the tests run there may be another file system, no build of the library, or a kernel before 6.5, which counts no pages:
 * those below say that they were skipped.
 */
const [major = 0, minor = 0] = release().split('.').map(Number);
const isPossible =
  kernelLibrary() !== false && statfsSync(tmpdir()).type === EXT4 && (major > 6 || (major === 6 && minor >= 5));

let root: string;
let content: Buffer;

beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'tuskfs-cached-'));
  content = Buffer.allocUnsafe(FILE_BYTES);
  for (let at = 0; at + 4 <= FILE_BYTES; at += 4) content.writeUInt32LE(at, at);
  writeFileSync(join(root, 'file'), content);
  writeFileSync(join(root, 'trial'), 'layoutVersion=-57\n');
});

afterAll(() => rmSync(root, { recursive: true }));

const descriptors = (): number => readdirSync('/proc/self/fd').length;

test('without the library, or on a file system of memory alone, there are none', async () => {
  expect(await cachedReads(join(root, 'trial'), false)).toBeUndefined();
  expect(await cachedReads(join(root, 'no such file'))).toBeUndefined();
  if (!existsSync('/dev/shm')) return;
  const inMemory = mkdtempSync('/dev/shm/tuskfs-cached-');
  writeFileSync(join(inMemory, 'trial'), 'layoutVersion=-57\n');
  expect(await cachedReads(join(inMemory, 'trial'))).toBeUndefined();
  rmSync(inMemory, { recursive: true });
});

describe.runIf(isPossible)('a file in memory', () => {
  let reads: CachedReads;
  const open = (): CachedFile => {
    const file = reads.open(join(root, 'file'));
    if (file === undefined) throw new Error('it is not found in memory');
    return file;
  };

  /** What leaves the memory meanwhile, as it may at any time, is brought back by reading it the usual way. */
  const read = async (file: CachedFile, into: Buffer, offset: number, length: number, position: number): Promise<number> => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const got = file.readNow(into, offset, length, position);
      if (got !== undefined) return got;
      const all = Buffer.allocUnsafe(64 * 1024);
      for (let at = 0; at < FILE_BYTES; at += all.length) await file.read(all, 0, all.length, at);
    }
    throw new Error('it does not stay in memory');
  };

  beforeAll(async () => {
    const found = await cachedReads(join(root, 'trial'));
    if (found === undefined) throw new Error('they do not work here');
    reads = found;
  });

  test('is read from where it is asked for, into its place and no further', async () => {
    const file = open();
    for (let turn = 0; turn < 200; turn++) {
      const [position, length] = [(turn * 99_991) % (FILE_BYTES - 70_000), 1 + ((turn * 7919) % 65_536)];
      const into = Buffer.alloc(length + 20, 0xee);
      expect(await read(file, into, 10, length, position)).toBe(length);
      expect(into.subarray(10, 10 + length).equals(content.subarray(position, position + length))).toBe(true);
      expect([into[9], into[10 + length]]).toEqual([0xee, 0xee]);
    }
    const tail = Buffer.alloc(77);
    expect(await read(file, tail, 0, 77, FILE_BYTES - 77)).toBe(77);
    expect(tail.equals(content.subarray(-77))).toBe(true);
    file.closeNow();
  });

  test('is not read beyond its end, nor in lengths that keep others waiting', () => {
    const file = open();
    const into = Buffer.alloc(1024 * 1024);
    expect(file.readNow(into, 0, 78, FILE_BYTES - 77)).toBeUndefined();
    expect(file.readNow(into, 0, 1, 2 ** 40)).toBeUndefined();
    expect(file.readNow(into, 0, into.length, 0)).toBeUndefined();
    expect(file.readNow(into, 0, 0, 0)).toBeUndefined();
    file.closeNow();
  });

  test('serves as any other file does', async () => {
    const file = open();
    const into = Buffer.alloc(10);
    expect(await file.read(into, 0, 10, 4000)).toBe(10);
    expect(into.equals(content.subarray(4000, 4010))).toBe(true);
    expect((await file.stat()).size).toBe(FILE_BYTES);
    await file.close();
  });

  test('that leaves it is left to the disk, and comes back with what the disk brings', async () => {
    const file = open();
    const into = Buffer.alloc(4096);
    fs.fsyncSync(fs.openSync(join(root, 'file'), 'r'));
    execFileSync('dd', [`of=${join(root, 'file')}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
    expect(file.readNow(into, 0, into.length, 2 * 1024 * 1024)).toBeUndefined();
    // Nor has the question had it fetched: beginning that may wait too.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(file.readNow(into, 0, into.length, 2 * 1024 * 1024)).toBeUndefined();
    // What the kernel would fetch ahead, seeing this page read, is not there.
    await file.read(into, 0, into.length, 0);
    expect(file.readNow(into, 0, into.length, 0)).toBeUndefined();
    expect(await read(file, into, 0, into.length, 2 * 1024 * 1024)).toBe(into.length);
    expect(into.equals(content.subarray(2 * 1024 * 1024, 2 * 1024 * 1024 + 4096))).toBe(true);
    file.closeNow();
  });

  test('of which much would be read ahead is counted once for many reads, and what is read for each', async () => {
    const library = kernelLibrary() as KernelLibrary;
    const counted: number[] = [];
    const counting: KernelLibrary = {
      ...library,
      func: (prototype) => {
        const call = library.func(prototype) as (...args: unknown[]) => unknown;
        if (!prototype.includes('counts')) return call;
        return (...args: unknown[]) => {
          counted.push((args[2] as Buffer).readUInt32LE(8));
          return call(...args);
        };
      },
    };
    const ahead = 1024 * 1024;
    const far = await cachedReads(join(root, 'trial'), counting, ahead);
    const file = far?.open(join(root, 'file')) as CachedFile;
    const into = Buffer.alloc(5000);
    await read(file, into, 0, into.length, ahead + 10);
    await new Promise((resolve) => setTimeout(resolve, 30));
    counted.length = 0;
    const began = performance.now();
    for (const position of [ahead + 10, ahead + 10, 2 * ahead - 5000, 2 * ahead - 4000]) {
      expect(await read(file, into, 0, into.length, position)).toBe(into.length);
      expect(into.equals(content.subarray(position, position + into.length))).toBe(true);
    }
    const all = [5000, ahead, ahead, 5000, 5000, 5000, ahead];
    // Where the machine has let this wait, it was counted anew.
    if (performance.now() - began < 15) expect(counted).toEqual(all);
    else expect(counted.length).toBeGreaterThanOrEqual(all.length);
    await new Promise((resolve) => setTimeout(resolve, 30));
    counted.length = 0;
    await read(file, into, 0, into.length, ahead + 10);
    expect(counted.slice(0, 3)).toEqual([5000, ahead, ahead]);
    execFileSync('dd', [`of=${join(root, 'file')}`, 'oflag=nocache', 'conv=notrunc,fdatasync', 'count=0'], { stdio: 'ignore' });
    expect(file.readNow(into, 0, into.length, ahead + 10)).toBeUndefined();
    // What lies before it in its stretch need not be there.
    for (let at = 3 * ahead + 65_536; at < FILE_BYTES; at += 65_536) {
      await file.read(Buffer.alloc(65_536), 0, 65_536, at);
    }
    expect(file.readNow(into, 0, into.length, 3 * ahead + 100_000)).toBe(into.length);
    file.closeNow();
  });

  test('is closed once, and one that is not there takes nothing', () => {
    const before = descriptors();
    const files = Array.from({ length: 20 }, open);
    expect(descriptors()).toBe(before + 20);
    for (const file of files) file.closeNow();
    expect(() => files[0]?.readNow(Buffer.alloc(1), 0, 1, 0)).toThrow('file used after close');
    expect(reads.open(join(root, 'no such file'))).toBeUndefined();
    expect(descriptors()).toBe(before);
  });
});
