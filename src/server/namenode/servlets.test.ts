// If this failed, probes would take a NameNode for ready that is not, or scripts would misread its rack tree and its start.
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { SimCluster } from '../../../sim/cluster.ts';

const LIMIT_MS = 120_000;

test('probes, rack tree, start and log levels are shown', async () => {
  const cluster = new SimCluster({ seed: 7, dataNodes: 2, clients: 1, keys: {} });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const ask = async (path: string, headers = {}) => {
    const response = await machine.host.http.request(`http://nn:9870${path}`, { headers });
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body) chunks.push(chunk);
    return { status: response.status, body: Buffer.concat(chunks).toString() };
  };
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  await run(client.stat('/'));
  expect(await run(ask('/isActive'))).toEqual({ status: 200, body: 'I am Active!' });
  // What bookmarks of Hadoop's pages ask for; the one with a script is no page if the script does not even parse.
  expect((await run(ask('/dfshealth.html'))).body).toContain('id="tab-datanode"');
  const explorer = (await run(ask('/explorer.html'))).body;
  const script = /<script>(.*)<\/script>/s.exec(explorer)?.[1] ?? '';
  expect(script).toContain('LISTSTATUS_BATCH');
  expect(() => new Script(script)).not.toThrow();
  expect((await run(ask('/logs/'))).status).toBe(404);
  expect(await run(ask('/healthz'))).toEqual({ status: 200, body: 'ok\n' });
  await cluster.until(() => !(cluster.nameNode.running?.system.blockManager.safeMode.isOn ?? true), LIMIT_MS);
  expect((await run(ask('/readyz'))).status).toBe(200);
  expect((await run(ask('/topology'))).body).toMatch(/^Rack: \/default-rack\n {3}\S+:9866.*\n {3}\S+:9866.*\n\n$/);
  const racks = JSON.parse((await run(ask('/topology', { Accept: 'application/json' }))).body);
  expect(racks[0]['/default-rack']).toHaveLength(2);
  const progress = JSON.parse((await run(ask('/startupProgress'))).body);
  expect(progress.percentComplete).toBe(1);
  expect(progress.phases.map(({ name, status }: { name: string; status: string }) => `${name} ${status}`)).toEqual([
    'LoadingFsImage COMPLETE',
    'LoadingEdits COMPLETE',
    'SavingCheckpoint COMPLETE',
    'SafeMode COMPLETE',
  ]);
  const [image] = progress.phases;
  expect(image.file).toMatch(/\/current\/fsimage_0000000000000000000$/);
  expect(image.size).toBeGreaterThan(100);
  expect(image.steps.map(({ name, count, total }: { [name: string]: unknown }) => [name, count, total])).toEqual([
    ['ErasureCodingPolicies', 0, 0],
    ['Inodes', 1, 1],
    ['DelegationTokens', 0, 0],
    ['CachePools', 0, 0],
  ]);
  expect((await run(ask('/stacks'))).body).toMatch(/^Process Thread Dump: \n1 active threads\n/);
  const levels = (await run(ask('/logLevel?log=<script>&level=NOPE'))).body;
  expect(levels).toContain('Submitted Class Name: <b>&lt;script&gt;</b>');
  expect(levels).toContain('Bad Level : <b>NOPE</b>');
  expect((await run(ask('/logLevel?log=%20&level=INFO'))).body).not.toContain('Submitted');
  cluster.nameNode.running?.system.blockManager.safeMode.enterManually();
  expect(await run(ask('/readyz'))).toEqual({ status: 503, body: expect.stringContaining('It was turned on manually') });
});

test.each([true, false])(
  'numbers for Prometheus are there, under Hadoop’s names, unless they are turned off: %s',
  async (enabled) => {
    const cluster = new SimCluster({
      seed: 9,
      dataNodes: 1,
      clients: 1,
      keys: { 'hadoop.prometheus.endpoint.enabled': enabled },
    });
    await cluster.start();
    const [machine] = cluster.clients;
    const ask = (path: string) =>
      cluster.simulation.run(machine?.host.http.request(`http://nn:9870${path}`) as Promise<{ status: number }>, LIMIT_MS);
    expect((await ask('/prom')).status).toBe(enabled ? 200 : 404);
    expect((await ask('/metrics')).status).toBe(200);
  },
);

test('the beans that monitoring looks for are there, and count what was done', async () => {
  const cluster = new SimCluster({ seed: 8, dataNodes: 1, clients: 1, keys: { 'dfs.replication': 1 } });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const run = <T>(work: Promise<T>): Promise<T> => cluster.simulation.run(work, LIMIT_MS);
  const client = await run(cluster.connect(machine));
  await run(client.mkdir('/d/e', { recursive: true }));
  await run(client.writeFile('/d/f', 'x'));
  await run(client.readdir('/d'));
  await run(client.rm('/d/e', { recursive: true, skipTrash: true }));
  const beansOf = async (url: string) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of (await machine.host.http.request(url)).body) chunks.push(chunk);
    const { beans } = JSON.parse(Buffer.concat(chunks).toString());
    return new Map<string, Record<string, unknown>>(beans.map((bean: { name: string }) => [bean.name, bean]));
  };
  const beans = await run(beansOf('http://nn:9870/jmx'));
  for (const name of [
    'FSNamesystem',
    'FSNamesystemState',
    'NameNodeInfo',
    'NameNodeStatus',
    'NameNodeActivity',
    'RpcActivityForPort8020',
    'RpcDetailedActivityForPort8020',
    'StartupProgress',
    'BlockStats',
    'ECBlockGroupsState',
    'ReplicatedBlocksState',
    'SnapshotInfo',
    'JvmMetrics',
    'UgiMetrics',
    'RetryCache.NameNodeRetryCache',
    'MetricsSystem,sub=Stats',
  ]) {
    expect(beans.has(`Hadoop:service=NameNode,name=${name}`), name).toBe(true);
  }
  for (const type of ['Memory', 'Runtime', 'OperatingSystem', 'Threading'])
    expect(beans.has(`java.lang:type=${type}`)).toBe(true);
  expect(beans.get('Hadoop:service=NameNode,name=NameNodeActivity')).toMatchObject({
    CreateFileOps: 1,
    AddBlockOps: 1,
    DeleteFileOps: 1,
    FilesCreated: 3,
    FilesDeleted: 1,
    GetListingOps: 1,
    FilesInGetListingOps: 2,
  });
  const dataNode = await run(beansOf('http://dn0:9864/jmx'));
  expect(dataNode.has('Hadoop:service=DataNode,name=JvmMetrics')).toBe(true);
});
