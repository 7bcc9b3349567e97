// If these fail, a copy of a file stands still for ever: nobody fetches what its reader has asked for, or nobody ends what its
// caller has given up.
import { expect, test } from 'vitest';
import { afterMicrotasks } from '../host/sim/turn.ts';
import type { FileReader } from './file-reader.ts';
import type { FileWriter } from './file-writer.ts';
import { HdfsReadStream, HdfsWriteStream } from './streams.ts';

const PIECES = 200;
const PIECE_BYTES = 100_000;

/** A file whose bytes are all there already, as behind a pause of its reader. */
function readyStream(): HdfsReadStream {
  const stream = async function* () {
    for (let i = 0; i < PIECES; i++) yield Buffer.alloc(PIECE_BYTES, i);
  };
  return new HdfsReadStream('/f', async () => ({ stream }) as unknown as FileReader, {});
}

test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
  'a reader that is as quick as its source gets all of it (%i turns later)',
  async (turns) => {
    let got = 0;
    for await (const chunk of readyStream()) {
      for (let i = 0; i < turns; i++) await undefined;
      got += (chunk as Buffer).length;
    }
    expect(got).toBe(PIECES * PIECE_BYTES);
  },
);

test('a reader that asks while a piece is given to it gets all of it', async () => {
  const stream = readyStream();
  let got = 0;
  stream.on('data', (chunk: Buffer) => {
    got += chunk.length;
    // What it gives comes as an event, too.
    stream.read();
  });
  await new Promise((resolve, reject) => stream.on('end', resolve).on('error', reject));
  expect(got).toBe(PIECES * PIECE_BYTES);
});

/** How a stream of a NameNode that never answers ends. */
function endOf(stream: HdfsReadStream | HdfsWriteStream): Promise<string | undefined> {
  return new Promise((resolve) => {
    let error: string | undefined;
    stream.on('error', ({ name, message }) => {
      error = `${name}: ${message}`;
    });
    stream.on('close', () => resolve(error));
  });
}

const silent = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

test.each([
  ['read', (signal: AbortSignal) => new HdfsReadStream('/f', silent, { signal }).resume()],
  ['write', (signal: AbortSignal) => new HdfsWriteStream('/f', silent, { signal })],
])('a stream to %s ends with its signal, aborted before or while its file is opened', async (_, open) => {
  expect(await endOf(open(AbortSignal.abort()))).toMatch('AbortError');
  const giveUp = new AbortController();
  const end = endOf(open(giveUp.signal));
  afterMicrotasks(() => giveUp.abort());
  expect(await end).toMatch('AbortError');
});

test('a stream that is destroyed while its file is created ends at once, and gives up a file that is created all the same', async () => {
  const unanswered = new HdfsWriteStream('/f', silent, {});
  afterMicrotasks(() => unanswered.destroy(new Error('enough')));
  expect(await endOf(unanswered)).toBe('Error: enough');

  let given: unknown;
  const abort = (reason: unknown): void => {
    given = reason;
  };
  const created = new HdfsWriteStream('/f', (signal) => silent(signal).catch(() => ({ abort }) as unknown as FileWriter), {});
  afterMicrotasks(() => created.destroy());
  expect(await endOf(created)).toBeUndefined();
  expect(given).toMatchObject({ name: 'AbortError' });
});
