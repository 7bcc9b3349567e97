// InterDatanodeProtocol: the two calls by which another DataNode recovers a block that lies here too.
import { blockId, genStamp } from '../../base/ids.ts';
import { defineService, type RpcService } from '../../rpc/service.ts';
import { InterDatanodeProtocolService } from '../../wire/messages/inter-datanode.ts';
import { timed } from './counters.ts';
import { blockOf } from './requests.ts';
import type { Services } from './services.ts';

export const INTER_DATANODE_PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol';

export function interDatanodeService(services: Services): RpcService {
  const { host, changes, settings, counters } = services;
  return defineService({
    protocol: INTER_DATANODE_PROTOCOL,
    version: 1,
    methods: InterDatanodeProtocolService,
    handlers: {
      async initReplicaRecovery({ block }) {
        const name = blockOf(block?.block?.b);
        const found = await changes.recovery.start(name, genStamp(block?.newGenStamp ?? 0));
        if (found === undefined) return { replicaFound: false };
        return {
          replicaFound: true,
          state: found.state,
          block: { blockId: name.id, genStamp: found.genStamp, numBytes: found.numBytes },
        };
      },
      async updateReplicaUnderRecovery({ block, recoveryId, newLength, newBlockId }) {
        const name = blockOf(block);
        const end = {
          recoveryId: genStamp(recoveryId ?? 0),
          // Old peers name no other block; an id of a copy is always positive.
          newId: newBlockId !== undefined && newBlockId > 0n ? blockId(newBlockId) : name.id,
          newBytes: newLength ?? 0,
          sync: settings.syncOnClose,
        };
        return { storageUuid: await timed(host.clock, counters.finishRecovery, () => changes.recovery.finish(name, end)) };
      },
    },
  });
}
