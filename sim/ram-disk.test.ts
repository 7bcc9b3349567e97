// If these fail, files that are kept in memory are lost with it though they were saved, take more memory than they may,
// cannot be written where there is none left, or stay in the namespace after nobody can ever read them again.
import { expect, test } from 'vitest';
import { StorageTypeProto } from '../src/wire/messages/hdfs.ts';
import type { Keys } from './cluster.ts';
import { pattern, withFile } from './file-cluster.ts';

const { DISK, RAM_DISK } = StorageTypeProto;
const BLOCK = 16_384;
const KEYS: Keys = {
  'dfs.datanode.data.dir': '[RAM_DISK]/ram,[DISK]/disk',
  'dfs.datanode.max.locked.memory': 2 * BLOCK,
  'dfs.datanode.non.local.lazy.persist': true,
  'dfs.datanode.lazywriter.interval.sec': 10,
  'dfs.namenode.lazypersist.file.scrub.interval.sec': 20,
};

async function begin(seed: number, keys: Keys = {}) {
  const all = await withFile(100, { seed, dataNodes: 1, keys: { ...KEYS, ...keys } });
  const { cluster, client, api, run } = all;
  const [daemon] = cluster.dataNodes;
  if (daemon === undefined) throw new Error('no DataNode');
  const ramDisk = () => {
    const found = daemon.running?.dataset.ramDisk;
    if (found === undefined) throw new Error('the DataNode is not running');
    return found;
  };
  const contents = new Map<string, Buffer>();
  /** Of the one replica of the one block, as the NameNode has it. */
  const typeOf = async (path: string) => {
    const { locations } = await run(api.getBlockLocations({ src: path, offset: 0, length: BLOCK }));
    return locations?.blocks[0]?.storageTypes[0];
  };
  const write = async (path: string, bytes = BLOCK): Promise<void> => {
    const content = pattern(bytes + contents.size).subarray(contents.size);
    contents.set(path, content);
    await run(client.writeFile(path, content, { replication: 1, lazyPersist: true }));
  };
  const isWhole = async (path: string): Promise<boolean> =>
    (await run(client.readFile(path))).equals(contents.get(path) ?? Buffer.alloc(0));
  const pool = () => daemon.running?.dataset.poolIds[0] ?? '';
  /** How many block files lie below a directory of the pool. */
  const filesIn = async (volume: string, directory: string): Promise<number> => {
    const { disk } = daemon.machine.host;
    const count = async (path: string): Promise<number> => {
      if (!(await disk.exists(path))) return 0;
      let found = 0;
      for (const name of await disk.readdir(path)) {
        if (name.startsWith('subdir')) found += await count(`${path}/${name}`);
        else if (/^blk_\d+$/.test(name)) found++;
      }
      return found;
    };
    return run(count(`${volume}/current/${pool()}/current/${directory}`));
  };
  const saved = (count: number) => cluster.until(() => ramDisk().counters.lazyPersisted === count, 30_000);
  /** A new life after a power cut, which empties the memory. */
  const losePower = async (): Promise<void> => {
    daemon.crash('power');
    cluster.loseVolume(daemon.name, '/ram');
    await run(daemon.restart());
    await cluster.until(() => cluster.ready, 60_000);
  };
  return { ...all, daemon, ramDisk, typeOf, write, isWhole, filesIn, saved, losePower };
}

test('a block lies in memory, is saved to a disk after a while, and is deleted from both', async () => {
  const { ramDisk, typeOf, write, isWhole, filesIn, saved, client, run, cluster } = await begin(300);
  await write('/a', 10_000);
  expect(await typeOf('/a')).toBe(RAM_DISK);
  expect(ramDisk().counters).toMatchObject({ blocksWrite: 1, blocksWriteFallback: 0, bytesWrite: 10_000, lazyPersisted: 0 });
  expect(ramDisk().memory.used).toBe(12_288);
  expect(await filesIn('/disk', 'lazypersist')).toBe(0);
  expect(await isWhole('/a')).toBe(true);
  expect(ramDisk().counters.readHits).toBe(1);
  expect(await saved(1)).toBe(true);
  expect(await filesIn('/disk', 'lazypersist')).toBe(1);
  expect(await typeOf('/a')).toBe(RAM_DISK);
  await write('/b');
  await run(client.rm('/b', { skipTrash: true }));
  await run(client.rm('/a', { skipTrash: true }));
  expect(await cluster.until(() => ramDisk().memory.used === 0, 30_000)).toBe(true);
  expect(ramDisk().counters.deletedBeforeLazyPersisted).toBe(1);
  expect(await filesIn('/disk', 'lazypersist')).toBe(0);
  expect(await filesIn('/ram', 'finalized')).toBe(0);
  expect(cluster.violations.found).toEqual([]);
});

test('where the memory is full the saved block that nobody reads leaves it, and without one a new block goes to a disk', async () => {
  const { ramDisk, typeOf, write, isWhole, filesIn, saved, cluster } = await begin(301);
  await write('/a');
  await write('/b');
  await write('/c');
  expect(await typeOf('/c')).toBe(DISK);
  expect(ramDisk().counters).toMatchObject({ blocksWrite: 2, blocksWriteFallback: 1, evicted: 0 });
  expect(await saved(2)).toBe(true);
  expect(await isWhole('/a')).toBe(true);
  await write('/d');
  expect(await typeOf('/d')).toBe(RAM_DISK);
  expect(ramDisk().counters).toMatchObject({ evicted: 1, evictedWithoutRead: 1 });
  expect(ramDisk().memory.used).toBe(2 * BLOCK);
  await cluster.until(() => false, 2_000);
  expect([await typeOf('/a'), await typeOf('/b')]).toEqual([RAM_DISK, DISK]);
  for (const path of ['/a', '/b', '/c', '/d']) expect(await isWhole(path)).toBe(true);
  expect(await filesIn('/ram', 'finalized')).toBe(2);
  expect(cluster.violations.found).toEqual([]);
});

test('what was saved outlives the memory; a file that was not is removed by the NameNode', async () => {
  const { typeOf, write, isWhole, filesIn, saved, losePower, client, run, cluster } = await begin(302);
  await write('/saved');
  expect(await saved(1)).toBe(true);
  await write('/lost');
  await losePower();
  expect(await isWhole('/saved')).toBe(true);
  expect(await typeOf('/saved')).toBe(DISK);
  expect(await filesIn('/disk', 'lazypersist')).toBe(0);
  for (let tries = 0; tries < 20 && (await run(client.exists('/lost'))); tries++) await cluster.until(() => false, 5_000);
  expect(await run(client.exists('/lost'))).toBe(false);
  expect(await run(client.exists('/f'))).toBe(true);
  expect(cluster.violations.found).toEqual([]);
});

test('a DataNode that only restarts finds its memory again: nothing is lost, nothing is there twice', async () => {
  const { daemon, ramDisk, typeOf, write, isWhole, filesIn, saved, run, cluster } = await begin(303);
  await write('/saved');
  expect(await saved(1)).toBe(true);
  await write('/fresh');
  daemon.crash('process');
  await run(daemon.restart());
  await cluster.until(() => cluster.ready, 60_000);
  expect([await isWhole('/saved'), await isWhole('/fresh')]).toEqual([true, true]);
  expect([await typeOf('/saved'), await typeOf('/fresh')]).toEqual([DISK, RAM_DISK]);
  expect(ramDisk().memory.used).toBe(BLOCK);
  expect(await saved(1)).toBe(true);
  expect(await filesIn('/disk', 'lazypersist')).toBe(1);
});

/** The DataNode lets go of one of its directories. */
async function withdraw({ daemon, run }: Awaited<ReturnType<typeof begin>>, path: string): Promise<void> {
  const dataset = daemon.running?.dataset;
  const volume = dataset?.volumes.find((each) => each.path === path);
  if (dataset === undefined || volume === undefined) throw new Error(`no volume ${path}`);
  await run(dataset.failVolume(volume, 'it broke'));
}

test('a memory that goes out of service leaves what was saved behind, without a restart', async () => {
  const all = await begin(305, { 'dfs.datanode.failed.volumes.tolerated': 1 });
  const { ramDisk, typeOf, write, isWhole, filesIn, saved, client, run, cluster } = all;
  await write('/saved');
  expect(await saved(1)).toBe(true);
  await write('/lost');
  await withdraw(all, '/ram');
  expect(await cluster.until(() => ramDisk().memory.used === 0, 10_000)).toBe(true);
  for (let tries = 0; tries < 20 && (await run(client.exists('/lost'))); tries++) await cluster.until(() => false, 5_000);
  expect(await run(client.exists('/lost'))).toBe(false);
  expect(await typeOf('/saved')).toBe(DISK);
  expect(await isWhole('/saved')).toBe(true);
  expect([await filesIn('/disk', 'lazypersist'), ramDisk().counters.evicted]).toEqual([0, 0]);
  await write('/next');
  expect(await typeOf('/next')).toBe(DISK);
  expect(cluster.violations.found).toEqual([]);
});

test('what was saved to a disk that goes out of service is saved to another one', async () => {
  const all = await begin(306, {
    'dfs.datanode.data.dir': '[RAM_DISK]/ram,[DISK]/disk,[DISK]/other',
    'dfs.datanode.failed.volumes.tolerated': 1,
  });
  const { typeOf, write, isWhole, filesIn, saved, losePower, cluster } = all;
  await write('/a');
  expect(await saved(1)).toBe(true);
  const [first, second] = (await filesIn('/disk', 'lazypersist')) === 1 ? ['/disk', '/other'] : ['/other', '/disk'];
  expect(await filesIn(first, 'lazypersist')).toBe(1);
  await withdraw(all, first);
  expect(await typeOf('/a')).toBe(RAM_DISK);
  expect(await saved(2)).toBe(true);
  expect(await filesIn(second, 'lazypersist')).toBe(1);
  cluster.loseVolume(all.daemon.name, first);
  await losePower();
  expect(await isWhole('/a')).toBe(true);
});

test('only clients on the same machine write into memory, unless others may too', async () => {
  const { typeOf, write, ramDisk } = await begin(304, { 'dfs.datanode.non.local.lazy.persist': false });
  await write('/a');
  expect(await typeOf('/a')).toBe(DISK);
  expect(ramDisk().counters).toMatchObject({ blocksWrite: 0, blocksWriteFallback: 0 });
});
