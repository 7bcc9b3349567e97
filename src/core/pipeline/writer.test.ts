// If these fail, a file written through a flaky pipeline loses, repeats or reorders bytes, or its writer hangs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HEARTBEAT_SEQNO, type PacketRecord, PacketWindow } from './writer.ts';
import { chunkCount, packetGeometry, packetRoom, restartOfChunk } from './writer-geometry.ts';

const ok = (seqno: number) => ({ seqno, flags: [0, 0, 0] });

/** The good acknowledgement of a packet arrives. */
function take(window: PacketWindow, seqno: number): PacketRecord {
  const verdict = window.judge(ok(seqno));
  if (verdict.kind !== 'good' || verdict.packet === undefined)
    throw new Error(`the acknowledgement of ${seqno} is ${verdict.kind}`);
  return window.acknowledge(verdict.packet);
}

describe('packet geometry', () => {
  it('is that of Apache for the default sizes', () => {
    expect(packetGeometry(65536, 512, true)).toEqual({
      bytesPerChecksum: 512,
      checksumBytes: 4,
      chunksPerPacket: 126,
      dataBytes: 64512,
    });
    expect(packetGeometry(0, 512, true).chunksPerPacket).toBe(1);
  });

  it('cuts any file into packets on chunk borders that cover every byte once', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4000 }),
        fc.integer({ min: 1, max: 600 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 20000 }),
        (packetSize, bytesPerChecksum, blockChunks, total) => {
          const geometry = packetGeometry(packetSize, bytesPerChecksum, true);
          const blockSize = blockChunks * bytesPerChecksum;
          let offset = 0;
          for (let written = 0; written < total; ) {
            const length = Math.min(packetRoom(geometry, blockSize, offset, 0), total - written);
            expect(length).toBeGreaterThan(0);
            expect(offset % bytesPerChecksum).toBe(0);
            expect(chunkCount(length, bytesPerChecksum)).toBeLessThanOrEqual(geometry.chunksPerPacket);
            written += length;
            offset += length;
            expect(offset).toBeLessThanOrEqual(blockSize);
            if (offset === blockSize) offset = 0;
          }
        },
      ),
    );
  });

  it('sends a chunk again that a flush cut', () => {
    expect(restartOfChunk(1000, 512)).toBe(512);
    expect(restartOfChunk(1024, 512)).toBe(1024);
  });
});

describe('packet window', () => {
  it('holds the last packet back until every other is acknowledged', () => {
    const window = new PacketWindow(80);
    window.enqueue(0, 512);
    window.enqueue(512, 512);
    window.enqueue(1024, 0, { last: true });
    window.markSent();
    window.markSent();
    expect(window.next()).toBeUndefined();
    take(window, 0);
    expect(window.next()).toBeUndefined();
    take(window, 1);
    expect(window.next()?.last).toBe(true);
    expect(window.closing).toBe(false);
    window.markSent();
    expect(window.closing).toBe(true);
  });

  it('tells a failed node, a restart, a heartbeat and nonsense apart', () => {
    const window = new PacketWindow(80);
    window.enqueue(0, 10);
    window.markSent();
    expect(window.judge({ seqno: HEARTBEAT_SEQNO, flags: [0, 0] })).toEqual({ kind: 'good', packet: undefined });
    expect(window.judge({ seqno: 0, flags: [0, 1, 0] })).toEqual({ kind: 'failed', index: 1, status: 1 });
    expect(window.judge({ seqno: -2, flags: [8] })).toEqual({ kind: 'restarting', index: 0 });
    expect(window.judge(ok(5)).kind).toBe('nonsense');
    // Hints stand above the status.
    expect(window.judge({ seqno: 0, flags: [0x60, 0x100, 0x121] })).toEqual({ kind: 'failed', index: 2, status: 1 });
    expect(window.judge({ seqno: 0, flags: [0x60, 0x100, 0x120] }).kind).toBe('good');
  });

  // A block of some packets goes through pipelines that break at random. Whatever happens, the block that is closed at
  // the end has got every byte, each acknowledged byte is in it, and the window never exceeds its limit.
  it('delivers every byte whatever breaks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.constantFrom('send', 'ack', 'break', 'queue'), { maxLength: 200 }),
        (packets, actions) => {
          const window = new PacketWindow(4);
          let queued = 0;
          let received = 0;
          let ended = false;
          let inFlight: PacketRecord[] = [];
          const step = (action: string): void => {
            switch (action) {
              case 'queue':
                if (queued <= packets && !window.full) {
                  window.enqueue(queued * 512, queued === packets ? 0 : 512, { last: queued === packets });
                  queued++;
                }
                break;
              case 'send':
                if (window.next() !== undefined) inFlight.push(window.markSent());
                break;
              case 'ack': {
                const packet = inFlight.shift();
                if (packet === undefined) break;
                expect(packet.offset).toBeLessThanOrEqual(received);
                received = Math.max(received, packet.offset + packet.length);
                expect(take(window, packet.seqno)).toEqual(packet);
                ended = packet.last;
                break;
              }
              case 'break':
                if (window.waiting + window.unacknowledged === 0) break;
                inFlight = [];
                window.rewind();
                expect(window.bytesAcked).toBeLessThanOrEqual(received);
                // Only the last packet was missing: a recovery closes the block without it.
                if (window.closing) {
                  window.closeWithoutLast();
                  ended = true;
                }
                break;
            }
          };
          for (const action of actions) {
            if (ended) break;
            step(action);
            expect(window.waiting + window.unacknowledged).toBeLessThanOrEqual(4);
          }
          for (let i = 0; i < 1000 && !ended; i++) for (const action of ['queue', 'send', 'ack']) if (!ended) step(action);
          expect(ended).toBe(true);
          expect(received).toBe(packets * 512);
          expect(window.lastAckedSeqno).toBe(window.lastQueuedSeqno);
          window.endBlock();
        },
      ),
      { numRuns: 300 },
    );
  });
});
