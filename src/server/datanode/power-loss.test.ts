// If these fail, bytes that a writer was told are safe are lost when the power of all DataNodes fails, or a recovered block
// changes its length at the next restart.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { Host } from '../../host/host.ts';
import { Simulation } from '../../host/sim/index.ts';
import { Dataset } from './dataset.ts';
import { finalizedDir, rbwDir } from './layout.ts';
import type { InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, CHUNK, sumsOf, testVolume } from './test-dataset.ts';

const POOL = 'BP-1';
const ROOT = '/data';
const content = Buffer.from(Array.from({ length: 4000 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const id = blockId(5n);
const name = { pool: POOL, id, genStamp: genStamp(1001), numBytes: 0 };
const events = { receiving: () => undefined, received: () => undefined, deleted: () => undefined };
const rbw = rbwDir(ROOT, POOL);
const finalized = `${finalizedDir(ROOT, POOL)}/subdir0/subdir0`;

async function openDataset(host: Host): Promise<Dataset> {
  const volume = testVolume(host, ROOT);
  // A file that need not be there is no reason to doubt the disk.
  volume.onTrouble = (error) => {
    throw error;
  };
  const dataset = new Dataset([volume], host.log, events);
  await dataset.addPool(POOL);
  expect(volume.failure).toBeUndefined();
  return dataset;
}

function replicaOf(dataset: Dataset): { readonly state: ReplicaState; readonly bytes: number; readonly genStamp: number } {
  const { replicas } = dataset.pool(POOL);
  const handle = replicas.find(id);
  expect(handle).not.toBe(0);
  return { state: replicas.state(handle), bytes: replicas.numBytes(handle), genStamp: replicas.genStamp(handle) };
}

async function write(replica: InFlightReplica, files: ReplicaFiles, end: number): Promise<void> {
  const offset = replica.lengths.onDisk - (replica.lengths.onDisk % CHUNK);
  const data = content.subarray(offset, end);
  replica.lengths.receive(end);
  files.add({ offset, data, sums: sumsOf(data) });
  files.flush(() => undefined);
  await files.drained();
}

/** Writes up to each length in turn; after the first ones with an hsync. */
async function writeSome(host: Host, synced: readonly number[], unsynced: readonly number[]): Promise<void> {
  const dataset = await openDataset(host);
  const replica = await dataset.createRbw(name, 1, content.length, genStamp(0));
  const files = await ReplicaFiles.create(replica, CHECKSUM);
  for (const end of synced) {
    await write(replica, files, end);
    await files.sync();
  }
  for (const end of unsynced) await write(replica, files, end);
}

async function overwrite(host: Host, path: string, bytes: Buffer, at: number): Promise<void> {
  const file = await host.disk.open(path, 'r+');
  await file.write(bytes, at);
  await file.sync();
  await file.close();
}

async function recover(dataset: Dataset): Promise<void> {
  const changes = new ReplicaChanges(dataset, 1 << 20);
  const info = await changes.recovery.start(name, genStamp(1002));
  const numBytes = info?.numBytes ?? 0;
  const end = { recoveryId: genStamp(1002), newId: id, newBytes: numBytes, sync: true };
  await changes.recovery.finish({ ...name, numBytes }, end);
}

async function expectClosed(host: Host, bytes: number): Promise<void> {
  expect((await host.disk.readFile(`${finalized}/blk_5`)).equals(content.subarray(0, bytes))).toBe(true);
  const meta = await host.disk.readFile(`${finalized}/blk_5_1002.meta`);
  expect(meta.equals(Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, bytes))]))).toBe(true);
  expect(await host.disk.readdir(rbw)).toEqual([]);
  const again = await openDataset(host);
  expect(replicaOf(again)).toEqual({ state: ReplicaState.FINALIZED, bytes, genStamp: 1002 });
}

test.each([
  { synced: [700], unsynced: [900], reached: 900 },
  { synced: [700], unsynced: [900, 3000], reached: 3000 },
  { synced: [100, 600, 700, 710], unsynced: [1024], reached: 1024 },
])('synced bytes are proved though the checksum of later ones overtook them: $synced, $unsynced', async (each) => {
  const sim = new Simulation({ seed: 1 });
  const node = sim.node('dn');
  await sim.run(writeSome(node.host, each.synced, each.unsynced));
  node.crash('power');
  const host = node.restart();
  const run = async (): Promise<void> => {
    // The checksums had reached the disk, the bytes had not.
    const sums = Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, each.reached))]);
    await overwrite(host, `${rbw}/blk_5_1001.meta`, sums, 0);
    const dataset = await openDataset(host);
    const bytes = each.synced.at(-1) ?? 0;
    expect(replicaOf(dataset)).toMatchObject({ state: ReplicaState.RWR, bytes });
    await recover(dataset);
    await expectClosed(host, bytes);
  };
  await sim.run(run());
});

test.each([
  { closed: 700, synced: [], reached: 900 },
  { closed: 700, synced: [710], reached: 3000 },
])('closed bytes are proved though the checksum of appended ones overtook them: $closed, $reached', async (each) => {
  const { closed, synced, reached } = each;
  const sim = new Simulation({ seed: 6 });
  const node = sim.node('dn');
  const appendTo = async (): Promise<void> => {
    const dataset = await openDataset(node.host);
    const replica = await dataset.createRbw(name, 1, content.length, genStamp(0));
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    await write(replica, files, closed);
    await files.close(true);
    await dataset.finalize(replica, true);
    const again = await new ReplicaChanges(dataset, 1 << 20).append(name, genStamp(1002), closed);
    const more = await ReplicaFiles.reopen(again);
    for (const end of synced) {
      await write(again, more, end);
      await more.sync();
    }
    await write(again, more, reached);
  };
  await sim.run(appendTo());
  node.crash('power');
  const host = node.restart();
  const run = async (): Promise<void> => {
    const sums = Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, reached))]);
    await overwrite(host, `${rbw}/blk_5_1002.meta`, sums, 0);
    const bytes = synced.at(-1) ?? closed;
    expect(replicaOf(await openDataset(host))).toEqual({ state: ReplicaState.RWR, bytes, genStamp: 1002 });
  };
  await sim.run(run());
});

test('a record of the sync that was cut off harms the one before it not', async () => {
  const sim = new Simulation({ seed: 2 });
  const node = sim.node('dn');
  await sim.run(writeSome(node.host, [600, 700], [800]));
  node.crash('power');
  const host = node.restart();
  const run = async (): Promise<void> => {
    const sums = Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, 800))]);
    await overwrite(host, `${rbw}/blk_5_1001.meta`, sums, 0);
    // The third record goes where the first one was.
    await overwrite(host, `${rbw}/tail_5`, Buffer.from('000000000000032012345678', 'hex'), 0);
    expect(replicaOf(await openDataset(host))).toMatchObject({ state: ReplicaState.RWR, bytes: 700 });
  };
  await sim.run(run());
});

test('a recovered replica holds no more than was agreed upon, though its files held more', async () => {
  const sim = new Simulation({ seed: 3 });
  const node = sim.node('dn');
  await sim.run(writeSome(node.host, [], [600]));
  node.crash('process');
  const host = node.restart();
  const run = async (): Promise<void> => {
    // The writer died after it had written bytes and before it wrote their CHECKSUM.
    await overwrite(host, `${rbw}/blk_5`, content.subarray(600, 1500), 600);
    const dataset = await openDataset(host);
    expect(replicaOf(dataset)).toMatchObject({ state: ReplicaState.RWR, bytes: 600 });
    await recover(dataset);
    await expectClosed(host, 600);
  };
  await sim.run(run());
});

test('the two files of a replica find each other when a crash came between their moves', async () => {
  const sim = new Simulation({ seed: 4 });
  const node = sim.node('dn');
  await sim.run(writeSome(node.host, [700], []));
  node.crash('process');
  const host = node.restart();
  const run = async (): Promise<void> => {
    await host.disk.mkdir(finalized);
    await host.disk.rename(`${rbw}/blk_5_1001.meta`, `${finalized}/blk_5_1001.meta`);
    expect(replicaOf(await openDataset(host))).toEqual({ state: ReplicaState.RWR, bytes: 700, genStamp: 1001 });
    // Opened again for an append: the checksums go first.
    await host.disk.rename(`${rbw}/blk_5`, `${finalized}/blk_5`);
    await host.disk.rename(`${rbw}/blk_5_1001.meta`, `${rbw}/blk_5_1003.meta`);
    expect(replicaOf(await openDataset(host))).toEqual({ state: ReplicaState.FINALIZED, bytes: 700, genStamp: 1003 });
  };
  await sim.run(run());
});

test('a block file whose checksums never reached the disk counts as none, so that its file can be closed', async () => {
  const sim = new Simulation({ seed: 5 });
  const node = sim.node('dn');
  await sim.run(writeSome(node.host, [], [600]));
  node.crash('process');
  const host = node.restart();
  const run = async (): Promise<void> => {
    await host.disk.unlink(`${rbw}/blk_5_1001.meta`);
    const dataset = await openDataset(host);
    expect(replicaOf(dataset)).toMatchObject({ state: ReplicaState.RWR, bytes: 0 });
    expect(await new ReplicaChanges(dataset, 1 << 20).recovery.start(name, genStamp(1002))).toBeUndefined();
  };
  await sim.run(run());
});

test.each([
  ['data', /\/blk_5$/],
  ['checksums', /\.meta$/],
])('flushed bytes are proved when the process dies while the %s of the next ones are on their way', async (_what, late) => {
  const sim = new Simulation({ seed: 7 });
  const node = sim.node('dn');
  const flushed = async (): Promise<void> => {
    const dataset = await openDataset(node.host);
    const replica = await dataset.createRbw(name, 1, content.length, genStamp(0));
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    await write(replica, files, 700);
    node.diskFault = ({ operation, path }) => (operation === 'write' && late.test(path) ? { delayMs: 1_000 } : undefined);
    void write(replica, files, 900);
  };
  await sim.run(flushed());
  await sim.advance(500);
  node.crash('process');
  node.diskFault = undefined;
  const host = node.restart();
  const dataset = await sim.run(openDataset(host));
  expect(replicaOf(dataset)).toMatchObject({ state: ReplicaState.RWR, bytes: 700 });
});

test.each(['recovery', 'close', 'other pipeline'] as const)(
  'bytes whose checksums the disk did not take are not in what is closed: %s',
  async (how) => {
    const sim = new Simulation({ seed: 8 });
    const node = sim.node('dn');
    const work = async (): Promise<void> => {
      const dataset = await openDataset(node.host);
      const replica = await dataset.createRbw(name, 1, content.length, genStamp(0));
      const files = await ReplicaFiles.create(replica, CHECKSUM);
      await write(replica, files, 700);
      replica.lengths.acknowledge(700);
      node.diskFault = ({ operation, path }) =>
        operation === 'write' && path.endsWith('.meta') ? { error: 'ENOSPC' } : undefined;
      await expect(write(replica, files, 900)).rejects.toMatchObject({ code: 'ENOSPC' });
      node.diskFault = undefined;
      await files.close(false);
      // As a receiver that lets go of its replica.
      replica.lengths.received = replica.lengths.onDisk;
      dataset.pool(POOL).replicas.setNumBytes(dataset.handleOf(replica), replica.lengths.onDisk);
      const changes = new ReplicaChanges(dataset, 1 << 20);
      if (how === 'recovery') await recover(dataset);
      else if (how === 'close') await changes.recoverClose(name, genStamp(1002), 700, true);
      else {
        const again = await changes.recoverRbw(name, genStamp(1002), 700, 700);
        await (await ReplicaFiles.reopen(again)).close(true);
        await dataset.finalize(again, true);
      }
      await expectClosed(node.host, 700);
    };
    await sim.run(work());
  },
);
