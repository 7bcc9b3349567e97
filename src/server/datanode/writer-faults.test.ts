// If these fail, an error of the disk, or the death of the process, while a client writes costs bytes that it was told of, or leaves
// a replica that is closed with another length, or other checksums, than was agreed.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import { StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName, InFlightReplica } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { ReplicaFiles } from './replica-files.ts';
import { CHECKSUM, CHUNK, FINALIZED, openDataset, POOL, sumsOf } from './test-dataset.ts';

const BLOCK = 4_000;
const MOST_CALLS = 200;
const content = Buffer.from(Array.from({ length: BLOCK }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const name: BlockName = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };

/** A client that writes a block, goes on with another pipeline, closes it and appends to it. */
class Writer {
  /** Bytes that it was told of: flushed, and synced. */
  flushed = 0;
  synced = 0;
  private readonly dataset: Dataset;
  private replica: InFlightReplica | undefined;
  private files: ReplicaFiles | undefined;

  constructor(dataset: Dataset) {
    this.dataset = dataset;
  }

  async write(): Promise<void> {
    const { dataset } = this;
    const changes = new ReplicaChanges(dataset, BLOCK);
    const created = await dataset.createRbw(name, StorageTypeProto.DISK, BLOCK, genStamp(0));
    this.open(created, await ReplicaFiles.create(created, CHECKSUM));
    await this.packet(300, 'flushed');
    await this.packet(700, 'synced');
    await this.packet(1_500, 'flushed');
    await this.packet(1_700);
    await this.letGo();
    const recovered = await changes.recoverRbw(name, genStamp(1002), 1_500, 1_700);
    this.open(recovered, await ReplicaFiles.reopen(recovered));
    await this.packet(2_000, 'flushed');
    await this.close();
    const appended = await changes.append({ ...name, genStamp: genStamp(1002) }, genStamp(1003), 2_000);
    this.open(appended, await ReplicaFiles.reopen(appended));
    await this.packet(2_040, 'flushed');
    await this.packet(2_900, 'synced');
    await this.close();
  }

  private open(replica: InFlightReplica, files: ReplicaFiles): void {
    this.replica = replica;
    this.files = files;
  }

  private async packet(end: number, told?: 'flushed' | 'synced'): Promise<void> {
    const { replica, files } = this;
    if (replica === undefined || files === undefined) throw new Error('no replica');
    const { onDisk } = replica.lengths;
    const offset = onDisk - (onDisk % CHUNK);
    const data = content.subarray(offset, end);
    replica.lengths.receive(end);
    files.add({ offset, data, sums: sumsOf(data) });
    files.flush(() => undefined);
    await files.drained();
    if (told === 'synced') await files.sync();
    if (told === undefined) return;
    replica.lengths.acknowledge(end);
    this.flushed = end;
    if (told === 'synced') this.synced = end;
  }

  private async close(): Promise<void> {
    const { dataset, replica, files } = this;
    if (replica === undefined || files === undefined) throw new Error('no replica');
    await files.close(true);
    await dataset.finalize(replica, true);
    this.flushed = replica.lengths.onDisk;
    this.synced = replica.lengths.onDisk;
  }

  /** As a receiver whose connection has ended. */
  async letGo(): Promise<void> {
    const { dataset, replica, files } = this;
    await files?.close(false).catch(() => undefined);
    const handle = replica === undefined ? 0 : dataset.handleOf(replica);
    if (replica === undefined || handle === 0) return;
    replica.lengths.received = replica.lengths.onDisk;
    replica.settleRest();
    dataset.pool(POOL).replicas.setNumBytes(handle, replica.lengths.onDisk);
  }
}

/** What becomes of the call, and then of the process. */
type Fault = 'fails' | 'fails, and the process dies' | 'hangs, and the process dies' | 'hangs, and the power fails';

async function meet(fault: Fault, at: number): Promise<boolean> {
  const simulation = new Simulation({ seed: 1 });
  const machine = simulation.node('dn');
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work, 60_000);
  const before = await run(openDataset(machine.host));
  const writer = new Writer(before);
  let calls = 0;
  let met = 'no fault';
  machine.diskFault = ({ operation, path }) => {
    if (calls++ !== at) return undefined;
    met = `${operation} ${path}`;
    return fault.startsWith('fails') ? { error: 'EIO' } : { delayMs: 1e9 };
  };
  writer.write().catch(() => undefined);
  await simulation.advance(5_000);
  machine.diskFault = undefined;
  let dataset = before;
  if (fault === 'fails') await run(writer.letGo());
  else {
    machine.crash(fault.endsWith('power fails') ? 'power' : 'process', false);
    machine.restart();
    dataset = await run(openDataset(machine.host));
  }
  const owed = fault.endsWith('power fails') ? writer.synced : writer.flushed;
  const { replicas } = dataset.pool(POOL);
  const handle = replicas.find(name.id);
  if (handle === 0) expect(owed, met).toBe(0);
  else {
    const { recovery } = new ReplicaChanges(dataset, BLOCK);
    const block = { ...name, genStamp: replicas.genStamp(handle) };
    const numBytes = (await run(recovery.start(block, genStamp(2000))))?.numBytes ?? 0;
    expect(numBytes, met).toBeGreaterThanOrEqual(owed);
    if (numBytes > 0) {
      const end = { recoveryId: genStamp(2000), newId: name.id, newBytes: numBytes, sync: true };
      await run(recovery.finish({ ...block, numBytes }, end));
      const { disk } = machine.host;
      const right = content.subarray(0, numBytes);
      expect(Buffer.from(await run(disk.readFile(`${FINALIZED}/blk_5`))).equals(right), met).toBe(true);
      const sums = Buffer.concat([CHECKSUM.header(), sumsOf(right)]);
      expect(Buffer.from(await run(disk.readFile(`${FINALIZED}/blk_5_2000.meta`))).equals(sums), met).toBe(true);
    }
  }
  return calls > at;
}

test.each(['fails', 'fails, and the process dies', 'hangs, and the process dies', 'hangs, and the power fails'] as const)(
  'any one call of the disk %s',
  async (fault) => {
    let at = 0;
    while (at < MOST_CALLS && (await meet(fault, at))) at++;
    expect(at).toBeGreaterThan(50);
  },
);
