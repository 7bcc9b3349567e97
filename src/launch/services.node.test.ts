// If this failed, COMPATIBILITY.md would say of some RPC method that it is built when the daemons refuse it, or the other
// way round; or a refusal would lose its reason.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HdfsError } from '../base/errors.ts';
import type { Address } from '../host/host.ts';
import { nodeHost } from '../host/node/index.ts';
import { RpcClient } from '../rpc/client.ts';
import { messageType } from '../wire/protobuf/message.ts';
import { SERVICES, type ServiceEntry, type ServiceName } from '../wire/tables/services.ts';
import { type DevCluster, startDev } from './dev.ts';

const host = nodeHost({ logLevel: 'silent' });
const directory = mkdtempSync(join(tmpdir(), 'tuskfs-services-'));
let cluster: DevCluster;

/** Nothing at all: a method with required fields cannot read it, which shows as well that the method is there. */
const nothing = messageType<object, object>(
  'Nothing',
  () => undefined,
  (reader, end) => {
    while (reader.position < end) reader.skip(reader.tag(), end);
    return {};
  },
);

const PROTOCOLS: Readonly<Partial<Record<ServiceName, readonly ['namenode' | 'lifelines' | 'datanode', string]>>> = {
  ClientNamenodeProtocol: ['namenode', 'org.apache.hadoop.hdfs.protocol.ClientProtocol'],
  DatanodeProtocolService: ['namenode', 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol'],
  NamenodeProtocolService: ['namenode', 'org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol'],
  HAServiceProtocolService: ['namenode', 'org.apache.hadoop.ha.HAServiceProtocol'],
  DatanodeLifelineProtocolService: ['lifelines', 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol'],
  GetUserMappingsProtocolService: ['namenode', 'org.apache.hadoop.tools.GetUserMappingsProtocol'],
  RefreshUserMappingsProtocolService: ['namenode', 'org.apache.hadoop.security.RefreshUserMappingsProtocol'],
  RefreshAuthorizationPolicyProtocolService: [
    'namenode',
    'org.apache.hadoop.security.authorize.RefreshAuthorizationPolicyProtocol',
  ],
  RefreshCallQueueProtocolService: ['namenode', 'org.apache.hadoop.ipc.RefreshCallQueueProtocol'],
  GenericRefreshProtocolService: ['namenode', 'org.apache.hadoop.ipc.GenericRefreshProtocol'],
  ReconfigurationProtocolService: ['namenode', 'org.apache.hadoop.hdfs.protocol.ReconfigurationProtocol'],
  ProtocolInfoService: ['namenode', 'org.apache.hadoop.ipc.ProtocolMetaInfoPB'],
  ClientDatanodeProtocolService: ['datanode', 'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol'],
  InterDatanodeProtocolService: ['datanode', 'org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol'],
};

beforeAll(async () => {
  // Below the range that outgoing connections take their ports from; where one is taken, another run of ports is tried.
  for (let tries = 0; ; tries++) {
    const basePort = 12_000 + host.random.below(20_000);
    try {
      // Lifelines have a port of their own, or are not served.
      const overrides = { 'dfs.namenode.lifeline.rpc-address': `localhost:${basePort + 40}` };
      cluster = await startDev(host, { directory, datanodes: 1, racks: 0, basePort, overrides });
      return;
    } catch (error) {
      if (tries === 5) throw error;
    }
  }
});
afterAll(async () => {
  await cluster?.stop();
  rmSync(directory, { recursive: true, force: true });
});

/** What a daemon says to an empty request: undefined when it answers. */
async function answer(address: Address, protocol: string, method: string): Promise<HdfsError | undefined> {
  const client = new RpcClient(host, { address, protocol, user: host.machine.userName, timeoutMs: 10_000 });
  try {
    await client.call({ [method]: { request: nothing, response: nothing } }, method, {});
    return undefined;
  } catch (error) {
    if (error instanceof HdfsError) return error;
    throw error;
  } finally {
    client.close();
  }
}

for (const [service, protocol] of Object.entries(PROTOCOLS)) {
  test(`${service}: what the table says is what the daemon does`, async () => {
    const [role, name] = protocol;
    const [dataNode] = cluster.dataNodes;
    const { rpc, lifelineRpc } = cluster.nameNode.addresses;
    const address = { namenode: rpc, lifelines: lifelineRpc, datanode: dataNode?.addresses.ipc }[role];
    if (address === undefined) throw new Error(`nobody listens for ${role}`);
    const { methods }: ServiceEntry = SERVICES[service as ServiceName];
    const wrong: string[] = [];
    for (const [method, entry] of Object.entries(methods)) {
      const error = await answer(address, name, method);
      const refused = error?.code === 'ENOMETHOD' || error?.code === 'ENOPROTOCOL';
      if (entry === true && refused) wrong.push(`${method} is listed as built and refused: ${error?.message}`);
      if (entry !== true && error?.code !== 'ENOMETHOD')
        wrong.push(`${method} is listed as refused and answers ${error?.code}`);
    }
    expect(wrong).toEqual([]);
  });
}
