// DatanodeLifelineProtocol: DataNodes whose heartbeats do not get through say that they live. It has a port of its own, and
// is answered with nothing, not even an order to register. Apache: NameNodeRpcServer.sendLifeline.
import { defineService, type RpcService } from '../../../rpc/service.ts';
import { DatanodeLifelineProtocolService } from '../../../wire/messages/datanode.ts';
import type { NamespaceIdentity } from '../identity.ts';
import type { NameSystem } from '../namesystem.ts';
import { datanodeId, heartbeatFigures } from '../wire/datanodes.ts';
import { requireOfNamespace } from './registration.ts';

export function lifelineProtocol(system: NameSystem, identity: NamespaceIdentity): RpcService {
  const { blockManager } = system;
  return defineService({
    protocol: 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol',
    version: 1,
    methods: DatanodeLifelineProtocolService,
    handlers: {
      sendLifeline: (request, call) => {
        requireOfNamespace(request.registration, identity);
        const id = { ...datanodeId(request.registration.datanodeID), ipAddr: call.remote.host };
        blockManager.lifeline(id, heartbeatFigures(request), system.now());
        return {};
      },
    },
  });
}
