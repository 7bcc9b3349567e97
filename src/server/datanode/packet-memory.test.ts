// If this fails, every turn of a writer takes fresh memory: the DataNode then spends more on pages and collections than on
// bytes; or memory serves again while the disk still writes from it, and a replica holds another's bytes.
import { expect, test } from 'vitest';
import { PACKET_MEMORY_BYTES, TURN_MEMORY_BYTES, takePacketMemory } from './packet-memory.ts';

test('memory of a packet, and of all that one read brings with the packet before, serves again', () => {
  for (const bytes of [100, PACKET_MEMORY_BYTES, 256 * 1024 + 66_000, TURN_MEMORY_BYTES]) {
    const memory = takePacketMemory(bytes);
    expect(memory.bytes.length).toBeGreaterThanOrEqual(bytes);
    memory.release();
    expect(takePacketMemory(bytes) === memory).toBe(true);
  }
});

test('not before the last who holds it has let go', () => {
  const memory = takePacketMemory(100);
  memory.hold();
  expect(memory.isShared).toBe(true);
  memory.release();
  expect(takePacketMemory(100) === memory).toBe(false);
  memory.release();
  expect(takePacketMemory(100) === memory).toBe(true);
  memory.release();
  expect(() => memory.release()).toThrow('released more often than held');
});

test('memory beyond that is let go', () => {
  const memory = takePacketMemory(16 * 1024 * 1024);
  memory.release();
  expect(takePacketMemory(16 * 1024 * 1024) === memory).toBe(false);
});
