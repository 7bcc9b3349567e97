// Sending a replica to other DataNodes: on a NameNode's command (replication), or for a client whose pipeline takes in a
// new member (TRANSFER_BLOCK). Apache: DataNode.DataTransfer.

import { HdfsError, ProtocolError } from '../../base/errors.ts';
import { Stage } from '../../core/pipeline/types.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { ByteSource } from '../../transfer/byte-source.ts';
import type { DatanodeInfoProto, StorageTypeProto } from '../../wire/messages/hdfs.ts';
import type { TokenProtoInit } from '../../wire/messages/security.ts';
import { DNTransferAckProto, OpWriteBlockProto, Status, StatusNames } from '../../wire/messages/transfer.ts';
import { MAX_RESPONSE_BYTES } from '../../wire/transfer/acks.ts';
import { encodeOp, Op } from '../../wire/transfer/ops.ts';
import { BlockSender, DATANODE_PACKET_BYTES, rangeOf } from './block-sender.ts';
import { connectToDataNode } from './mirror.ts';
import { openReplica } from './open-replica.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { protoOf } from './requests.ts';
import type { Services } from './services.ts';
import { visibleLengthOf } from './visible-length.ts';

export interface SendReplica {
  readonly block: BlockName;
  readonly targets: readonly DatanodeInfoProto[];
  readonly targetStorageTypes: readonly StorageTypeProto[];
  readonly targetStorageIds: readonly string[];
  readonly stage: Stage;
  /** Empty when a NameNode asked. */
  readonly clientName: string;
}

const NO_TOKEN: TokenProtoInit = {
  identifier: Buffer.alloc(0),
  password: Buffer.alloc(0),
  kind: '',
  service: '',
};

/** Sends `block.numBytes` bytes of the replica. Rejects when that failed. */
export async function sendReplica(services: Services, request: SendReplica): Promise<void> {
  const { host, settings, dataset, counters } = services;
  const target = request.targets[0];
  if (target === undefined) throw new ProtocolError('a transfer to nobody');
  counters.transfersOut++;
  let source: ByteSource | undefined;
  try {
    const { numBytes } = request.block;
    const replica = await openReplica(dataset, host.clock, request.block, { withChecksums: true, wantedEnd: numBytes });
    try {
      source = await connectToDataNode(host.net, host.clock, target, {
        useHostname: settings.useDatanodeHostname,
        timeoutMs: settings.socketTimeoutMs * request.targets.length,
        localAddress: services.localAddress,
      });
      const identity = services.identity(request.block.pool);
      source.connection.write(
        encodeOp(Op.WRITE_BLOCK, OpWriteBlockProto, {
          header: {
            baseHeader: { block: protoOf({ ...request.block, genStamp: replica.block.genStamp }), token: NO_TOKEN },
            clientName: request.clientName,
          },
          targets: request.targets.slice(1),
          source: identity === undefined ? undefined : { id: identity },
          stage: request.stage,
          pipelineSize: 0,
          minBytesRcvd: 0,
          maxBytesRcvd: 0,
          latestGenerationStamp: 0,
          requestedChecksum: { type: replica.checksum.type, bytesPerChecksum: replica.checksum.bytesPerChecksum },
          cachingStrategy: { dropBehind: true },
          storageType: request.targetStorageTypes[0],
          targetStorageTypes: request.targetStorageTypes.slice(1),
          allowLazyPersist: false,
          pinning: false,
          targetPinnings: [],
          storageId: request.targetStorageIds[0],
          targetStorageIds: request.targetStorageIds.slice(1),
        }),
      );
      const sender = new BlockSender(replica, rangeOf(replica, 0, numBytes), source, {
        clock: host.clock,
        counters,
        writeTimeoutMs: settings.socketWriteTimeoutMs,
        corruptChecksumOk: false,
        maxPacketBytes: settings.maxPacketBytes,
        throttle: request.clientName === '' ? services.throttles.transfer : services.throttles.write,
        longPacketBytes: DATANODE_PACKET_BYTES,
      });
      await sender.send();
    } finally {
      replica.close();
    }
    if (request.clientName !== '') {
      const ack = await source.readDelimited(DNTransferAckProto, MAX_RESPONSE_BYTES);
      if (ack.status !== Status.SUCCESS) {
        throw new HdfsError('EIO', `Bad connect ack, status=${StatusNames[ack.status ?? Status.ERROR]}`);
      }
    } else {
      counters.blocksReplicated++;
      // The receiver closes when it has everything; closing first could cut off what is under way.
      source.connection.end();
      await source.waitOrEnd(1).catch(() => false);
    }
    host.log.log(
      'debug',
      'datanode',
      `Transmitted ${describeBlock(request.block)} to ${target.id?.ipAddr}:${target.id?.xferPort}`,
    );
  } finally {
    counters.transfersOut--;
    source?.connection.destroy();
  }
}

/** TRANSFER_BLOCK: the stage and length follow from what the replica is. */
export async function transferForRecovery(
  services: Services,
  block: BlockName,
  request: Omit<SendReplica, 'block' | 'stage'>,
): Promise<void> {
  const { dataset } = services;
  const pool = dataset.pool(block.pool);
  const handle = pool.replicas.find(block.id);
  if (handle === 0) throw new HdfsError('EIO', `${describeBlock(block)} not found in datanode.`);
  const genStamp = pool.replicas.genStamp(handle);
  if (genStamp < block.genStamp) {
    throw new HdfsError('EIO', `${genStamp} = storedGS < b.getGenerationStamp(), b=${describeBlock(block)}`);
  }
  const state = pool.replicas.state(handle);
  if (state !== ReplicaState.RBW && state !== ReplicaState.FINALIZED) {
    throw new HdfsError('EIO', `${describeBlock(block)} is neither a RBW nor a Finalized, r=${dataset.describe(pool, handle)}`);
  }
  const stage = state === ReplicaState.RBW ? Stage.TRANSFER_RBW : Stage.TRANSFER_FINALIZED;
  const numBytes = visibleLengthOf(pool, handle);
  if (request.targets.length > 0) await sendReplica(services, { ...request, block: { ...block, genStamp, numBytes }, stage });
}
