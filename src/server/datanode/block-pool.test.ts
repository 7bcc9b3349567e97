// If these fail, a start of the DataNode serves the worse of two copies, loses what a writer left, or leaves Apache's DataNode a
// list of blocks that is no longer true.
import { expect, test } from 'vitest';
import { type BlockId, blockId, genStamp } from '../../base/ids.ts';
import { REPLICA_STATE_NAMES } from '../../core/replica/states.ts';
import { blockDirectory } from '../../format/storage/block-files.ts';
import type { Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import { DataChecksum } from './data-checksum.ts';
import { Dataset } from './dataset.ts';
import { finalizedDir, poolCurrentDir, rbwDir, tmpDir } from './layout.ts';
import { tailFileName } from './synced-tail.ts';
import { testVolume } from './test-dataset.ts';

const POOL = 'BP-1';
const checksum = DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, 512);
const events = { receiving: () => undefined, received: () => undefined, deleted: () => undefined };
const id = blockId(300n);

async function put(host: Host, dir: string, block: BlockId, stamp: number, bytes: number, summed = bytes): Promise<void> {
  const data = Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 13) & 0xff));
  const sums = Buffer.alloc(checksum.sumBytes(summed));
  checksum.compute(data.subarray(0, summed), sums, 0);
  await host.disk.mkdir(dir);
  await host.disk.writeFileAtomic(`${dir}/blk_${block}`, data);
  await host.disk.writeFileAtomic(`${dir}/blk_${block}_${stamp}.meta`, Buffer.concat([checksum.header(), sums]));
}

async function start(prepare: (host: Host) => Promise<void>) {
  const sim = new Simulation({ seed: 3 });
  const { host } = sim.node('dn');
  const boot = async (): Promise<Dataset> => {
    const volumes = ['/a', '/b'].map((path) => testVolume(host, path));
    const dataset = new Dataset(volumes, host.log, events);
    await dataset.addPool(POOL);
    return dataset;
  };
  await sim.run(prepare(host));
  const dataset = await sim.run(boot());
  const { replicas } = dataset.pool(POOL);
  const handle = replicas.find(id);
  const replica =
    handle === 0
      ? 'none'
      : `${dataset.pool(POOL).volumeOf(handle).path} ${REPLICA_STATE_NAMES[replicas.state(handle)]} ${replicas.genStamp(handle)} ${replicas.numBytes(handle)}`;
  return { sim, host, dataset, replica };
}

const finalized = (root: string): string => `${finalizedDir(root, POOL)}/${blockDirectory(id)}`;
const rbw = (root: string): string => rbwDir(root, POOL);

test.each([
  { which: 'the newer', a: [1001, 3000], b: [1002, 700], expected: '/b FINALIZED 1002 700' },
  { which: 'the longer of the same', a: [1001, 3000], b: [1001, 2000], expected: '/a FINALIZED 1001 3000' },
] as const)('of two finalized copies $which is served, and neither is deleted at the start', async ({ a, b, expected }) => {
  const { sim, host, dataset, replica } = await start(async (host) => {
    await put(host, finalized('/a'), id, a[0], a[1]);
    await put(host, finalized('/b'), id, b[0], b[1]);
  });
  expect(replica).toBe(expected);
  for (const root of ['/a', '/b']) expect(await sim.run(host.disk.exists(`${finalized(root)}/blk_${id}`))).toBe(true);
  // What is not served is not counted either.
  expect(dataset.volumes.filter(({ dfsUsed }) => dfsUsed > 100)).toHaveLength(1);
});

test('a replica that a writer left is as long as its checksums prove, and a copy in the making is dropped', async () => {
  const other = blockId(301n);
  const { sim, host, dataset, replica } = await start(async (host) => {
    await put(host, rbw('/a'), id, 1001, 3000, 1024);
    await put(host, tmpDir('/a', POOL), other, 1001, 500);
  });
  expect(replica).toBe('/a RWR 1001 1024');
  expect(dataset.pool(POOL).replicas.find(other)).toBe(0);
  expect(await sim.run(host.disk.readdir(tmpDir('/a', POOL)))).toEqual([]);
  // The bytes themselves stay until a recovery decides.
  expect((await sim.run(host.disk.stat(`${rbw('/a')}/blk_${id}`))).size).toBe(3000);
});

test('with a replica that a writer left goes the note of its last chunk', async () => {
  const { sim, host, dataset } = await start(async (host) => {
    await put(host, rbw('/a'), id, 1001, 700);
    await host.disk.writeFileAtomic(`${rbw('/a')}/${tailFileName(id)}`, '');
  });
  await sim.run(dataset.invalidate(POOL, [{ id, genStamp: genStamp(1001) }]));
  expect(await sim.run(host.disk.readdir(rbw('/a')))).toEqual([]);
});

test('finalized and left by a writer: the newer generation is served, a worse remainder goes', async () => {
  const newer = await start(async (host) => {
    await put(host, finalized('/a'), id, 1001, 2000);
    await put(host, rbw('/b'), id, 1002, 2500);
  });
  expect(newer.replica).toBe('/b RWR 1002 2500');
  expect(await newer.sim.run(newer.host.disk.exists(`${finalized('/a')}/blk_${id}`))).toBe(true);
  const older = await start(async (host) => {
    await put(host, finalized('/a'), id, 1002, 2000);
    await put(host, rbw('/a'), id, 1001, 2500);
    // Of this one, and of one of which nothing else is left.
    for (const each of [id, blockId(301n)]) await host.disk.writeFileAtomic(`${rbw('/a')}/${tailFileName(each)}`, '');
  });
  expect(older.replica).toBe('/a FINALIZED 1002 2000');
  expect(older.dataset.volumes.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  expect(await older.sim.run(older.host.disk.readdir(rbw('/a')))).toEqual([]);
});

test('of a volume that fails while it is taken up nothing is served, whatever was found on it', async () => {
  const sim = new Simulation({ seed: 4 });
  const node = sim.node('dn');
  const { host } = node;
  const ids = Array.from({ length: 40 }, (_, i) => blockId(BigInt(1 + i * 256)));
  const dirOf = (root: string, block: BlockId): string => `${finalizedDir(root, POOL)}/${blockDirectory(block)}`;
  for (const block of ids) await sim.run(put(host, dirOf('/a', block), block, 1001, 10));
  await sim.run(put(host, dirOf('/b', id), id, 1001, 10));
  const [bad, slow] = [ids[20], ids[21]].map((block) => `${dirOf('/a', block as BlockId)}/`) as [string, string];
  node.diskFault = ({ operation, path }) => {
    if (operation !== 'stat') return undefined;
    if (path.startsWith(bad)) return { error: 'EIO' };
    // What comes of it comes after the failure, and after all that is waited for elsewhere.
    return path.startsWith(slow) ? { delayMs: 1000 } : undefined;
  };
  const volumes = ['/a', '/b'].map((path) => testVolume(host, path, { startThreads: 3 }));
  const dataset = new Dataset(volumes, host.log, events);
  await sim.run(dataset.addPool(POOL));
  await sim.advance(10_000);
  expect(dataset.volumes.map(({ path }) => path)).toEqual(['/b']);
  expect(dataset.pool(POOL).replicas.size).toBe(1);
  expect(dataset.pool(POOL).replicas.find(id)).not.toBe(0);
});

test('what Apache’s DataNode remembers of the blocks does not outlive a start of ours', async () => {
  const { sim, host } = await start(async (host) => {
    await host.disk.mkdir(poolCurrentDir('/a', POOL));
    for (const name of ['replicas', 'dfsUsed']) await host.disk.writeFileAtomic(`${poolCurrentDir('/a', POOL)}/${name}`, '1');
  });
  expect(await sim.run(host.disk.readdir(poolCurrentDir('/a', POOL)))).toEqual(['finalized', 'rbw']);
});
