// If these fail, a read gives wrong bytes, loses packets, or hangs, depending on how TCP cuts the stream.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { writePacketHeader } from '../wire/transfer/packet.ts';
import type { ByteSink, ByteSource } from './byte-source.ts';
import { PacketStream } from './packet-stream.ts';
import { checkFirstChunk, checksumBytesFor, wantedPart } from './read-range.ts';

function packet(seqno: number, data: Buffer, last: boolean): Buffer {
  const header = Buffer.alloc(64);
  const sums = Buffer.alloc(Math.ceil(data.length / 512) * 4, seqno);
  const end = writePacketHeader(
    header,
    0,
    { offsetInBlock: seqno * 1000, seqno, lastPacketInBlock: last, dataLen: data.length, syncBlock: false },
    sums.length,
  );
  return Buffer.concat([header.subarray(0, end), sums, data]);
}

/** A source that keeps what its sink does not take. */
function fakeSource() {
  let kept = Buffer.alloc(0);
  let sink: ByteSink | undefined;
  const source = {
    setSink(next: ByteSink | undefined) {
      sink = next;
    },
    resume() {
      source.feed(Buffer.alloc(0));
    },
    feed(chunk: Buffer) {
      kept = Buffer.concat([kept, chunk]);
      if (sink !== undefined && kept.length > 0) kept = kept.subarray(sink.push(kept));
    },
    get kept() {
      return kept;
    },
  };
  return source;
}

describe('packet stream', () => {
  it('gives the same packets however the bytes are cut, and leaves what follows the last one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 40 }),
        fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 50 }),
        async (datas, cuts) => {
          const packets = datas.map((data, i) => packet(i, Buffer.from(data), false));
          packets.push(packet(datas.length, Buffer.alloc(0), true));
          const wire = Buffer.concat([...packets, Buffer.from('next')]);
          const source = fakeSource();
          const stream = new PacketStream(source as unknown as ByteSource);
          for (let at = 0, i = 0; at < wire.length; i++) {
            const to = Math.min(wire.length, at + (cuts[i % cuts.length] as number));
            source.feed(wire.subarray(at, to));
            at = to;
          }
          for (const [i, data] of datas.entries()) {
            const got = await stream.next();
            expect(got.header.seqno).toBe(i);
            expect(got.data.equals(data)).toBe(true);
            expect(got.checksums.length).toBe(Math.ceil(data.length / 512) * 4);
          }
          const last = await stream.next();
          expect(last.header.lastPacketInBlock).toBe(true);
          expect(source.kept.toString()).toBe('next');
        },
      ),
      { numRuns: 50 },
    );
  });

  it('keeps no more than a megabyte and a packet for a reader that takes nothing, however long the packets are', async () => {
    for (const [bytes, most] of [
      [512 * 1024, 2],
      [64 * 1024, 16],
      [1024, 16],
    ] as const) {
      const source = fakeSource();
      const stream = new PacketStream(source as unknown as ByteSource);
      const sent = 20;
      for (let i = 0; i < sent; i++) source.feed(packet(i, Buffer.alloc(bytes, i), i + 1 === sent));
      const length = packet(0, Buffer.alloc(bytes), false).length;
      expect(source.kept.length, `packets of ${bytes}`).toBeGreaterThanOrEqual((sent - most) * length);
      for (let i = 0; i < sent; i++) expect((await stream.next()).data[0]).toBe(i);
    }
  });

  it('refuses lengths that cannot be, and wakes a waiting reader when the connection ends', async () => {
    const source = fakeSource();
    const stream = new PacketStream(source as unknown as ByteSource);
    expect(() => stream.push(Buffer.from([0, 0, 0, 1, 0, 25]))).toThrow('Invalid payload length');
    const other = new PacketStream(fakeSource() as unknown as ByteSource);
    const waiting = other.next();
    other.end(undefined);
    await expect(waiting).rejects.toThrow('Premature EOF');
  });
});

describe('read range', () => {
  it('cuts every range exactly out of chunk-aligned packets', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 0, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 8 }),
        (chunk, start, length, chunksPerPacket) => {
          const block = Buffer.from(Array.from({ length: start + length + chunk }, (_, i) => i % 251));
          const end = start + length;
          const first = start - (start % chunk);
          checkFirstChunk(first, start, chunk);
          const pieces: Buffer[] = [];
          for (let at = first; at < end; ) {
            const size = Math.min(chunksPerPacket * chunk, Math.ceil((end - at) / chunk) * chunk);
            const data = block.subarray(at, at + size);
            const { from, to } = wantedPart({ start, end }, at, data.length);
            pieces.push(data.subarray(from, to));
            at += size;
          }
          expect(Buffer.concat(pieces).equals(block.subarray(start, end))).toBe(true);
        },
      ),
    );
    expect(() => checkFirstChunk(512, 1024, 512)).toThrow();
    expect(() => checkFirstChunk(2048, 1024, 512)).toThrow();
    expect(checksumBytesFor(513, 512, 4)).toBe(8);
  });
});
