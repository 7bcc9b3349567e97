// If these fail, a DataNode that had work for a minute keeps what that took for good.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { givePagesBack } from './small-memory.ts';
import { hasKernelLibrary } from './test-connection.ts';

const MIB = 2 ** 20;

/** What it tells of the space for new objects: after many, when a thread has begun, and after as many once more. */
const PROGRAM = `
import { getHeapSpaceStatistics } from 'node:v8';
import { Worker } from 'node:worker_threads';
import { keepMemorySmall, threadBegins, trimMemory } from './small-memory.ts';

const forNew = () => getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space').space_size;
const kept = [];
const makeMany = () => {
  for (let i = 0; i < 4_000_000; i++) kept[i % 40_000] = { i };
};
if (process.argv[2] === 'small') keepMemorySmall(() => []);
makeMany();
const first = forNew();
const worker = threadBegins(new Worker('setInterval(() => undefined, 1000)', { eval: true }));
await new Promise((resolve) => worker.once('online', resolve));
const begun = forNew();
makeMany();
console.log(JSON.stringify([first, begun, forNew()]));
await trimMemory();
await worker.terminate();
process.exit(0);
`;

let directory: string;
let program: string;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'tuskfs-small-'));
  program = join(directory, 'program.mjs');
  await build({
    stdin: { contents: PROGRAM, resolveDir: import.meta.dirname, loader: 'ts' },
    outfile: program,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
  });
});

afterAll(() => rmSync(directory, { recursive: true }));

interface Space {
  readonly first: number;
  readonly begun: number;
  readonly last: number;
}

async function spaceForNew(...args: readonly string[]): Promise<Space> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, ...args]);
  const [first = 0, begun = 0, last = 0] = JSON.parse(stdout) as number[];
  return { first, begun, last };
}

/** Once more where a collection fell into the moment between a thread's begin and the word that it is there, and V8 had forgotten. */
async function smallSpaceForNew(): Promise<Space> {
  for (let left = 10; ; left--) {
    const space = await spaceForNew('small');
    if (space.begun === space.first || left === 0) return space;
  }
}

test('the space for new objects stays as it was at the start, whatever threads begin', async () => {
  const [small, usual] = await Promise.all([smallSpaceForNew(), spaceForNew()]);
  expect(Math.min(usual.first, usual.last)).toBeGreaterThan(8 * MIB);
  expect(small.first).toBeLessThanOrEqual(2 * MIB);
  expect(small.last).toBeLessThanOrEqual(2 * MIB);
});

test.skipIf(!hasKernelLibrary)('pages of what nobody needs are gone at once, and nothing beside them', () => {
  const each = 128 * 1024;
  const memory = Array.from({ length: 128 }, () => Buffer.allocUnsafeSlow(3 * each).fill(7));
  const before = process.memoryUsage.rss();
  givePagesBack(memory.map((bytes) => bytes.subarray(each, 2 * each)));
  expect(before - process.memoryUsage.rss()).toBeGreaterThan(12 * MIB);
  for (const bytes of memory) {
    const isAsItWas = (from: number, to: number): boolean => bytes.subarray(from, to).every((byte) => byte === 7);
    expect([isAsItWas(0, each), isAsItWas(2 * each, 3 * each)]).toEqual([true, true]);
    // Still memory, which can be written.
    expect(bytes.fill(8).every((byte) => byte === 8)).toBe(true);
  }
});
