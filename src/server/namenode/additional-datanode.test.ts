// If this fails, an operator who keeps writers from replacing failed DataNodes finds that they do it all the same.
import { expect, test } from 'vitest';
import { type Api, createFile, TestNameNode } from './test-namenode.ts';

const ask = (api: Api) =>
  api.getAdditionalDatanode({
    src: '/f',
    blk: { poolId: 'BP', blockId: 1n, generationStamp: 1, numBytes: 0 },
    existings: [],
    excludes: [],
    numAdditionalNodes: 1,
    clientName: 'writer',
    existingStorageUuids: [],
  });

test('a writer gets no other DataNode where that is turned off', async () => {
  const nn = new TestNameNode({ 'dfs.client.block.write.replace-datanode-on-failure.enable': false });
  await nn.format();
  const api = await nn.start();
  await createFile(api, '/f');
  await expect(ask(api)).rejects.toMatchObject({
    code: 'EUNSUPPORTED',
    message:
      'This feature is disabled.  Please refer to dfs.client.block.write.replace-datanode-on-failure.enable configuration property.',
  });
});

test('else the file’s writer is asked for, and then its block', async () => {
  const nn = new TestNameNode();
  await nn.format();
  const api = await nn.start();
  await createFile(api, '/f');
  await expect(ask(api)).rejects.toMatchObject({ message: expect.stringContaining('blk_1 does not exist') });
});
