// If these fail, somebody who reads a file piece by piece misses bytes without being told, or takes a file for complete that
// is not.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { afterMicrotasks } from '../host/sim/turn.ts';
import { HdfsFileHandle } from './file-handle.ts';
import type { FileReader } from './file-reader.ts';
import type { FileWriter } from './file-writer.ts';

const content = Buffer.from(Array.from({ length: 1000 }, (_, i) => i & 255));

const notUsed = () => Promise.reject(new Error('not used'));

/** A file that comes in pieces of 100 bytes; a stream fails once in front of each offset in `faults`. */
function handleOf(faults: readonly number[] = []): HdfsFileHandle {
  const left = new Set(faults);
  const reader = {
    length: content.length,
    async *stream(start: number, end: number) {
      for (let at = start; at < Math.min(end, content.length); at += 100) {
        await Promise.resolve();
        if (left.delete(at)) throw new HdfsError('EBLOCKMISSING', 'Could not obtain block');
        yield Buffer.from(content.subarray(at, Math.min(end, at + 100)));
      }
    },
  } as unknown as FileReader;
  return new HdfsFileHandle('/f', { kind: 'read', reader }, notUsed);
}

async function rest(handle: HdfsFileHandle): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (;;) {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(30));
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
  }
}

test.each([0, 300])('after a read that failed at byte %i the next one goes on there, and does not show an end', async (at) => {
  const handle = handleOf([at]);
  const before = Buffer.alloc(at);
  if (at > 0) await handle.read(before);
  await expect(handle.read(Buffer.alloc(30))).rejects.toMatchObject({ code: 'EBLOCKMISSING' });
  expect(Buffer.concat([before, await rest(handle)]).equals(content)).toBe(true);
});

test('reads that do not wait for one another get the bytes one after the other', async () => {
  const handle = handleOf();
  const reads = await Promise.all(Array.from({ length: 10 }, () => handle.read(Buffer.alloc(30))));
  const first = Buffer.concat(reads.map(({ buffer, bytesRead }) => buffer.subarray(0, bytesRead)));
  expect(Buffer.concat([first, await rest(handle)]).equals(content)).toBe(true);
});

test('closing waits for reads that were asked for before', async () => {
  const handle = handleOf();
  const read = handle.read(Buffer.alloc(250));
  await handle.close();
  expect((await read).bytesRead).toBe(250);
  await expect(handle.read(Buffer.alloc(1))).rejects.toMatchObject({ code: 'EINVAL' });
});

test('a read that is given up ends at once, and the next one goes on where it began', async () => {
  let isSilent = true;
  const reader = {
    length: content.length,
    async *stream(start: number, end: number, options?: { readonly signal?: AbortSignal }) {
      for (let at = start; at < Math.min(end, content.length); at += 100) {
        if (isSilent && at === 200) {
          await new Promise((_, reject) => options?.signal?.addEventListener('abort', () => reject(new Error('given up'))));
        }
        yield Buffer.from(content.subarray(at, Math.min(end, at + 100)));
      }
    },
  } as unknown as FileReader;
  const handle = new HdfsFileHandle('/f', { kind: 'read', reader }, notUsed);
  await handle.read(Buffer.alloc(150));
  const giveUp = new AbortController();
  const given = { signal: giveUp.signal };
  const [read, next] = [1, 2].map(() => handle.read(Buffer.alloc(100), 0, 100, null, given));
  afterMicrotasks(() => giveUp.abort(new Error('enough')));
  await expect(read).rejects.toThrow('enough');
  await expect(next).rejects.toThrow('enough');
  isSilent = false;
  expect((await rest(handle)).equals(content.subarray(150))).toBe(true);
});

test('whoever closes a written file learns whether it is complete, the second one too', async () => {
  let end = (): void => undefined;
  const ended = new Promise<void>((_resolve, reject) => {
    end = () => reject(new HdfsError('EIO', 'Unable to close file'));
  });
  const writer = { close: () => ended } as unknown as FileWriter;
  const handle = new HdfsFileHandle('/f', { kind: 'write', writer }, notUsed);
  const closed = Promise.allSettled([handle.close(), handle.close()]);
  let isClosed = false;
  void closed.then(() => {
    isClosed = true;
  });
  for (let i = 0; i < 10; i++) await Promise.resolve();
  expect(isClosed).toBe(false);
  end();
  expect((await closed).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(handle.close()).rejects.toMatchObject({ code: 'EIO' });
  // Who has called `close` has been told already.
  await handle[Symbol.asyncDispose]();
});
