// One block coming in: packets from a client or from the node before us in the pipeline go on to the next node, into the
// files, and are acknowledged in order (core/pipeline/ack-queue.ts). The last packet finalizes the replica. Who opened the
// replica and why is write-block.ts. Apache: BlockReceiver.
import { HdfsError, messageOf, ProtocolError } from '../../base/errors.ts';
import { type AckEffect, AckQueue, type QueuedPacket } from '../../core/pipeline/ack-queue.ts';
import type { Clock, Log } from '../../host/host.ts';
import { AckReader } from '../../transfer/ack-reader.ts';
import { type ByteSource, flushed } from '../../transfer/byte-source.ts';
import type { Throttle } from '../../transfer/throttle.ts';
import { Status } from '../../wire/messages/transfer.ts';
import { UNKNOWN_SEQNO } from '../../wire/transfer/acks.ts';
import { HEARTBEAT_SEQNO } from '../../wire/transfer/packet.ts';
import type { Counters } from './counters.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { Dataset } from './dataset.ts';
import type { Mirror, PacketPiece } from './mirror.ts';
import { HELD_BYTES } from './packet-memory.ts';
import { type PacketConsumer, PacketParser, type PacketView } from './packet-parser.ts';
import { describeBlock, type InFlightReplica } from './replica.ts';
import type { ReplicaFiles } from './replica-files.ts';
import { SlowIo } from './slow-io.ts';
import { UpstreamAcks } from './upstream-acks.ts';

export interface ReceiverOptions {
  readonly dataset: Dataset;
  readonly log: Log;
  readonly clock: Clock;
  readonly counters: Counters;
  /** Bits above the status of our own answers: congestion and slowness. */
  readonly hints: () => number;
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
  /** The data is put on the disk while it comes. */
  readonly writesBehind: boolean;
  readonly maxPacketBytes: number;
  readonly throttle: Throttle;
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
  private readonly slow: SlowIo;
  private readonly acks: AckQueue;
  private readonly parser: PacketParser;
  private syncOnClose: boolean;
  private settled = false;
  private resolve: () => void = () => undefined;
  private reject: (error: Error) => void = () => undefined;
  private released: () => void = () => undefined;
  private mirrorFailed = false;
  /** A packet was damaged: what comes behind it is not looked at any more. */
  private damaged = false;
  /** The last packet has come and the replica is what it was to become. */
  private isComplete = false;
  /** Packets that came together and are not written yet. */
  private turn: QueuedPacket[] = [];
  private turnSyncs = false;
  private turnBytes = 0;
  private turnPackets = 0;
  /** Data of the longest packet so far; a shorter one is the last before its writer waits for an answer, or the block's. */
  private longestBytes = HELD_BYTES;
  private inStream = false;
  /** When the first of them came. */
  private turnAtMs = 0;
  /** When the acknowledgements came that are being taken; below 0: none are. */
  private answersAtMs = -1;
  /** The turn's packets for the next node, where they lie. */
  private readonly pieces: PacketPiece[] = [];
  /** Acknowledgements that leave together. */
  private readonly outgoing: UpstreamAcks;
  private afterSending: (() => void) | undefined;
  private readonly released$: Promise<void>;

  constructor(options: ReceiverOptions) {
    this.options = options;
    this.replica = options.replica;
    this.files = options.files;
    const { log, counters, replica, mirror } = options;
    this.slow = new SlowIo({ log, counters, replica, mirror: mirror?.name });
    this.files.slow = this.slow;
    this.files.writesBehind = options.writesBehind;
    this.files.onFailed = (error) => this.fail(error);
    this.files.onWritten = () => {
      this.replica.grown();
      this.sendAcks();
    };
    const { connection } = options.upstream;
    this.outgoing = new UpstreamAcks({ connection, clock: options.clock, slow: this.slow });
    if (mirror !== undefined) mirror.slow = this.slow;
    this.acks = new AckQueue(options.mirror !== undefined);
    this.parser = new PacketParser(options.upstream, this, options.maxPacketBytes);
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
    if (options.acknowledge) this.replica.announceRestart = (timeoutMs) => this.announceRestart(timeoutMs);
  }

  /** Receives all of the block. Resolves when the last acknowledgement was sent, or the copy is complete. */
  async run(): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    if (this.options.mirror !== undefined && this.options.acknowledge) this.readDownstream(this.options.mirror);
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
    replica.announceRestart = undefined;
    replica.grown();
    this.released();
  }

  /** Out of band: whatever else is waiting, the writer hears at once that this node goes away for a moment. */
  private async announceRestart(timeoutMs: number): Promise<void> {
    const { connection } = this.options.upstream;
    if (!this.settled && !this.isComplete) {
      this.outgoing.add(UNKNOWN_SEQNO, [Status.OOB_RESTART | this.options.hints()]);
      this.sendAcks();
      await Promise.race([new Promise<void>((done) => connection.flushed(() => done())), this.options.clock.sleep(timeoutMs)]);
    }
    await this.replica.stopWriter?.();
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

  packet(view: PacketView): void {
    if (this.settled || this.damaged) return;
    const { header } = view;
    const { replica } = this;
    const { offsetInBlock, dataLen } = header;
    this.slow.seqno = header.seqno;
    if (offsetInBlock > replica.lengths.received) {
      throw new ProtocolError(
        `Received an out-of-sequence packet for ${describeBlock(replica)} at offset ${offsetInBlock}. Expecting packet starting at ${replica.lengths.received}`,
      );
    }
    if (header.seqno !== HEARTBEAT_SEQNO) this.options.counters.packetsReceived++;
    if (this.turnPackets++ === 0) this.turnAtMs = this.options.clock.monotonic();
    const endOffset = offsetInBlock + dataLen;
    replica.lengths.receive(endOffset);
    // Syncing at the end would repeat what this packet asks for.
    if (header.syncBlock && header.lastPacketInBlock) this.syncOnClose = true;
    const queued = this.options.acknowledge
      ? this.acks.enqueue(header.seqno, endOffset, header.lastPacketInBlock, this.turnAtMs)
      : { seqno: header.seqno, endOffset, last: header.lastPacketInBlock, atMs: this.turnAtMs, own: undefined };
    this.turnBytes += view.bytes.length;
    this.inStream = dataLen >= this.longestBytes;
    if (this.inStream) this.longestBytes = dataLen;
    if (this.options.mirror !== undefined && !this.mirrorFailed) this.addPiece(view);
    if (dataLen > 0 && !header.lastPacketInBlock && !this.store(view, queued)) return;
    if (header.syncBlock && !header.lastPacketInBlock) this.turnSyncs = true;
    this.turn.push(queued);
  }

  /** Packets that lie behind one another are forwarded as one piece. */
  private addPiece({ bytes, memory }: PacketView): void {
    const { pieces } = this;
    const before = pieces[pieces.length - 1];
    if (before?.memory !== memory) pieces.push({ bytes, memory });
    else {
      const start = before.bytes.byteOffset - memory.bytes.byteOffset;
      pieces[pieces.length - 1] = { bytes: memory.bytes.subarray(start, start + before.bytes.length + bytes.length), memory };
    }
  }

  /** All that came together: to the next node, into the files, and back to the sender. */
  flush(): Promise<void> | undefined {
    const storing = this.handOn();
    const bytes = this.turnBytes;
    this.turnBytes = 0;
    this.turnPackets = 0;
    return both(
      storing,
      this.options.throttle.take(bytes, () => this.settled),
    );
  }

  private handOn(): Promise<void> | undefined {
    const forwarding = this.forward();
    const { turn } = this;
    if (turn.length === 0 || this.settled) return forwarding;
    this.turn = [];
    const last = turn[turn.length - 1]?.last === true ? turn.pop() : undefined;
    const storing = turn.length === 0 ? undefined : this.write(turn);
    if (last !== undefined) {
      this.completeBlock(last).catch((error: unknown) => this.fail(asError(error)));
      return undefined;
    }
    return both(forwarding, storing);
  }

  private forward(): Promise<void> | undefined {
    const { mirror } = this.options;
    const { pieces } = this;
    if (mirror === undefined || pieces.length === 0) return undefined;
    let waiting: Promise<void> | undefined;
    if (mirror.broken) this.mirrorBroke(mirror.source.error ?? new Error('connection closed'));
    else if (!this.mirrorFailed) waiting = mirror.forward(pieces, this.turnPackets);
    pieces.length = 0;
    return waiting;
  }

  /** Writes the packets of a turn and acknowledges them. */
  private write(turn: readonly QueuedPacket[]): Promise<void> | undefined {
    const syncs = this.turnSyncs;
    this.turnSyncs = false;
    // Several turns may go to the disk together, and are acknowledged together.
    const waiting = this.files.flush(() => {
      if (!syncs) this.stored(turn, Status.SUCCESS);
    }, this.inStream);
    return syncs ? this.syncThen(turn) : waiting;
  }

  private mirrorBroke(error: Error): void {
    if (this.mirrorFailed || this.settled) return;
    this.mirrorFailed = true;
    const { log, mirror, acknowledge } = this.options;
    log.log('info', 'datanode', `writing ${describeBlock(this.replica)} to mirror ${mirror?.name} failed: ${error.message}`);
    if (!acknowledge) return;
    this.effects(this.acks.mirrorBroke());
    this.sendAcks();
    this.endAfterAnswer();
  }

  /** Hands the packet's bytes to the files. False: it is damaged, and answered. */
  private store(view: PacketView, queued: QueuedPacket): boolean {
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
        return false;
      }
    }
    this.files.add({ offset: header.offsetInBlock, data, sums: translate ? NO_SUMS : view.sums, memory: view.memory });
    return true;
  }

  private async syncThen(turn: readonly QueuedPacket[]): Promise<void> {
    try {
      await this.files.sync();
    } catch (error) {
      this.fail(asError(error));
      return;
    }
    this.own(turn, Status.SUCCESS);
  }

  private corrupt(view: PacketView, queued: QueuedPacket, at: number): void {
    const { header } = view;
    const { acknowledge, log, onSenderCorrupt } = this.options;
    const place = `offsetInBlock = ${header.offsetInBlock} offsetInPacket = ${at}`;
    log.log('warn', 'datanode', `Checksum error in block ${describeBlock(this.replica)}, specific offsets are: ${place}`);
    this.damaged = true;
    if (acknowledge) {
      this.own([queued], Status.ERROR_CHECKSUM);
      this.endAfterAnswer();
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
    if (this.options.acknowledge) {
      this.isComplete = true;
      this.own([queued], Status.SUCCESS);
      this.endAfterAnswer();
    } else this.finish();
  }

  /**
   * The sender was told that a node after us failed. While packets may come we live on until it shuts the pipeline down;
   * after the last one, or a damaged one, nobody listens for that: the connection ends with what was said.
   */
  private endAfterAnswer(): void {
    if (this.settled || !this.acks.isEnded || !(this.isComplete || this.damaged)) return;
    this.options.upstream.connection.flushed(() => {
      if (this.isComplete) this.finish();
      else this.fail(new HdfsError('ECHECKSUM', `Unexpected checksum mismatch while writing ${describeBlock(this.replica)}`));
    });
  }

  // ------------------------------------------------------------------------------------------------- acknowledgements

  private own(turn: readonly QueuedPacket[], status: Status): void {
    this.stored(turn, status);
    this.sendAcks();
  }

  private stored(turn: readonly QueuedPacket[], status: Status): void {
    if (this.options.acknowledge) this.effects(this.acks.written(turn, status));
  }

  private readDownstream(mirror: Mirror): void {
    mirror.source.setSink(
      new AckReader({
        ack: (seqno, flags, behindNanos) => {
          if (this.settled) return false;
          if (this.answersAtMs < 0) this.answersAtMs = this.options.clock.monotonic();
          this.effects(this.acks.acknowledged(seqno, flags, this.answersAtMs, behindNanos));
          return !this.acks.downstreamComplete;
        },
        flush: () => {
          this.answersAtMs = -1;
          this.sendAcks();
        },
        ended: (error) => this.mirrorBroke(error),
      }),
    );
  }

  private effects(effects: readonly AckEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'send':
          if (effect.allGood) this.replica.lengths.acknowledge(effect.endOffset);
          this.outgoing.add(effect.seqno, this.withHints(effect.flags), effect.roundTripNanos);
          if (effect.roundTripNanos > 0) this.options.counters.acknowledgedAfter(effect.roundTripNanos - effect.behindNanos);
          if (effect.last) this.afterSending = () => this.finish();
          break;
        case 'abort': {
          const error = new HdfsError('EIO', effect.reason);
          // What was said before must arrive before the connection goes.
          this.afterSending = () => this.options.upstream.connection.flushed(() => this.fail(error));
          break;
        }
      }
    }
  }

  /** Our own answer, the first one, says too whether this node is congested or slow, where that is switched on. */
  private withHints(flags: readonly number[]): readonly number[] {
    const hints = this.options.hints();
    return hints === 0 ? flags : flags.map((flag, index) => (index === 0 ? flag | hints : flag));
  }

  /** Sends the acknowledgements that have gathered, and does what was to follow them. */
  private sendAcks(): void {
    if (!this.outgoing.empty) {
      this.replica.grown();
      if (!this.outgoing.send()) this.fail(new ProtocolError('the sender does not read its acknowledgements'));
    }
    const { afterSending } = this;
    this.afterSending = undefined;
    afterSending?.();
  }
}

/** Waits for what there is to wait for. */
function both(one: Promise<void> | undefined, other: Promise<void> | undefined): Promise<void> | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return Promise.all([one, other]).then(() => undefined);
}

const NO_SUMS = Buffer.alloc(0);

const asError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));
