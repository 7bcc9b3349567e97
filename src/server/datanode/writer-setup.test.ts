// If these fail, a block that is deleted, or recovered, while a slow disk still makes its files leaves them on the disk for
// ever, or is written by two at once.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { BlockName, InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, openDataset, POOL, RBW } from './test-dataset.ts';
import { WriterSetup } from './writer-setup.ts';

const BLOCK: BlockName = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
const SLOW_MS = 1_000;

/** A DataNode's blocks on a disk that takes a second to open a file of a replica. */
async function onSlowDisk() {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const { disk } = machine.host;
  const dataset = await simulation.run(openDataset(machine.host));
  machine.diskFault = ({ operation, path }) =>
    operation === 'open' && path.startsWith(RBW) ? { delayMs: SLOW_MS } : undefined;
  const setup = new WriterSetup();
  /** As write-block.ts does, up to where the next node is connected to. */
  const begin = async (): Promise<InFlightReplica> => {
    const replica = await dataset.createRbw(BLOCK, StorageTypeProto.DISK, 1024, genStamp(0), setup);
    try {
      setup.opened(await ReplicaFiles.create(replica, CHECKSUM));
    } catch (error) {
      await setup.end();
      throw error;
    }
    return replica;
  };
  const names = (): Promise<readonly string[]> => simulation.run(disk.readdir(RBW));
  return { simulation, dataset, changes: new ReplicaChanges(dataset, 1024), setup, begin, names };
}

test('a block that is deleted while its files are made leaves nothing', async () => {
  const { simulation, dataset, begin, names } = await onSlowDisk();
  const writing = begin();
  const refused = expect(writing).rejects.toThrow('blk_5_1001 is taken over by another writer');
  await simulation.advance(SLOW_MS / 2);
  await simulation.run(dataset.invalidate(POOL, [BLOCK]), 10_000);
  await refused;
  await simulation.advance(2 * SLOW_MS);
  expect(dataset.replicaCount).toBe(0);
  expect(await names()).toEqual([]);
});

test('a recovery does not wait for the next node of a pipeline, and the writer hears of it', async () => {
  const { simulation, changes, setup, begin, names } = await onSlowDisk();
  const replica = await simulation.run(begin(), 10_000);
  const found = await simulation.run(changes.recovery.start(BLOCK, genStamp(1002)), 100);
  expect(found?.numBytes).toBe(0);
  expect(() => setup.check()).toThrow('is taken over by another writer');
  expect(replica.stopWriter).toBeUndefined();
  expect(await names()).toEqual(['blk_5', 'blk_5_1001.meta']);
});

test('a writer that takes over is not ended by the end of the one before', async () => {
  const { simulation, changes, setup, begin } = await onSlowDisk();
  await simulation.run(begin(), 10_000);
  const next = new WriterSetup();
  const replica = await simulation.run(changes.recoverRbw(BLOCK, genStamp(1002), 0, 0, next), 10_000);
  const stop = replica.stopWriter;
  await simulation.run(setup.end());
  expect(stop).toBeDefined();
  expect(replica.stopWriter).toBe(stop);
});
