// If these fail, flushed bytes of a block lie in the wrong place, an error of its disk is not seen, or writers wait for a thread
// that is gone.
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, expect, test } from 'vitest';
import { FileThread, type ThreadStep } from './file-thread.ts';
import { kernelLibrary } from './kernel-library.ts';

const directory = mkdtempSync(join(tmpdir(), 'tuskfs-thread-'));
const data = openSync(join(directory, 'data'), 'w+');
const meta = openSync(join(directory, 'meta'), 'w+');
const readOnly = openSync(join(directory, 'data'), 'r');
const full = openSync('/dev/full', 'w');
afterAll(() => {
  for (const file of [data, meta, readOnly, full]) closeSync(file);
  rmSync(directory, { recursive: true });
});

const contentOf = (name: string): string => readFileSync(join(directory, name), 'latin1');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'latin1');
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

async function running(thread = new FileThread(0)): Promise<FileThread> {
  while (!thread.isRunning) {
    expect(thread.run([])).toBe(undefined);
    await sleep(5);
  }
  return thread;
}

async function failureOf(steps: readonly ThreadStep[], thread: FileThread): Promise<unknown> {
  return thread.run(steps)?.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test.skipIf(kernelLibrary() === false)('writes in their order, of bytes as they were', async () => {
  const thread = await running();
  for (let i = 0; i < 500; i++) {
    const bytes = bytesOf(`record ${i % 10}|`);
    const steps = [
      { file: data, bytes, position: i * 9 },
      { file: data, bytes: bytesOf('end'), position: i * 9 + 9 },
      { file: meta, bytes: bytesOf(String(i).padStart(4)), position: 0 },
      { file: meta, bytes: bytesOf('!'), position: 3 },
    ];
    const answer = thread.run(steps);
    expect(answer).not.toBe(undefined);
    bytes.fill(0);
    // One at a time.
    expect(thread.run(steps)).toBe(undefined);
    await answer;
  }
  expect(contentOf('data')).toBe(`${Array.from({ length: 500 }, (_, i) => `record ${i % 10}|`).join('')}end`);
  expect(contentOf('meta')).toBe(' 49!');
  // Behind the first four gigabytes.
  const far = 5 * 2 ** 30 + 7;
  await thread.run([{ file: data, bytes: bytesOf('far'), position: far }]);
  const { size } = await import('node:fs/promises').then(({ stat }) => stat(join(directory, 'data')));
  expect(size).toBe(far + 3);
  thread.end();
});

test.skipIf(kernelLibrary() === false)('a write that fails is told, and ends it', async () => {
  const thread = await running();
  const write = (file: number, text: string): ThreadStep => ({ file, bytes: bytesOf(text), position: 0 });
  const failed = await failureOf([write(meta, 'first'), write(full, 'second'), write(meta, 'third')], thread);
  expect(failed).toMatchObject({ name: 'DiskError', code: 'ENOSPC' });
  expect(contentOf('meta').startsWith('first')).toBe(true);
  expect(await failureOf([write(readOnly, 'x')], thread)).toMatchObject({ code: 'EOTHER' });
  // It goes on.
  await thread.run([write(meta, 'fifth')]);
  expect(contentOf('meta').startsWith('fifth')).toBe(true);
  thread.end();
});

test.skipIf(kernelLibrary() === false)(
  'what is too much goes another way, and so does all before there is a thread',
  async () => {
    const few = new FileThread(3);
    const step: ThreadStep = { file: meta, bytes: bytesOf('x'), position: 0 };
    expect([few.run([step]), few.run([step])]).toEqual([undefined, undefined]);
    await sleep(300);
    expect(few.isRunning).toBe(false);
    const thread = await running(few);
    expect(thread.run([{ file: meta, bytes: Buffer.alloc(64 * 1024), position: 0 }])).toBe(undefined);
    expect(thread.run(Array.from({ length: 17 }, () => step))).toBe(undefined);
    const most = thread.run(Array.from({ length: 16 }, () => step));
    expect(most).not.toBe(undefined);
    await most;
    // Nobody uses it any more.
    await sleep(1500);
    expect(thread.isRunning).toBe(false);
    // Until many do.
    await running(thread);
    thread.end();
  },
);

test.skipIf(kernelLibrary() === false)('a thread that ends leaves no question without an answer', async () => {
  const program = (text: string): string => `process.exit(0); ${text}`;
  let threads = 0;
  const thread = new FileThread(0, (text, workerData) => {
    // The first question is the thread's trial, in its second it is gone.
    const dies = text.replace('answer();', 'if (seen === 2) process.exit(1); answer();');
    expect(dies).not.toBe(text);
    threads++;
    return new Worker(threads === 1 ? dies : program(text), { eval: true, workerData });
  });
  await running(thread);
  const lost = await failureOf([{ file: meta, bytes: bytesOf('x'), position: 0 }], thread);
  expect(lost).toMatchObject({ name: 'DiskError', code: 'EIO' });
  expect(thread.isRunning).toBe(false);
  // The next one does not pass its trial, and no further one is begun.
  for (let i = 0; i < 20; i++) {
    expect(thread.run([])).toBe(undefined);
    await sleep(20);
  }
  expect(threads).toBe(2);
  thread.end();
});
