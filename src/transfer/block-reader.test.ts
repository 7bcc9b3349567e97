// If this fails, a reader’s wishes for the pages of DataNodes do not reach them.
import { expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import { OpReadBlockProto } from '../wire/messages/transfer.ts';
import { BlockReader } from './block-reader.ts';
import type { Peer } from './peer.ts';

test('a request says what is to become of the pages', async () => {
  const sent: Buffer[] = [];
  const gone = new HdfsError('EIO', 'gone');
  const peer = {
    connection: { write: (bytes: Buffer) => sent.push(bytes), local: {}, remote: {} },
    source: { readDelimited: () => Promise.reject(gone) },
  } as unknown as Peer;
  const request = {
    block: { poolId: 'BP-1', blockId: 1n, generationStamp: 1001, numBytes: 10 },
    token: { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' },
    clientName: 'c',
    range: { start: 0, end: 10 },
    verify: true,
    maxPacketBytes: 1_000,
    caching: { dropBehind: true, readahead: 4_096 },
    path: '/f',
  };
  await expect(BlockReader.open(peer, request)).rejects.toBe(gone);
  // Behind the version, the code of the operation and the length, which takes one byte.
  const op = OpReadBlockProto.decode(Buffer.concat(sent).subarray(4));
  expect(op.cachingStrategy).toMatchObject({ dropBehind: true, readahead: 4_096 });
});
