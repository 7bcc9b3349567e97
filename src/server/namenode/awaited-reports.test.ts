// If this fails, a writer whose `complete` overtakes the DataNode's report of its last block waits 400 ms more than it must, or one
// whose block nobody reports waits for ever.
import { expect, test } from 'vitest';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import { ReceivedDeletedBlockInfoProto_BlockStatus } from '../../wire/messages/datanode.ts';
import { registerDataNode } from './test-datanode.ts';
import { createFile, TestNameNode } from './test-namenode.ts';

const { RECEIVED } = ReceivedDeletedBlockInfoProto_BlockStatus;

/** A file with one block on so many DataNodes; none of them has reported it. */
async function begin(replicas: number) {
  const nn = new TestNameNode({ 'dfs.namenode.replication.min': replicas });
  await nn.format();
  const api = await nn.start();
  const nodes: { report(block: bigint, genStamp: number): Promise<void> }[] = [];
  for (let i = 0; i < replicas; i++) {
    const { calls, registration, blockPoolId } = await registerDataNode(nn, `dn${i}`, `uuid${i}`);
    const storageUuid = `DS-${i}`;
    const room = { capacity: 1e12, dfsUsed: 0, remaining: 1e12, blockPoolUsed: 0 };
    const reports = [{ storageUuid, storage: { storageUuid }, ...room }];
    await nn.within(calls.sendHeartbeat({ registration, reports }));
    nodes.push({
      async report(blockId, genStamp) {
        const blocks = [{ block: { blockId, genStamp, numBytes: 10 }, status: RECEIVED }];
        await nn.within(
          calls.blockReceivedAndDeleted({
            registration,
            blockPoolId,
            blocks: [{ storageUuid, storage: { storageUuid }, blocks }],
          }),
        );
      },
    });
  }
  const { fs } = await createFile(api, '/f', 'writer', replicas);
  const { block } = await api.addBlock({ src: '/f', clientName: 'writer', fileId: fs?.fileId });
  const last = { ...block.b, numBytes: 10 };
  const writer = rpcProxy(
    new RpcClient(nn.simulation.node('client').host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.hdfs.protocol.ClientProtocol',
      user: 'hdfs',
    }),
    ClientNamenodeProtocol,
  );
  const answers: boolean[] = [];
  const complete = (): void => {
    void writer
      .complete({ src: '/f', clientName: 'writer', last, fileId: fs?.fileId })
      .then(({ result }) => answers.push(result));
  };
  return { nn, api, nodes, last, answers, complete };
}

test('complete waits for the report of the block, and is answered with it', async () => {
  const { nn, api, nodes, last, answers, complete } = await begin(1);
  complete();
  await nn.simulation.advance(100);
  expect(answers).toEqual([]);
  await nodes[0]?.report(last.blockId, last.generationStamp);
  await nn.simulation.advance(10);
  expect(answers).toEqual([true]);
  expect((await api.getFileInfo({ src: '/f' })).fs?.length).toBe(10);
  // Repeated, it is done already.
  complete();
  await nn.simulation.advance(10);
  expect(answers).toEqual([true, true]);
});

test('it waits for as many reports as a file needs', async () => {
  const { nn, nodes, last, answers, complete } = await begin(2);
  complete();
  await nn.simulation.advance(50);
  await nodes[1]?.report(last.blockId, last.generationStamp);
  await nn.simulation.advance(50);
  expect(answers).toEqual([]);
  await nodes[0]?.report(last.blockId, last.generationStamp);
  await nn.simulation.advance(10);
  expect(answers).toEqual([true]);
});

test('without a report the writer is told to ask again, sooner than it would have', async () => {
  const { nn, nodes, last, answers, complete } = await begin(1);
  complete();
  complete();
  await nn.simulation.advance(50);
  await nodes[0]?.report(last.blockId + 1n, last.generationStamp);
  expect(answers).toEqual([]);
  await nn.simulation.advance(340);
  expect(answers).toEqual([false, false]);
  await nodes[0]?.report(last.blockId, last.generationStamp);
  complete();
  await nn.simulation.advance(10);
  expect(answers).toEqual([false, false, true]);
});
