// If this failed, dashboards would show work that a DataNode has not done, or none where it has.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';

type Attributes = Readonly<Record<string, number>>;

const LIMIT_MS = 120_000;
const BYTES = 40_000;
const CONTENT = Buffer.alloc(BYTES, 7);
/** 16 KiB each, the last one shorter. */
const BLOCKS = 3;

async function begin(seed: number) {
  const cluster = new SimCluster({ seed, dataNodes: 2, clients: 1, keys: { 'dfs.replication': 2 } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const beansOf = async (node: string, name: string): Promise<Attributes> => {
    const query = encodeURIComponent(`Hadoop:service=DataNode,name=${name}`);
    const response = await machine.host.http.request(`http://${node}:9864/jmx?qry=${query}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return (JSON.parse(Buffer.concat(chunks).toString()) as { beans: Attributes[] }).beans[0] ?? {};
  };
  const bean = (node: string, name = 'DataNodeActivity-*'): Promise<Attributes> => run(beansOf(node, name));
  const sum = async (name: string): Promise<number> => ((await bean('dn0'))[name] ?? 0) + ((await bean('dn1'))[name] ?? 0);
  const until = async (node: string, condition: (attributes: Attributes) => boolean): Promise<boolean> => {
    for (let second = 0; second < 60; second++) {
      if (condition(await bean(node))) return true;
      await cluster.simulation.advance(1000);
    }
    return false;
  };
  return { cluster, machine, client: await run(cluster.connect(machine)), run, bean, sum, until };
}

test('what is written, read and deleted is counted once, where it happened', async () => {
  const { cluster, client, run, bean, sum, until } = await begin(11);
  await run(client.writeFile('/f', CONTENT));
  const both = [await bean('dn0'), await bean('dn1')];
  for (const each of both) {
    expect(each).toMatchObject({
      BytesWritten: BYTES,
      BlocksWritten: BLOCKS,
      WriteBlockOpNumOps: BLOCKS,
      WritesFromLocalClient: 0,
      WritesFromRemoteClient: BLOCKS,
      RemoteBytesWritten: BYTES,
      CreateRbwOpNumOps: BLOCKS,
      FinalizeBlockOpNumOps: BLOCKS,
      // Each block is synced when it is closed, its data and its checksums.
      FsyncCount: BLOCKS,
      FsyncNanosNumOps: 2 * BLOCKS,
      DatanodeNetworkErrors: 0,
      PacketsSlowWriteToDisk: 0,
      DataNodePacketResponderCount: 0,
      DataNodeWriteActiveXceiversCount: 0,
      BlockReportsNumOps: 1,
      RecoverRbwOpNumOps: 0,
    });
    // A sync of the simulated disk takes 0.2 to 3 ms.
    expect(each.FsyncNanosAvgTime).toBeGreaterThan(0.2e6);
    expect(each.FsyncNanosAvgTime).toBeLessThan(3e6);
    expect(each.FlushNanosNumOps).toBeGreaterThanOrEqual(BLOCKS);
    expect(each.HeartbeatsNumOps).toBeGreaterThan(0);
    expect(each.HeartbeatsTotalAvgTime).toBeGreaterThanOrEqual(each.HeartbeatsAvgTime ?? 0);
    expect(each.IncrementalBlockReportsNumOps).toBeGreaterThan(0);
  }
  const packets = both[0]?.PacketsReceived ?? 0;
  expect(packets).toBeGreaterThan(BYTES / 2048);
  expect(both[1]?.PacketsReceived).toBe(packets);
  // Of each packet the first node of its pipeline waits for the other's word.
  expect(await sum('PacketAckRoundTripTimeNanosNumOps')).toBe(packets);

  expect((await run(client.readFile('/f'))).equals(CONTENT)).toBe(true);
  // Apache counts checksums too: four bytes for each 512, or what is left of a block.
  const read = BYTES + 4 * (32 + 32 + 15);
  expect(await sum('BytesRead')).toBe(read);
  expect(await sum('RemoteBytesRead')).toBe(read);
  for (const name of ['BlocksRead', 'ReadBlockOpNumOps', 'ReadsFromRemoteClient', 'ReadTransferRateNumOps']) {
    expect(await sum(name), name).toBe(BLOCKS);
  }
  expect(await sum('SendDataPacketTransferNanosNumOps')).toBe(BLOCKS);
  await run(client.checksum('/f'));
  expect(await sum('BlockChecksumOpNumOps')).toBe(BLOCKS);

  await run(client.rm('/f'));
  for (const node of ['dn0', 'dn1']) {
    expect(await until(node, ({ BlocksRemoved }) => BlocksRemoved === BLOCKS)).toBe(true);
    expect(await bean(node, 'FSDatasetState-*')).toMatchObject({ PendingAsyncDeletions: 0, NumBlocks: 0 });
  }
  // Nothing was written for a while: an average of nothing.
  await cluster.simulation.advance(11_000);
  await bean('dn0');
  await cluster.simulation.advance(11_000);
  expect((await bean('dn0')).FsyncNanosAvgTime).toBe(0);
  expect(cluster.violations.found).toEqual([]);
});

test('what goes slowly or wrong is counted', async () => {
  const { cluster, machine, client, run, bean } = await begin(12);
  const [dn0] = cluster.dataNodes;
  if (dn0 === undefined) throw new Error('the cluster has no DataNode');
  const { net } = machine.host;
  const connection = await run(net.connect({ host: 'dn0', port: 9866, timeoutMs: 1000 }));
  connection.write(Buffer.from('no operation of this protocol'));
  await cluster.simulation.advance(1000);
  connection.destroy();
  expect((await bean('dn0')).DatanodeNetworkErrors).toBe(1);
  expect((await bean('dn0', 'DataNodeInfo')).DatanodeNetworkCounts).toEqual([
    { key: connection.local.host, value: [{ key: 'networkErrors', value: 1 }] },
  ]);
  // The threshold is 300 ms.
  dn0.diskFault = ({ operation, path }) =>
    path.includes('blk_') && /write|sync/i.test(operation) ? { delayMs: 400 } : undefined;
  await run(client.writeFile('/f', CONTENT));
  dn0.diskFault = undefined;
  // Averages are of ten seconds.
  await cluster.simulation.advance(11_000);
  const slow = await bean('dn0');
  const quick = await bean('dn1');
  expect(slow.PacketsSlowWriteToDisk).toBeGreaterThanOrEqual(BLOCKS);
  expect(slow.FsyncNanosAvgTime).toBeGreaterThan(400e6);
  expect(slow.TotalWriteTime).toBeGreaterThanOrEqual(BLOCKS * 400);
  expect(quick.PacketsSlowWriteToDisk).toBe(0);
  expect(quick.TotalWriteTime).toBeLessThan(400);
  expect(cluster.violations.found).toEqual([]);
});

test('writers, replaced pipelines and recovered blocks are counted while and after they work', async () => {
  const { cluster, machine, client, run, bean, sum } = await begin(13);
  const writer = await run(cluster.connect(machine));
  const handle = await run(writer.open('/f', 'w'));
  await run(handle.write(CONTENT.subarray(0, 5_000)));
  await run(handle.hsync());
  const open = await bean('dn0');
  expect(open).toMatchObject({
    DataNodeActiveXceiversCount: 1,
    DataNodeWriteActiveXceiversCount: 1,
    DataNodeReadActiveXceiversCount: 0,
    DataNodePacketResponderCount: 1,
    DataNodeBlockRecoveryWorkerCount: 0,
    FsyncCount: 1,
    FsyncNanosNumOps: 2,
    BytesWritten: 5_000,
    BlocksWritten: 0,
  });
  // A connection and who acknowledges on it. Apache: getActiveTransferThreadCount.
  expect(await bean('dn0', 'DataNodeInfo')).toMatchObject({ XceiverCount: 1, ActiveTransferThreadCount: 2 });

  // Somebody else wants the file: the writer is cut off, and both replicas are made what the recovery decides.
  await run(client.recoverLease('/f'));
  const closed = (): boolean => cluster.nameNode.running?.system.namespace.leases.fileCount === 0;
  expect(await cluster.until(closed, LIMIT_MS)).toBe(true);
  expect(await sum('UpdateReplicaUnderRecoveryOpNumOps')).toBe(2);
  expect(await sum('DataNodeBlockRecoveryWorkerCount')).toBe(0);
  expect(await sum('NumProcessedCommands')).toBeGreaterThan(0);
  expect(await cluster.until(() => true, 1000)).toBe(true);
  expect(await sum('DataNodePacketResponderCount')).toBe(0);
  expect(await sum('DataNodeWriteActiveXceiversCount')).toBe(0);
  expect((await run(client.readFile('/f'))).length).toBe(5_000);
  expect(cluster.violations.found).toEqual([]);
});
