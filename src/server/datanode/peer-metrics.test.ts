// If this failed, a DataNode behind a bad link would never be named by those who wait for it.
import { expect, test } from 'vitest';
import { Simulation } from '../../host/sim/index.ts';
import { PeerMetrics } from './peer-metrics.ts';

test('the one node to which packets leave slowly is found, once there is enough to compare', async () => {
  const simulation = new Simulation({ seed: 1 });
  const { clock } = simulation.node('dn').host;
  const settings = { peerStats: true, peerMinSamples: 10, peerMinNodes: 4, peerLowThresholdMs: 5 };
  const metrics = new PeerMetrics(clock, settings);
  const send = (peer: string, ms: number): void => {
    for (let packet = 0; packet < 11; packet++) metrics.sent(peer, ms);
  };
  for (const peer of ['a:1', 'b:1', 'c:1']) send(peer, 1);
  send('slow:1', 40);
  expect([...metrics.outliers()]).toEqual([]);
  await simulation.advance(300_001);
  expect([...metrics.outliers()]).toEqual([['slow:1', { latencyMs: 40, median: 1, mad: 0, upperLimit: 5 }]]);
  expect(metrics.averages.get('a:1')).toBe(1);
  // As after a change of the running node's configuration.
  settings.peerMinNodes = 5;
  expect([...metrics.outliers()]).toEqual([]);
});
