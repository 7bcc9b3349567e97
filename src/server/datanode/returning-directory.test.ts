// If these fail, a data directory that comes into service while a copy of one of its blocks is on its way here, or while somebody
// is at another replica of it, takes that one's place in the map: what ends the copy takes it out again, or what is done to the
// one is noted of the other.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import { reconcile } from './reconcile.ts';
import type { InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, sumsOf, testVolume } from './test-dataset.ts';
import type { Volume } from './volume.ts';

const content = Buffer.alloc(700, 7);
const id = blockId(5n);
const name = { pool: POOL, id, genStamp: genStamp(1001), numBytes: content.length };
const RETURNING = '/more';
const THERE = FINALIZED.replace('/data', RETURNING);

/** A copy of the block is on its way to /data when /more, which has it, comes into service. */
async function begin(host: Host): Promise<{ readonly dataset: Dataset; readonly copy: InFlightReplica }> {
  await host.disk.mkdir(THERE);
  await host.disk.writeFileAtomic(`${THERE}/blk_5`, content);
  await host.disk.writeFileAtomic(`${THERE}/blk_5_1001.meta`, Buffer.concat([CHECKSUM.header(), sumsOf(content)]));
  const dataset = await openDataset(host);
  const copy = await dataset.createTemporary(name, StorageTypeProto.DISK, content.length, false);
  const files = await ReplicaFiles.create(copy, CHECKSUM);
  copy.lengths.receive(content.length);
  files.add({ offset: 0, data: content, sums: sumsOf(content) });
  files.flush(() => undefined);
  await files.close(true);
  await dataset.addVolume(testVolume(host, RETURNING));
  return { dataset, copy };
}

function served(dataset: Dataset): { readonly state: ReplicaState; readonly on: string } | undefined {
  const pool = dataset.pool(POOL);
  const handle = pool.replicas.find(id);
  return handle === 0 ? undefined : { state: pool.replicas.state(handle), on: pool.volumeOf(handle).path };
}

test('a copy that ends well is the one that is served', async () => {
  const sim = new Simulation({ seed: 1 });
  const { host } = sim.node('dn');
  await sim.run(
    (async () => {
      const { dataset, copy } = await begin(host);
      expect(served(dataset)).toEqual({ state: ReplicaState.TEMPORARY, on: '/data' });
      await dataset.finalize(copy, true);
      expect(served(dataset)).toEqual({ state: ReplicaState.FINALIZED, on: '/data' });
    })(),
  );
});

test('a copy that fails takes nothing away but itself', async () => {
  const sim = new Simulation({ seed: 2 });
  const { host } = sim.node('dn');
  await sim.run(
    (async () => {
      const { dataset, copy } = await begin(host);
      await dataset.discard(copy);
      expect(served(dataset)).toBeUndefined();
      const pool = dataset.pool(POOL);
      const volume = dataset.volumes.find(({ path }) => path === RETURNING) as Volume;
      expect(await reconcile(dataset, pool, volume, id, () => undefined)).toBe('added');
      expect(served(dataset)).toEqual({ state: ReplicaState.FINALIZED, on: RETURNING });
      expect((await host.disk.readFile(`${THERE}/blk_5`)).equals(content)).toBe(true);
    })(),
  );
});

describe('somebody is at a replica of a block when a directory comes with another one', () => {
  /** A closed replica on /data, and another, of this stamp, on /more. */
  async function holding(stamp: number) {
    const sim = new Simulation({ seed: 3 });
    const machine = sim.node('dn');
    const { host } = machine;
    const run = <T>(work: Promise<T>): Promise<T> => sim.run(work, 60_000);
    const write = async (): Promise<Dataset> => {
      const sums = Buffer.concat([CHECKSUM.header(), sumsOf(content)]);
      for (const [directory, meta] of [
        [FINALIZED, 'blk_5_1001.meta'],
        [THERE, `blk_5_${stamp}.meta`],
      ] as const) {
        await host.disk.mkdir(directory);
        await host.disk.writeFileAtomic(`${directory}/blk_5`, content);
        await host.disk.writeFileAtomic(`${directory}/${meta}`, sums);
      }
      return openDataset(host);
    };
    const dataset = await run(write());
    /** The directory comes while `work` waits for the disk of the other. */
    const during = async <T>(work: () => Promise<T>): Promise<T> => {
      machine.diskFault = ({ path }) => (path.startsWith('/data/') ? { delayMs: 1_000 } : undefined);
      const done = work();
      done.catch(() => undefined);
      await sim.advance(500);
      await run(dataset.addVolume(testVolume(host, RETURNING)));
      machine.diskFault = undefined;
      return run(done);
    };
    return { dataset, run, during };
  }

  test('what is opened for more is the one that was', async () => {
    const { dataset, during } = await holding(1003);
    const replica = await during(() => new ReplicaChanges(dataset, 1024).append(name, genStamp(1002), content.length));
    expect(served(dataset)).toEqual({ state: ReplicaState.RBW, on: '/data' });
    expect(dataset.pool(POOL).replicas.genStamp(dataset.handleOf(replica))).toBe(1002);
  });

  test('a copy takes the place of an older one, and no other', async () => {
    const { dataset, during, run } = await holding(1001);
    const newer = { ...name, genStamp: genStamp(1002) };
    const copy = await during(() => dataset.createTemporary(newer, StorageTypeProto.DISK, content.length, true));
    expect(copy.genStamp).toBe(1002);
    expect(served(dataset)).toEqual({ state: ReplicaState.TEMPORARY, on: copy.volume.path });
    await run(dataset.discard(copy));
    expect(served(dataset)).toBeUndefined();
  });
});
