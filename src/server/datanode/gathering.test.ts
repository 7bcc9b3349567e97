// If these fail, a DataNode spends its time on many small writes; or whoever waits for an answer in the middle of a stream, as
// one does that may have few packets on their way, is held up with every one of them.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import { GATHER_BYTES, GATHER_MS, Gathering } from './gathering.ts';

function started() {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  let due = 0;
  const gathering = new Gathering(clock, () => due++);
  return { simulation, clock, gathering, due: () => due };
}

test('packets that come close behind one another wait until they are enough', async () => {
  const { simulation, gathering, due } = started();
  for (let bytes = 64 * 1024; bytes < GATHER_BYTES; bytes += 64 * 1024) {
    expect(gathering.waits(bytes)).toBe(true);
    await simulation.advance(GATHER_MS * 0.9);
  }
  expect(gathering.waits(GATHER_BYTES)).toBe(false);
  gathering.stop();
  await simulation.advance(1000);
  expect(due()).toBe(0);
});

test('none waits for long when nothing more comes', async () => {
  const { simulation, gathering, due } = started();
  expect(gathering.waits(64 * 1024)).toBe(true);
  await simulation.advance(GATHER_MS * 0.9);
  expect(gathering.waits(128 * 1024)).toBe(true);
  await simulation.advance(GATHER_MS * 0.9);
  expect(due()).toBe(0);
  await simulation.advance(GATHER_MS);
  expect(due()).toBe(1);
  await simulation.advance(1000);
  expect(due()).toBe(1);
});

test('a writer that waits for each answer is held up less and less, and again once its packets come together', async () => {
  const { simulation, clock, gathering, due } = started();
  const began = clock.monotonic();
  for (let packet = 0; packet < 2000; packet++) {
    const before = due();
    if (gathering.waits(64 * 1024)) while (due() === before) await simulation.advance(1);
  }
  expect(due()).toBeGreaterThan(5);
  expect(due()).toBeLessThan(15);
  expect(clock.monotonic() - began).toBeLessThan(100);
  expect(gathering.waits(GATHER_BYTES)).toBe(false);
  expect(gathering.waits(1)).toBe(true);
  await simulation.advance(1000);
  expect(gathering.waits(1)).toBe(false);
  expect(gathering.waits(1)).toBe(true);
});
