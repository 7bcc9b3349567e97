// If these fail, one error of the disk while a replica is opened again or closed parts its two files, or leaves them where the
// map does not have them: until the next start, or scan of the directories, nobody can read or recover it.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { openReplica } from './open-replica.ts';
import type { BlockName } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, RBW, sumsOf } from './test-dataset.ts';
import { verifyReplica } from './verify-replica.ts';

const content = Buffer.alloc(700, 7);
const id = blockId(5n);
const name: BlockName = { pool: POOL, id, genStamp: genStamp(1001), numBytes: content.length };

async function written(finalized: boolean) {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const { host } = machine;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const write = async () => {
    const dataset = await openDataset(host);
    const replica = await dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, 1024, genStamp(0));
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    replica.lengths.receive(content.length);
    files.add({ offset: 0, data: content, sums: sumsOf(content) });
    files.flush(() => undefined);
    await files.close(true);
    replica.lengths.acknowledge(content.length);
    if (finalized) await dataset.finalize(replica, true);
    return { dataset, replica };
  };
  const { dataset, replica } = await run(write());
  const names = async (): Promise<readonly string[]> => {
    const found: string[] = [];
    for (const directory of [FINALIZED, RBW]) {
      if (!(await run(host.disk.exists(directory)))) continue;
      for (const file of await run(host.disk.readdir(directory))) found.push(`${directory}/${file}`);
    }
    return found;
  };
  /** The one call of its kind that fails, counted from 0; answers whether there were so many. */
  const failing = async (operation: string, at: number, work: () => Promise<unknown>): Promise<boolean> => {
    let calls = 0;
    machine.diskFault = (call) => (call.operation === operation && calls++ === at ? { error: 'ENOSPC' } : undefined);
    const failure = await run(work()).then(
      () => undefined,
      (error: unknown) => error,
    );
    machine.diskFault = undefined;
    if (calls > at) expect(failure).toMatchObject({ code: 'ENOSPC' });
    return calls > at;
  };
  return { run, host, dataset, replica, names, failing, changes: new ReplicaChanges(dataset, 1024) };
}

describe.each([
  ['rename', 0],
  ['rename', 1],
  ['fsync', 0],
  ['fsync', 1],
])('%s %i fails', (operation, at) => {
  test('while a closed replica is opened for more: it is closed as it was', async () => {
    const { run, host, dataset, names, failing, changes } = await written(true);
    const used = dataset.volumes[0]?.dfsUsed;
    const before = await names();
    expect(await failing(operation, at, () => changes.append(name, genStamp(1002), content.length))).toBe(true);
    expect(await names()).toEqual(before);
    expect(dataset.volumes[0]?.dfsUsed).toBe(used);
    expect(dataset.volumes[0]?.promisedBytes).toBe(0);
    await run(verifyReplica(dataset, host.clock, name, () => Promise.resolve()));
    const again = await run(changes.append(name, genStamp(1003), content.length));
    expect([again.genStamp, again.directory]).toEqual([1003, RBW]);
  });

  test('while a replica is closed: it is open as it was, and a recovery closes it', async () => {
    const { run, host, dataset, replica, names, failing, changes } = await written(false);
    // Its directory is new, and is made durable first.
    await run(dataset.pool(POOL).makeFinalizedDir(replica.volume, id));
    const before = await names();
    expect(await failing(operation, at, () => dataset.finalize(replica, true))).toBe(true);
    expect(await names()).toEqual(before);
    const open = await run(openReplica(dataset, host.clock, name, { withChecksums: true, wantedEnd: content.length }));
    expect([open.state, open.visible]).toEqual([ReplicaState.RBW, content.length]);
    open.close();
    await run(changes.recovery.start(name, genStamp(1005)));
    const end = { recoveryId: genStamp(1005), newId: id, newBytes: content.length, sync: true };
    await run(changes.recovery.finish(name, end));
    expect(await names()).toEqual([`${FINALIZED}/blk_5`, `${FINALIZED}/blk_5_1005.meta`]);
  });
});

test('a copy of which one file alone came into a pipeline is dropped without a rest', async () => {
  const { run, dataset, replica, names, failing, changes } = await written(false);
  const drop = (): Promise<void> => dataset.held(name, (pool) => dataset.dropReplica(pool, dataset.handleOf(replica)));
  await run(drop());
  const copy = await run(dataset.createTemporary(name, StorageTypeProto.DISK, 1024, true));
  const files = await run(ReplicaFiles.create(copy, CHECKSUM));
  await run(files.close(true));
  expect(await failing('rename', 1, () => changes.convertToRbw(copy, 0, () => true))).toBe(true);
  await run(dataset.discard(copy));
  expect(await names()).toEqual([]);
});
