// If these fail, a replica in memory that has survived an error is never saved to a disk again, or its saved copy is deleted in
// its stead.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { Dataset } from './dataset.ts';
import { RamDisk } from './ram-disk.ts';
import { reconcile } from './reconcile.ts';
import type { BlockName } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, POOL, sumsOf, testVolume } from './test-dataset.ts';
import { verifyReplica } from './verify-replica.ts';

const PAGE = 4096;
const INTERVAL_MS = 1_000;
const content = Buffer.alloc(PAGE, 7);
const name: BlockName = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: PAGE };

/** A closed replica in /ram, and disks to which it is saved. */
async function inMemory(disks: readonly string[] = ['/disk']) {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const { host } = machine;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const quiet = { receiving: () => undefined, received: () => undefined, deleted: () => undefined };
  const volumes = [
    testVolume(host, '/ram', { storageType: StorageTypeProto.RAM_DISK }),
    ...disks.map((path) => testVolume(host, path)),
  ];
  const dataset = new Dataset(volumes, host.log, quiet);
  const { clock, log } = host;
  const ramDisk = new RamDisk({ dataset, clock, log, maxLockedMemory: 2 * PAGE, intervalMs: INTERVAL_MS });
  dataset.ramDisk = ramDisk;
  const write = async (): Promise<void> => {
    await dataset.addPool(POOL);
    const place = await ramDisk.place(PAGE);
    const none = { ...name, numBytes: 0 };
    const replica = await dataset.createRbw(none, StorageTypeProto.DISK, PAGE, genStamp(0), undefined, place);
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    replica.lengths.receive(PAGE);
    files.add({ offset: 0, data: content, sums: sumsOf(content) });
    files.flush(() => undefined);
    await files.close(true);
    replica.lengths.acknowledge(PAGE);
    await dataset.finalize(replica, true);
  };
  await run(write());
  ramDisk.follow();
  return { simulation, machine, host, run, dataset, ramDisk, changes: new ReplicaChanges(dataset, PAGE) };
}

test.each(['append', 'recoverClose'] as const)('a replica that %s could not change is saved as before', async (change) => {
  const { simulation, machine, run, dataset, ramDisk, changes } = await inMemory();
  await simulation.advance(2 * INTERVAL_MS);
  expect(ramDisk.hasCopy(dataset.key(name))).toBe(true);
  machine.diskFault = ({ operation, path }) =>
    operation === 'rename' && path.startsWith('/ram') ? { error: 'ENOSPC' } : undefined;
  const changed =
    change === 'append' ? changes.append(name, genStamp(1002), PAGE) : changes.recoverClose(name, genStamp(1002), PAGE, true);
  await expect(run(changed)).rejects.toMatchObject({ code: 'ENOSPC' });
  machine.diskFault = undefined;
  await simulation.advance(2 * INTERVAL_MS);
  expect(ramDisk.hasCopy(dataset.key(name))).toBe(true);
});

test('a directory that comes with a copy from before does not have the replica deleted when it leaves the memory', async () => {
  const { simulation, host, run, dataset, ramDisk } = await inMemory([]);
  const copies = `/disk/current/${POOL}/current/lazypersist/subdir0/subdir0`;
  const add = async (): Promise<void> => {
    await host.disk.mkdir(copies);
    await host.disk.writeFileAtomic(`${copies}/blk_5`, content);
    await host.disk.writeFileAtomic(`${copies}/blk_5_1001.meta`, Buffer.concat([CHECKSUM.header(), sumsOf(content)]));
    await dataset.addVolume(testVolume(host, '/disk'));
  };
  await run(add());
  /** As the directory scanner does. */
  const scan = async (): Promise<void> => {
    for (const volume of dataset.volumes) await reconcile(dataset, dataset.pool(POOL), volume, name.id, () => undefined);
  };
  await run(scan());
  await simulation.advance(2 * INTERVAL_MS);
  const place = await run(ramDisk.place(2 * PAGE));
  expect(place?.volume.path).toBe('/ram');
  await run(verifyReplica(dataset, host.clock, name, () => Promise.resolve()));
  place?.giveBack();
  expect(ramDisk.memory.used).toBe(0);
});

test('a replica stays in memory when the disk with its copy goes while the copy is to take its place', async () => {
  const { simulation, machine, host, run, dataset, ramDisk } = await inMemory();
  await simulation.advance(2 * INTERVAL_MS);
  expect(ramDisk.hasCopy(dataset.key(name))).toBe(true);
  machine.diskFault = ({ operation, path }) =>
    operation === 'rename' && path.startsWith('/disk') ? { delayMs: 500 } : undefined;
  const placed = ramDisk.place(2 * PAGE);
  await simulation.advance(700);
  const disk = dataset.volumes.find(({ path }) => path === '/disk');
  if (disk !== undefined) await run(dataset.failVolume(disk, 'it was taken out'));
  expect(await run(placed)).toBeUndefined();
  const pool = dataset.pool(POOL);
  expect(pool.volumeOf(pool.replicas.find(name.id)).path).toBe('/ram');
  await run(verifyReplica(dataset, host.clock, name, () => Promise.resolve()));
});

test('a copy on a disk that went while it was made counts for nothing: the replica is saved to another', async () => {
  const { simulation, machine, run, dataset, ramDisk } = await inMemory(['/disk', '/other']);
  const lists = machine.host.disk;
  let slow = '';
  machine.diskFault = ({ operation, path }) => {
    if (operation !== 'write' || !path.includes('/lazypersist/')) return undefined;
    slow ||= path.slice(0, path.indexOf('/', 1));
    return { delayMs: 500 };
  };
  await simulation.advance(INTERVAL_MS + 200);
  const disk = dataset.volumes.find(({ path }) => path === slow);
  expect(disk).toBeDefined();
  if (disk !== undefined) await run(dataset.failVolume(disk, 'it was taken out'));
  await simulation.advance(4 * INTERVAL_MS);
  expect(ramDisk.hasCopy(dataset.key(name))).toBe(true);
  const [other] = dataset.volumes.filter(({ isInMemory }) => !isInMemory);
  expect(await run(lists.exists(`${other?.path}/current/${POOL}/current/lazypersist/subdir0/subdir0/blk_5`))).toBe(true);
});
