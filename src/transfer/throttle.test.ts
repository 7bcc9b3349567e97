// If these fail, a bound on blocks or images that travel holds nothing back, or stops it for good.
import { expect, test } from 'vitest';
import { Simulation } from '../host/sim/index.ts';
import { Throttle } from './throttle.ts';

const never = (): boolean => false;

function started(bytesPerSecond: number) {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const throttle = new Throttle(clock, bytesPerSecond);
  const move = async (pieces: number, bytes: number, givenUp = never): Promise<number> => {
    const began = clock.monotonic();
    for (let i = 0; i < pieces; i++) await throttle.take(bytes, givenUp);
    return clock.monotonic() - began;
  };
  return { simulation, throttle, move };
}

test('all that moves together keeps to the rate', async () => {
  const { simulation, move } = started(1000);
  // Half a second's worth may go at once.
  const times = await simulation.run(Promise.all([move(10, 250), move(10, 250)]), 60_000);
  expect(Math.max(...times)).toBeGreaterThan(4400);
  expect(Math.max(...times)).toBeLessThan(4700);
});

test('without a rate nothing waits', () => {
  const { throttle } = started(0);
  expect(throttle.take(1e12, never)).toBeUndefined();
});

test('a new rate holds for those that wait, and none sets them free', async () => {
  const { simulation, throttle, move } = started(1);
  const slow = move(1, 1_000_000);
  await simulation.advance(1000);
  throttle.bytesPerSecond = 0;
  expect(await simulation.run(slow, 1000)).toBeLessThan(1500);
});

test('who gives up does not wait any more', async () => {
  const { simulation, move } = started(1);
  let over = false;
  const waiting = move(1, 1_000_000, () => over);
  await simulation.advance(1000);
  over = true;
  expect(await simulation.run(waiting, 1000)).toBeLessThan(1500);
});
