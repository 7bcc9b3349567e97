// If these fail, readers are given what is no more in a replica, a deleted block keeps its place on the disk, a volume cannot be
// let go of, or each short read opens two files.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { Simulation } from '../../host/sim/index.ts';
import { openNow, openReplica } from './open-replica.ts';
import type { BlockName } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { FINALIZED, openDataset, POOL, sumsOf, writeReplica } from './test-dataset.ts';
import type { Volume } from './volume.ts';

const CONTENT = Buffer.from(Array.from({ length: 3003 }, (_, i) => (i * 31) & 0xff));
const nameOf = (id: number): BlockName => ({
  pool: POOL,
  id: blockId(BigInt(id)),
  genStamp: genStamp(1001),
  numBytes: CONTENT.length,
});
const NAME = nameOf(5);

async function withReplicas(...names: BlockName[]) {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const { host } = machine;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const dataset = await run(openDataset(host));
  for (const name of names) await run(writeReplica(dataset, name, CONTENT));
  let opens = 0;
  machine.diskFault = ({ operation }) => {
    if (operation === 'open') opens++;
    return undefined;
  };
  const nodesOf = ({ id, genStamp: stamp }: BlockName) =>
    [`${FINALIZED}/blk_${id}`, `${FINALIZED}/blk_${id}_${stamp}.meta`].map((path) => machine.disk.find(path));
  const open = async (name = NAME) => run(openReplica(dataset, host.clock, name, { withChecksums: true, wantedEnd: 0 }));
  /** Reads until the files stay open: what the machine does not have in memory is opened the usual way. */
  const keep = async (name = NAME): Promise<void> => {
    for (let attempt = 0; attempt < 100; attempt++) {
      (await open(name)).close();
      await simulation.advance(1);
      const kept = openNow(dataset, name);
      kept?.close();
      if (kept !== undefined) return;
    }
    throw new Error('it is not kept');
  };
  /** Of files, under whatever name, that were there before. */
  const openHandles = (nodes: ReturnType<typeof nodesOf>): number => {
    let count = 0;
    for (const node of nodes) if (node?.kind === 'file') for (const handle of node.handles) if (handle.isInUse) count++;
    return count;
  };
  const volume = dataset.volumes[0] as Volume;
  return { simulation, run, host, dataset, volume, open, keep, nodesOf, openHandles, opens: () => opens };
}

test('a replica that was read just now is opened without the disk, by one reader at a time', async () => {
  const { keep, opens, dataset, open } = await withReplicas(NAME);
  await keep();
  const before = opens();
  for (let turn = 0; turn < 20; turn++) (await open()).close();
  expect(opens()).toBe(before);
  const first = openNow(dataset, NAME);
  expect([first?.end, first?.visible, first?.state, first?.block.genStamp]).toEqual([3003, 3003, ReplicaState.FINALIZED, 1001]);
  const second = openNow(dataset, NAME);
  expect(second?.dataFile).not.toBe(first?.dataFile);
  first?.close();
  second?.close();
  expect(openNow(dataset, { ...NAME, genStamp: genStamp(1002) })).toBeUndefined();
  expect(openNow(dataset, { ...NAME, pool: 'BP-2-10.0.0.1-1' })).toBeUndefined();
  const again = openNow(dataset, NAME);
  expect(again?.dataFile).toBe(first?.dataFile);
  again?.close();
});

test('what the machine has in memory is opened in this turn, and kept', async () => {
  const { dataset, volume, open, simulation } = await withReplicas(NAME);
  let inTurn = 0;
  for (let attempt = 0; attempt < 100; attempt++) {
    (await open()).close(); // it is known then what can be opened so
    volume.kept.letGo();
    const replica = openNow(dataset, NAME);
    if (replica !== undefined) {
      inTurn++;
      expect([replica.end, replica.state, replica.firstSums.equals(sumsOf(CONTENT))]).toEqual([
        3003,
        ReplicaState.FINALIZED,
        true,
      ]);
      replica.close();
      const again = openNow(dataset, NAME);
      expect(again?.dataFile).toBe(replica.dataFile);
      again?.close();
    }
    await simulation.advance(1);
  }
  expect(inTurn).toBeGreaterThan(10);
});

test('a meta file that says nothing that makes sense leaves nothing open', async () => {
  const { dataset, volume, open, run, host, nodesOf, openHandles } = await withReplicas(NAME);
  (await open()).close();
  volume.kept.letGo();
  const meta = await run(host.disk.open(`${FINALIZED}/blk_5_1001.meta`, 'r+'));
  await run(meta.write(Buffer.from([0xff, 0xff, 0xff]), 0));
  await run(meta.close());
  let failures = 0;
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      openNow(dataset, NAME);
    } catch (error) {
      expect(error).toMatchObject({ message: expect.stringMatching(/version|checksum/i) });
      failures++;
    }
  }
  expect(failures).toBeGreaterThan(0);
  expect(openHandles(nodesOf(NAME))).toBe(0);
});

test('its last checksum is the one of now', async () => {
  const { keep, open } = await withReplicas(NAME);
  await keep();
  const replica = await open();
  expect(replica.lastChunk?.length).toBe(CONTENT.length);
  replica.close();
});

test('nobody gets it while somebody changes the replica', async () => {
  const { keep, dataset } = await withReplicas(NAME);
  await keep();
  let end = (): void => undefined;
  const held = dataset.held(NAME, () => new Promise<void>((resolve) => (end = resolve)));
  expect(openNow(dataset, NAME)).toBeUndefined();
  end();
  await held;
  const kept = openNow(dataset, NAME);
  expect(kept).toBeDefined();
  kept?.close();
});

describe('it is closed before', () => {
  test('it is opened for more, and readers see it so', async () => {
    const { keep, dataset, open, run, nodesOf, openHandles } = await withReplicas(NAME);
    await keep();
    const files = nodesOf(NAME);
    expect(openHandles(files)).toBe(2);
    await run(new ReplicaChanges(dataset, 4096).append(NAME, genStamp(1002), CONTENT.length));
    expect(openHandles(files)).toBe(0);
    expect(openNow(dataset, NAME)).toBeUndefined();
    const replica = await open();
    expect([replica.state, replica.block.genStamp]).toEqual([ReplicaState.RBW, 1002]);
    replica.close();
    expect(openNow(dataset, NAME)).toBeUndefined();
  });

  test('it is cut', async () => {
    const { keep, dataset, open, run } = await withReplicas(NAME);
    await keep();
    const { recovery } = new ReplicaChanges(dataset, 4096);
    await run(recovery.start(NAME, genStamp(1005)));
    expect(openNow(dataset, NAME)).toBeUndefined();
    await run(recovery.finish(NAME, { recoveryId: genStamp(1005), newId: NAME.id, newBytes: 700, sync: true }));
    const replica = await open();
    expect([replica.end, replica.block.genStamp, replica.lastChunk?.length]).toEqual([700, 1005, 700]);
    replica.close();
  });

  test('it is deleted', async () => {
    const { keep, dataset, open, run, nodesOf, openHandles } = await withReplicas(NAME);
    await keep();
    const files = nodesOf(NAME);
    await run(dataset.held(NAME, (pool) => dataset.dropReplica(pool, pool.replicas.find(NAME.id))));
    expect(openHandles(files)).toBe(0);
    await expect(open()).rejects.toMatchObject({ code: 'ENOREPLICA' });
  });

  test('the volume is let go of', async () => {
    const { keep, dataset, open, run, volume, nodesOf, openHandles } = await withReplicas(NAME);
    await keep();
    const files = nodesOf(NAME);
    await run(dataset.failVolume(volume, 'as asked'));
    expect(openHandles(files)).toBe(0);
    expect(openNow(dataset, NAME)).toBeUndefined();
    await expect(open()).rejects.toMatchObject({ code: 'ENOREPLICA' });
  });
});

test('one that a reader has while others are removed is closed behind him', async () => {
  const { keep, dataset, run, nodesOf, openHandles, simulation } = await withReplicas(NAME, nameOf(6));
  await keep();
  const replica = openNow(dataset, NAME);
  const other = nameOf(6);
  await run(dataset.held(other, (pool) => dataset.dropReplica(pool, pool.replicas.find(other.id))));
  expect(openHandles(nodesOf(NAME))).toBe(2);
  replica?.close();
  await simulation.advance(10);
  expect(openHandles(nodesOf(NAME))).toBe(0);
});

test('files that others took away are missed within two seconds, however often they are read', async () => {
  const { keep, open, run, host, simulation } = await withReplicas(NAME);
  await keep();
  await run(host.disk.unlink(`${FINALIZED}/blk_5`));
  const reads = async (): Promise<void> => {
    for (let turn = 0; turn < 21; turn++) {
      (await open()).close();
      await simulation.advance(100);
    }
  };
  await expect(reads()).rejects.toMatchObject({ code: 'ENOENT' });
});

test('one that a reader had for long is closed behind him', async () => {
  const { simulation, keep, dataset, nodesOf, openHandles } = await withReplicas(NAME);
  await keep();
  const replica = openNow(dataset, NAME);
  await simulation.advance(1500);
  replica?.close();
  expect(replica).toBeDefined();
  expect(openHandles(nodesOf(NAME))).toBe(0);
});

test('nor is one kept that was opened in its turn and then had for long', async () => {
  const { simulation, dataset, nodesOf, openHandles, open, volume } = await withReplicas(NAME);
  let inTurn = 0;
  for (let attempt = 0; attempt < 50; attempt++) {
    (await open()).close();
    volume.kept.letGo();
    const replica = openNow(dataset, NAME);
    await simulation.advance(1500);
    replica?.close();
    if (replica === undefined) continue;
    inTurn++;
    expect(openHandles(nodesOf(NAME))).toBe(0);
  }
  expect(inTurn).toBeGreaterThan(5);
});

test('not more than a few stay open, and none for long', async () => {
  const names = Array.from({ length: 40 }, (_, i) => nameOf(100 + i));
  const { simulation, keep, nodesOf, openHandles, volume } = await withReplicas(...names);
  for (const name of names.slice(0, 33)) await keep(name);
  const open = (): number => names.reduce((sum, name) => sum + openHandles(nodesOf(name)), 0);
  expect(open()).toBeLessThanOrEqual(64);
  expect(volume.kept.take(nameOf(100))).toBeUndefined();
  await simulation.advance(2000);
  expect(open()).toBe(0);
});
