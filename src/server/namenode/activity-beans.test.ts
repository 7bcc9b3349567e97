// If this failed, dashboards would show work that a NameNode has not done, or none where it has.
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';
import type { Disk } from '../../host/host.ts';

type Attributes = Readonly<Record<string, number | string>>;

const LIMIT_MS = 120_000;

async function bytesBelow(disk: Disk, path: string): Promise<number> {
  let bytes = 0;
  for (const name of await disk.readdir(path)) {
    const stat = await disk.stat(`${path}/${name}`);
    bytes += stat.isDirectory ? await bytesBelow(disk, `${path}/${name}`) : stat.size;
  }
  return bytes;
}

test('edits, checkpoints of others, copies and disks are counted', async () => {
  const keys = { 'dfs.replication': 2, 'dfs.namenode.checkpoint.txns': 30, 'dfs.namenode.checkpoint.check.period': 5 };
  const cluster = new SimCluster({ seed: 21, dataNodes: 3, clients: 1, secondary: true, keys });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const beanOf = async (name: string): Promise<Attributes> => {
    const response = await machine.host.http.request(`http://nn:9870/jmx?qry=Hadoop:service=NameNode,name=${name}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return (JSON.parse(Buffer.concat(chunks).toString()) as { beans: Attributes[] }).beans[0] ?? {};
  };
  const activity = (): Promise<Attributes> => run(beanOf('NameNodeActivity'));
  const client = await run(cluster.connect(machine));
  for (let i = 0; i < 8; i++) await run(client.writeFile(`/f${i}`, Buffer.alloc(9_000, i)));

  const first = await activity();
  const { system } = cluster.nameNode.running ?? {};
  expect(first).toMatchObject({
    TransactionsNumOps: system?.editLog.lastTxid,
    PendingEditsCount: 0,
    // One storage each.
    StorageBlockReportNumOps: 3,
    PutImageNumOps: 0,
  });
  expect(first.ResourceCheckTimeNumOps).toBeGreaterThan(0);
  expect(first.ResourceCheckTimeAvgTime).toBeGreaterThan(0);
  expect(first.TransactionsAvgTime).toBeLessThan(first.SyncsAvgTime as number);

  // The secondary fetches the image once and each segment, and brings an image back.
  let after = first;
  for (let i = 0; i < 60 && after.PutImageNumOps === 0; i++) {
    await cluster.simulation.advance(1000);
    after = await activity();
  }
  expect(after.PutImageNumOps).toBe(1);
  expect(after.GetImageNumOps).toBe(1);
  expect(after.GetEditNumOps).toBeGreaterThanOrEqual(1);

  // What one node had is copied once more, block by block.
  const before = Number(after.SuccessfulReReplications);
  const lost = cluster.dataNodes.find((node) => (node.running?.dataset.replicaCount ?? 0) > 0);
  const blocks = lost?.running?.dataset.replicaCount ?? 0;
  if (lost === undefined) throw new Error('no node has a replica');
  cluster.crash(lost.name, 'power', false);
  const isHealed = (): boolean => {
    const figures = system?.blockManager.statistics();
    return system?.blockManager.datanodes.aliveCount === 2 && figures?.lowRedundancy === 0 && figures.pendingReplication === 0;
  };
  expect(await cluster.until(isHealed, LIMIT_MS)).toBe(true);
  expect((await activity()).SuccessfulReReplications).toBe(before + blocks);

  // Each answer is as of the question before, once files have come or gone since.
  await run(beanOf('NameNodeInfo'));
  await cluster.simulation.advance(1000);
  const sizes = JSON.parse(String((await run(beanOf('NameNodeInfo'))).NameDirSize));
  expect(sizes).toEqual({ '/name': await run(bytesBelow(cluster.nameNode.machine.host.disk, '/name')) });
  expect(cluster.violations.found).toEqual([]);
});
