// If this fails, a power cut brings back a replica as it was before its last generation stamp: the NameNode takes it for
// stale, and a file that was closed or synced is lost.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import type { Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, RBW } from './test-dataset.ts';

const named = (stamp: number): BlockName => ({ pool: POOL, id: blockId(5n), genStamp: genStamp(stamp), numBytes: 0 });

async function open(host: Host): Promise<{ readonly dataset: Dataset; readonly changes: ReplicaChanges }> {
  const dataset = await openDataset(host);
  return { dataset, changes: new ReplicaChanges(dataset, 1024) };
}

/** Writes an empty replica under stamp 1001, synced as a client's hsync does, and finalized where it is asked for. */
async function write(dataset: Dataset, finalize: boolean): Promise<void> {
  const replica = await dataset.createRbw(named(1001), StorageTypeProto.DISK, 1024, genStamp(0));
  const files = await ReplicaFiles.create(replica, CHECKSUM);
  await files.sync();
  await files.close(true);
  if (finalize) await dataset.finalize(replica, true);
}

/** The names that are left of the replica after `change` and a power cut. */
async function left(
  finalized: boolean,
  change: (parts: { readonly changes: ReplicaChanges }) => Promise<unknown>,
): Promise<readonly string[]> {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const parts = await simulation.run(open(machine.host));
  await simulation.run(write(parts.dataset, finalized));
  await simulation.run(change(parts));
  machine.crash('power');
  const { disk } = machine.restart();
  const names: string[] = [];
  for (const directory of [FINALIZED, RBW]) {
    if (!(await simulation.run(disk.exists(directory)))) continue;
    for (const name of await simulation.run(disk.readdir(directory))) names.push(`${directory}/${name}`);
  }
  return names;
}

test('the stamp of a recovery stays, also on a replica that was finalized before', async () => {
  const recover = async ({ changes }: { readonly changes: ReplicaChanges }): Promise<void> => {
    await changes.recovery.start(named(1001), genStamp(1002));
    const end = { recoveryId: genStamp(1002), newId: named(1001).id, newBytes: 0, sync: true };
    await changes.recovery.finish(named(1001), end);
  };
  const expected = [`${FINALIZED}/blk_5`, `${FINALIZED}/blk_5_1002.meta`];
  expect(await left(true, recover)).toEqual(expected);
  expect(await left(false, recover)).toEqual(expected);
});

test('the stamp of a new pipeline stays: to go on, to append, to close', async () => {
  const rbw = [`${RBW}/blk_5`, `${RBW}/blk_5_1002.meta`];
  expect(await left(false, ({ changes }) => changes.recoverRbw(named(1001), genStamp(1002), 0, 0))).toEqual(rbw);
  expect(await left(true, ({ changes }) => changes.append(named(1001), genStamp(1002), 0))).toEqual(rbw);
  expect(await left(true, ({ changes }) => changes.recoverClose(named(1001), genStamp(1002), 0, false))).toEqual([
    `${FINALIZED}/blk_5`,
    `${FINALIZED}/blk_5_1002.meta`,
  ]);
});

test('what a power cut brings back beside a finalized replica is removed, and nothing that is worth more', async () => {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const parts = await simulation.run(open(machine.host));
  await simulation.run(write(parts.dataset, true));
  const put = async (name: string): Promise<void> => {
    await machine.host.disk.writeFileAtomic(`${RBW}/${name}`, '');
  };
  const again = async (): Promise<readonly string[]> => {
    const host = machine.restart();
    await simulation.run(open(host));
    return simulation.run(host.disk.readdir(RBW));
  };
  await simulation.run(put('blk_5'));
  await simulation.run(put('blk_5_1000.meta'));
  expect(await again()).toEqual([]);
  await simulation.run(put('blk_5'));
  await simulation.run(put('blk_5_1002.meta'));
  expect(await again()).toEqual(['blk_5', 'blk_5_1002.meta']);
});

test('the file of notes is not closed while one is on its way, though the sync has failed', async () => {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const { dataset } = await simulation.run(open(machine.host));
  const calls: string[] = [];
  machine.diskFault = ({ operation, path }) => {
    calls.push(`${operation} ${path.slice(path.lastIndexOf('/') + 1)}`);
    if (operation === 'fdatasync' && path.endsWith('/blk_5')) return { error: 'EIO' };
    return operation === 'write' && path.endsWith('/tail_5') ? { delayMs: 1000 } : undefined;
  };
  await simulation.run(
    (async () => {
      const replica = await dataset.createRbw(named(1001), StorageTypeProto.DISK, 1024, genStamp(0));
      const files = await ReplicaFiles.create(replica, CHECKSUM);
      replica.lengths.receive(3);
      files.add({ offset: 0, data: Buffer.from('abc'), sums: Buffer.alloc(0) });
      files.flush(() => undefined);
      await expect(files.sync()).rejects.toMatchObject({ code: 'EIO' });
      await files.close(false);
    })(),
  );
  await simulation.advance(1);
  const ofNotes = calls.filter((call) => call.endsWith(' tail_5'));
  expect(ofNotes.slice(-3)).toEqual(['write tail_5', 'fdatasync tail_5', 'close tail_5']);
});
