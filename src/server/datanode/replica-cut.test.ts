// If these fail, a crash while a replica is cut within a checksum's chunk leaves bytes that nobody can read any more, or a
// replica that somebody else has changed since is cut by a note that is out of date.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { Host } from '../../host/host.ts';
import { type SimNode, Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import { type CutNote, decodeCutNote, encodeCutNote } from './cut-note.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, CHUNK, FINALIZED, openDataset, POOL, RBW, sumsOf } from './test-dataset.ts';

const BYTES = 3_000;
const content = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const id = blockId(5n);
const name: BlockName = { pool: POOL, id, genStamp: genStamp(1001), numBytes: BYTES };

/** A finalized replica of BYTES bytes, or one that is written, of which `acked` are acknowledged. */
async function write(dataset: Dataset, acked = BYTES): Promise<void> {
  const replica = await dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, BYTES, genStamp(0));
  const files = await ReplicaFiles.create(replica, CHECKSUM);
  for (const [from, to] of [
    [0, acked],
    [acked, BYTES],
  ] as const) {
    if (from === to) continue;
    const start = from - (from % CHUNK);
    replica.lengths.receive(to);
    files.add({ offset: start, data: content.subarray(start, to), sums: sumsOf(content.subarray(start, to)) });
    files.flush(() => undefined);
    await files.drained();
    if (to === acked && acked < BYTES) await files.sync();
  }
  await files.close(acked === BYTES);
  replica.lengths.acknowledge(acked);
  if (acked === BYTES) await dataset.finalize(replica, true);
}

interface Stands {
  readonly state: ReplicaState;
  readonly bytes: number;
  readonly genStamp: number;
}

function replicaOf(dataset: Dataset): Stands {
  const { replicas } = dataset.pool(POOL);
  const handle = replicas.find(id);
  expect(handle).not.toBe(0);
  return { state: replicas.state(handle), bytes: replicas.numBytes(handle), genStamp: replicas.genStamp(handle) };
}

async function expectFiles({ disk }: Host, directory: string, { bytes, genStamp: stamp }: Stands): Promise<void> {
  expect(await disk.readdir(directory)).toEqual(['blk_5', `blk_5_${stamp}.meta`]);
  expect((await disk.readFile(`${directory}/blk_5`)).equals(content.subarray(0, bytes))).toBe(true);
  const meta = Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, bytes))]);
  expect((await disk.readFile(`${directory}/blk_5_${stamp}.meta`)).equals(meta)).toBe(true);
}

const recover = async (dataset: Dataset, recoveryId: number, newBytes: number): Promise<void> => {
  const changes = new ReplicaChanges(dataset, 1 << 20);
  const found = await changes.recovery.start(name, genStamp(recoveryId));
  const end = { recoveryId: genStamp(recoveryId), newId: id, newBytes, sync: true };
  await changes.recovery.finish({ ...name, numBytes: found?.numBytes ?? 0 }, end);
};

/** More than a cut takes. */
const MOST_CALLS = 60;

type Crash = { readonly how: 'process' | 'power'; readonly luck: boolean };
const CRASHES: readonly Crash[] = [
  { how: 'process', luck: false },
  { how: 'power', luck: false },
  { how: 'power', luck: true },
];

/** Begins `work`, crashes at its disk call `call`; answers whether it had ended before, and the host that comes after. */
async function crashIn(
  sim: Simulation,
  node: SimNode,
  work: () => Promise<unknown>,
  call: number,
  { how, luck }: Crash,
): Promise<{ readonly ended: boolean; readonly host: Host }> {
  let ended = false;
  node.crashAtDiskCall(call, { after: luck, how, luck });
  void work().then(() => {
    ended = true;
  });
  await sim.advance(1_000);
  node.spare();
  if (node.isAlive) node.crash(how, luck);
  return { ended, host: node.restart() };
}

describe.each(CRASHES)('a crash ($how, luck $luck) at any disk call', (crash) => {
  // Within a chunk, at a border, and within the chunk that the replica ends in.
  test.each([700, 1_024, 2_900])('of a cut to %i bytes leaves a replica that its checksums prove', async (cutTo) => {
    let cut = 0;
    for (let call = 1; call <= MOST_CALLS; call++) {
      const sim = new Simulation({ seed: call });
      const node = sim.node('dn');
      const dataset = await sim.run(openDataset(node.host), 60_000);
      await sim.run(write(dataset), 60_000);
      const { ended, host } = await crashIn(sim, node, () => recover(dataset, 1005, cutTo), call, crash);
      const look = async (): Promise<boolean> => {
        const again = await openDataset(host);
        const found = replicaOf(again);
        expect(found.state).toBe(ReplicaState.FINALIZED);
        expect([cutTo, BYTES]).toContain(found.bytes);
        // A new stamp says that the replica is as was agreed.
        if (ended) expect(found.genStamp).toBe(1005);
        if (found.genStamp === 1005) expect(found.bytes).toBe(cutTo);
        await expectFiles(host, FINALIZED, found);
        expect(await host.disk.readdir(RBW)).toEqual([]);
        if (found.genStamp === 1001) await recover(again, 1007, cutTo);
        await expectFiles(host, FINALIZED, { ...replicaOf(again), bytes: cutTo });
        expect(await host.disk.readdir(RBW)).toEqual([]);
        return found.bytes === cutTo && found.genStamp === 1001;
      };
      if (await sim.run(look(), 60_000)) cut++;
      if (ended) break;
    }
    expect(cut).toBeGreaterThan(0);
  });

  test('of a pipeline’s recovery leaves what was acknowledged', async () => {
    let finished = false;
    for (let call = 1; call <= MOST_CALLS; call++) {
      const sim = new Simulation({ seed: call });
      const node = sim.node('dn');
      const dataset = await sim.run(openDataset(node.host), 60_000);
      await sim.run(write(dataset, 2_900), 60_000);
      const changes = new ReplicaChanges(dataset, 1 << 20);
      const { ended, host } = await crashIn(sim, node, () => changes.recoverRbw(name, genStamp(1005), 0, BYTES), call, crash);
      const look = async (): Promise<void> => {
        const again = await openDataset(host);
        const found = replicaOf(again);
        expect(found.state).toBe(ReplicaState.RWR);
        expect([2_900, BYTES]).toContain(found.bytes);
        await recover(again, 1007, 2_900);
        await expectFiles(host, FINALIZED, { ...replicaOf(again), bytes: 2_900 });
        expect(await host.disk.readdir(RBW)).toEqual([]);
      };
      await sim.run(look(), 60_000);
      finished = ended;
      if (ended) break;
    }
    expect(finished).toBe(true);
  });
});

test.each(['ftruncate', 'write', 'fdatasync'])(
  'a %s that fails in the middle of a cut is made good by the next recovery',
  async (operation) => {
    for (const nth of [1, 2, 3]) {
      const sim = new Simulation({ seed: 1 });
      const node = sim.node('dn');
      const run = async (): Promise<void> => {
        const dataset = await openDataset(node.host);
        await write(dataset);
        let calls = 0;
        node.diskFault = (call) => (call.operation === operation && ++calls === nth ? { error: 'EIO' } : undefined);
        const failed = await recover(dataset, 1005, 700).then(
          () => false,
          () => true,
        );
        node.diskFault = undefined;
        if (failed) await recover(dataset, 1007, 690);
        const end = { bytes: failed ? 690 : 700, genStamp: failed ? 1007 : 1005, state: ReplicaState.FINALIZED };
        expect(replicaOf(dataset)).toEqual(end);
        await expectFiles(node.host, FINALIZED, end);
        expect(await node.host.disk.readdir(RBW)).toEqual([]);
      };
      await sim.run(run(), 60_000);
    }
  },
);

describe('a note that is found at a start', () => {
  const note: CutNote = { genStamp: genStamp(1001), length: 700, sum: sumsOf(content.subarray(512, 700)) };

  async function startsWith(bytes: Buffer, before: (host: Host) => Promise<void>): Promise<Stands> {
    const sim = new Simulation({ seed: 1 });
    const node = sim.node('dn');
    const run = async (): Promise<Stands> => {
      await write(await openDataset(node.host));
      const host = node.restart();
      await before(host);
      await host.disk.writeFileAtomic(`${RBW}/cut_5`, bytes);
      const again = await openDataset(host);
      expect(await host.disk.readdir(RBW)).toEqual([]);
      return replicaOf(again);
    };
    return sim.run(run(), 60_000);
  }

  const cutData = async (host: Host, bytes = 700): Promise<void> => {
    const file = await host.disk.open(`${FINALIZED}/blk_5`, 'r+');
    await file.truncate(bytes);
    await file.close();
  };

  test('has the cut ended that it is about', async () => {
    expect(await startsWith(encodeCutNote(note), cutData)).toMatchObject({ bytes: 700 });
  });

  test('changes nothing where the cut had not begun, or another DataNode has brought the block anew', async () => {
    expect(await startsWith(encodeCutNote(note), () => Promise.resolve())).toMatchObject({ bytes: BYTES });
  });

  test('is out of date where the replica has another generation stamp', async () => {
    const renamed = async (host: Host): Promise<void> => {
      await cutData(host, 800);
      await host.disk.rename(`${FINALIZED}/blk_5_1001.meta`, `${FINALIZED}/blk_5_1003.meta`);
    };
    expect(await startsWith(encodeCutNote(note), renamed)).toMatchObject({ bytes: 800, genStamp: 1003 });
  });

  test('cuts nothing that is shorter, or begins with other bytes', async () => {
    expect(await startsWith(encodeCutNote(note), (host) => cutData(host, 650))).toMatchObject({ bytes: 650 });
    const other = { ...note, sum: Buffer.from('01020304', 'hex') };
    expect(await startsWith(encodeCutNote(other), (host) => cutData(host, 800))).toMatchObject({ bytes: 800 });
  });

  test('counts for nothing when it is torn, empty, or of a block that is gone', async () => {
    const whole = encodeCutNote(note);
    expect(decodeCutNote(whole)).toEqual(note);
    for (const torn of [Buffer.alloc(0), whole.subarray(0, 12), Buffer.concat([whole.subarray(0, 12), Buffer.alloc(12)])]) {
      expect(decodeCutNote(torn)).toBeUndefined();
      expect(await startsWith(torn, (host) => cutData(host, 800))).toMatchObject({ bytes: 800 });
    }
    const sim = new Simulation({ seed: 1 });
    const node = sim.node('dn');
    const run = async (): Promise<void> => {
      await openDataset(node.host);
      const host = node.restart();
      await host.disk.writeFileAtomic(`${RBW}/cut_5`, whole);
      expect((await openDataset(host)).replicaCount).toBe(0);
      expect(await host.disk.readdir(RBW)).toEqual([]);
    };
    await sim.run(run(), 60_000);
  });
});

describe('a replica with a wrong byte', () => {
  /** Flips a bit of a file, as a disk does that rots. */
  const rot = async ({ disk }: Host, path: string, at: number): Promise<void> => {
    const file = await disk.open(path, 'r+');
    const byte = Buffer.alloc(1);
    await file.read(byte, 0, 1, at);
    byte[0] = (byte[0] ?? 0) ^ 4;
    await file.write(byte, at);
    await file.close();
  };

  interface Holding {
    readonly host: Host;
    readonly dataset: Dataset;
    readonly changes: ReplicaChanges;
    readonly corrupt: BlockName[];
  }

  const holding = (acked: number, work: (held: Holding) => Promise<void>): Promise<void> => {
    const sim = new Simulation({ seed: 1 });
    const { host } = sim.node('dn');
    const run = async (): Promise<void> => {
      const dataset = await openDataset(host);
      await write(dataset, acked);
      const corrupt: BlockName[] = [];
      await work({
        host,
        dataset,
        corrupt,
        changes: new ReplicaChanges(dataset, 1 << 20, { foundCorrupt: (block) => corrupt.push(block) }),
      });
    };
    return sim.run(run(), 60_000);
  };

  const cut = async (changes: ReplicaChanges, newBytes: number, recoveryId = 1005): Promise<void> => {
    const found = await changes.recovery.start(name, genStamp(recoveryId));
    const end = { recoveryId: genStamp(recoveryId), newId: id, newBytes, sync: true };
    await changes.recovery.finish({ ...name, numBytes: found?.numBytes ?? 0 }, end);
  };

  test.each([
    ['before the cut', 'blk_5', 600],
    ['behind the cut, in its chunk', 'blk_5', 900],
    ['in the checksum', 'blk_5_1001.meta', 7 + 4],
  ])('%s is not cut, so that it never gets a checksum that fits it, and is reported', async (_where, file, at) => {
    await holding(BYTES, async ({ host, changes, corrupt }) => {
      await rot(host, `${FINALIZED}/${file}`, at);
      const before = await host.disk.readFile(`${FINALIZED}/blk_5_1001.meta`);
      await expect(cut(changes, 700)).rejects.toMatchObject({ code: 'ECHECKSUM' });
      expect(corrupt).toEqual([name]);
      expect(await host.disk.readdir(FINALIZED)).toEqual(['blk_5', 'blk_5_1001.meta']);
      expect((await host.disk.stat(`${FINALIZED}/blk_5`)).size).toBe(BYTES);
      expect((await host.disk.readFile(`${FINALIZED}/blk_5_1001.meta`)).equals(before)).toBe(true);
      expect(await host.disk.readdir(RBW)).toEqual([]);
    });
  });

  test.each([
    ['in another chunk', 700, 10],
    ['behind a cut between two chunks', 1_024, 1_500],
  ])('%s than the one that is cut keeps its checksum, which tells', async (_where, cutTo, at) => {
    await holding(BYTES, async ({ host, changes, corrupt }) => {
      await rot(host, `${FINALIZED}/blk_5`, at);
      await cut(changes, cutTo);
      expect(corrupt).toEqual([]);
      const meta = Buffer.concat([CHECKSUM.header(), sumsOf(content.subarray(0, cutTo))]);
      expect((await host.disk.readFile(`${FINALIZED}/blk_5_1005.meta`)).equals(meta)).toBe(true);
    });
  });

  test('is left by a writer that goes on after a failure', async () => {
    await holding(2_900, async ({ host, changes, corrupt }) => {
      await rot(host, `${RBW}/blk_5`, 2_800);
      await expect(changes.recoverRbw(name, genStamp(1005), 0, BYTES)).rejects.toMatchObject({ code: 'ECHECKSUM' });
      expect(corrupt).toEqual([name]);
    });
  });

  // A write that failed left the checksum of a longer chunk, and the bytes for it did not come.
  test.each([
    ['what was written last', BYTES, 'memory'],
    ['what was synced last', 2_900, 'note'],
  ])('in the checksum alone is cut where %s says that the bytes are right', async (_what, newBytes, by) => {
    await holding(2_900, async ({ host, dataset, changes, corrupt }) => {
      await rot(host, `${RBW}/blk_5_1001.meta`, 7 + 5 * 4);
      const { inFlight, replicas } = dataset.pool(POOL);
      const replica = inFlight.get(replicas.find(id));
      if (replica === undefined) throw new Error('nothing is being written');
      expect(replica.lastChunk?.length).toBe(BYTES);
      if (by === 'note') replica.lastChunk = undefined;
      await cut(changes, newBytes - 10);
      expect(corrupt).toEqual([]);
      await expectFiles(host, FINALIZED, { ...replicaOf(dataset), bytes: newBytes - 10 });
    });
  });

  test('and bytes behind what counts is cut', async () => {
    await holding(2_900, async ({ host, dataset, changes }) => {
      // As a write leaves it that failed on one of its two files.
      const file = await host.disk.open(`${RBW}/blk_5`, 'r+');
      await file.write(Buffer.alloc(20, 0xff), BYTES);
      await file.close();
      await changes.recoverRbw(name, genStamp(1005), 0, BYTES);
      expect(replicaOf(dataset)).toMatchObject({ bytes: 2_900, genStamp: 1005 });
      expect((await host.disk.readFile(`${RBW}/blk_5`)).equals(content.subarray(0, 2_900))).toBe(true);
    });
  });
});
