// If this fails, what is sent at once of a replica in memory is not what is sent of one on the disk: readers get other bytes or
// checksums than the replica's, or a packet too many.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import { Throttle } from '../../transfer/throttle.ts';
import { BlockSender, CLIENT_PACKET_BYTES, rangeOf } from './block-sender.ts';
import { Counters } from './counters.ts';
import { type OpenReplica, openKept, openReplica } from './open-replica.ts';
import { openDataset, POOL, writeReplica } from './test-dataset.ts';

const CONTENT = Buffer.from(Array.from({ length: 300_003 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const NAME = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: CONTENT.length };
const GREETING = Buffer.from('greeting');

async function machineWithReplica() {
  const simulation = new Simulation({ seed: 3 });
  const machine = simulation.node('dn');
  const { host } = machine;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work);
  const dataset = await run(openDataset(host));
  await run(writeReplica(dataset, NAME, CONTENT));
  const throttle = new Throttle(host.clock, 0);
  const counters = new Counters();
  const connection = { written: [] as Buffer[], queuedBytes: 0, destroyed: false, takes: Number.POSITIVE_INFINITY };
  const source = {
    connection: Object.assign(connection, {
      remote: { host: 'there', port: 1 },
      write(bytes: Buffer): boolean {
        connection.written.push(Buffer.from(bytes));
        connection.queuedBytes = Math.max(0, bytes.length - connection.takes);
        return true;
      },
      destroy(): void {
        connection.destroyed = true;
      },
    }),
    error: undefined,
    async drained(): Promise<void> {
      await host.clock.sleep(5);
      if (!connection.destroyed) connection.queuedBytes = 0;
    },
  };
  const senderOf = (replica: OpenReplica, offset: number, length: number): BlockSender =>
    new BlockSender(replica, rangeOf(replica, offset, length), source as unknown as ByteSource, {
      clock: host.clock,
      counters,
      writeTimeoutMs: 1000,
      corruptChecksumOk: true,
      maxPacketBytes: 16 * 1024 * 1024,
      throttle,
      longPacketBytes: CLIENT_PACKET_BYTES,
    });
  const open = (): Promise<OpenReplica> =>
    run(openReplica(dataset, host.clock, NAME, { withChecksums: true, wantedEnd: CONTENT.length }));
  /** What goes out, with all that is read of the disk. */
  const sent = async (offset: number, length: number): Promise<readonly [number, Buffer]> => {
    const replica = await open();
    const bytes = await run(senderOf(replica, offset, length).send(GREETING));
    replica.close();
    return [bytes, Buffer.concat(connection.written.splice(0))];
  };
  /** The same, at once; what the machine does not have in memory is tried again. */
  const sentNow = async (offset: number, length: number): Promise<readonly [number | Promise<number>, Buffer]> => {
    for (let attempt = 0; attempt < 200; attempt++) {
      const replica = openKept(dataset, NAME);
      if (replica === undefined) {
        (await open()).close();
        continue;
      }
      const bytes = senderOf(replica, offset, length).sendNow(GREETING);
      replica.close();
      if (bytes !== undefined) return [bytes, Buffer.concat(connection.written.splice(0))];
      expect(connection.written).toEqual([]);
    }
    throw new Error('it is never sent at once');
  };
  return { run, machine, throttle, counters, connection, senderOf, open, sent, sentNow };
}

test('what is in memory goes out at once as all else does', async () => {
  const { sent, sentNow } = await machineWithReplica();
  for (const [offset, length] of [
    [0, 1],
    [0, 131_072],
    [511, 2],
    [1024, 65_536],
    [77_777, 65_536],
    [299_000, 1003],
    [300_002, 1],
  ] as const) {
    expect(await sentNow(offset, length)).toEqual(await sent(offset, length));
  }
});

test('what is longer than a packet, empty, bounded, or behind other bytes does not', async () => {
  const { throttle, connection, senderOf, open } = await machineWithReplica();
  const replica = await open();
  const tried = (offset: number, length: number) => senderOf(replica, offset, length).sendNow(GREETING);
  expect(tried(0, 131_073)).toBeUndefined();
  expect(tried(0, 0)).toBeUndefined();
  throttle.bytesPerSecond = 1;
  expect(tried(0, 1)).toBeUndefined();
  throttle.bytesPerSecond = 0;
  connection.queuedBytes = 1;
  expect(tried(0, 1)).toBeUndefined();
  connection.queuedBytes = 0;
  connection.destroyed = true;
  expect(tried(0, 1)).toBeUndefined();
  expect(connection.written).toEqual([]);
  replica.close();
});

test('a peer that does not take all of it is waited for, and not for ever', async () => {
  const { run, connection, counters, sentNow } = await machineWithReplica();
  connection.takes = 1000;
  const [bytes] = await sentNow(0, 2000);
  expect(bytes).toBeInstanceOf(Promise);
  expect(await run(Promise.resolve(bytes))).toBe(2048 + 16);
  expect(counters.sendBlockedNanos.count).toBe(1);
  const [refused] = await sentNow(0, 2000);
  connection.destroyed = true;
  await expect(run(Promise.resolve(refused))).rejects.toMatchObject({ code: 'ECONN' });
});
