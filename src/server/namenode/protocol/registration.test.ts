// If these fail, DataNodes of another cluster tell of their blocks here, or one that ends for want of disks keeps its
// replicas counted for minutes.
import { expect, test } from 'vitest';
import { plainHostLists } from '../../../core/blocks/admin/host-lists.ts';
import { RpcClient, rpcProxy } from '../../../rpc/client.ts';
import { DatanodeLifelineProtocolService, ErrorReportRequestProto_ErrorCode } from '../../../wire/messages/datanode.ts';
import { registerDataNode } from '../test-datanode.ts';
import { TestNameNode } from '../test-namenode.ts';

async function started() {
  const nn = new TestNameNode({ 'dfs.namenode.lifeline.rpc-address': 'nn:8050' });
  await nn.format();
  await nn.start();
  const node = await registerDataNode(nn, 'one', 'uuid-1');
  return { nn, node };
}

test('a registration of another namespace is good for nothing', async () => {
  const { nn, node } = await started();
  const { calls, registration, blockPoolId } = node;
  const { host } = nn.simulation.node('one');
  const lifeline = rpcProxy(
    new RpcClient(host, {
      address: { host: 'nn', port: 8050 },
      protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol',
      user: 'hdfs',
    }),
    DatanodeLifelineProtocolService,
  );
  const { storageInfo } = registration;
  for (const other of [{ namespceID: 1 }, { clusterID: 'another' }, { cTime: 5 }]) {
    const strange = { ...registration, storageInfo: { ...storageInfo, ...other } };
    const { ipAddr } = registration.datanodeID;
    const refusal = {
      javaClass: 'org.apache.hadoop.hdfs.protocol.UnregisteredNodeException',
      message: expect.stringMatching(
        new RegExp(`^Unregistered server: DatanodeRegistration\\(${ipAddr}:9866, datanodeUuid=uuid-1, infoPort=9864,`),
      ),
    };
    const { FATAL_DISK_ERROR, NOTIFY } = ErrorReportRequestProto_ErrorCode;
    for (const call of [
      () => calls.sendHeartbeat({ registration: strange, reports: [] }),
      () => calls.blockReport({ registration: strange, blockPoolId, reports: [] }),
      () => calls.blockReceivedAndDeleted({ registration: strange, blockPoolId, blocks: [] }),
      () => calls.cacheReport({ registration: strange, blockPoolId, blocks: [] }),
      () => calls.errorReport({ registartion: strange, errorCode: FATAL_DISK_ERROR, msg: 'gone' }),
      () => lifeline.sendLifeline({ registration: strange, reports: [] }),
    ]) {
      await expect(nn.within(call())).rejects.toMatchObject(refusal);
    }
    // Whoever it is may be listened to.
    await nn.within(calls.errorReport({ registartion: strange, errorCode: NOTIFY, msg: 'hello' }));
  }
  expect(nn.running.system.blockManager.datanodes.aliveCount).toBe(1);
  await nn.within(calls.sendHeartbeat({ registration, reports: [] }));
});

test('a node that ends for want of disks is dead at once, and comes back by registering', async () => {
  const { nn, node } = await started();
  const { calls, registration } = node;
  const { datanodes } = nn.running.system.blockManager;
  const { DISK_ERROR, FATAL_DISK_ERROR } = ErrorReportRequestProto_ErrorCode;
  await nn.within(calls.errorReport({ registartion: registration, errorCode: DISK_ERROR, msg: 'a disk is gone' }));
  expect(datanodes.aliveCount).toBe(1);
  await nn.within(calls.errorReport({ registartion: registration, errorCode: FATAL_DISK_ERROR, msg: 'all disks are gone' }));
  expect(datanodes.aliveCount).toBe(0);
  const { cmds } = await nn.within(calls.sendHeartbeat({ registration, reports: [] }));
  expect(cmds.map(({ registerCmd }) => registerCmd !== undefined)).toEqual([true]);
  await nn.within(calls.registerDatanode({ registration }));
  expect(datanodes.aliveCount).toBe(1);
});

test('a node that is taken off the list while its rack is asked for is not let in', async () => {
  const nn = new TestNameNode({ 'net.topology.script.file.name': '/racks.sh' }, 1, {
    '/racks.sh': () => {
      const { system } = nn.running;
      const other = { address: '10.9.9.9', hostName: 'other', port: 0 };
      system.blockManager.refreshNodes(plainHostLists([other], []), system.now());
      return { exitCode: 0, stdout: '/rack', stderr: '' };
    },
  });
  await nn.format();
  await nn.start();
  await expect(registerDataNode(nn, 'one', 'uuid-1')).rejects.toMatchObject({
    javaClass: 'org.apache.hadoop.hdfs.server.protocol.DisallowedDatanodeException',
  });
  expect(nn.running.system.blockManager.datanodes.aliveCount).toBe(0);
});
