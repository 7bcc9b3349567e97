// If these fail, a node or disk that holds everybody up is not found, or a sound one is avoided.
import { expect, test } from 'vitest';
import type { Datanode } from '../blocks/datanode.ts';
import { findOutliers, medianOf } from './outliers.ts';
import { RollingAverages } from './rolling-averages.ts';
import { DEFAULT_SLOW_NODES_OPTIONS, SlowNodes } from './slow-nodes.ts';
import { SlowDiskTracker, SlowPeerTracker } from './slow-trackers.ts';

const limits = { minResources: 3, lowThresholdMs: 5 };
const latencies = (...values: readonly number[]) => new Map(values.map((value, index) => [`n${index}`, value]));
const outlier = (latencyMs: number) => ({ latencyMs, median: 1, mad: 0.5, upperLimit: 5 });

test('slow is what is beyond the threshold, three medians and three deviations', () => {
  expect(medianOf([1, 2, 3])).toBe(2);
  expect(medianOf([1, 2, 3, 10])).toBe(2.5);
  expect([...findOutliers(latencies(1, 1, 1, 1, 4.9), limits).keys()]).toEqual([]);
  expect([...findOutliers(latencies(1, 1, 1, 1, 5.1), limits)]).toEqual([
    ['n4', { latencyMs: 5.1, median: 1, mad: 0, upperLimit: 5 }],
  ]);
  expect([...findOutliers(latencies(10, 10, 10, 10, 29, 31), limits).keys()]).toEqual(['n5']);
  // Spread out as they are, the largest is nothing special.
  expect([...findOutliers(latencies(10, 20, 30, 40, 89), limits).keys()]).toEqual([]);
  expect([...findOutliers(latencies(1, 100), limits).keys()]).toEqual([]);
  expect([...findOutliers(new Map(), { ...limits, minResources: 0 })]).toEqual([]);
});

test('averages are of the windows that are over, and of so many samples', () => {
  const averages = new RollingAverages(0, { windowMs: 100, windows: 3, maxNames: 2 });
  averages.add('a', 2, 10);
  averages.add('a', 4, 20);
  averages.add('b', 9, 30);
  averages.add('c', 1, 40);
  expect([...averages.averages(50, 0)]).toEqual([]);
  expect([...averages.averages(100, 0)]).toEqual([
    ['a', 3],
    ['b', 9],
  ]);
  expect([...averages.averages(100, 1).keys()]).toEqual(['a']);
  averages.add('a', 12, 150);
  expect(averages.averages(200, 0).get('a')).toBe(6);
  expect([...averages.averages(450, 0)]).toEqual([['a', 12]]);
  expect([...averages.averages(10_000, 0)]).toEqual([]);
});

test('the nodes that most others call slow come last, while their word is young enough', () => {
  const tracker = new SlowPeerTracker(1000);
  tracker.add('a:1', 'x:9', outlier(7), 0);
  tracker.add('b:1', 'x:9', outlier(9), 500);
  tracker.add('b:1', 'y:9', outlier(8), 600);
  expect(tracker.top(5, 700).map(({ node, reports }) => [node, reports.map(({ reportingNode }) => reportingNode)])).toEqual([
    ['a:1', ['x:9']],
    ['b:1', ['x:9', 'y:9']],
  ]);
  expect(tracker.top(1, 700).map(({ node }) => node)).toEqual(['b:1']);
  expect(tracker.top(5, 1000).map(({ node }) => node)).toEqual(['b:1']);
  expect(tracker.top(5, 1600)).toEqual([]);
});

test('slow disks are shown at the end of an interval, the slowest last', () => {
  const tracker = new SlowDiskTracker({ intervalMs: 100, maxDisks: 2 });
  tracker.heartbeat(0);
  for (const [id, latency] of [
    ['a', 30],
    ['b', 50],
    ['c', 40],
  ] as const) {
    tracker.add({ id, latencies: { READ: latency } }, 10);
  }
  tracker.heartbeat(100);
  expect(tracker.report).toEqual([]);
  tracker.heartbeat(101);
  expect(tracker.report.map(({ id }) => id)).toEqual(['c', 'b']);
  tracker.heartbeat(500);
  expect(tracker.report).toEqual([]);
});

test('what counts as slow is decided at intervals, and forgotten when nobody is to look', () => {
  const node = (host: string) => ({ host }) as unknown as Datanode;
  const known = new Map([...'abc'].map((host) => [host, node(host)]));
  const options = {
    ...DEFAULT_SLOW_NODES_OPTIONS,
    peerStats: true,
    maxCollected: 1,
    collectIntervalMs: 100,
    avoidForRead: true,
  };
  const slow = new SlowNodes(options, (host) => known.get(host));
  const hostsOf = (nodes: Iterable<Datanode>) => [...nodes].map((each) => (each as unknown as { host: string }).host);
  slow.heartbeat('x:9', new Map([['a:1', outlier(7)]]), [], 0);
  slow.heartbeat('x:9', new Map([['b:1', outlier(9)]]), [], 10);
  slow.heartbeat(
    'y:9',
    new Map([
      ['b:1', outlier(9)],
      ['gone:1', outlier(9)],
    ]),
    [],
    20,
  );
  expect(hostsOf(slow.avoidedForRead)).toEqual(['a']);
  slow.heartbeat('y:9', new Map(), [], 100);
  expect(hostsOf(slow.avoidedForRead)).toEqual(['b']);
  expect(hostsOf(slow.excludedForWrite)).toEqual([]);
  slow.configure({ excludeForWrite: true });
  expect(hostsOf(slow.excludedForWrite)).toEqual(['b']);
  expect(hostsOf(slow.reported(100)).sort()).toEqual(['a', 'b']);
  slow.configure({ peerStats: false });
  expect([slow.excludedForWrite.size, slow.peersReport(100), slow.reported(100)]).toEqual([0, undefined, []]);
});
