// If this fails, one disk that hangs takes the DataNode's other disks, its heartbeats, or the writers of other blocks with it.
import { expect, test } from 'vitest';
import type { Hdfs } from '../src/client/index.ts';
import type { Disk } from '../src/host/host.ts';
import { SimCluster } from './cluster.ts';

const HANG_MS = 60_000;
const STEP_MS = 4_000;
/** Reads and writes that do not meet the hung disk take no longer. */
const PROMPT_MS = 2_000;
/** Enough that each of six disks gets some. */
const FILES = 18;
/** One block. Each file has its own length, by which its block is found on a disk. */
const bytesOf = (i: number): Buffer => Buffer.alloc(10_000 + i, i + 1);
const MANY_BYTES = 20_000;

/** Lengths of the finalized blocks below a directory. */
async function lengthsBelow(disk: Disk, path: string): Promise<number[]> {
  const lengths: number[] = [];
  for (const name of await disk.readdir(path)) {
    const stat = await disk.stat(`${path}/${name}`);
    if (stat.isDirectory) lengths.push(...(await lengthsBelow(disk, `${path}/${name}`)));
    else if (/^blk_-?\d+$/.test(name)) lengths.push(stat.size);
  }
  return lengths;
}

async function begin(seed: number, dataNodes: number) {
  const cluster = new SimCluster({ seed, dataNodes, clients: 1, keys: { 'dfs.datanode.data.dir': '/a,/b' } });
  const { simulation } = cluster;
  await cluster.start();
  const [machine] = cluster.clients;
  const [dataNode] = cluster.dataNodes;
  if (machine === undefined || dataNode === undefined) throw new Error('the cluster lacks a machine');
  const client = await simulation.run(cluster.connect(machine), 60_000);
  for (let i = 0; i < FILES; i++)
    await simulation.run(client.writeFile(`/before-${i}`, bytesOf(i), { replication: 1 }), 60_000);
  const lengths = new Set(await simulation.run(lengthsBelow(dataNode.machine.host.disk, '/a'), 60_000));
  const onDisk = Array.from({ length: FILES }, (_, i) => i).filter((i) => lengths.has(bytesOf(i).length));
  return { cluster, simulation, client, dataNode, onDisk };
}

function oldestHeartbeatMs(cluster: SimCluster): number {
  const { datanodes } = cluster.nameNode.running?.system.blockManager ?? {};
  const now = cluster.nameNode.machine.host.clock.monotonic();
  const alive = [...(datanodes?.alive ?? [])];
  expect(alive).toHaveLength(cluster.dataNodes.length);
  return Math.max(...alive.map((node) => now - node.lastUpdateMonotonicMs));
}

async function readBack(client: Hdfs, i: number): Promise<void> {
  expect((await client.readFile(`/before-${i}`)).equals(bytesOf(i))).toBe(true);
}

/** Each kind of call that a DataNode makes once it serves, and one disk on which nothing answers at all. */
const KINDS = ['open', 'read', 'write', 'fdatasync', 'fsync', 'rename', 'close', 'stat', 'unlink', 'statfs', 'all'] as const;

test.each(KINDS)('a disk on which %s hangs for a minute', async (kind) => {
  const { cluster, simulation, client, dataNode, onDisk } = await begin(11, 3);
  expect(onDisk.length).toBeGreaterThan(0);
  const elsewhere = Array.from({ length: FILES }, (_, i) => i).filter((i) => !onDisk.includes(i));
  const end = simulation.nowMs + HANG_MS;
  let hung = 0;
  dataNode.diskFault = ({ operation, path }) => {
    if (simulation.nowMs >= end || !(path === '/a' || path.startsWith('/a/'))) return undefined;
    if (kind !== 'all' && operation !== kind) return undefined;
    hung++;
    return { delayMs: end - simulation.nowMs };
  };
  const [deletedOn] = onDisk;
  const deletedElsewhere = elsewhere[elsewhere.length - 1] as number;
  await simulation.run(client.rm(`/before-${deletedOn}`, { skipTrash: true }), PROMPT_MS);
  await simulation.run(client.rm(`/before-${deletedElsewhere}`, { skipTrash: true }), PROMPT_MS);
  const kept = elsewhere.slice(0, -1);
  const late: Promise<void>[] = onDisk.slice(1).map((i) => readBack(client, i));
  for (const read of late) read.catch(() => undefined);
  let written = 0;
  const writes: Promise<void>[] = [];
  for (let step = 0; simulation.nowMs < end - STEP_MS; step++) {
    const i = kept[step % kept.length] as number;
    await simulation.run(readBack(client, i), PROMPT_MS);
    const write = client.writeFile(`/during-${step}`, Buffer.alloc(MANY_BYTES, step), { replication: 2 });
    writes.push(write.then(() => void written++));
    writes.at(-1)?.catch(() => undefined);
    await simulation.advance(STEP_MS);
    expect(oldestHeartbeatMs(cluster)).toBeLessThan(STEP_MS);
  }
  expect(hung).toBeGreaterThan(0);
  // Those that began in the last moments may still be at it.
  expect(written).toBeGreaterThanOrEqual(writes.length - 2);
  await simulation.advance(end - simulation.nowMs + 10_000);
  await simulation.run(Promise.all(writes), 60_000);
  for (const i of [...kept, ...onDisk.slice(1)]) await simulation.run(readBack(client, i), 60_000);
  for (let step = 0; step < writes.length; step++) {
    const read = await simulation.run(client.readFile(`/during-${step}`), 60_000);
    expect(read.equals(Buffer.alloc(MANY_BYTES, step))).toBe(true);
  }
  const deleted = bytesOf(deletedOn as number).length;
  const gone = async (): Promise<boolean> =>
    !(await simulation.run(lengthsBelow(dataNode.machine.host.disk, '/a'), 60_000)).includes(deleted);
  for (let i = 0; i < 60 && !(await gone()); i++) await simulation.advance(1_000);
  expect(await gone()).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});
