// If these fail, a copy of a file stands still for ever: nobody fetches what its reader has asked for.
import { expect, test } from 'vitest';
import type { FileReader } from './file-reader.ts';
import { HdfsReadStream } from './streams.ts';

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
