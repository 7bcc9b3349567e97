// If these fail, a client that appends gets a block it cannot write on, or the same append is carried out twice.
import { expect, test } from 'vitest';
import { CreateFlagProto } from '../src/wire/messages/client-namenode.ts';
import { withFile } from './file-cluster.ts';

const append = { src: '/f', clientName: 'appender', flag: CreateFlagProto.APPEND };

test('an append answers the last block, where it is, and where it begins; a second writer is turned away', async () => {
  const { cluster, client, api, content, run, closed } = await withFile(16_384 + 1_000);
  const { block, stat } = await run(api.append(append));
  expect(stat).toMatchObject({ length: content.length, blocksize: 16_384 });
  expect(block).toMatchObject({ offset: 16_384, b: { numBytes: 1_000 } });
  expect(block?.locs).toHaveLength(3);
  await expect(run(api.append({ ...append, clientName: 'other' }))).rejects.toThrow(
    /^Failed to APPEND_FILE \/f for other on .* because this file lease is currently owned by appender on /,
  );
  await expect(run(api.append(append))).rejects.toThrow(/because appender is already the current lease holder\.$/);
  expect(await run(api.isFileClosed({ src: '/f' }))).toEqual({ result: false });
  // The appender goes away without a word: the file ends as it was.
  await run(api.recoverLease({ src: '/f', clientName: 'other' }));
  expect(await closed()).toBe(true);
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});

test('an append to a full block, or with NEW_BLOCK, leaves that block as it is', async () => {
  const full = await withFile(16_384);
  expect((await full.run(full.api.append(append))).block).toBeUndefined();
  const { api, run } = await withFile(1_000);
  const { block } = await run(api.append({ ...append, flag: CreateFlagProto.APPEND | CreateFlagProto.NEW_BLOCK }));
  expect(block).toMatchObject({ b: { numBytes: 1_000 }, locs: [] });
  const { block: next } = await run(api.addBlock({ src: '/f', clientName: 'appender', previous: block?.b }));
  expect(next).toMatchObject({ offset: 1_000, b: { numBytes: 0 } });
});

test('a repeated append is answered again, also after a restart of the NameNode', async () => {
  const { cluster, api, connect, run } = await withFile(1_000);
  const first = await run(api.append(append, { callId: 77, retryCount: 0 }));
  const plain = ({ block, stat }: typeof first) => [block?.b, block?.offset, stat?.fileId, stat?.length];
  expect(plain(await run(api.append(append, { callId: 77, retryCount: 1 })))).toEqual(plain(first));
  cluster.nameNode.crash('power');
  await run(cluster.nameNode.restart());
  expect(await cluster.until(() => cluster.ready, 60_000)).toBe(true);
  const again = await run(connect().append(append, { callId: 77, retryCount: 2 }));
  expect(plain(again)).toEqual(plain(first));
  expect(again.block?.locs).toHaveLength(3);
});
