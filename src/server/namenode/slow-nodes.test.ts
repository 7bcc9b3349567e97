// If this failed, a NameNode would not tell which DataNodes the others call slow, or would go on to send writers there.
import { expect, test } from 'vitest';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import { DatanodeProtocolService, type DatanodeRegistrationProto } from '../../wire/messages/datanode.ts';
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
  const nodes = ['one', 'two', 'three'].map((name) => {
    const { host } = nn.simulation.node(name);
    return rpcProxy(
      new RpcClient(host, {
        address: { host: 'nn', port: 8020 },
        protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol',
        user: 'hdfs',
      }),
      DatanodeProtocolService,
    );
  });
  const { blockManager } = nn.running.system;
  const registrations: DatanodeRegistrationProto[] = [];
  for (const [index, node] of nodes.entries()) {
    const { info } = await nn.within(node.versionRequest({}));
    if (info?.storageInfo === undefined) throw new Error('no storage info');
    const { registration } = await nn.within(
      node.registerDatanode({
        registration: {
          datanodeID: {
            ipAddr: '',
            hostName: `host${index}`,
            datanodeUuid: `uuid${index}`,
            xferPort: 9866,
            infoPort: 9864,
            ipcPort: 9867,
          },
          storageInfo: info.storageInfo,
          keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
          softwareVersion: '3.5.0',
        },
      }),
    );
    registrations.push(registration);
  }
  const slowIp = registrations[2]?.datanodeID?.ipAddr ?? '';
  const beat = async (index: number, told: object = {}) => {
    const [node, registration] = [nodes[index], registrations[index]];
    if (node === undefined || registration === undefined) throw new Error(`no node ${index}`);
    return nn.within(node.sendHeartbeat({ registration, reports: [], ...told }));
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
  const reporter = `${registrations[0]?.datanodeID?.ipAddr}:9867`;
  expect(slowPeersJson(slow.peersReport(nn.machine.host.clock.monotonic()))).toBe(
    `[{"SlowNode":"${slowIp}:9864","SlowPeerLatencyWithReportingNodes":[{"ReportingNode":"${reporter}",` +
      '"ReportedLatency":40.0,"MedianLatency":1.0,"MadLatency":0.5,"UpperLimitLatency":5.0}]}]',
  );
  expect(slowDisksJson(slow.disksReport)).toBe(`[{"SlowDiskID":"${reporter}:/disk1","Latencies":{"READ":90.5}}]`);
});
