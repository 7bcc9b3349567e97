// If this fails, a DataNode that dies in the middle of a write costs the writer its file, or leaves too few replicas of it.
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from '../../sim/cluster.ts';
import type { Hdfs, HdfsFileHandle } from '../../src/client/index.ts';

const LIMIT_MS = 300_000;
const REPLACE = 'dfs.client.block.write.replace-datanode-on-failure';

interface Stage {
  readonly cluster: SimCluster;
  readonly client: Hdfs;
  /** Runs to its end in virtual time. */
  readonly run: <T>(work: Promise<T>) => Promise<T>;
}

async function stage(dataNodes: number, keys: Keys = {}, seed = 5): Promise<Stage> {
  const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  return { cluster, client, run: (work) => cluster.simulation.run(work, LIMIT_MS) };
}

const bytes = (length: number, salt = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + salt) & 255));

/** The DataNodes that have a replica of the file's last block, as the NameNode knows, in the order of the pipeline. */
async function holders({ client, run, cluster }: Stage, path: string): Promise<string[]> {
  const addresses = (await run(client.blockLocations(path))).at(-1)?.names ?? [];
  return addresses.map((at) => cluster.dataNodes.find(({ machine }) => at.startsWith(`${machine.address}:`))?.name ?? at);
}

/** Opens a file, writes some of it, and flushes that unless told not to. */
async function begin(on: Stage, content: Buffer, flush = true): Promise<{ handle: HdfsFileHandle; pipeline: string[] }> {
  const handle = await on.run(on.client.open('/f', 'w', { replication: 3 }));
  await on.run(handle.write(content.subarray(0, 5_000)));
  if (flush) await on.run(handle.hflush());
  else await on.cluster.simulation.advance(500);
  const pipeline = await holders(on, '/f');
  expect(pipeline).toHaveLength(3);
  return { handle, pipeline };
}

async function expectContent(on: Stage, content: Buffer): Promise<void> {
  expect((await on.run(on.client.readFile('/f'))).equals(content)).toBe(true);
  expect(on.cluster.violations.found).toEqual([]);
}

test.each([0, 1, 2])('node %i of a flushed pipeline dies: another one gets a copy and the write goes on', async (kill) => {
  const on = await stage(5);
  const content = bytes(12_000, kill);
  const { handle, pipeline } = await begin(on, content);
  on.cluster.crash(pipeline[kill] as string, 'process', false);
  await on.run(handle.write(content.subarray(5_000)));
  await on.run(handle.hflush());
  // Long before the NameNode could repair anything, three live nodes have all of it.
  const now = await holders(on, '/f');
  expect(now).toHaveLength(3);
  expect(now).not.toContain(pipeline[kill]);
  await expectContent(on, content);
  await on.run(handle.close());
  await expectContent(on, content);
});

test.each([0, 1, 2])('node %i hangs: it is found out by silence, and replaced', async (kill) => {
  const on = await stage(4, {}, 6);
  const content = bytes(12_000, kill);
  const { handle, pipeline } = await begin(on, content);
  const { simulation } = on.cluster;
  const hung = simulation.node(pipeline[kill] as string);
  const others = [...on.cluster.daemons.map(({ machine }) => machine), ...on.cluster.clients].filter((node) => node !== hung);
  simulation.partition([hung], others);
  const startedAt = simulation.nowMs;
  await on.run(handle.write(content.subarray(5_000)));
  await on.run(handle.hflush());
  // dfs.client.socket-timeout is 5 s here, and 5 s are added for each node of a pipeline.
  expect(simulation.nowMs - startedAt).toBeLessThan(60_000);
  expect(await holders(on, '/f')).toHaveLength(3);
  await on.run(handle.close());
  await expectContent(on, content);
});

test('a node dies while the pipeline is set up: the block is written elsewhere', async () => {
  // Whether a busy node is passed over is another matter.
  const on = await stage(4, { 'dfs.namenode.redundancy.considerLoad': false }, 7);
  on.cluster.crash('dn1', 'process', false);
  for (let i = 0; i < 6; i++) {
    await on.run(on.client.writeFile('/f', bytes(40_000, i), { replication: 3 }));
    // The file is closed with the first report; those of the other nodes come at once behind it.
    await on.cluster.simulation.advance(500);
    const now = await holders(on, '/f');
    expect(now).toHaveLength(3);
    expect(now).not.toContain('dn1');
    await expectContent(on, bytes(40_000, i));
  }
});

test.each([0, 1, 2])('node %i dies while the block is closed: what all had is closed by the others', async (kill) => {
  const on = await stage(4, {}, 8);
  const content = bytes(5_000, kill);
  const { handle, pipeline } = await begin(on, content);
  const closing = handle.close();
  // The last packet is on its way.
  await on.cluster.simulation.advance(1);
  on.cluster.crash(pipeline[kill] as string, 'process', false);
  await on.run(closing);
  await expectContent(on, content);
});

test('two of three nodes die: the last one feeds two new ones', async () => {
  const on = await stage(5, {}, 9);
  const content = bytes(30_000);
  const { handle, pipeline } = await begin(on, content);
  on.cluster.crash(pipeline[0] as string, 'process', false);
  on.cluster.crash(pipeline[2] as string, 'process', false);
  await on.run(handle.write(content.subarray(5_000)));
  await on.run(handle.close());
  await expectContent(on, content);
});

test('a writer that says nothing for longer than a DataNode waits keeps its pipeline', async () => {
  // Without another node a pipeline that breaks is not made whole again.
  const on = await stage(3, {}, 11);
  const content = bytes(12_000);
  const { handle, pipeline } = await begin(on, content);
  // dfs.client.socket-timeout is 5 s here, and 5 s are added for each node of a pipeline.
  await on.cluster.simulation.advance(80_000);
  await on.run(handle.write(content.subarray(5_000)));
  await on.run(handle.hflush());
  expect((await holders(on, '/f')).sort()).toEqual(pipeline.sort());
  await on.run(handle.close());
  await expectContent(on, content);
});

interface PolicyCase {
  readonly keys: Keys;
  readonly dataNodes: number;
  readonly flush: boolean;
  /** Nodes of the pipeline after one has died, or what the writer is told. */
  readonly outcome: number | RegExp;
}

const NO_MORE = /Failed to replace a bad datanode on the existing pipeline due to no more good datanodes/;
const POLICIES: readonly (readonly [string, PolicyCase])[] = [
  ['NEVER', { keys: { [`${REPLACE}.policy`]: 'NEVER' }, dataNodes: 5, flush: true, outcome: 2 }],
  ['switched off', { keys: { [`${REPLACE}.enable`]: false }, dataNodes: 5, flush: true, outcome: 2 }],
  ['ALWAYS', { keys: { [`${REPLACE}.policy`]: 'ALWAYS' }, dataNodes: 5, flush: false, outcome: 3 }],
  ['DEFAULT without a flush', { keys: {}, dataNodes: 5, flush: false, outcome: 2 }],
  ['DEFAULT after a flush', { keys: {}, dataNodes: 5, flush: true, outcome: 3 }],
  ['DEFAULT without another node', { keys: {}, dataNodes: 3, flush: true, outcome: NO_MORE }],
  ['best effort', { keys: { [`${REPLACE}.best-effort`]: true }, dataNodes: 3, flush: true, outcome: 2 }],
  ['enough for min-replication', { keys: { [`${REPLACE}.min-replication`]: 2 }, dataNodes: 3, flush: true, outcome: 2 }],
  ['too few for min-replication', { keys: { [`${REPLACE}.min-replication`]: 3 }, dataNodes: 3, flush: true, outcome: NO_MORE }],
];

test.each(POLICIES)('policy: %s', async (_name, { keys, dataNodes, flush, outcome }) => {
  const on = await stage(dataNodes, keys, 10);
  const content = bytes(12_000);
  const { handle, pipeline } = await begin(on, content, flush);
  on.cluster.crash(pipeline[1] as string, 'process', false);
  const rest = (async () => {
    await handle.write(content.subarray(5_000));
    await handle.hflush();
  })();
  if (typeof outcome !== 'number') {
    await expect(on.run(rest)).rejects.toThrow(outcome);
    return;
  }
  await on.run(rest);
  expect(await holders(on, '/f')).toHaveLength(outcome);
  await on.run(handle.close());
  await expectContent(on, content);
});
