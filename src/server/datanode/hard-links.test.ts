// If these fail, a copy that a block was to get before it is changed during an upgrade stays on the disk for ever, half made.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, sumsOf } from './test-dataset.ts';

const content = Buffer.alloc(700, 7);
const name = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: content.length };
const FILES = ['blk_5', 'blk_5_1001.meta'];

/** A closed block on a volume that keeps the state of before an upgrade. */
async function kept() {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const write = async (): Promise<void> => {
    await openDataset(machine.host);
    const { disk } = machine.host;
    await disk.mkdir(`/data/current/${POOL}/previous`);
    await disk.mkdir(FINALIZED);
    await disk.writeFileAtomic(`${FINALIZED}/blk_5`, content);
    await disk.writeFileAtomic(`${FINALIZED}/blk_5_1001.meta`, Buffer.concat([CHECKSUM.header(), sumsOf(content)]));
  };
  await run(write());
  machine.crash('process');
  machine.restart();
  const open = () => run(openDataset(machine.host));
  const names = async (): Promise<readonly string[]> => [...(await run(machine.host.disk.readdir(FINALIZED)))].sort();
  return { machine, run, open, names };
}

test('a full disk keeps no part of the copy', async () => {
  const { machine, run, open, names } = await kept();
  const changes = new ReplicaChanges(await open(), 1024);
  machine.diskFault = ({ operation, path }) =>
    operation === 'write' && path.endsWith('.unlinked') ? { error: 'ENOSPC' } : undefined;
  await expect(run(changes.append(name, genStamp(1002), content.length))).rejects.toMatchObject({ code: 'ENOSPC' });
  expect(await names()).toEqual(FILES);
});

test('a start removes what a crash left of it', async () => {
  const { machine, run, open, names } = await kept();
  await run(machine.host.disk.writeFileAtomic(`${FINALIZED}/blk_5.unlinked`, content.subarray(0, 100)));
  await run(machine.host.disk.writeFileAtomic(`${FINALIZED}/blk_5_1001.meta.unlinked`, ''));
  // Nothing else has these bytes.
  await run(machine.host.disk.writeFileAtomic(`${FINALIZED}/blk_6.unlinked`, content));
  const dataset = await open();
  expect(await names()).toEqual([...FILES, 'blk_6.unlinked']);
  expect(dataset.pool(POOL).replicas.size).toBe(1);
});
