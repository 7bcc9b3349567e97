// If this fails, blocks on disk get wrong bytes or wrong checksums when writers flush in the middle of a chunk, resend or append.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { blockId, genStamp } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { Disk, Host } from '../../host/host.ts';
import { inTurnOf } from '../../host/node/disk.ts';
import { FileThread } from '../../host/node/file-thread.ts';
import { nodeHost } from '../../host/node/index.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';
import { DataChecksum } from './data-checksum.ts';
import { InFlightReplica } from './replica.ts';
import { ReplicaFiles } from './replica-files.ts';
import { sumsOf, testVolume } from './test-dataset.ts';

const host = nodeHost({ logLevel: 'silent' });
const thread = new FileThread(0);
const { inTurn: _, ...plainDisk } = host.disk;
const hostOf = (disk: Disk): Host => ({ ...host, disk });
/** Short writes one by one, and together where this machine can do it. */
const hosts: Readonly<Record<string, Host>> = {
  'one by one': hostOf(plainDisk),
  together: hostOf({ ...plainDisk, inTurn: inTurnOf(thread) }),
};
afterAll(() => thread.end());
const CHUNK = 16;
const checksum = DataChecksum.of(ChecksumTypeProto.CHECKSUM_CRC32C, CHUNK);

/** Packets of a client that flushes at any byte: after a flush the partial chunk is sent again from its beginning. */
function packets(lengths: readonly number[]): { offset: number; end: number }[] {
  const list: { offset: number; end: number }[] = [];
  let end = 0;
  for (const length of lengths) {
    list.push({ offset: end - (end % CHUNK), end: end + length });
    end += length;
  }
  return list;
}

async function check(host: Host, lengths: readonly number[], appended: readonly number[], withoutSums: boolean): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'tuskfs-replica-'));
  try {
    const volume = testVolume(host, dir);
    const total = [...lengths, ...appended].reduce((a, b) => a + b, 0);
    const content = Buffer.from(Array.from({ length: total }, (_, i) => (i * 31) & 0xff));
    const name = { pool: 'BP-1', id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
    const replica = new InFlightReplica(name, ReplicaState.RBW, volume, dir, 0);
    let files = await ReplicaFiles.create(replica, checksum);
    const write = async (offset: number, end: number): Promise<void> => {
      const data = content.subarray(offset, end);
      replica.lengths.receive(end);
      let done = false;
      files.add({ offset, data, sums: withoutSums ? Buffer.alloc(0) : sumsOf(data, checksum) });
      await files.flush(() => {
        done = true;
      });
      await files.drained();
      expect(done).toBe(true);
      if (end % 3 === 0) await files.sync();
    };
    for (const { offset, end } of packets(lengths)) await write(offset, end);
    await files.close(true);
    files = await ReplicaFiles.reopen(replica);
    let at = lengths.reduce((a, b) => a + b, 0);
    for (const length of appended) {
      // An appending client begins where the block ends, and first fills the chunk.
      for (const stop = at + length; at < stop; ) {
        const end = at % CHUNK === 0 ? stop : Math.min(stop, at - (at % CHUNK) + CHUNK);
        await write(at, end);
        at = end;
      }
    }
    await files.close(true);
    expect(replica.lengths.onDisk).toBe(total);
    expect(readFileSync(join(dir, 'blk_5'))).toEqual(content);
    expect(readFileSync(join(dir, 'blk_5_1001.meta'))).toEqual(Buffer.concat([checksum.header(), sumsOf(content, checksum)]));
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test.each(Object.keys(hosts))('any flushes and appends leave the bytes and their checksums, written %s', async (how) => {
  const lengths = fc.array(fc.integer({ min: 1, max: 70 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(lengths, lengths, fc.boolean(), (first, second, withoutSums) =>
      check(hosts[how] as Host, first, second, withoutSums),
    ),
    { numRuns: 60 },
  );
});

test('a packet that crosses a chunk from its middle is refused', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tuskfs-replica-'));
  try {
    const name = { pool: 'BP-1', id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
    const replica = new InFlightReplica(name, ReplicaState.RBW, testVolume(host, dir), dir, 0);
    const files = await ReplicaFiles.create(replica, checksum);
    replica.lengths.receive(40);
    files.add({ offset: 0, data: Buffer.alloc(5), sums: sumsOf(Buffer.alloc(5), checksum) });
    expect(() => files.add({ offset: 5, data: Buffer.alloc(20), sums: sumsOf(Buffer.alloc(20), checksum) })).toThrow(
      /individual packet/,
    );
    await files.close(false);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('packets that come together, in memory that changes behind them', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tuskfs-replica-'));
  try {
    const volume = testVolume(host, dir);
    const list = packets(Array.from({ length: 300 }, (_, i) => 1 + ((i * 7919) % 9000)));
    const total = (list[list.length - 1] as { end: number }).end;
    const content = Buffer.from(Array.from({ length: total }, (_, i) => (i * 31) & 0xff));
    const name = { pool: 'BP-1', id: blockId(5n), genStamp: genStamp(1001), numBytes: 0 };
    const replica = new InFlightReplica(name, ReplicaState.RBW, volume, dir, 0);
    const files = await ReplicaFiles.create(replica, checksum);
    const onDisk: number[] = [];
    const heard: number[] = [];
    files.onWritten = () => heard.push(onDisk.length);
    for (let i = 0; i < list.length; ) {
      const memory: Buffer[] = [];
      for (let together = 1 + (i % 4); together > 0 && i < list.length; together--, i++) {
        const { offset, end } = list[i] as { offset: number; end: number };
        const data = Buffer.from(content.subarray(offset, end));
        replica.lengths.receive(end);
        files.add({ offset, data, sums: sumsOf(data, checksum) });
        memory.push(data);
      }
      const waiting = files.flush(() => onDisk.push(replica.lengths.onDisk), i % 5 !== 0);
      for (const data of memory) data.fill(0xee);
      await waiting;
    }
    await files.close(true);
    expect(onDisk[onDisk.length - 1]).toBe(total);
    expect(onDisk).toEqual(onDisk.toSorted((a, b) => a - b));
    // One word for all that went with one write, behind them.
    expect(heard[heard.length - 1]).toBe(onDisk.length);
    expect(heard.length).toBeLessThan(onDisk.length);
    expect(readFileSync(join(dir, 'blk_5')).equals(content)).toBe(true);
    expect(
      readFileSync(join(dir, 'blk_5_1001.meta')).equals(Buffer.concat([checksum.header(), sumsOf(content, checksum)])),
    ).toBe(true);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
