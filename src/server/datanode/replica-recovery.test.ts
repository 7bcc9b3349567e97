// If these fail, two recoveries of one block mix their results, a writer goes on writing into a replica that is being
// recovered, or a block that is cut as a copy has other bytes than its source.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { type SimNode, Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName, InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, RBW, sumsOf } from './test-dataset.ts';
import { verifyReplica } from './verify-replica.ts';
import { withdrawVolume } from './volume-removal.ts';

const BYTES = 3_000;
const content = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const id = blockId(5n);
const copyId = blockId(6n);
const name: BlockName = { pool: POOL, id, genStamp: genStamp(1001), numBytes: BYTES };

interface World {
  readonly simulation: Simulation;
  readonly machine: SimNode;
  readonly dataset: Dataset;
  readonly changes: ReplicaChanges;
  readonly received: string[];
  /** Stamps of replicas that were reported. */
  readonly corrupt: number[];
  readonly replica: InFlightReplica;
  run<T>(work: Promise<T>): Promise<T>;
}

/** A replica of BYTES bytes, finalized or still open, of which so many were acknowledged. */
async function holding(state: 'finalized' | 'open', acked = BYTES): Promise<World> {
  const simulation = new Simulation({ seed: 1 });
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const machine = simulation.node('dn');
  const { host } = machine;
  const received: string[] = [];
  const events = {
    receiving: () => undefined,
    received: (_pool: string, block: BlockName) => received.push(`blk_${block.id}_${block.genStamp} ${block.numBytes}`),
    deleted: () => undefined,
  };
  const work = async (): Promise<{ readonly dataset: Dataset; readonly replica: InFlightReplica }> => {
    const dataset = await openDataset(host, events);
    const replica = await dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, BYTES, genStamp(0));
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    replica.lengths.receive(BYTES);
    files.add({ offset: 0, data: content, sums: sumsOf(content) });
    files.flush(() => undefined);
    await files.close(true);
    replica.lengths.acknowledge(acked);
    if (state === 'finalized') await dataset.finalize(replica, true);
    return { dataset, replica };
  };
  const { dataset, replica } = await run(work());
  const corrupt: number[] = [];
  const changes = new ReplicaChanges(dataset, BYTES, {
    foundCorrupt: (block) => corrupt.push(block.genStamp),
    verifyMs: 15_000,
  });
  return { simulation, machine, dataset, replica, changes, received, corrupt, run };
}

const end = (recoveryId: number, newBytes: number, newId = id) => ({
  recoveryId: genStamp(recoveryId),
  newId,
  newBytes,
  sync: true,
});

describe('two recoveries of a replica', () => {
  test('the later one takes over, and the earlier one changes nothing any more', async () => {
    const { changes, received, run } = await holding('open');
    const found = { genStamp: 1001, numBytes: BYTES, state: ReplicaState.RBW };
    expect(await run(changes.recovery.start(name, genStamp(1005)))).toEqual(found);
    // As before the recovery, though it is under one.
    expect(await run(changes.recovery.start(name, genStamp(1007)))).toEqual(found);
    await expect(run(changes.recovery.finish(name, end(1005, BYTES)))).rejects.toThrow(
      'rur.getRecoveryID() != recoveryId = 1005',
    );
    expect(received).toEqual([]);
    await run(changes.recovery.finish(name, end(1007, 2_000)));
    expect(received).toEqual(['blk_5_1007 2000']);
  });

  test('one with a lower or the same id is refused, before and after the other has ended', async () => {
    const { changes, run } = await holding('finalized');
    await run(changes.recovery.start(name, genStamp(1005)));
    for (const late of [1004, 1005]) {
      await expect(run(changes.recovery.start(name, genStamp(late)))).rejects.toMatchObject({ code: 'ERECOVERY' });
    }
    await run(changes.recovery.finish(name, end(1005, BYTES)));
    await expect(run(changes.recovery.start(name, genStamp(1004)))).rejects.toThrow(
      'replica.getGenerationStamp() >= recoveryId',
    );
    await expect(run(changes.recovery.finish(name, end(1005, BYTES)))).rejects.toThrow('replica.getState() != RUR');
  });
});

describe('a recovery', () => {
  test('ends the writer first, and tells what it has written', async () => {
    const { changes, replica, run } = await holding('open');
    let stopped = 0;
    replica.stopWriter = () => {
      stopped++;
      return Promise.resolve();
    };
    expect(await run(changes.recovery.start(name, genStamp(1005)))).toMatchObject({ numBytes: BYTES });
    expect(stopped).toBe(1);
  });

  test('is not undone by a client that appends to what was there before it', async () => {
    const { changes, dataset, run } = await holding('finalized');
    await run(changes.recovery.start(name, genStamp(1007)));
    await run(changes.recovery.finish(name, end(1007, BYTES)));
    // The client got its stamp before the recovery began.
    await expect(run(changes.append(name, genStamp(1005), BYTES))).rejects.toThrow(
      `Cannot append to a replica with unexpected generation stamp ${POOL}:blk_5_1001`,
    );
    const { replicas } = dataset.pool(POOL);
    expect(replicas.genStamp(replicas.find(id))).toBe(1007);
  });

  test.each(['fsync', 'rename', 'fdatasync'])(
    'that the disk stops in a %s leaves no new stamp on what is not as was agreed, and the next one ends it',
    async (operation) => {
      const { changes, dataset, machine, run, received } = await holding('finalized');
      await run(changes.recovery.start(name, genStamp(1005)));
      machine.diskFault = (call) => (call.operation === operation ? { error: 'EIO' } : undefined);
      await expect(run(changes.recovery.finish(name, end(1005, 2_000)))).rejects.toThrow('EIO');
      machine.diskFault = undefined;
      const { replicas } = dataset.pool(POOL);
      const stamp = replicas.genStamp(replicas.find(id));
      const files = await run(machine.host.disk.readdir(FINALIZED));
      expect([...files].sort()).toEqual(['blk_5', `blk_5_${stamp}.meta`]);
      const { size } = await run(machine.host.disk.stat(`${FINALIZED}/blk_5`));
      expect(stamp === 1001 || size === 2_000).toBe(true);
      expect(received).toEqual([]);
      const found = await run(changes.recovery.start(name, genStamp(1007)));
      await run(changes.recovery.finish({ ...name, numBytes: found?.numBytes ?? 0 }, end(1007, 1_999)));
      expect(received).toEqual(['blk_5_1007 1999']);
      expect([...(await run(machine.host.disk.readdir(FINALIZED)))].sort()).toEqual(['blk_5', 'blk_5_1007.meta']);
    },
  );

  test('makes no replica longer, and none of another length than it was described with', async () => {
    const { changes, run } = await holding('finalized');
    await run(changes.recovery.start(name, genStamp(1005)));
    await expect(run(changes.recovery.finish(name, end(1005, BYTES + 1)))).rejects.toThrow(
      'rur.getNumBytes() < newlength = 3001',
    );
    await expect(run(changes.recovery.finish({ ...name, numBytes: 1 }, end(1005, 1)))).rejects.toThrow(
      'replica.getBytesOnDisk() != block.getNumBytes()',
    );
  });

  test('finds no replica that is older than the block, or whose files are not there', async () => {
    const { changes, machine, run } = await holding('finalized');
    await expect(run(changes.recovery.start({ ...name, genStamp: genStamp(1002) }, genStamp(1005)))).rejects.toThrow(
      'replica.getGenerationStamp() < block.getGenerationStamp()',
    );
    expect(await run(changes.recovery.start({ ...name, id: copyId }, genStamp(1005)))).toBeUndefined();
    await run(machine.host.disk.unlink(`${FINALIZED}/blk_5`));
    await expect(run(changes.recovery.start(name, genStamp(1005)))).rejects.toThrow(`File ${FINALIZED}/blk_5 does not exist`);
  });
});

describe('a replica whose volume is out of service', () => {
  const failed = async (world: World): Promise<void> => {
    const [volume] = world.dataset.volumes;
    if (volume !== undefined) await world.run(world.dataset.failVolume(volume, 'the disk has failed'));
  };

  test.each(['open', 'finalized'] as const)('is not said to be none: its bytes would be given up (%s)', async (state) => {
    const world = await holding(state);
    await failed(world);
    const started = world.run(world.changes.recovery.start(name, genStamp(1005)));
    await expect(started).rejects.toMatchObject({ code: state === 'open' ? 'EIO' : 'ERETRY' });
  });

  test('nor is one that a dead process left, whose directory is taken out of the configuration', async () => {
    const { machine, simulation } = await holding('open');
    const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
    machine.crash('process');
    machine.restart();
    const dataset = await run(openDataset(machine.host));
    const [volume] = dataset.volumes;
    if (volume !== undefined) await run(withdrawVolume(dataset, volume, 'it was taken out of the configuration'));
    const { recovery } = new ReplicaChanges(dataset, BYTES);
    await expect(run(recovery.start(name, genStamp(1005)))).rejects.toMatchObject({ code: 'EIO' });
  });
});

describe('a replica of which nothing came to the disk', () => {
  test('its meta file is missing since the power failed while it was finalized', async () => {
    const { machine, run } = await holding('finalized');
    await run(machine.host.disk.unlink(`${FINALIZED}/blk_5_1001.meta`));
    machine.crash('process');
    machine.restart();
    const dataset = await run(openDataset(machine.host));
    expect(dataset.pool(POOL).replicas.find(id)).toBeGreaterThan(0);
    const { recovery } = new ReplicaChanges(dataset, BYTES);
    expect(await run(recovery.start(name, genStamp(1005)))).toBeUndefined();
  });

  /** As a full disk leaves it: its files are empty, or there are fewer than two. */
  async function begun(files: readonly string[]): Promise<ReplicaChanges> {
    const simulation = new Simulation({ seed: 1 });
    const { host } = simulation.node('dn');
    const work = async (): Promise<ReplicaChanges> => {
      const dataset = await openDataset(host);
      await dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, BYTES, genStamp(0));
      for (const file of files) await host.disk.writeFileAtomic(`${RBW}/${file}`, Buffer.alloc(0));
      return new ReplicaChanges(dataset, BYTES);
    };
    return simulation.run(work(), 60_000);
  }

  test.each([
    ['both files are empty', ['blk_5', 'blk_5_1001.meta']],
    ['there are no checksums', ['blk_5']],
    ['there is no file', []],
  ])('counts as empty, and is no hindrance to the others (%s)', async (_what, files) => {
    const changes = await begun(files);
    const found = { genStamp: 1001, numBytes: 0, state: ReplicaState.RBW };
    expect(await changes.recovery.start(name, genStamp(1005))).toEqual(found);
    // Again, when the first came to nothing.
    expect(await changes.recovery.start(name, genStamp(1007))).toEqual(found);
  });

  test('is not taken for one whose checksums are lost', async () => {
    const { changes, machine, run } = await holding('open');
    await run(machine.host.disk.writeFileAtomic(`${RBW}/blk_5_1001.meta`, Buffer.alloc(0)));
    await expect(run(changes.recovery.start(name, genStamp(1005)))).rejects.toThrow(`Metafile ${RBW}/blk_5_1001.meta is empty`);
  });
});

describe('a replica that its writer left, and that the disk did not give at the start', () => {
  test.each([
    ['open', 'EIO'],
    ['open', 'EMFILE'],
    ['read', 'EIO'],
    ['stat', 'EIO'],
  ] as const)('is not empty for that, nor one that nobody has (%s: %s)', async (operation, error) => {
    const { machine, simulation } = await holding('open');
    const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
    machine.crash('process');
    machine.restart();
    let stats = 0;
    machine.diskFault = (call) => {
      if (call.operation !== operation || !call.path.endsWith('/rbw/blk_5')) return undefined;
      // The first one asks whether it is a file at all.
      return operation === 'stat' && stats++ === 0 ? undefined : { error };
    };
    const dataset = await run(openDataset(machine.host));
    const { recovery } = new ReplicaChanges(dataset, BYTES);
    await expect(run(recovery.start(name, genStamp(1005)))).rejects.toMatchObject({ code: 'EIO' });
    machine.diskFault = undefined;
    const found = { genStamp: 1001, numBytes: BYTES, state: ReplicaState.RWR };
    expect(await run(recovery.start(name, genStamp(1006)))).toEqual(found);
    await run(recovery.finish(name, end(1006, BYTES)));
    expect(Buffer.from(await run(machine.host.disk.readFile(`${FINALIZED}/blk_5`))).equals(content)).toBe(true);
  });
});

describe('a replica that its writer left, with a wrong byte', () => {
  const rot = ({ machine }: Pick<World, 'machine'>, path: string, at: number): void => {
    const sector = at - (at % 512);
    machine.disk
      .files('/')
      .get(path)
      ?.damage(sector, (bytes) => {
        bytes[at - sector] = (bytes[at - sector] ?? 0) ^ 4;
      });
  };
  const read = ({ machine, run }: Pick<World, 'machine' | 'run'>, file: string): Promise<Buffer> =>
    run(machine.host.disk.readFile(`${FINALIZED}/${file}`)).then((bytes) => Buffer.from(bytes));
  /** The chunks that their checksums do not fit. */
  const badChunks = async (world: Pick<World, 'machine' | 'run'>, stamp: number): Promise<number[]> => {
    const data = await read(world, 'blk_5');
    const sums = (await read(world, `blk_5_${stamp}.meta`)).subarray(7);
    const right = sumsOf(data);
    expect(sums).toHaveLength(right.length);
    return Array.from({ length: right.length / 4 }, (_, i) => i).filter(
      (i) => !sums.subarray(4 * i, 4 * i + 4).equals(right.subarray(4 * i, 4 * i + 4)),
    );
  };

  test('behind what was acknowledged counts as far as it is right', async () => {
    const world = await holding('open', 1_500);
    const { changes, corrupt, received, run } = world;
    rot(world, `${RBW}/blk_5`, 2_100);
    const found = { genStamp: 1001, numBytes: 2_048, state: ReplicaState.RBW };
    expect(await run(changes.recovery.start(name, genStamp(1005)))).toEqual(found);
    await run(changes.recovery.finish({ ...name, numBytes: 2_048 }, end(1005, 2_048)));
    expect(received).toEqual(['blk_5_1005 2048']);
    expect((await read(world, 'blk_5')).equals(content.subarray(0, 2_048))).toBe(true);
    expect(await badChunks(world, 1005)).toEqual([]);
    expect(corrupt).toEqual([]);
  });

  test.each([
    ['in an earlier chunk', 700, 1],
    ['in the chunk that is cut', 2_100, 4],
  ])('in what was acknowledged (%s) is left to better ones, and counts when there are none', async (_where, at, chunk) => {
    const world = await holding('open', 2_500);
    const { changes, corrupt, received, run } = world;
    rot(world, `${RBW}/blk_5`, at);
    await expect(run(changes.recovery.start(name, genStamp(1005)))).rejects.toMatchObject({ code: 'ECHECKSUM' });
    expect(corrupt).toEqual([1001]);
    // No longer than what any other holder has: a good one wins, or has the same.
    const found = { genStamp: 1001, numBytes: 2_500, state: ReplicaState.RBW };
    expect(await run(changes.recovery.start(name, genStamp(1007)))).toEqual(found);
    await run(changes.recovery.finish({ ...name, numBytes: 2_500 }, end(1007, 2_500)));
    expect(received).toEqual(['blk_5_1007 2500']);
    const bytes = await read(world, 'blk_5');
    bytes[at] = (bytes[at] ?? 0) ^ 4;
    expect(bytes.equals(content.subarray(0, 2_500))).toBe(true);
    expect(await badChunks(world, 1007)).toEqual([chunk]);
  });

  test('that came after the start counts when there is no better one', async () => {
    const world = await holding('open');
    const { machine, simulation } = world;
    machine.crash('process');
    machine.restart();
    const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
    const changes = new ReplicaChanges(await run(openDataset(machine.host)), BYTES);
    rot(world, `${RBW}/blk_5`, 700);
    await expect(run(changes.recovery.start(name, genStamp(1005)))).rejects.toMatchObject({ code: 'ECHECKSUM' });
    const found = { genStamp: 1001, numBytes: BYTES, state: ReplicaState.RWR };
    expect(await run(changes.recovery.start(name, genStamp(1007)))).toEqual(found);
    await run(changes.recovery.finish(name, end(1007, BYTES)));
    expect(await badChunks({ machine, run }, 1007)).toEqual([1]);
  });

  test('in the chunk in which a closed file is cut is cut when nobody has a better one, and known for bad', async () => {
    const world = await holding('finalized');
    const { changes, corrupt, run } = world;
    rot(world, `${FINALIZED}/blk_5`, 700);
    await run(changes.recovery.start(name, genStamp(1005)));
    await expect(run(changes.recovery.finish(name, end(1005, 900)))).rejects.toMatchObject({ code: 'ECHECKSUM' });
    expect(corrupt).toEqual([1001]);
    await run(changes.recovery.start(name, genStamp(1007)));
    await run(changes.recovery.finish(name, end(1007, 900)));
    expect(await read(world, 'blk_5')).toHaveLength(900);
    expect(await badChunks(world, 1007)).toEqual([1]);
  });

  test('on a disk too slow to find it out in time is believed, and readers do not wait for that', async () => {
    const world = await holding('open');
    const { changes, dataset, machine, simulation, run } = world;
    rot(world, `${RBW}/blk_5`, 700);
    machine.diskFault = ({ operation }) => (operation === 'read' ? { delayMs: 100_000 } : undefined);
    const startMs = simulation.nowMs;
    const started = changes.recovery.start(name, genStamp(1005));
    await simulation.advance(1_000);
    expect(dataset.locks.isHeld(dataset.key(name))).toBe(false);
    expect(await run(started)).toMatchObject({ numBytes: BYTES });
    expect(simulation.nowMs - startMs).toBeLessThan(16_000);
  });

  test('and taken over by a later recovery while it is verified answers that one alone', async () => {
    const world = await holding('open');
    const { changes, machine, simulation, run } = world;
    rot(world, `${RBW}/blk_5`, 700);
    machine.diskFault = ({ operation }) => (operation === 'read' ? { delayMs: 500 } : undefined);
    const first = changes.recovery.start(name, genStamp(1005)).catch((error: unknown) => error);
    await simulation.advance(700);
    machine.diskFault = undefined;
    const second = run(changes.recovery.start(name, genStamp(1007)));
    await expect(second).rejects.toMatchObject({ code: 'ECHECKSUM' });
    expect(await run(first)).toMatchObject({ code: 'ERECOVERY' });
  });
});

describe('a copy of another length', () => {
  const read = ({ machine, run }: World, file: string): Promise<Buffer> =>
    run(machine.host.disk.readFile(`${FINALIZED}/${file}`)).then((bytes) => Buffer.from(bytes));

  test.each([1, 511, 512, 513, 2_999])('of %i bytes has checksums of its own, and the source stays whole', async (bytes) => {
    const world = await holding('finalized');
    const { changes, dataset, received, run } = world;
    await run(changes.recovery.start(name, genStamp(1005)));
    await run(changes.recovery.finish(name, end(1005, bytes, copyId)));
    expect(received).toEqual([`blk_6_1005 ${bytes}`]);
    const copy = content.subarray(0, bytes);
    expect((await read(world, 'blk_6')).equals(copy)).toBe(true);
    expect((await read(world, 'blk_6_1005.meta')).subarray(7).equals(sumsOf(copy))).toBe(true);
    expect((await read(world, 'blk_5')).equals(content)).toBe(true);
    const { replicas } = dataset.pool(POOL);
    expect(replicas.state(replicas.find(id))).toBe(ReplicaState.FINALIZED);
    expect(replicas.genStamp(replicas.find(id))).toBe(1001);
    expect(replicas.numBytes(replicas.find(copyId))).toBe(bytes);
    // A second recovery, which was not heard of, makes it anew under its own stamp.
    await run(changes.recovery.start(name, genStamp(1006)));
    await run(changes.recovery.finish(name, end(1006, bytes, copyId)));
    expect((await read(world, 'blk_6_1006.meta')).subarray(7).equals(sumsOf(copy))).toBe(true);
    expect(replicas.genStamp(replicas.find(copyId))).toBe(1006);
  });

  test('is not made of bytes that are not what was written', async () => {
    const world = await holding('finalized');
    const { changes, dataset, machine, run } = world;
    const bytes = await read(world, 'blk_5');
    bytes[700] = (bytes[700] ?? 0) ^ 1;
    await run(machine.host.disk.writeFileAtomic(`${FINALIZED}/blk_5`, bytes));
    await run(changes.recovery.start(name, genStamp(1005)));
    await expect(run(changes.recovery.finish(name, end(1005, 2_000, copyId)))).rejects.toMatchObject({ code: 'ECHECKSUM' });
    expect(dataset.pool(POOL).replicas.find(copyId)).toBe(0);
  });
});

describe('a replica of which a sync failed: the kernel reads it on, and has none of it on the disk', () => {
  /** An open replica whose writer met an error when it was closed. */
  async function failing() {
    const simulation = new Simulation({ seed: 3 });
    const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
    const machine = simulation.node('dn');
    const dataset = await run(openDataset(machine.host));
    const replica = await run(dataset.createRbw({ ...name, numBytes: 0 }, StorageTypeProto.DISK, BYTES, genStamp(0)));
    const files = await run(ReplicaFiles.create(replica, CHECKSUM));
    replica.lengths.receive(BYTES);
    files.add({ offset: 0, data: content, sums: sumsOf(content) });
    files.flush(() => undefined);
    await run(files.drained());
    replica.lengths.acknowledge(BYTES);
    machine.diskFault = ({ operation }) => (operation === 'fdatasync' ? { error: 'ENOSPC' } : undefined);
    await expect(run(files.close(true))).rejects.toThrow('ENOSPC');
    // Both files' syncs fail, one a little later.
    await simulation.advance(100);
    machine.diskFault = undefined;
    /** What a power cut leaves of it, by the replica map of a new start. */
    const afterPowerCut = async () => {
      await simulation.advance(1_000);
      machine.crash('power', false);
      machine.restart();
      const { replicas } = (await run(openDataset(machine.host))).pool(POOL);
      const handle = replicas.find(id);
      return [replicas.state(handle), replicas.genStamp(handle), replicas.numBytes(handle)];
    };
    return { run, machine, dataset, afterPowerCut };
  }

  test.each([false, true])('is on the disk once a recovery has closed it; after a start: %s', async (restarts) => {
    const { run, machine, dataset, afterPowerCut } = await failing();
    let current = dataset;
    if (restarts) {
      machine.crash('process');
      machine.restart();
      current = await run(openDataset(machine.host));
    }
    const changes = new ReplicaChanges(current, BYTES);
    await run(changes.recovery.start(name, genStamp(1005)));
    await run(changes.recovery.finish(name, end(1005, BYTES)));
    expect(await afterPowerCut()).toEqual([ReplicaState.FINALIZED, 1005, BYTES]);
  });

  test('is on the disk when a writer that goes on with it has synced', async () => {
    const { run, dataset, afterPowerCut } = await failing();
    const replica = await run(new ReplicaChanges(dataset, BYTES).recoverRbw(name, genStamp(1006), BYTES, BYTES));
    const files = await run(ReplicaFiles.reopen(replica));
    await run(files.close(true));
    await run(dataset.finalize(replica, true));
    expect(await afterPowerCut()).toEqual([ReplicaState.FINALIZED, 1006, BYTES]);
  });

  test('is on the disk when a second recovery ends what the first could not make durable', async () => {
    const { simulation, run, machine, changes } = await holding('finalized');
    await run(changes.recovery.start(name, genStamp(1005)));
    machine.diskFault = ({ operation }) => (operation === 'fdatasync' ? { error: 'EIO' } : undefined);
    await expect(run(changes.recovery.finish(name, end(1005, 2_000)))).rejects.toThrow('EIO');
    await simulation.advance(100);
    machine.diskFault = undefined;
    await run(changes.recovery.start(name, genStamp(1007)));
    await run(changes.recovery.finish(name, end(1007, 2_000)));
    machine.crash('power', false);
    machine.restart();
    const dataset = await run(openDataset(machine.host));
    const { replicas } = dataset.pool(POOL);
    expect(replicas.numBytes(replicas.find(id))).toBe(2_000);
    const block = { ...name, genStamp: genStamp(1007) };
    let verified = 0;
    const count = async (bytes: number): Promise<void> => {
      verified += bytes;
    };
    await run(verifyReplica(dataset, machine.host.clock, block, count));
    expect(verified).toBe(2_000);
  });
});
