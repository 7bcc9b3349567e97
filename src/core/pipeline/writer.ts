// The writing end of a pipeline as a pure machine: which packets wait, which are on their way, what an acknowledgement
// means, and where to begin again after a failure. It sees sequence numbers, offsets and lengths; buffers, sockets and
// timers stay in the shell (client/block-stream.ts). The choice of the nodes to go on with is in writer-recovery.ts.
import { assert } from '../../base/assert.ts';

/** Apache: DFSPacket.HEART_BEAT_SEQNO. */
export const HEARTBEAT_SEQNO = -1;
/** Apache: PipelineAck.UNKOWN_SEQNO; a DataNode that fails before it knows the number answers with it. */
export const UNKNOWN_SEQNO = -2;

// Numbers of Apache's Status, as they stand in the low four bits of an acknowledgement's flag.
const STATUS_SUCCESS = 0;
const STATUS_OOB_RESTART = 8;
const STATUS_OOB_LAST_RESERVED = 11;
const STATUS_MASK = 0xf;

/** One packet, without its bytes. */
export interface PacketRecord {
  readonly seqno: number;
  /** Offset of its first byte in the block; a multiple of the chunk size when it holds any data. */
  readonly offset: number;
  readonly length: number;
  /** The empty packet that ends the block. */
  readonly last: boolean;
  /** The DataNodes are to sync to disk before they acknowledge. */
  readonly sync: boolean;
}

export interface Ack {
  readonly seqno: number;
  /** Flag word of each node of the pipeline, the first one first: its status in the low four bits, hints above. */
  readonly flags: readonly number[];
}

export type AckVerdict =
  /** All nodes have `packet`; undefined: it answers a heartbeat. */
  | { readonly kind: 'good'; readonly packet: PacketRecord | undefined }
  /** Node `index` says that it restarts. */
  | { readonly kind: 'restarting'; readonly index: number }
  /** Node `index` failed. */
  | { readonly kind: 'failed'; readonly index: number; readonly status: number }
  /** The acknowledgement fits nothing that was sent: the connection cannot be trusted any more. */
  | { readonly kind: 'nonsense'; readonly reason: string };

/** Packets of one file on their way to the DataNodes. At most `limit` are waiting or unacknowledged. */
export class PacketWindow {
  readonly limit: number;
  /** Not sent in the present pipeline, oldest first. */
  #waiting: PacketRecord[] = [];
  /** Sent and not acknowledged, oldest first. */
  #sent: PacketRecord[] = [];
  #nextSeqno = 0;
  #lastAckedSeqno = -1;
  #bytesAcked = 0;
  #bytesSent = 0;
  #closing = false;

  constructor(limit: number) {
    assert(limit >= 1, 'the window holds at least one packet');
    this.limit = limit;
  }

  /** Whether another packet would exceed the limit. */
  get full(): boolean {
    return this.#waiting.length + this.#sent.length >= this.limit;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  get unacknowledged(): number {
    return this.#sent.length;
  }

  get lastAckedSeqno(): number {
    return this.#lastAckedSeqno;
  }

  get lastQueuedSeqno(): number {
    return this.#nextSeqno - 1;
  }

  /** Bytes of the present block that every node of the pipeline has. */
  get bytesAcked(): number {
    return this.#bytesAcked;
  }

  /** Bytes of the present block that some node may have. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Whether the last packet of the block was sent, behind the acknowledgements of all others. */
  get closing(): boolean {
    return this.#closing;
  }

  /** The first packets go behind `bytes` of a block that exists. */
  beginBehind(bytes: number): void {
    assert(this.#nextSeqno === 0, 'nothing was written before');
    this.#bytesAcked = bytes;
    this.#bytesSent = bytes;
  }

  enqueue(offset: number, length: number, flags: { readonly last?: boolean; readonly sync?: boolean } = {}): PacketRecord {
    const packet = {
      seqno: this.#nextSeqno++,
      offset,
      length,
      last: flags.last ?? false,
      sync: flags.sync ?? false,
    };
    this.#waiting.push(packet);
    return packet;
  }

  /**
   * The packet to be sent now, or undefined when there is none or it has to wait for acknowledgements. The last one waits
   * for all others: sent right behind them, it would leave some nodes with a finalized replica and some without bytes when
   * the pipeline breaks, and no recovery keeps both; and what a reader has seen may not go, flushed or not.
   */
  next(): PacketRecord | undefined {
    const packet = this.#waiting[0];
    // Behind the end of a block nothing follows in the same pipeline.
    if (packet === undefined || this.#closing) return undefined;
    if (packet.last && this.#sent.length > 0) return undefined;
    return packet;
  }

  /** The packet that `next` gave is on its way. */
  markSent(): PacketRecord {
    const packet = this.next();
    assert(packet !== undefined, 'a packet may be sent');
    this.#closing = packet.last;
    this.#waiting.shift();
    this.#sent.push(packet);
    this.#bytesSent = Math.max(this.#bytesSent, packet.offset + packet.length);
    return packet;
  }

  /** What an acknowledgement means. Nothing changes: a good one is then taken with `acknowledge`. */
  judge(ack: Ack): AckVerdict {
    // The node farthest down that complains is the one at fault: those before it only pass its trouble on.
    for (let index = ack.flags.length - 1; index >= 0; index--) {
      const status = (ack.flags[index] as number) & STATUS_MASK;
      if (status >= STATUS_OOB_RESTART && status <= STATUS_OOB_LAST_RESERVED) return { kind: 'restarting', index };
      if (status !== STATUS_SUCCESS) return { kind: 'failed', index, status };
    }
    if (ack.seqno === HEARTBEAT_SEQNO) return { kind: 'good', packet: undefined };
    const packet = this.#sent[0];
    if (packet === undefined || packet.seqno !== ack.seqno) {
      return { kind: 'nonsense', reason: `Expecting seqno ${packet?.seqno ?? 'none'} but received ${ack.seqno}` };
    }
    return { kind: 'good', packet };
  }

  /** Takes the packet that a good acknowledgement named. */
  acknowledge(packet: PacketRecord): PacketRecord {
    assert(packet === this.#sent[0], 'packets are acknowledged in their order');
    this.#sent.shift();
    this.#lastAckedSeqno = packet.seqno;
    this.#bytesAcked = Math.max(this.#bytesAcked, packet.offset + packet.length);
    return packet;
  }

  /** The present pipeline is gone: what was not acknowledged waits again. The block stays the same. */
  rewind(): void {
    this.#waiting = [...this.#sent, ...this.#waiting];
    this.#sent = [];
  }

  /** The nodes closed the block without the last packet, on the way of a recovery: it counts as acknowledged. */
  closeWithoutLast(): PacketRecord {
    const packet = this.#waiting.shift();
    assert(packet?.last, 'only the last packet was left');
    this.#lastAckedSeqno = packet.seqno;
    return packet;
  }

  /** The last packet of the block was acknowledged. */
  endBlock(): void {
    assert(this.#sent.length === 0, 'every packet of the block is acknowledged');
    this.#bytesAcked = 0;
    this.#bytesSent = 0;
    this.#closing = false;
  }
}
