// One block coming in: packets from a client or from the node before us in the pipeline go on to the next node, into the
// files, and are acknowledged in order (core/pipeline/ack-queue.ts). The last packet finalizes the replica. Who opened the
// replica and why is write-block.ts. Apache: BlockReceiver.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { type AckEffect, AckQueue, type QueuedPacket } from '../../core/pipeline/ack-queue.ts';
import type { Log } from '../../host/host.ts';
import { type ByteSource, flushed } from '../../transfer/byte-source.ts';
import { PipelineAckProto, Status } from '../../wire/messages/transfer.ts';
import { encodeAck, flagOf, MAX_ACK_BYTES } from '../../wire/transfer/acks.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { Dataset } from './dataset.ts';
import type { Mirror } from './mirror.ts';
import { type PacketConsumer, PacketParser, type PacketView } from './packet-parser.ts';
import { describeBlock, type InFlightReplica } from './replica.ts';
import type { ReplicaFiles } from './replica-files.ts';

/** Acknowledgements that a client may leave unread. */
const MAX_QUEUED_ACK_BYTES = 1024 * 1024;

export interface ReceiverOptions {
  readonly dataset: Dataset;
  readonly log: Log;
  readonly replica: InFlightReplica;
  readonly files: ReplicaFiles;
  readonly upstream: ByteSource;
  readonly mirror: Mirror | undefined;
  /** Checksums that the sender computes. */
  readonly senderChecksum: DataChecksum;
  /** Acknowledgements are wanted: a client writes, and this is no transfer between nodes. */
  readonly acknowledge: boolean;
  /** Every node verifies, not only the last: a DataNode sends. */
  readonly verifyAlways: boolean;
  readonly syncOnClose: boolean;
  /**
   * Makes the complete, closed files what they are to be: finalized, or a replica of a pipeline. `current` says whether
   * this writer still has the replica.
   */
  readonly complete: (syncDirectory: boolean, current: () => boolean) => Promise<void>;
  /** A wrong checksum in what another DataNode sent. */
  readonly onSenderCorrupt: () => void;
}

export class BlockReceiver implements PacketConsumer {
  private readonly options: ReceiverOptions;
  private readonly replica: InFlightReplica;
  private readonly files: ReplicaFiles;
  private readonly acks: AckQueue;
  private readonly parser: PacketParser;
  private syncOnClose: boolean;
  private settled = false;
  private resolve: () => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;
  private released: () => void = () => undefined;
  private mirrorFailed = false;
  private readonly released$: Promise<void>;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.replica = options.replica;
    this.files = options.files;
    this.acks = new AckQueue(options.mirror !== undefined);
    this.parser = new PacketParser(options.upstream, this);
    this.syncOnClose = options.syncOnClose;
    this.released$ = new Promise((resolve) => {
      this.released = resolve;
    });
    // Whoever needs the replica for another writer ends this one and waits until it has let go.
    this.replica.stopWriter = () => {
      this.fail(new HdfsError('EIO', `${describeBlock(this.replica)} is taken over by another writer`));
      options.upstream.connection.destroy();
      return this.released$;
    };
  }

  /** Receives all of the block. Resolves when the last acknowledgement was sent, or the copy is complete. */
  async run(): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (this.options.mirror !== undefined && this.options.acknowledge) {
      this.readDownstream(this.options.mirror).catch((error: unknown) => this.fail(asError(error)));
    }
    this.parser.start();
    try {
      await finished;
    } finally {
      this.options.mirror?.close();
      await this.release();
    }
  }

  /** Closes the files of a block that did not become complete; what is on disk stays what it is. */
  private async release(): Promise<void> {
    const { replica } = this;
    try {
      await this.files.close(false);
    } catch (error) {
      this.options.log.log('warn', 'datanode', `closing ${describeBlock(replica)}: ${messageOf(error)}`);
    }
    replica.lengths.received = replica.lengths.onDisk;
    const handle = this.options.dataset.handleOf(replica);
    if (handle !== 0) {
      replica.settleRest();
      this.options.dataset.poolOrNone(replica.pool)?.replicas.setNumBytes(handle, replica.lengths.onDisk);
    }
    replica.stopWriter = undefined;
    replica.grown();
    this.released();
  }

  private fail(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.options.upstream.setSink(undefined);
    this.reject(error);
  }

  private finish(): void {
    if (this.settled) return;
    this.settled = true;
    this.resolve();
  }

  // --------------------------------------------------------------------------------------------------------- packets

  broken(error: Error | undefined): void {
    this.fail(error ?? new HdfsError('ECONN', `Premature EOF while receiving ${describeBlock(this.replica)}`));
  }

  packet(view: PacketView): Promise<void> | undefined {
    if (this.settled) return undefined;
    const { header } = view;
    const { replica } = this;
    const { offsetInBlock, dataLen } = header;
    if (offsetInBlock > replica.lengths.received) {
      throw new ProtocolError(
        `Received an out-of-sequence packet for ${describeBlock(replica)} at offset ${offsetInBlock}. Expecting packet starting at ${replica.lengths.received}`,
      );
    }
    const endOffset = offsetInBlock + dataLen;
    replica.lengths.receive(endOffset);
    // Syncing at the end would repeat what this packet asks for.
    if (header.syncBlock && header.lastPacketInBlock) this.syncOnClose = true;
    const queued = this.options.acknowledge
      ? this.acks.enqueue(header.seqno, endOffset, header.lastPacketInBlock)
      : { seqno: header.seqno, endOffset, last: header.lastPacketInBlock, own: undefined };
    const forwarding = this.forward(view);
    const storing = dataLen === 0 || header.lastPacketInBlock ? this.storeEmpty(view, queued) : this.store(view, queued);
    if (header.lastPacketInBlock) {
      this.completeBlock(queued).catch((error: unknown) => this.fail(asError(error)));
      return undefined;
    }
    if (forwarding !== undefined && storing !== undefined) return Promise.all([forwarding, storing]).then(() => undefined);
    return forwarding ?? storing;
  }

  private forward(view: PacketView): Promise<void> | undefined {
    const { mirror } = this.options;
    if (mirror === undefined || this.mirrorFailed) return undefined;
    if (mirror.broken) {
      this.mirrorBroke(mirror.source.error ?? new Error('connection closed'));
      return undefined;
    }
    return mirror.forward(view.bytes);
  }

  private mirrorBroke(error: Error): void {
    if (this.mirrorFailed || this.settled) return;
    this.mirrorFailed = true;
    const { log, mirror, acknowledge } = this.options;
    log.log('info', 'datanode', `writing ${describeBlock(this.replica)} to mirror ${mirror?.name} failed: ${error.message}`);
    if (acknowledge) this.effects(this.acks.mirrorBroke());
  }

  private storeEmpty(view: PacketView, queued: QueuedPacket): Promise<void> | undefined {
    if (view.header.lastPacketInBlock) return undefined;
    if (view.header.syncBlock) return this.syncThen(queued);
    this.own(queued, Status.SUCCESS);
    return undefined;
  }

  private store(view: PacketView, queued: QueuedPacket): Promise<void> | undefined {
    const { header, data } = view;
    const { senderChecksum, verifyAlways, mirror } = this.options;
    const translate = !senderChecksum.equals(this.files.checksum);
    const expected = senderChecksum.sumBytes(data.length);
    if (view.sums.length !== 0 && view.sums.length !== expected) {
      throw new ProtocolError(
        `Invalid checksum length: received length is ${view.sums.length} but expected length is ${expected}`,
      );
    }
    if (view.sums.length > 0 && (mirror === undefined || verifyAlways || translate || this.mirrorFailed)) {
      const bad = senderChecksum.firstBad(data, view.sums);
      if (bad >= 0) {
        this.corrupt(view, queued, bad);
        return undefined;
      }
    }
    const sums = translate ? Buffer.alloc(0) : view.sums;
    let written = false;
    const waiting = this.files.write({ offset: header.offsetInBlock, data, sums }, () => {
      written = true;
      this.replica.grown();
      if (!header.syncBlock) this.own(queued, Status.SUCCESS);
    });
    if (header.syncBlock) return this.syncThen(queued);
    // A failed disk shows at the next packet or here.
    return written ? undefined : waiting;
  }

  private async syncThen(queued: QueuedPacket): Promise<void> {
    try {
      await this.files.sync();
    } catch (error) {
      this.fail(asError(error));
      return;
    }
    this.own(queued, Status.SUCCESS);
  }

  private corrupt(view: PacketView, queued: QueuedPacket, at: number): void {
    const { header } = view;
    const { acknowledge, log, onSenderCorrupt } = this.options;
    const place = `offsetInBlock = ${header.offsetInBlock} offsetInPacket = ${at}`;
    log.log('warn', 'datanode', `Checksum error in block ${describeBlock(this.replica)}, specific offsets are: ${place}`);
    if (acknowledge) {
      this.own(queued, Status.ERROR_CHECKSUM);
      return;
    }
    onSenderCorrupt();
    this.fail(new HdfsError('ECHECKSUM', `Unexpected checksum mismatch while writing ${describeBlock(this.replica)}`));
  }

  private async completeBlock(queued: QueuedPacket): Promise<void> {
    if (!this.options.acknowledge && this.options.mirror !== undefined && !this.mirrorFailed) {
      // Nobody answers for a copy: all of it must at least have left before the connection goes.
      const { mirror } = this.options;
      await flushed(mirror.source.connection).catch((error: unknown) => this.mirrorBroke(asError(error)));
      mirror.source.connection.end();
    }
    await this.files.drained();
    await this.files.close(this.syncOnClose);
    if (this.settled) return;
    await this.options.complete(this.syncOnClose, () => !this.settled);
    if (this.options.acknowledge) this.own(queued, Status.SUCCESS);
    else this.finish();
  }

  // ------------------------------------------------------------------------------------------------- acknowledgements

  private own(queued: QueuedPacket, status: Status): void {
    if (this.options.acknowledge) this.effects(this.acks.written(queued, status));
  }

  private async readDownstream(mirror: Mirror): Promise<void> {
    while (!this.settled && !this.acks.downstreamComplete) {
      let ack: PipelineAckProto;
      try {
        ack = await mirror.source.readDelimited(PipelineAckProto, MAX_ACK_BYTES);
      } catch (error) {
        this.mirrorBroke(asError(error));
        return;
      }
      this.effects(
        this.acks.acknowledged(
          ack.seqno ?? -2,
          ack.reply.map((_, i) => flagOf(ack, i)),
        ),
      );
    }
  }

  private effects(effects: readonly AckEffect[]): void {
    const { upstream } = this.options;
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (effect.allGood) {
            this.replica.lengths.acknowledge(effect.endOffset);
            this.replica.grown();
          }
          upstream.connection.write(encodeAck(effect.seqno, effect.flags));
          if (upstream.connection.queuedBytes > MAX_QUEUED_ACK_BYTES) {
            this.fail(new ProtocolError('the sender does not read its acknowledgements'));
          }
          if (effect.last) this.finish();
          break;
        case 'abort': {
          const error = new HdfsError('EIO', effect.reason);
          // What was said before must arrive before the connection goes.
          upstream.connection.flushed(() => this.fail(error));
          break;
        }
      }
    }
  }
}

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
