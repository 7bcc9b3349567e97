// If this fails, readers get other bytes than a replica's, or each read of a bad disk takes two descriptors for good.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { Simulation } from '../../host/sim/index.ts';
import { openReplica } from './open-replica.ts';
import { FINALIZED, openDataset, POOL, sumsOf, writeReplica } from './test-dataset.ts';

/** More checksums than are read with the header, and an end within a chunk. */
const CONTENT = Buffer.from(Array.from({ length: 300_003 }, (_, i) => (i * 31) & 0xff));
const NAME = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: CONTENT.length };
const META = `${FINALIZED}/blk_5_1001.meta`;

async function machineWithReplica(seed: number) {
  const simulation = new Simulation({ seed });
  const machine = simulation.node('dn');
  const { host } = machine;
  const dataset = await simulation.run(
    (async () => {
      const opened = await openDataset(host);
      await writeReplica(opened, NAME, CONTENT);
      return opened;
    })(),
  );
  const openHandles = (): number => {
    let count = 0;
    for (const path of [`${FINALIZED}/blk_5`, META]) {
      const node = machine.disk.find(path);
      if (node?.kind === 'file') for (const handle of node.handles) if (handle.isInUse) count++;
    }
    return count;
  };
  const open = () => openReplica(dataset, host.clock, NAME, { withChecksums: true, wantedEnd: CONTENT.length });
  return { simulation, machine, open, openHandles };
}

test.each([1, 2, 3, 4, 5])('what the machine has in memory and what it has not is the same file (%s)', async (seed) => {
  const { simulation, open, openHandles } = await machineWithReplica(seed);
  for (let turn = 0; turn < 20; turn++) {
    const replica = await simulation.run(open());
    const data = Buffer.alloc(1000);
    const sums = Buffer.alloc(40);
    expect(await simulation.run(replica.dataFile.read(data, 0, data.length, turn * 1024))).toBe(data.length);
    expect(data.equals(CONTENT.subarray(turn * 1024, turn * 1024 + 1000))).toBe(true);
    expect(await simulation.run(replica.metaFile?.read(sums, 0, 40, META_HEADER_BYTES) ?? Promise.resolve(0))).toBe(40);
    expect(sums.equals(sumsOf(CONTENT).subarray(0, 40))).toBe(true);
    expect(replica.lastChunk?.sum.equals(sumsOf(CONTENT).subarray(-4))).toBe(true);
    replica.close();
    await simulation.advance(1);
  }
  // They are kept open for a while.
  await simulation.advance(2000);
  expect(openHandles()).toBe(0);
});

test.each([1, 2, 3, 4, 5])('a read that fails leaves no file open (%s)', async (seed) => {
  const { simulation, machine, open, openHandles } = await machineWithReplica(seed);
  for (let nth = 1; nth <= 2; nth++) {
    let reads = 0;
    machine.diskFault = ({ operation, path }) =>
      operation === 'read' && path === META && ++reads === nth ? { error: 'EIO' } : undefined;
    await expect(simulation.run(open())).rejects.toMatchObject({ code: 'EIO' });
    await simulation.advance(1);
    expect(openHandles()).toBe(0);
  }
});
