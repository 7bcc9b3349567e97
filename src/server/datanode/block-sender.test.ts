// If this fails, what is sent at once of a replica in memory is not what is sent of one on the disk: readers get other bytes or
// checksums than the replica's, or a packet too many.
import { expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { Simulation } from '../../host/sim/index.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import { Throttle } from '../../transfer/throttle.ts';
import { PACKET_LENGTHS_BYTES, parsePacketHeader, parsePacketLengths } from '../../wire/transfer/packet.ts';
import { BlockSender, CLIENT_PACKET_BYTES, rangeOf } from './block-sender.ts';
import { Counters } from './counters.ts';
import { type OpenReplica, openNow, openReplica } from './open-replica.ts';
import { openDataset, POOL, writeReplica } from './test-dataset.ts';

const CONTENT = Buffer.from(Array.from({ length: 2_700_003 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const NAME = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: CONTENT.length };
const GREETING = Buffer.from('greeting');

type Sent = readonly [number, Buffer];

/** What a reader has of it, however it lies in packets: checksums and data, each in a row. */
function received(all: Buffer): { readonly sums: Buffer; readonly data: Buffer; readonly from: number } {
  expect(all.subarray(0, GREETING.length).equals(GREETING)).toBe(true);
  const parts = { sums: [] as Buffer[], data: [] as Buffer[] };
  let from = -1;
  let end = -1;
  let seqno = 0;
  for (let at = GREETING.length; at < all.length; ) {
    const lengths = parsePacketLengths(all, at);
    const header = parsePacketHeader(all, at + PACKET_LENGTHS_BYTES, lengths);
    if (from < 0) from = end = header.offsetInBlock;
    const sumsAt = at + PACKET_LENGTHS_BYTES + lengths.headerBytes;
    at += lengths.totalBytes;
    expect([header.seqno, header.offsetInBlock]).toEqual([seqno++, end]);
    expect([header.lastPacketInBlock, header.dataLen === 0]).toEqual([at === all.length, at === all.length]);
    parts.sums.push(all.subarray(sumsAt, at - header.dataLen));
    parts.data.push(all.subarray(at - header.dataLen, at));
    end += header.dataLen;
  }
  return { sums: Buffer.concat(parts.sums), data: Buffer.concat(parts.data), from };
}

function expectSame([bytes, all]: Sent, [expectedBytes, expected]: Sent): void {
  expect(bytes).toBe(expectedBytes);
  const [one, other] = [received(all), received(expected)];
  expect([one.from, one.sums.length, one.data.length]).toEqual([other.from, other.sums.length, other.data.length]);
  expect([one.sums.equals(other.sums), one.data.equals(other.data)]).toEqual([true, true]);
  expect(one.data.equals(CONTENT.subarray(one.from, one.from + one.data.length))).toBe(true);
}

async function machineWithReplica() {
  const simulation = new Simulation({ seed: 3 });
  const machine = simulation.node('dn');
  const { host } = machine;
  const run = <T>(work: Promise<T>): Promise<T> => simulation.run(work);
  const dataset = await run(openDataset(host));
  await run(writeReplica(dataset, NAME, CONTENT));
  const throttle = new Throttle(host.clock, 0);
  const counters = new Counters();
  const connection = {
    written: [] as Buffer[],
    queuedBytes: 0,
    destroyed: false,
    takes: Number.POSITIVE_INFINITY,
    goes: false,
  };
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
      connection.destroyed ||= connection.goes;
      connection.queuedBytes = 0;
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
  const kept = async (): Promise<OpenReplica> => {
    for (;;) {
      const replica = openNow(dataset, NAME);
      if (replica !== undefined) return replica;
      (await open()).close();
    }
  };
  /** What goes out, with all that is read of the disk. */
  const sent = async (offset: number, length: number): Promise<Sent> => {
    const replica = await open();
    const bytes = await run(senderOf(replica, offset, length).send(GREETING));
    replica.close();
    return [bytes, Buffer.concat(connection.written.splice(0))];
  };
  /** The same, at once; what the machine does not have in memory is tried again. */
  const sentNow = async (offset: number, length: number): Promise<Sent> => {
    for (let attempt = 0; attempt < 200; attempt++) {
      const replica = await kept();
      const sending = senderOf(replica, offset, length).sendNow(GREETING);
      if (sending === undefined) expect(connection.written.length).toBe(0);
      const bytes = sending === undefined ? undefined : await run(Promise.resolve(sending));
      replica.close();
      if (bytes !== undefined) return [bytes, Buffer.concat(connection.written.splice(0))];
    }
    throw new Error('it is never sent at once');
  };
  return { throttle, counters, connection, senderOf, kept, sent, sentNow };
}

test('what is in memory goes out at once as all else does', async () => {
  const { sent, sentNow } = await machineWithReplica();
  for (const [offset, length] of [
    [0, 1],
    [0, 131_072],
    [511, 2],
    [1024, 65_536],
    [77_777, 65_536],
    [2_699_000, 1003],
    [2_700_002, 1],
    [1, 131_072],
    [0, 699_000],
    [5000, 200_000],
    [511, 1_048_576],
    [77_777, 2_600_000],
  ] as const) {
    const expected = await sent(offset, length);
    // Each time other packets are in memory.
    for (let turn = 0; turn < 10; turn++) expectSame(await sentNow(offset, length), expected);
  }
});

test('a megabyte that begins within a chunk goes out with two writes, in one turn', async () => {
  const { connection, senderOf, kept } = await machineWithReplica();
  const replica = await kept();
  const inOneTurn = (): boolean => {
    connection.written.length = 0;
    return typeof senderOf(replica, 511, 1024 * 1024).sendNow(GREETING) === 'number';
  };
  // Often enough for all of it to be in memory.
  expect(Array.from({ length: 200 }, inOneTurn).includes(true)).toBe(true);
  while (!inOneTurn());
  expect(connection.written.length).toBe(2);
  replica.close();
});

test('what is empty, bounded, behind other bytes, or goes on within the last chunk in a later turn does not', async () => {
  const { throttle, connection, senderOf, kept } = await machineWithReplica();
  const replica = await kept();
  /** Often enough for it to be in memory. */
  const tried = (offset: number, length: number): number | Promise<number> | undefined => {
    for (let attempt = 0; attempt < 20; attempt++) {
      const sent = senderOf(replica, offset, length).sendNow(GREETING);
      if (sent !== undefined) return sent;
    }
    return undefined;
  };
  expect(tried(0, CONTENT.length)).toBeUndefined();
  expect(tried(0, 0)).toBeUndefined();
  throttle.bytesPerSecond = 1;
  expect(tried(0, 1)).toBeUndefined();
  throttle.bytesPerSecond = 0;
  connection.queuedBytes = 1;
  expect(tried(0, 1)).toBeUndefined();
  connection.queuedBytes = 0;
  connection.destroyed = true;
  expect(tried(0, 1)).toBeUndefined();
  expect(connection.written.length).toBe(0);
  connection.destroyed = false;
  expect(tried(0, 1)).toBe(516);
  replica.close();
});

test('a peer that does not take all of it is waited for, and not for ever', async () => {
  const { connection, counters, sent, sentNow } = await machineWithReplica();
  connection.takes = 1000;
  expect((await sentNow(0, 2000))[0]).toBe(2048 + 16);
  expect(counters.sendBlockedNanos.sum).toBeGreaterThan(0);
  for (const length of [699_000, 2_000_000]) expectSame(await sentNow(0, length), await sent(0, length));
  connection.goes = true;
  await expect(sentNow(0, 2000)).rejects.toMatchObject({ code: 'ECONN' });
});
