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

const CONTENT = Buffer.from(Array.from({ length: 700_003 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));
const NAME = { pool: POOL, id: blockId(5n), genStamp: genStamp(1001), numBytes: CONTENT.length };
const GREETING = Buffer.from('greeting');

type Sent = readonly [number, Buffer];

function expectSame([bytes, all]: Sent, [expectedBytes, expected]: Sent): void {
  expect([bytes, all.length]).toEqual([expectedBytes, expected.length]);
  expect(all.equals(expected)).toBe(true);
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
      const replica = openKept(dataset, NAME);
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
    [699_000, 1003],
    [700_002, 1],
    [1, 131_072],
    [0, 699_000],
    [5000, 200_000],
  ] as const) {
    const expected = await sent(offset, length);
    // Each time other packets are in memory.
    for (let turn = 0; turn < 10; turn++) expectSame(await sentNow(offset, length), expected);
  }
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
  expectSame(await sentNow(0, 699_000), await sent(0, 699_000));
  connection.goes = true;
  await expect(sentNow(0, 2000)).rejects.toMatchObject({ code: 'ECONN' });
});
