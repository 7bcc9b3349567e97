// If these fail, a file written through a flaky pipeline loses, repeats or reorders bytes, or its writer hangs.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ackStatuses, HEARTBEAT_SEQNO, type PacketRecord, PacketWindow } from './writer.ts';
import { chunkCount, packetGeometry, packetRoom, restartOfChunk } from './writer-geometry.ts';
import { planRecovery } from './writer-recovery.ts';

const ok = (seqno: number) => ({ seqno, statuses: [0, 0, 0] });

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
  it('holds the last packet back once the block is too large to be written again', () => {
    const window = new PacketWindow(80);
    window.enqueue(0, 512);
    window.enqueue(512, 512);
    window.enqueue(1024, 0, { last: true });
    window.markSent();
    expect(window.acknowledge(ok(0)).kind).toBe('acked');
    window.markSent();
    expect(window.next()).toBeUndefined();
    window.acknowledge(ok(1));
    expect(window.next()?.last).toBe(true);
    window.markSent();
    expect(window.closing).toBe(true);
    expect(window.restartsBlock).toBe(false);
  });

  it('sends the last packet of a small block at once, unless its bytes were promised', () => {
    const small = new PacketWindow(80);
    small.enqueue(0, 10);
    small.enqueue(10, 0, { last: true });
    small.markSent();
    expect(small.next()?.last).toBe(true);
    small.markSent();
    expect(small.restartsBlock).toBe(true);

    const promised = new PacketWindow(80);
    promised.enqueue(0, 10);
    promised.promise();
    promised.enqueue(10, 0, { last: true });
    promised.markSent();
    expect(promised.next()).toBeUndefined();
  });

  it('tells a failed node, a restart, a heartbeat and nonsense apart', () => {
    const window = new PacketWindow(80);
    window.enqueue(0, 10);
    window.markSent();
    expect(window.acknowledge({ seqno: HEARTBEAT_SEQNO, statuses: [0, 0] })).toEqual({ kind: 'heartbeat' });
    expect(window.acknowledge({ seqno: 0, statuses: [0, 1, 0] })).toEqual({ kind: 'failed', index: 1, status: 1 });
    expect(window.acknowledge({ seqno: -2, statuses: [8] })).toEqual({ kind: 'restarting', index: 0 });
    expect(window.acknowledge(ok(5)).kind).toBe('nonsense');
    expect(ackStatuses([0, 0], [0x20, 0x21])).toEqual([0, 1]);
    expect(ackStatuses([0, 1], [])).toEqual([0, 1]);
  });

  // A block of some packets goes through pipelines that break at random. Whatever happens, the block that is closed at
  // the end has got every byte, each acknowledged byte is in it, and the window never exceeds its limit.
  it('delivers every byte whatever breaks', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.constantFrom('send', 'ack', 'break', 'promise', 'queue'), { maxLength: 200 }),
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
              case 'promise':
                window.promise();
                break;
              case 'send':
                if (window.next() !== undefined) inFlight.push(window.markSent());
                break;
              case 'ack': {
                const packet = inFlight.shift();
                if (packet === undefined) break;
                expect(packet.offset).toBeLessThanOrEqual(received);
                received = Math.max(received, packet.offset + packet.length);
                expect(window.acknowledge(ok(packet.seqno))).toEqual({ kind: 'acked', packet });
                ended = packet.last;
                break;
              }
              case 'break':
                if (window.waiting + window.unacknowledged === 0) break;
                inFlight = [];
                if (window.restartsBlock) {
                  window.restartBlock();
                  received = 0;
                } else {
                  window.rewind();
                  expect(window.bytesAcked).toBeLessThanOrEqual(received);
                  // Only the last packet was missing: a recovery closes the block without it.
                  if (window.closing) {
                    window.closeWithoutLast();
                    ended = true;
                  }
                }
                break;
            }
          };
          for (const action of actions) {
            if (ended) break;
            step(action);
            expect(window.waiting + window.unacknowledged).toBeLessThanOrEqual(4 + (window.restartsBlock ? 4 : 4));
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

describe('recovery plan', () => {
  const state = { nodes: ['a:1', 'b:2', 'c:3'], attempts: 0, maxAttempts: 5, closing: false, restartsBlock: false };
  const failure = { index: 1, restarting: false, reason: 'x' };

  it('goes on with the other nodes', () => {
    expect(planRecovery(failure, state)).toEqual({ kind: 'continue', keep: [0, 2], stage: 'streaming', waitMs: 0 });
    expect(planRecovery({ ...failure, index: undefined }, { ...state, closing: true })).toEqual({
      kind: 'continue',
      keep: [1, 2],
      stage: 'close',
      waitMs: 0,
    });
  });

  it('begins a small block again elsewhere', () => {
    expect(planRecovery(failure, { ...state, restartsBlock: true })).toEqual({ kind: 'newBlock', exclude: 1 });
  });

  it('gives up without nodes or after too many attempts, but waits for the only node when it restarts', () => {
    expect(planRecovery(failure, { ...state, nodes: ['a:1'] })).toEqual({
      kind: 'fail',
      message: 'All datanodes [a:1] are bad. Aborting...',
    });
    expect(planRecovery(failure, { ...state, attempts: 5 }).kind).toBe('fail');
    expect(planRecovery({ ...failure, restarting: true }, { ...state, nodes: ['a:1'] })).toMatchObject({
      keep: [0],
      waitMs: 4000,
    });
  });
});
