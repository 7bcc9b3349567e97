// If this fails, a hung disk takes the threads or the memory of the others, or it is never found to hang.
import { expect, test } from 'vitest';
import { HdfsError } from '../../base/errors.ts';
import { Simulation } from '../../host/sim/index.ts';
import { ioShare, MAX_QUEUED_BYTES, MAX_QUEUED_CALLS, STALLED_MS, VolumeIo } from './volume-io.ts';

interface Call {
  readonly end: () => void;
  readonly fail: (error: Error) => void;
}

function volume(calls: number, syncs: number) {
  const simulation = new Simulation({ seed: 1 });
  const io = new VolumeIo(simulation.node('dn').host.clock, '/a', { calls, syncs });
  const running: Call[] = [];
  const hang = (): Promise<void> => new Promise((end, fail) => running.push({ end, fail }));
  return { simulation, io, running, hang };
}

test('what is to be done at once counts as a call, and is not begun where it would have to wait', async () => {
  const { simulation, io, running, hang } = volume(1, 1);
  const failures: unknown[] = [];
  io.onFailure = (error) => failures.push(error);
  let begun = 0;
  const short = (): Promise<void> => {
    begun++;
    return hang();
  };
  const first = io.atOnce(10, short);
  expect([io.queuedCalls, io.queuedBytes, begun]).toEqual([1, 10, 1]);
  // Its place is taken.
  expect(io.atOnce(10, short)).toBe(undefined);
  expect([io.queuedCalls, begun]).toEqual([1, 1]);
  await simulation.advance(STALLED_MS + 1);
  expect(io.stalled).toBe(true);
  for (const call of running) call.end();
  await first;
  expect(io.times.take()).toEqual({ METADATA: 0, READ: 0, WRITE: STALLED_MS + 1 });
  // The machine does not take it: nothing is kept.
  expect(io.atOnce(10, () => undefined)).toBe(undefined);
  expect([io.queuedCalls, io.queuedBytes]).toEqual([0, 0]);
  expect(io.atOnce(MAX_QUEUED_BYTES + 1, short)).toBe(undefined);
  const failed = io.atOnce(10, () => Promise.reject(new HdfsError('EIO', 'broken')));
  await expect(failed).rejects.toThrow('broken');
  expect(failures).toHaveLength(1);
  expect([io.queuedCalls, begun]).toEqual([0, 1]);
});

test('no more calls run than the share; the others follow in their order', async () => {
  const { simulation, io, running, hang } = volume(2, 1);
  const ended: number[] = [];
  const all = [0, 1, 2, 3].map((i) => io.run(0, hang).then(() => ended.push(i)));
  const sync = io.sync(hang);
  expect(running).toHaveLength(3); // two calls and, apart from them, a sync
  io.sync(hang).catch(() => undefined);
  expect(running).toHaveLength(3);
  running[1]?.end();
  await simulation.advance(1);
  expect(running).toHaveLength(4);
  for (const at of [0, 3]) running[at]?.end();
  running[2]?.end();
  await sync;
  await simulation.advance(1);
  running.at(-1)?.end();
  running.at(-2)?.end();
  await Promise.all(all);
  expect(ended).toEqual([1, 0, 2, 3]);
});

test('a failed call gives its place to the next and is told of; a mistake in a call does the same', async () => {
  const { io, running, hang } = volume(1, 1);
  const failures: unknown[] = [];
  io.onFailure = (error) => failures.push(error);
  const failing = io.run(5, hang);
  const wrong = io.run(5, () => {
    throw new Error('used after close');
  });
  const next = io.run(5, () => Promise.resolve('done'));
  running[0]?.fail(new Error('EIO'));
  await expect(failing).rejects.toThrow('EIO');
  await expect(wrong).rejects.toThrow('used after close');
  expect(await next).toBe('done');
  expect(failures).toHaveLength(2);
  expect([io.queuedCalls, io.queuedBytes]).toEqual([0, 0]);
});

test('what waits has a bound in calls and in bytes; closing is never refused', async () => {
  const { io, hang } = volume(1, 1);
  io.run(MAX_QUEUED_BYTES - 10, hang).catch(() => undefined);
  expect(io.crowded).toBe(true);
  await expect(io.run(11, hang)).rejects.toThrow(HdfsError);
  for (let i = 1; i < MAX_QUEUED_CALLS; i++) io.run(0, hang).catch(() => undefined);
  await expect(io.run(0, hang)).rejects.toThrow('Too many disk calls are waiting for /a: 1024');
  await expect(io.sync(hang)).rejects.toThrow('Too many disk calls');
  io.release(hang).catch(() => undefined);
  expect(io.queuedCalls).toBe(MAX_QUEUED_CALLS + 1);
});

test('a volume is stalled while one call has not come back, whatever others do', async () => {
  const { simulation, io, running, hang } = volume(2, 1);
  io.sync(hang).catch(() => undefined);
  await simulation.advance(STALLED_MS - 10);
  await io.run(0, () => Promise.resolve());
  expect(io.stalled).toBe(false);
  await simulation.advance(20);
  expect(io.stalled).toBe(true);
  running[0]?.end();
  await simulation.advance(1);
  expect(io.stalled).toBe(false);
});

test('the shares of all volumes leave threads for others', () => {
  for (const parallelism of [4, 8, 32, 128]) {
    for (let volumes = 1; volumes <= 24; volumes++) {
      const { calls, syncs } = ioShare(parallelism, volumes);
      expect(calls).toBeGreaterThan(0);
      expect(syncs).toBeGreaterThan(0);
      // Each volume needs two threads; with fewer than that nothing helps.
      if (parallelism >= 4 * volumes) expect((calls + syncs) * volumes).toBeLessThan(parallelism);
    }
  }
  expect(ioShare(128, 4)).toEqual({ calls: 4, syncs: 8 });
  expect(ioShare(128, 12)).toEqual({ calls: 3, syncs: 5 });
});
