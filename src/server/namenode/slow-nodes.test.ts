// If this failed, a NameNode would not tell which DataNodes the others call slow, or would go on to send writers there.
import { expect, test } from 'vitest';
import { registerDataNode, type TestDataNode } from './test-datanode.ts';
import { TestNameNode } from './test-namenode.ts';
import { slowDisksJson, slowPeersJson } from './wire/slow-reports.ts';

test('slow nodes and disks that DataNodes report are shown, told of, and avoided', async () => {
  const nn = new TestNameNode({
    'dfs.datanode.peer.stats.enabled': true,
    'dfs.datanode.fileio.profiling.sampling.percentage': 10,
    'dfs.datanode.outliers.report.interval': '10s',
    'dfs.namenode.slowpeer.collect.interval': '1s',
    'dfs.namenode.block-placement-policy.exclude-slow-nodes.enabled': true,
  });
  await nn.format();
  const api = await nn.start();
  const { blockManager } = nn.running.system;
  const nodes: TestDataNode[] = [];
  for (const [index, machine] of ['one', 'two', 'three'].entries())
    nodes.push(await registerDataNode(nn, machine, `uuid${index}`));
  const slowIp = nodes[2]?.registration.datanodeID?.ipAddr ?? '';
  const beat = async (index: number, told: object = {}) => {
    const node = nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    const { calls, registration } = node;
    return nn.within(calls.sendHeartbeat({ registration, reports: [], ...told }));
  };
  const slowPeers = [{ dataNodeId: `${slowIp}:9864`, aggregateLatency: 40, median: 1, mad: 0.5, upperLimitLatency: 5 }];
  expect((await beat(2)).isSlownode).toBe(false);
  await beat(0, { slowPeers, slowDisks: [{ basePath: '/disk1', meanReadIoLatency: 90.5 }] });
  await nn.simulation.advance(1001);
  await beat(1);
  expect((await beat(2)).isSlownode).toBe(true);
  expect((await beat(1)).isSlownode).toBe(false);
  expect((await api.getSlowDatanodeReport({})).datanodeInfoProto.map(({ id }) => id.datanodeUuid)).toEqual(['uuid2']);
  expect([...blockManager.slow.excludedForWrite].map(({ uuid }) => uuid)).toEqual(['uuid2']);
  await nn.simulation.advance(10_000);
  await beat(1);
  const { slow } = blockManager;
  const reporter = `${nodes[0]?.registration.datanodeID?.ipAddr}:9867`;
  expect(slowPeersJson(slow.peersReport(nn.machine.host.clock.monotonic()))).toBe(
    `[{"SlowNode":"${slowIp}:9864","SlowPeerLatencyWithReportingNodes":[{"ReportingNode":"${reporter}",` +
      '"ReportedLatency":40.0,"MedianLatency":1.0,"MadLatency":0.5,"UpperLimitLatency":5.0}]}]',
  );
  expect(slowDisksJson(slow.disksReport)).toBe(`[{"SlowDiskID":"${reporter}:/disk1","Latencies":{"READ":90.5}}]`);
});
