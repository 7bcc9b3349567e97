// If these fail, a user who asks without pause makes others wait though a fair queue is configured, or is sent away wrongly.
import { expect, test } from 'vitest';
import { defaultThresholds } from '../core/callqueue/decay-scheduler.ts';
import { defaultWeights } from '../core/callqueue/fair-queue.ts';
import { Simulation } from '../host/sim/index.ts';
import { CallQueue, type CallQueueSettings } from './call-queue.ts';

const fair = (capacity: number, more: Partial<CallQueueSettings> = {}): CallQueueSettings => ({
  queue: { levels: 4, capacity, weights: defaultWeights(4), capacityWeights: [1, 1, 1, 1] },
  decay: {
    levels: 4,
    periodMs: 5000,
    factor: 0.5,
    thresholds: defaultThresholds(4),
    serviceUsers: new Set(),
    backOffTimesMs: undefined,
  },
  backOff: false,
  overflowFailsOver: false,
  ...more,
});

function queueWith(settings: CallQueueSettings) {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('nn').host;
  const queue = new CallQueue(clock, settings);
  const begun: string[] = [];
  const submit = (user: string) => {
    const run = (priority: number): void => {
      begun.push(`${user}${priority}`);
      queue.answered(user, priority, 0, 1);
    };
    return queue.submit({ user, run });
  };
  return { simulation, queue, begun, submit };
}

test('who asked much of late is begun behind who asked little', async () => {
  const { simulation, queue, begun, submit } = queueWith(fair(4000));
  for (let i = 0; i < 100; i++) submit('greedy');
  submit('modest');
  await simulation.advance(1000);
  expect(begun).toHaveLength(101);
  // Nothing was known of either: first come, first begun.
  expect(begun.at(-1)).toBe('modest0');
  begun.length = 0;
  await simulation.advance(5000);
  for (let i = 0; i < 100; i++) submit('greedy');
  for (let i = 0; i < 3; i++) submit('modest');
  await simulation.advance(1000);
  expect(begun).toHaveLength(103);
  expect(begun.slice(0, 4)).toEqual(['modest0', 'modest0', 'modest0', 'greedy3']);
  expect(queue.queueTimes.map(({ count }) => count)).toEqual([104, 0, 0, 100]);
  queue.close();
});

test('what comes while calls are begun in slices can overtake', async () => {
  const { simulation, queue, begun, submit } = queueWith(fair(4000));
  for (let i = 0; i < 100; i++) submit('greedy');
  await simulation.advance(6000);
  begun.length = 0;
  for (let i = 0; i < 500; i++) submit('greedy');
  // Comes in while the first slice of the others is begun.
  queue.submit({ user: 'modest', run: () => begun.push('modest') });
  queue.submit({
    user: 'modest',
    run: () => {
      submit('late');
    },
  });
  await simulation.advance(1000);
  expect(begun.indexOf('modest')).toBeLessThan(2);
  expect(begun.indexOf('late0')).toBeLessThan(10);
  expect(begun).toHaveLength(502);
  queue.close();
});

test('without back-off nobody is sent away, and who waits for room is woken', async () => {
  const { simulation, queue, begun, submit } = queueWith(fair(4));
  for (let i = 0; i < 6; i++) expect(submit('ann')).toBeUndefined();
  expect(queue.hasRoom('ann')).toBe(false);
  let woken = 0;
  queue.whenRoom(() => woken++);
  await simulation.advance(10);
  expect([begun.length, woken, queue.hasRoom('ann')]).toEqual([6, 1, true]);
  queue.close();
});

test('with back-off, only who is in the lowest level anyhow loses the connection', async () => {
  const { simulation, queue, submit } = queueWith(fair(4, { backOff: true }));
  for (let i = 0; i < 4; i++) submit('greedy');
  await simulation.advance(5001);
  for (let i = 0; i < 4; i++) submit('modest');
  expect(submit('modest')).toMatchObject({
    javaClass: 'org.apache.hadoop.ipc.RetriableException',
    message: 'Server too busy',
    fatal: false,
  });
  expect(submit('greedy')).toMatchObject({ message: 'Server too busy - disconnecting', fatal: true });
  expect(queue.counters).toEqual({ backedOff: 2, disconnected: 1 });
  queue.configure(fair(4, { backOff: true, overflowFailsOver: true }));
  expect(queue.length).toBe(4);
  expect(submit('modest')).toMatchObject({
    javaClass: 'org.apache.hadoop.ipc.StandbyException',
    message: 'Server too busy - disconnect and failover',
    fatal: true,
  });
  queue.close();
});
