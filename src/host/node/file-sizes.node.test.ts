// If these fail, a DataNode takes its blocks for longer or shorter than they are, or does not start where no thread can be had.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { type FileSizes, NO_FILE } from '../host.ts';
import { nodeFileSizes } from './file-sizes.ts';

const directory = mkdtempSync(join(tmpdir(), 'tuskfs-sizes-'));
afterAll(() => rmSync(directory, { recursive: true }));
const names = Array.from({ length: 300 }, (_, i) => `blk_${i}`);
for (const [i, name] of names.entries()) writeFileSync(join(directory, name), 'x'.repeat(i));
mkdirSync(join(directory, 'a directory'));
symlinkSync(join(directory, 'blk_7'), join(directory, 'a link'));
symlinkSync(join(directory, 'nothing'), join(directory, 'a dangling link'));
const asked = [...names, 'a directory', 'a link', 'not there', 'a dangling link'];
const expected = [...names.map((_, i) => i), NO_FILE, 7, NO_FILE, NO_FILE];

async function all(sizes: FileSizes, where = directory): Promise<number[]> {
  const told: number[] = [];
  while (told.length < asked.length) {
    const some = await sizes.of(where, asked.slice(told.length));
    expect(some.length).toBeGreaterThan(0);
    told.push(...some);
  }
  return told;
}

const NEVER = Number.POSITIVE_INFINITY;

test.each([
  ['one by one', NEVER],
  ['in a thread', 0],
] as const)('sizes %s: ordinary files and links to them, nothing else', async (_, threadFrom) => {
  const sizes = nodeFileSizes(threadFrom);
  // In any order of the questions.
  expect(await Promise.all([all(sizes), all(sizes)])).toEqual([expected, expected]);
  expect(await sizes.of(directory, [])).toEqual(new Float64Array(0));
  for (const none of ['nothing', 'blk_0']) {
    expect(await sizes.of(join(directory, none), ['blk_1'])).toEqual(Float64Array.of(NO_FILE));
  }
  await expect(sizes.of(directory, ['x'.repeat(300)])).rejects.toMatchObject({ name: 'DiskError', code: 'EOTHER' });
  expect(await sizes.of(directory, ['blk_5'])).toEqual(Float64Array.of(5));
  sizes.close();
});

test('a thread begins once there are many files', async () => {
  let threads = 0;
  const sizes = nodeFileSizes(2, () => {
    threads++;
    throw new Error('no more threads');
  });
  expect(await sizes.of(directory, ['blk_1'])).toEqual(Float64Array.of(1));
  expect(threads).toBe(0);
  // None can be had: it goes on without, and asks for no other.
  expect(await all(sizes)).toEqual(expected);
  expect(threads).toBe(1);
  sizes.close();
});

test('a thread that ends leaves no question without an answer', async () => {
  const sizes = nodeFileSizes(0, () => new Worker('setTimeout(() => process.exit(1), 10)', { eval: true }));
  expect(await all(sizes)).toEqual(expected);
  sizes.close();
});
