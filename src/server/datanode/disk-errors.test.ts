// If these fail, one error of the disk, at whatever call of what a writer or a recovery does to a replica, costs bytes that count,
// leaves the replica in a state out of which no recovery brings it, or room on the disk that nobody gets back.
import { describe, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName, InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, FINALIZED, openDataset, POOL, RBW, sumsOf } from './test-dataset.ts';
import { verifyReplica } from './verify-replica.ts';

const BYTES = 700;
const CUT = 600;
const MOST_CALLS = 100;
const content = Buffer.from(Array.from({ length: BYTES }, (_, i) => (i * 31) & 0xff));
const id = blockId(5n);
const copyId = blockId(6n);
const name: BlockName = { pool: POOL, id, genStamp: genStamp(1001), numBytes: BYTES };

/** How the replica is that an operation meets. */
type Kind = 'open' | 'closed' | 'copy' | 'left by a dead process';

interface Parts {
  readonly dataset: Dataset;
  readonly changes: ReplicaChanges;
  readonly replica: InFlightReplica;
}

interface Operation {
  readonly on: Kind;
  /** Bytes that a writer was told of. */
  readonly acked: number;
  /** Bytes that count, whatever comes of it. */
  readonly least: number;
  work(parts: Parts): Promise<unknown>;
}

const end = (recoveryId: number, newBytes: number, newId = id) => ({
  recoveryId: genStamp(recoveryId),
  newId,
  newBytes,
  sync: true,
});

const recovered =
  (bytes: number, newId = id) =>
  async ({ changes }: Parts): Promise<void> => {
    await changes.recovery.start(name, genStamp(1002));
    await changes.recovery.finish(name, end(1002, bytes, newId));
  };

const STAMP = genStamp(1002);
const whole = { acked: BYTES, least: BYTES };
const OPERATIONS: Readonly<Record<string, Operation>> = {
  append: { on: 'closed', ...whole, work: ({ changes }) => changes.append(name, STAMP, BYTES) },
  'append again': { on: 'open', ...whole, work: ({ changes }) => changes.recoverAppend(name, STAMP, BYTES) },
  'another pipeline': {
    on: 'open',
    acked: CUT,
    least: CUT,
    work: ({ changes }) => changes.recoverRbw(name, STAMP, 0, BYTES),
  },
  close: { on: 'open', ...whole, work: ({ dataset, replica }) => dataset.finalize(replica, true) },
  'close again': { on: 'open', ...whole, work: ({ changes }) => changes.recoverClose(name, STAMP, BYTES, true) },
  'close what is closed': { on: 'closed', ...whole, work: ({ changes }) => changes.recoverClose(name, STAMP, BYTES, true) },
  'join a pipeline': {
    on: 'copy',
    acked: 0,
    least: CUT,
    work: ({ changes, replica }) => changes.convertToRbw(replica, CUT, () => true),
  },
  'recover an open one': { on: 'open', acked: CUT, least: CUT, work: recovered(CUT) },
  'cut a closed one': { on: 'closed', acked: BYTES, least: CUT, work: recovered(CUT) },
  'cut a closed one as a copy': { on: 'closed', ...whole, work: recovered(CUT, copyId) },
  'recover what was left': { on: 'left by a dead process', ...whole, work: recovered(BYTES) },
  'cut what was left': { on: 'left by a dead process', acked: BYTES, least: CUT, work: recovered(CUT) },
};

async function world({ on, acked }: Operation) {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const write = async (): Promise<{ readonly dataset: Dataset; readonly replica: InFlightReplica }> => {
    const dataset = await openDataset(machine.host);
    const empty = { ...name, numBytes: 0 };
    const replica =
      on === 'copy'
        ? await dataset.createTemporary(empty, StorageTypeProto.DISK, BYTES, true)
        : await dataset.createRbw(empty, StorageTypeProto.DISK, BYTES, genStamp(0));
    const files = await ReplicaFiles.create(replica, CHECKSUM);
    replica.lengths.receive(BYTES);
    files.add({ offset: 0, data: content, sums: sumsOf(content) });
    files.flush(() => undefined);
    await files.sync();
    await files.close(true);
    replica.lengths.acknowledge(acked);
    dataset.pool(POOL).replicas.setNumBytes(dataset.handleOf(replica), BYTES);
    if (on === 'closed') await dataset.finalize(replica, true);
    return { dataset, replica };
  };
  const { dataset, replica } = await run(write());
  if (on !== 'left by a dead process') return { simulation, machine, run, dataset, replica };
  machine.crash('process');
  machine.restart();
  return { simulation, machine, run, dataset: await run(openDataset(machine.host)), replica };
}

/** Does it with an error at one call; answers whether there were so many. */
async function meet(operation: Operation, at: number): Promise<boolean> {
  const { simulation, machine, run, dataset, replica } = await world(operation);
  const { host } = machine;
  const changes = new ReplicaChanges(dataset, BYTES);
  let calls = 0;
  let met = 'no error';
  machine.diskFault = ({ operation: call, path }) => {
    if (calls++ !== at) return undefined;
    met = `${call} ${path}`;
    return { error: 'EIO' };
  };
  await run(operation.work({ dataset, changes, replica })).catch(() => undefined);
  // Calls that were made side by side with the one that failed.
  await simulation.advance(100);
  machine.diskFault = undefined;
  const pool = dataset.pool(POOL);
  const { replicas } = pool;
  const handle = replicas.find(id);
  expect(handle, met).toBeGreaterThan(0);
  for (const path of [pool.blockFile(handle), pool.metaFile(handle)]) expect(await run(host.disk.exists(path)), met).toBe(true);
  if (replicas.state(handle) === ReplicaState.TEMPORARY) await run(dataset.discard(replica));
  else {
    const block = { ...name, genStamp: replicas.genStamp(handle) };
    const found = await run(changes.recovery.start(block, genStamp(2000)));
    const numBytes = found?.numBytes ?? 0;
    expect(numBytes, met).toBeGreaterThanOrEqual(operation.least);
    await run(changes.recovery.finish({ ...block, numBytes }, end(2000, numBytes)));
    const closed = { ...block, genStamp: genStamp(2000), numBytes };
    await run(verifyReplica(dataset, host.clock, closed, () => Promise.resolve()));
    const bytes = Buffer.from(await run(host.disk.readFile(`${FINALIZED}/blk_5`)));
    expect(bytes.equals(content.subarray(0, numBytes)), met).toBe(true);
  }
  await run(
    dataset.invalidate(
      POOL,
      [id, copyId].map((each) => ({ id: each, genStamp: genStamp(2000) })),
    ),
  );
  const left: string[] = [];
  for (const directory of [FINALIZED, RBW]) {
    if (await run(host.disk.exists(directory))) left.push(...(await run(host.disk.readdir(directory))));
  }
  // A note that could not be deleted goes with the next start.
  expect(
    left.filter((file) => !/^(cut|tail)_5$/.test(file)),
    met,
  ).toEqual([]);
  const [volume] = dataset.volumes;
  expect([volume?.promisedBytes, volume?.usedByPool.get(POOL)], met).toEqual([0, 0]);
  return calls > at;
}

describe('an error of the disk at any call', () => {
  test.each(Object.keys(OPERATIONS))('%s', async (what) => {
    const operation = OPERATIONS[what] as Operation;
    for (let at = 0; at < MOST_CALLS && (await meet(operation, at)); at++);
  });
});

test('a closed replica that is deleted while it is recovered takes its checksums out of the count', async () => {
  const { run, dataset } = await world(OPERATIONS.append as Operation);
  const { recovery } = new ReplicaChanges(dataset, BYTES);
  await run(recovery.start(name, genStamp(1002)));
  await run(dataset.invalidate(POOL, [{ id, genStamp: genStamp(1002) }]));
  expect(dataset.volumes[0]?.usedByPool.get(POOL)).toBe(0);
});
