// If this fails, a reader waits for a hung DataNode, misses bytes that others were promised, or reads what is not the file.
import { expect, test } from 'vitest';
import { type Keys, SimCluster } from '../../sim/cluster.ts';
import type { Hdfs } from '../../src/client/index.ts';
import type { SimLogLine, SimNode } from '../../src/host/sim/index.ts';

const LIMIT_MS = 600_000;

const bytes = (length: number, salt = 0): Buffer =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) + salt) & 255));

interface Stage {
  readonly cluster: SimCluster;
  readonly machine: SimNode;
  readonly client: Hdfs;
  readonly run: <T>(work: Promise<T>) => Promise<T>;
  readonly said: SimLogLine[];
}

async function stage(dataNodes: number, keys: Keys = {}): Promise<Stage> {
  const said: SimLogLine[] = [];
  const cluster = new SimCluster({ seed: 21, dataNodes, clients: 1, keys, log: (line) => said.push(line) });
  await cluster.start();
  const [machine] = cluster.clients;
  if (machine === undefined) throw new Error('the cluster has no client');
  const client = await cluster.simulation.run(cluster.connect(machine), LIMIT_MS);
  return { cluster, machine, client, said, run: (work) => cluster.simulation.run(work, LIMIT_MS) };
}

/** The DataNodes of the file's first block, nearest first. */
async function holders({ client, run, cluster }: Stage, path: string): Promise<SimNode[]> {
  const addresses = (await run(client.blockLocations(path))).at(0)?.names ?? [];
  return addresses.map((at) => {
    const node = cluster.dataNodes.find(({ machine }) => at.startsWith(`${machine.address}:`));
    if (node === undefined) throw new Error(`nobody is at ${at}`);
    return node.machine;
  });
}

/** Nothing leaves the node any more, though it still takes connections. */
function hang({ cluster }: Stage, node: SimNode): void {
  const others = [...cluster.daemons.map(({ machine }) => machine), ...cluster.clients].filter((each) => each !== node);
  cluster.simulation.partition([node], others);
}

/** One bit of the node's replicas is another one. */
function damage(node: SimNode | undefined): void {
  for (const [path, file] of node?.disk.files('/data') ?? []) {
    if (!/finalized.*\/blk_\d+$/.test(path)) continue;
    file.damage(700, (sector) => {
      sector[0] = (sector[0] ?? 0) ^ 1;
    });
  }
}

test('a hung DataNode costs a reader the time-out, or with hedged reads hardly anything', async () => {
  const took: number[] = [];
  for (const hedged of [0, 4]) {
    const on = await stage(3, {
      'dfs.client.hedged.read.threadpool.size': hedged,
      'dfs.client.hedged.read.threshold.millis': 100,
    });
    const content = bytes(40_000);
    await on.run(on.client.writeFile('/f', content));
    await on.cluster.simulation.advance(1_000);
    // Two of three: the nearest one of some block is among them.
    for (const node of (await holders(on, '/f')).slice(1)) hang(on, node);
    const before = on.cluster.simulation.nowMs;
    expect((await on.run(on.client.readFile('/f'))).equals(content)).toBe(true);
    took.push(on.cluster.simulation.nowMs - before);
  }
  const [plain = 0, hedged = 0] = took;
  expect(plain).toBeGreaterThanOrEqual(5_000);
  expect(hedged).toBeLessThan(1_000);
});

test('a hedged read gives the bytes of any range, over blocks and up to the end', async () => {
  const on = await stage(3, { 'dfs.client.hedged.read.threadpool.size': 2, 'dfs.client.hedged.read.threshold.millis': 5 });
  const content = bytes(50_000);
  await on.run(on.client.writeFile('/f', content));
  await on.cluster.simulation.advance(1_000);
  const handle = await on.run(on.client.open('/f'));
  for (const [position, length] of [
    [0, 50_000],
    [100, 17],
    [16_000, 20_000],
    [49_000, 5_000],
  ] as const) {
    const { bytesRead, buffer } = await on.run(handle.read(Buffer.alloc(length), 0, length, position));
    expect(bytesRead).toBe(Math.min(length, 50_000 - position));
    expect(buffer.subarray(0, bytesRead).equals(content.subarray(position, position + bytesRead))).toBe(true);
  }
  await on.run(handle.close());
});

test('all replicas are on dead nodes: the reader is told when one is back, or that the block is missing', async () => {
  const on = await stage(2, { 'dfs.client.retry.window.base': 2_000 });
  const content = bytes(5_000);
  await on.run(on.client.writeFile('/f', content, { replication: 2 }));
  await on.cluster.simulation.advance(1_000);
  const reader = on.client.open('/f');
  const handle = await on.run(reader);
  for (const daemon of on.cluster.dataNodes) daemon.crash('process');
  const reading = handle.read(Buffer.alloc(5_000), 0, 5_000, 0);
  await on.cluster.simulation.advance(1_000);
  await on.run(on.cluster.dataNodes[1]?.restart() ?? Promise.resolve());
  const { buffer } = await on.run(reading);
  expect(buffer.equals(content)).toBe(true);
  for (const daemon of on.cluster.dataNodes) if (daemon.running !== undefined) daemon.crash('process');
  await expect(on.run(on.client.readFile('/f'))).rejects.toThrow(/^Could not obtain block: .* No live nodes contain /);
});

test('a file that is deleted, replaced or cut under its reader', async () => {
  const on = await stage(3);
  const { client, run, cluster } = on;
  const content = bytes(60_000);
  const open = async (path: string) => {
    await run(client.writeFile(path, content));
    const handle = await run(client.open(path));
    const read = (position: number) => run(handle.read(Buffer.alloc(1_000), 0, 1_000, position));
    expect((await read(0)).buffer.equals(content.subarray(0, 1_000))).toBe(true);
    return { handle, read };
  };
  const gone = await open('/gone');
  await run(client.rm('/gone', { skipTrash: true }));
  await cluster.simulation.advance(10_000);
  await expect(gone.read(40_000)).rejects.toMatchObject({ code: 'ENOENT' });

  const replaced = await open('/replaced');
  await run(client.writeFile('/replaced', bytes(60_000, 1)));
  await cluster.simulation.advance(10_000);
  await expect(replaced.read(40_000)).rejects.toThrow('Blocklist for /replaced has changed!');

  const cut = await open('/cut');
  await run(client.truncate('/cut', 20_000));
  await cluster.simulation.advance(10_000);
  expect((await cut.read(19_500)).bytesRead).toBe(500);
  expect((await cut.read(40_000)).bytesRead).toBe(0);
});

test('damage is told once another replica has proved that it is none of the reader', async () => {
  const on = await stage(3);
  const { client, run, cluster } = on;
  const content = bytes(8_000);
  await run(client.writeFile('/f', content));
  await cluster.simulation.advance(1_000);
  const nodes = await holders(on, '/f');
  const reports = (): number => on.said.filter(({ message }) => message.includes('could not be read')).length;
  const corrupt = (): number => cluster.nameNode.running?.system.blockManager.statistics().corruptReplicaBlocks ?? -1;
  expect(corrupt()).toBe(0);
  damage(nodes[0]);
  // Each opening may have another one first.
  for (let i = 0; i < 30 && reports() === 0; i++) {
    expect(corrupt()).toBe(0);
    expect((await run(client.readFile('/f'))).equals(content)).toBe(true);
  }
  expect(reports()).toBe(1);
  expect(corrupt()).toBe(1);
});

test('damage of every replica is not told: it may be done by the machine that reads', async () => {
  const on = await stage(3);
  const { client, run, cluster } = on;
  await run(client.writeFile('/f', bytes(8_000)));
  await cluster.simulation.advance(1_000);
  for (const node of await holders(on, '/f')) damage(node);
  // That the bytes are there, and damaged, says more than that no replica can be read.
  await expect(run(client.readFile('/f'))).rejects.toMatchObject({
    code: 'ECHECKSUM',
    message: expect.stringMatching(
      /^Checksum CRC32C not matched for file \/f at position 512: expected=[0-9A-F]+ but computed=[0-9A-F]+, algorithm=CRC32C$/,
    ),
  });
  expect(cluster.nameNode.running?.system.blockManager.statistics().corruptReplicaBlocks).toBe(0);
});

test('of a damaged replica and one that cannot be reached it is said that the block is missing: that one may come back', async () => {
  const on = await stage(2);
  const { client, run, cluster } = on;
  await run(client.writeFile('/f', bytes(8_000)));
  await cluster.simulation.advance(1_000);
  const [near, far] = await holders(on, '/f');
  damage(near);
  far?.crash('process');
  await expect(run(client.readFile('/f'))).rejects.toMatchObject({ code: 'EBLOCKMISSING' });
});
