// If these fail, a NameNode that is crowded by clients loses its DataNodes, or somebody reaches by the port for lifelines
// what they may not.
import { expect, test } from 'vitest';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import type { ServiceMethods } from '../../rpc/service.ts';
import { ClientNamenodeProtocol } from '../../wire/messages/client-namenode.ts';
import {
  DatanodeLifelineProtocolService,
  DatanodeProtocolService,
  type DatanodeRegistrationProtoInit,
} from '../../wire/messages/datanode.ts';
import { HAServiceProtocolService } from '../../wire/messages/ha.ts';
import { TestNameNode } from './test-namenode.ts';

const SERVER = 'org.apache.hadoop.hdfs.server.protocol';

async function started(keys: Readonly<Record<string, string | number>> = {}) {
  const nn = new TestNameNode({
    'dfs.namenode.servicerpc-address': 'nn:8021',
    'dfs.namenode.lifeline.rpc-address': 'nn:8050',
    'dfs.namenode.heartbeat.recheck-interval': 1000,
    'dfs.heartbeat.interval': 1,
    ...keys,
  });
  await nn.format();
  await nn.start();
  const at = <M extends ServiceMethods>(port: number, protocol: string, methods: M) =>
    rpcProxy(
      new RpcClient(nn.simulation.node('client').host, { address: { host: 'nn', port }, protocol, user: 'hdfs' }),
      methods,
    );
  return { nn, at };
}

test('a node lives by its lifelines while no heartbeat comes, and by nothing else', async () => {
  const { nn, at } = await started();
  const service = at(8021, `${SERVER}.DatanodeProtocol`, DatanodeProtocolService);
  const lifeline = at(8050, `${SERVER}.DatanodeLifelineProtocol`, DatanodeLifelineProtocolService);
  const { info } = await nn.within(service.versionRequest({}));
  const { storageInfo } = info ?? {};
  if (storageInfo === undefined) throw new Error('no storage info');
  const asked: DatanodeRegistrationProtoInit = {
    datanodeID: {
      ipAddr: '127.0.0.1',
      hostName: 'client',
      datanodeUuid: 'one',
      xferPort: 9866,
      infoPort: 9864,
      ipcPort: 9867,
    },
    storageInfo,
    keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
    softwareVersion: '3.5.0',
  };
  const reports = [
    { storageUuid: 'DS-1', storage: { storageUuid: 'DS-1' }, capacity: 1000, dfsUsed: 1, remaining: 999, blockPoolUsed: 1 },
  ];
  const { datanodes } = nn.running.system.blockManager;

  // Who is not registered is not taken in by a lifeline, and is told nothing.
  await nn.within(lifeline.sendLifeline({ registration: asked, reports }));
  expect([...datanodes.all]).toEqual([]);

  const { registration } = await nn.within(service.registerDatanode({ registration: asked }));
  await nn.within(service.sendHeartbeat({ registration, reports }));
  expect(datanodes.aliveCount).toBe(1);
  for (let second = 0; second < 60; second += 5) {
    await nn.within(lifeline.sendLifeline({ registration, reports, xceiverCount: 7 }));
    await nn.simulation.advance(5000);
    expect(datanodes.aliveCount).toBe(1);
  }
  expect(datanodes.totals.xceiverCount).toBe(7);
  await nn.simulation.advance(60_000);
  expect(datanodes.aliveCount).toBe(0);
  await nn.within(lifeline.sendLifeline({ registration, reports }));
  expect(datanodes.aliveCount).toBe(0);
});

test('each port serves its protocols', async () => {
  const { nn, at } = await started();
  const path = { src: '/' };
  for (const port of [8020, 8021]) {
    const api = at(port, 'org.apache.hadoop.hdfs.protocol.ClientProtocol', ClientNamenodeProtocol);
    expect((await nn.within(api.getFileInfo(path))).fs).toBeDefined();
    const lifeline = at(port, `${SERVER}.DatanodeLifelineProtocol`, DatanodeLifelineProtocolService);
    await expect(nn.within(lifeline.sendLifeline({ registration: {} as never }))).rejects.toThrow();
  }
  const api = at(8050, 'org.apache.hadoop.hdfs.protocol.ClientProtocol', ClientNamenodeProtocol);
  await expect(nn.within(api.getFileInfo(path))).rejects.toThrow(
    'Unknown protocol: org.apache.hadoop.hdfs.protocol.ClientProtocol',
  );
  const ha = at(8050, 'org.apache.hadoop.ha.HAServiceProtocol', HAServiceProtocolService);
  await nn.within(ha.monitorHealth({ reqInfo: { reqSource: 0 } }));
  expect(nn.running.addresses).toMatchObject({ serviceRpc: { port: 8021 }, lifelineRpc: { port: 8050 } });
});
