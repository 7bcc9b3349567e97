// If this fails, a DataNode that is upgraded costs each of its writers a replica, or a lonely writer its file.
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from '../../sim/cluster.ts';
import type { Hdfs } from '../../src/client/index.ts';
import type { SimLogLine, SimNode } from '../../src/host/sim/index.ts';
import { RpcClient } from '../../src/rpc/client.ts';
import { ClientDatanodeProtocolService } from '../../src/wire/messages/client-datanode.ts';

const LIMIT_MS = 300_000;

const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 255));

interface Stage {
  readonly cluster: SimCluster;
  readonly machine: SimNode;
  readonly client: Hdfs;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
  /** What the writer logged. */
  readonly said: string[];
}

async function stage(dataNodes: number, keys: Keys = {}): Promise<Stage> {
  const said: string[] = [];
  const log = (line: SimLogLine): void => {
    if (line.component === 'client') said.push(line.message);
  };
  const cluster = new SimCluster({ seed: 12, dataNodes, clients: 1, keys, log });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  return { cluster, machine, client, said, run: (work) => cluster.simulation.run(work, LIMIT_MS) };
}

/** `dfsadmin -shutdownDatanode HOST upgrade`, and `-evictWriters`. */
async function order({ machine, run, cluster }: Stage, node: string, what: 'shutdownDatanode' | 'evictWriters'): Promise<void> {
  const rpc = new RpcClient(machine.host, {
    address: { host: node, port: 9867 },
    protocol: 'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol',
    user: 'hdfs',
  });
  if (what === 'evictWriters') await run(rpc.call(ClientDatanodeProtocolService, what, {}));
  else await run(rpc.call(ClientDatanodeProtocolService, what, { forUpgrade: true }));
  rpc.close();
  // The answer leaves before the node does it.
  await cluster.simulation.advance(500);
}

async function holders({ client, run, cluster }: Stage, path: string): Promise<string[]> {
  const addresses = (await run(client.blockLocations(path))).at(-1)?.names ?? [];
  return addresses.map((at) => cluster.dataNodes.find(({ machine }) => at.startsWith(`${machine.address}:`))?.name ?? at);
}

test('the only node of a pipeline restarts: its writer waits for it and goes on with the same replica', async () => {
  const on = await stage(1);
  const { cluster, client, run, said } = on;
  const content = bytes(9_000);
  const handle = await run(client.open('/f', 'w', { replication: 1 }));
  await run(handle.write(content.subarray(0, 5_000)));
  await run(handle.hflush());
  await order(on, 'dn0', 'shutdownDatanode');
  await cluster.simulation.advance(2_000);
  const [daemon] = cluster.dataNodes;
  await run(daemon?.restart() ?? Promise.resolve());
  await run(handle.write(content.subarray(5_000)));
  await run(handle.close());
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  expect(said.some((line) => line === 'a pipeline failed')).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});

test('a node that does not come back in time is given up', async () => {
  const on = await stage(1, { 'dfs.client.datanode-restart.timeout': 10 });
  const { client, run } = on;
  const handle = await run(client.open('/f', 'w', { replication: 1 }));
  await run(handle.write(bytes(5_000)));
  await run(handle.hflush());
  await order(on, 'dn0', 'shutdownDatanode');
  await expect(run(handle.write(bytes(100)).then(() => handle.hflush()))).rejects.toThrow(/are bad\. Aborting/);
});

test('of several nodes, one elsewhere that restarts is left out at once', async () => {
  const on = await stage(4);
  const { cluster, client, run } = on;
  const content = bytes(9_000);
  const handle = await run(client.open('/f', 'w', { replication: 3 }));
  await run(handle.write(content.subarray(0, 5_000)));
  await run(handle.hflush());
  const [, middle] = await holders(on, '/f');
  await order(on, middle as string, 'shutdownDatanode');
  const before = cluster.simulation.nowMs;
  await run(handle.write(content.subarray(5_000)));
  await run(handle.hflush());
  expect(cluster.simulation.nowMs - before).toBeLessThan(3_000);
  const now = await holders(on, '/f');
  expect(now).toHaveLength(3);
  expect(now).not.toContain(middle);
  await run(handle.close());
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
});

test('evicted writers go on without the node', async () => {
  const on = await stage(4);
  const { client, run } = on;
  const content = bytes(9_000);
  const handle = await run(client.open('/f', 'w', { replication: 3 }));
  await run(handle.write(content.subarray(0, 5_000)));
  await run(handle.hflush());
  const [first] = await holders(on, '/f');
  await order(on, first as string, 'evictWriters');
  await run(handle.write(content.subarray(5_000)));
  await run(handle.close());
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
});

test('a writer pauses while a DataNode says that its machine is congested, and loses nothing', async () => {
  const on = await stage(3, {
    'dfs.pipeline.ecn': true,
    'dfs.client.congestion.backoff.mean.time': 200,
    'dfs.client.congestion.backoff.max.time': 1000,
  });
  const { cluster, client, run, said } = on;
  const content = bytes(60_000);
  for (const { machine } of cluster.dataNodes) machine.loadAverage = 2.9;
  await run(client.writeFile('/calm', content));
  expect(said).not.toContain('DataNodes are congested');
  for (const { machine } of cluster.dataNodes) machine.loadAverage = 3.1;
  const handle = await run(client.open('/f', 'w'));
  for (let at = 0; at < content.length; at += 6_000) {
    await run(handle.write(content.subarray(at, at + 6_000)));
    await run(handle.hflush());
  }
  await run(handle.close());
  expect(said).toContain('DataNodes are congested');
  expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
});
