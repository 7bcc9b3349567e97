// InterDatanodeProtocol: the two calls by which another DataNode recovers a block that lies here too.
import { HdfsError } from '../../base/errors.ts';
import { genStamp } from '../../base/ids.ts';
import { defineService, type RpcService } from '../../rpc/service.ts';
import { InterDatanodeProtocolService } from '../../wire/messages/inter-datanode.ts';
import { blockOf } from './requests.ts';
import type { Services } from './services.ts';

export const INTER_DATANODE_PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.InterDatanodeProtocol';

export function interDatanodeService(services: Services): RpcService {
  const { changes, settings } = services;
  return defineService({
    protocol: INTER_DATANODE_PROTOCOL,
    version: 1,
    methods: InterDatanodeProtocolService,
    handlers: {
      async initReplicaRecovery({ block }) {
        const name = blockOf(block?.block?.b);
        const found = await changes.startRecovery(name, genStamp(block?.newGenStamp ?? 0));
        if (found === undefined) return { replicaFound: false };
        return {
          replicaFound: true,
          state: found.state,
          block: { blockId: name.id, genStamp: found.genStamp, numBytes: found.numBytes },
        };
      },
      async updateReplicaUnderRecovery({ block, recoveryId, newLength, newBlockId }) {
        const name = blockOf(block);
        if (newBlockId !== undefined && newBlockId !== 0n && newBlockId !== name.id) {
          throw new HdfsError('EUNSUPPORTED', 'truncating by copying a block is not supported');
        }
        const id = genStamp(recoveryId ?? 0);
        return { storageUuid: await changes.finishRecovery(name, id, newLength ?? 0, settings.syncOnClose) };
      },
    },
  });
}
