// A DataNode that consists of its calls alone: what tests of the NameNode's side of DatanodeProtocol share.
import { RpcClient, type RpcProxy, rpcProxy } from '../../rpc/client.ts';
import { DatanodeProtocolService, type DatanodeRegistrationProto } from '../../wire/messages/datanode.ts';
import type { TestNameNode } from './test-namenode.ts';

export interface TestDataNode {
  readonly calls: RpcProxy<typeof DatanodeProtocolService>;
  readonly registration: DatanodeRegistrationProto;
  readonly blockPoolId: string;
}

/** Registers one from a machine of its own; rejects with what the NameNode answers. */
export async function registerDataNode(nn: TestNameNode, machine: string, uuid: string): Promise<TestDataNode> {
  const calls = rpcProxy(
    new RpcClient(nn.simulation.node(machine).host, {
      address: { host: 'nn', port: 8020 },
      protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol',
      user: 'hdfs',
    }),
    DatanodeProtocolService,
  );
  const { info } = await nn.within(calls.versionRequest({}));
  if (info?.storageInfo === undefined) throw new Error('no storage info');
  const { registration } = await nn.within(
    calls.registerDatanode({
      registration: {
        datanodeID: { ipAddr: '0.0.0.0', hostName: machine, datanodeUuid: uuid, xferPort: 9866, infoPort: 9864, ipcPort: 9867 },
        storageInfo: info.storageInfo,
        keys: { isBlockTokenEnabled: false, keyUpdateInterval: 0, tokenLifeTime: 0, currentKey: { keyId: 0, expiryDate: 0 } },
        softwareVersion: '3.5.0',
      },
    }),
  );
  return { calls, registration, blockPoolId: info.blockPoolID ?? '' };
}
