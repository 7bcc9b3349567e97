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

test('who asks for what, what fails, and what the web server answers are told apart', async () => {
  const cluster = new SimCluster({ seed: 22, dataNodes: 1, clients: 1, keys: { 'dfs.replication': 1 } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const page = async (path: string): Promise<{ readonly status: number; readonly text: string }> => {
    const response = await machine.host.http.request(`http://nn:9870${path}`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return { status: response.status, text: Buffer.concat(chunks).toString() };
  };
  const bean = async (name: string): Promise<Attributes> => {
    const { text } = await run(page(`/jmx?qry=Hadoop:service=NameNode,name=${name}`));
    return (JSON.parse(text) as { beans: Attributes[] }).beans[0] ?? {};
  };
  const client = await run(cluster.connect(machine));
  const bob = await run(cluster.connect(machine, 'bob'));
  await run(client.chmod('/', 0o777));
  for (let i = 0; i < 3; i++) await run(client.mkdir(`/d${i}`));
  await run(bob.mkdir('/e'));
  await run(client.chmod('/d0', 0o700));
  await expect(run(bob.writeFile('/d0/f', 'x'))).rejects.toThrow(/Permission denied/);
  await expect(run(bob.readFile('/nowhere'))).rejects.toThrow(/File does not exist/);

  const counts = {
    'op=mkdirs.TotalCount': 4,
    'op=mkdirs.user=hdfs.count': 3,
    'op=mkdirs.user=bob.count': 1,
    // What was not allowed counts too; what could not be has not been audited.
    'op=create.user=bob.count': 1,
    'op=setPermission.user=hdfs.count': 2,
  };
  const top = await bean('NNTopUserOpCounts');
  const total = Object.entries(top).reduce(
    (sum, [name, count]) => (/^op=\w+\.TotalCount$/.test(name) ? sum + Number(count) : sum),
    0,
  );
  expect(total).toBeGreaterThan(6);
  expect(top).toMatchObject({
    'op=*.TotalCount': total,
    ...counts,
    ...Object.fromEntries(Object.entries(counts).map(([name, count]) => [`${name}.2`, count])),
  });
  const { timestamp, windows } = JSON.parse(String((await bean('FSNamesystemState')).TopUserOpCounts));
  expect(timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}$/);
  expect(windows.map(({ windowLenMs }: { readonly windowLenMs: number }) => windowLenMs)).toEqual([60_000, 300_000, 1_500_000]);
  const { text: prom } = await run(page('/prom'));
  expect(prom).toMatch(
    /^nn_top_user_op_counts_window_ms_60000_count\{context="dfs",hostname="[^"]+",op="mkdirs",user="bob"\} 1$/m,
  );
  const sum = /^nn_top_user_op_counts_window_ms_60000_total_count\{context="dfs",hostname="[^"]+"\} (\d+)$/m.exec(prom);
  expect(sum?.[1]).toBe(String(total));
  // A minute later it is no more in the shortest window.
  await cluster.simulation.advance(70_000);
  const later = await bean('NNTopUserOpCounts');
  expect(later['op=mkdirs.TotalCount']).toBeUndefined();
  expect(later['op=mkdirs.TotalCount.1']).toBe(4);

  expect(await bean('RpcDetailedActivityForPort8020')).toMatchObject({
    MkdirsNumOps: 4,
    CreateNumOps: 0,
    GetBlockLocationsNumOps: 0,
    AccessControlExceptionNumOps: 1,
    FileNotFoundExceptionNumOps: 1,
    OverallFileNotFoundExceptionNumOps: 1,
  });

  const before = await bean('HttpServer2-9870');
  const missing = await run(page('/nothing/here'));
  expect(missing.status).toBe(404);
  const after = await bean('HttpServer2-9870');
  // Each question is answered while it is one of the active ones.
  expect(after).toMatchObject({
    Requests: Number(before.Requests) + 2,
    RequestsActive: 1,
    Responses4xx: Number(before.Responses4xx) + 1,
    Responses2xx: Number(before.Responses2xx) + 1,
  });
  expect(Number(after.ResponsesBytesTotal) - Number(before.ResponsesBytesTotal)).toBeGreaterThan(missing.text.length);
  expect(after.StatsOnMs).toBeGreaterThan(60_000);
});
