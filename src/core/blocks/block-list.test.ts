// If these fail, block reports are misread: replicas are believed missing, or deleted although they are wanted.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../base/errors.ts';
import { blockId, genStamp } from '../../base/ids.ts';
import {
  BlockListEncoder,
  decodeBlockBuffers,
  decodeBlockLongs,
  emptyReplica,
  type ReplicaCursor,
  type ReportedReplica,
} from './block-list.ts';
import { ReplicaBatch } from './replica-batch.ts';
import type { ReplicaState } from './storage-type.ts';

/** As most are, short and finalized, and as any may be. */
const replica = fc.record({
  id: fc.oneof(fc.bigInt(-(2n ** 35n), 2n ** 35n), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })).map(blockId),
  numBytes: fc.oneof(fc.nat(2 ** 28), fc.integer({ min: 0, max: 2 ** 48 - 1 })),
  genStamp: fc.oneof(fc.nat(5000), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })).map(genStamp),
  state: fc.oneof(fc.constant(0), fc.nat(4)) as fc.Arbitrary<ReplicaState>,
});

function all(cursor: ReplicaCursor, limit = 1000): ReportedReplica[] {
  const found: ReportedReplica[] = [];
  const batch = new ReplicaBatch();
  while (!cursor.done) {
    cursor.read(batch, limit);
    for (let i = 0; i < batch.count; i++) {
      const shown = emptyReplica();
      batch.show(i, shown);
      found.push(shown);
    }
  }
  return found;
}

describe('block list', () => {
  it('comes out of the packed form as it went in, wherever the buffers are cut', () => {
    fc.assert(
      fc.property(
        fc.array(replica, { maxLength: 50 }),
        fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(100, 65_536)),
        (replicas, cut) => {
          const encoder = new BlockListEncoder();
          for (const each of replicas) encoder.add(each);
          const whole = Buffer.concat(encoder.finish());
          const pieces: Uint8Array[] = [];
          for (let at = 0; at < whole.length; at += cut) pieces.push(whole.subarray(at, at + cut));
          expect(all(decodeBlockBuffers(replicas.length, pieces))).toEqual(replicas);
        },
      ),
    );
  });

  it('is packed as Apache packs it', () => {
    const encoder = new BlockListEncoder();
    encoder.add({ id: blockId(1073741825n), numBytes: 134217728, genStamp: genStamp(1001), state: 0 });
    encoder.add({ id: blockId(-1n), numBytes: 0, genStamp: genStamp(1), state: 1 });
    // sint64 zig-zag of the id, then three unsigned varints.
    expect(Buffer.concat(encoder.finish()).toString('hex')).toBe(
      '8280808008' + '80808040' + 'e907' + '00' + '01' + '00' + '01' + '01',
    );
  });

  it('cuts long lists at 64 KiB', () => {
    const encoder = new BlockListEncoder();
    for (let i = 0; i < 20_000; i++)
      encoder.add({ id: blockId(2n ** 30n + BigInt(i)), numBytes: 1, genStamp: genStamp(1), state: 0 });
    const buffers = encoder.finish();
    expect(buffers.length).toBeGreaterThan(1);
    expect(buffers.slice(0, -1).every((buffer) => buffer.length === 65536)).toBe(true);
    expect(all(decodeBlockBuffers(20_000, buffers))).toHaveLength(20_000);
  });

  it('reads the old form of longs', () => {
    const longs = [1n, 1n, 11n, 22n, 33n, -1n, -1n, -1n, 44n, 55n, 66n, 1n];
    expect(all(decodeBlockLongs(longs))).toEqual([
      { id: 11n, numBytes: 22, genStamp: 33, state: 0 },
      { id: 44n, numBytes: 55, genStamp: 66, state: 1 },
    ]);
    expect(decodeBlockLongs([]).count).toBe(0);
    expect(decodeBlockLongs([0n, 0n]).count).toBe(0);
    expect(() => decodeBlockLongs([5n, 0n, 1n])).toThrow(ProtocolError);
  });

  it('refuses damaged and dishonest bytes with a clear error, and never hangs', () => {
    expect(() => decodeBlockBuffers(2 ** 30, [new Uint8Array(8)])).toThrow(ProtocolError);
    expect(() => decodeBlockBuffers(-1, [])).toThrow(ProtocolError);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(15), (bytes, count) => {
        try {
          all(decodeBlockBuffers(count, [bytes]));
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});
