// If this fails, every turn of a writer takes fresh memory: the DataNode then spends more on pages and collections than on bytes.
import { expect, test } from 'vitest';
import { givePacketMemory, PACKET_MEMORY_BYTES, TURN_MEMORY_BYTES, takePacketMemory } from './packet-memory.ts';

test('memory of a packet, and of all that one read brings with the packet before, serves again', () => {
  for (const bytes of [100, PACKET_MEMORY_BYTES, 256 * 1024 + 66_000, TURN_MEMORY_BYTES]) {
    const memory = takePacketMemory(bytes);
    expect(memory.length).toBeGreaterThanOrEqual(bytes);
    givePacketMemory(memory);
    expect(takePacketMemory(bytes) === memory).toBe(true);
  }
});

test('memory beyond that is let go', () => {
  const memory = takePacketMemory(16 * 1024 * 1024);
  givePacketMemory(memory);
  expect(takePacketMemory(16 * 1024 * 1024) === memory).toBe(false);
});
