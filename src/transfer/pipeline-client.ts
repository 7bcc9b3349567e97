// The writing client's connection to the first DataNode of a pipeline: set-up, packets out, acknowledgements in. It
// decides nothing: what an acknowledgement means is core/pipeline/writer.ts, what follows a failure is
// client/block-stream.ts.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { Stage } from '../core/pipeline/types.ts';
import type { DatanodeInfoProto, ExtendedBlockProto, StorageTypeProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';
import {
  type CachingStrategyProtoInit,
  type ChecksumProto,
  OpTransferBlockProto,
  OpWriteBlockProto,
  PipelineAckProto,
  Status,
} from '../wire/messages/transfer.ts';
import { MAX_ACK_BYTES } from '../wire/transfer/acks.ts';
import { encodeOp, Op } from '../wire/transfer/ops.ts';
import type { Peer } from './peer.ts';
import { checkResponse, readResponse } from './response.ts';

/** One member of a pipeline: the DataNode, and the storage that the NameNode chose on it. */
export interface PipelineNode {
  readonly info: DatanodeInfoProto;
  readonly storageType: StorageTypeProto;
  readonly storageId: string;
}

export interface PipelineRequest {
  readonly block: ExtendedBlockProto;
  readonly token: TokenProto;
  readonly clientName: string;
  readonly nodes: readonly PipelineNode[];
  readonly stage: Stage;
  readonly minBytesReceived: number;
  readonly maxBytesReceived: number;
  /** The generation stamp of a recovery; 0 otherwise. */
  readonly newGenStamp: number;
  readonly checksum: ChecksumProto;
  readonly caching: CachingStrategyProtoInit;
  readonly lazyPersist: boolean;
  /** For each node: its replica is not to be moved. */
  readonly pinned: readonly boolean[];
}

/** The pipeline could not be set up. `index` is the node at fault, `restarting` what it said. */
export class PipelineSetupError extends Error {
  override readonly name = 'PipelineSetupError';
  readonly index: number;
  readonly restarting: boolean;
  readonly badToken: boolean;

  constructor(cause: unknown, index: number, restarting: boolean) {
    super(messageOf(cause), { cause });
    this.index = index;
    this.restarting = restarting;
    this.badToken = cause instanceof HdfsError && cause.code === 'ETOKEN';
  }
}

export interface AckHandler {
  /** Flag words of the nodes, the first one's first: a status, and hints in higher bits. */
  onAck(seqno: number, flags: readonly number[]): void;
  /** The connection ended or failed; nothing follows. */
  onLost(error: Error): void;
}

export class PipelineConnection {
  readonly #peer: Peer;
  #closed = false;

  private constructor(peer: Peer) {
    this.#peer = peer;
  }

  /** Sets a pipeline up over `peer`, the first node. Rejects with PipelineSetupError and destroys the connection. */
  static async open(peer: Peer, request: PipelineRequest): Promise<PipelineConnection> {
    const { block, token, clientName, nodes } = request;
    let index = 0;
    let restarting = false;
    try {
      peer.connection.write(
        encodeOp(Op.WRITE_BLOCK, OpWriteBlockProto, {
          header: { baseHeader: { block, token }, clientName },
          targets: nodes.slice(1).map((node) => node.info),
          stage: request.stage,
          pipelineSize: nodes.length,
          minBytesRcvd: request.minBytesReceived,
          maxBytesRcvd: request.maxBytesReceived,
          latestGenerationStamp: request.newGenStamp,
          requestedChecksum: request.checksum,
          cachingStrategy: request.caching,
          storageType: nodes[0]?.storageType,
          targetStorageTypes: nodes.slice(1).map((node) => node.storageType),
          allowLazyPersist: request.lazyPersist,
          pinning: request.pinned[0] ?? false,
          targetPinnings: request.pinned.slice(1),
          storageId: nodes[0]?.storageId,
          targetStorageIds: nodes.slice(1).map((node) => node.storageId),
        }),
      );
      const response = await readResponse(peer.source);
      const { firstBadLink, status } = response;
      if (firstBadLink !== undefined && firstBadLink !== '') {
        const found = nodes.findIndex((node) => transferAddress(node.info) === firstBadLink);
        if (found >= 0) index = found;
      }
      restarting = status !== undefined && status >= Status.OOB_RESTART && status <= Status.OOB_RESERVED3;
      checkResponse(response, `ack with firstBadLink as ${firstBadLink ?? ''}`);
      return new PipelineConnection(peer);
    } catch (error) {
      peer.connection.destroy();
      throw new PipelineSetupError(error, index, restarting);
    }
  }

  /** Our own address towards the first node. */
  get localHost(): string {
    return this.#peer.connection.local.host;
  }

  /** Reads acknowledgements until the connection ends or `close`. */
  async readAcks(handler: AckHandler): Promise<void> {
    try {
      while (!this.#closed) {
        const ack = await this.#peer.source.readDelimited(PipelineAckProto, MAX_ACK_BYTES);
        if (this.#closed) return;
        handler.onAck(ack.seqno, ack.flag.length > 0 ? ack.flag : ack.reply);
      }
    } catch (error) {
      if (!this.#closed) handler.onLost(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Queues a packet, whose bytes must not change before its acknowledgement. False: await `drained` before the next. */
  send(packet: Uint8Array): boolean {
    return this.#peer.connection.write(packet);
  }

  drained(): Promise<void> {
    return this.#peer.source.drained();
  }

  /** DataNodes close the connection of a write behind its last acknowledgement: it is never used again. */
  close(): void {
    this.#closed = true;
    this.#peer.connection.destroy();
  }
}

/** Has `source` copy the replica to new members of the pipeline. Resolves once they have it. */
export async function transferReplica(
  peer: Peer,
  request: Pick<PipelineRequest, 'block' | 'token' | 'clientName'>,
  targets: readonly PipelineNode[],
): Promise<void> {
  const { block, token, clientName } = request;
  peer.connection.write(
    encodeOp(Op.TRANSFER_BLOCK, OpTransferBlockProto, {
      header: { baseHeader: { block, token }, clientName },
      targets: targets.map((node) => node.info),
      targetStorageTypes: targets.map((node) => node.storageType),
      targetStorageIds: targets.map((node) => node.storageId),
    }),
  );
  checkResponse(await readResponse(peer.source), 'transfer of a replica to a new DataNode of the pipeline');
}

/** As Apache names a DataNode in `firstBadLink`: always by address. */
export function transferAddress(info: DatanodeInfoProto): string {
  return `${info.id.ipAddr}:${info.id.xferPort}`;
}
