// Which acknowledgement leaves a DataNode of a pipeline, and when: in the order of the packets, each only when this node
// has written its packet and the node after it (when there is one) has acknowledged it. Pure; the receiver's shell writes
// what comes out. Apache: BlockReceiver.PacketResponder; unlike it, an inner node acknowledges only what it has written.
import { ProtocolError } from '../../base/errors.ts';

/** Packets that may wait for their acknowledgement; a client has at most 80 in flight. */
export const MAX_UNACKED_PACKETS = 64 * 1024;

/** Statuses of the wire that decide here. Apache: Status. */
const SUCCESS = 0;
const ERROR = 1;
const ERROR_CHECKSUM = 2;
const UNKNOWN_SEQNO = -2;
const STATUS_MASK = 0xf;

export interface QueuedPacket {
  readonly seqno: number;
  /** End of its data in the block. */
  readonly endOffset: number;
  readonly last: boolean;
  /** When it came, on a clock that does not go back. */
  readonly atMs: number;
  /** This node's own answer; undefined while it is still writing. */
  own: number | undefined;
}

export type AckEffect =
  /** Send this; when `allGood`, everything up to `endOffset` may be shown to readers. */
  | {
      readonly kind: 'send';
      readonly seqno: number;
      readonly flags: readonly number[];
      readonly endOffset: number;
      readonly allGood: boolean;
      readonly last: boolean;
      /** From the coming of the packet to the next node's answer; 0 without one. The nodes behind that one took their part. */
      readonly roundTripNanos: number;
      readonly behindNanos: number;
    }
  /** End the connection without a further word, as this node's data is bad, or its client must find out who is. */
  | { readonly kind: 'abort'; readonly reason: string };

interface Answer {
  readonly seqno: number;
  readonly flags: readonly number[];
  readonly atMs: number;
  /** What it says of how long the nodes behind it took. */
  readonly behindNanos: number;
}

const NANOS = 1e6;
const NO_TIME = { roundTripNanos: 0, behindNanos: 0 } as const;

export class AckQueue {
  private readonly hasMirror: boolean;
  private readonly packets: QueuedPacket[] = [];
  /** Answers of the nodes after this one, in order, not yet matched with an own packet. */
  private readonly downstream: Answer[] = [];
  private mirrorFailed = false;
  private ended = false;

  constructor(hasMirror: boolean) {
    this.hasMirror = hasMirror;
  }

  get unacked(): number {
    return this.packets.length;
  }

  /** The next node has acknowledged the last packet: nothing more is to be read from it. */
  get downstreamComplete(): boolean {
    return this.ended || this.packets[this.downstream.length - 1]?.last === true;
  }

  get isEnded(): boolean {
    return this.ended;
  }

  enqueue(seqno: number, endOffset: number, last: boolean, atMs = 0): QueuedPacket {
    if (this.packets.length >= MAX_UNACKED_PACKETS) throw new ProtocolError('too many packets without an acknowledgement');
    const packet: QueuedPacket = { seqno, endOffset, last, atMs, own: undefined };
    this.packets.push(packet);
    return packet;
  }

  /** This node is done with packets of its own. */
  written(packets: readonly QueuedPacket[], status: number = SUCCESS): readonly AckEffect[] {
    for (const packet of packets) packet.own = status;
    return this.advance();
  }

  /** The next node has answered. */
  acknowledged(seqno: number, flags: readonly number[], atMs = 0, behindNanos = 0): readonly AckEffect[] {
    if (this.ended || this.mirrorFailed) return [];
    if (seqno === UNKNOWN_SEQNO) {
      // Out of band, such as a restart: passed on at once with our own word before it.
      return [{ kind: 'send', seqno, flags: [SUCCESS, ...flags], endOffset: 0, allGood: false, last: false, ...NO_TIME }];
    }
    if (this.downstream.length >= MAX_UNACKED_PACKETS) throw new ProtocolError('too many acknowledgements for no packet');
    this.downstream.push({ seqno, flags, atMs, behindNanos });
    return this.advance();
  }

  /** Writing to the next node or reading from it failed: the client hears of it in place of the next acknowledgement. */
  mirrorBroke(): readonly AckEffect[] {
    if (this.mirrorFailed || this.ended) return [];
    this.mirrorFailed = true;
    return this.advance();
  }

  private advance(): readonly AckEffect[] {
    const effects: AckEffect[] = [];
    while (!this.ended) {
      const head = this.packets[0];
      const answer = this.downstream[0];
      if (this.mirrorFailed && answer === undefined) {
        // The node after us is the bad one; we live on until the client shuts the pipeline down.
        this.ended = true;
        const seqno = head?.seqno ?? UNKNOWN_SEQNO;
        effects.push({ kind: 'send', seqno, flags: [SUCCESS, ERROR], endOffset: 0, allGood: false, last: false, ...NO_TIME });
        break;
      }
      if (head === undefined || head.own === undefined) break;
      let flags: readonly number[] = [head.own];
      let roundTripNanos = 0;
      let behindNanos = 0;
      if (this.hasMirror && head.own === SUCCESS) {
        if (answer === undefined) break;
        if (answer.seqno !== head.seqno) {
          this.ended = true;
          effects.push({ kind: 'abort', reason: `seqno: expected=${head.seqno}, received=${answer.seqno}` });
          break;
        }
        if (((answer.flags[0] ?? ERROR) & STATUS_MASK) === ERROR_CHECKSUM) {
          this.ended = true;
          const reason =
            'Shutting down writer and responder since the down streams reported the data sent by this node is corrupt';
          effects.push({ kind: 'abort', reason });
          break;
        }
        flags = [head.own, ...answer.flags];
        roundTripNanos = Math.max(0, Math.round((answer.atMs - head.atMs) * NANOS));
        ({ behindNanos } = answer);
      }
      this.packets.shift();
      this.downstream.shift();
      const allGood = flags.every((flag) => (flag & STATUS_MASK) === SUCCESS);
      const { seqno, endOffset, last } = head;
      effects.push({ kind: 'send', seqno, flags, endOffset, allGood, last, roundTripNanos, behindNanos });
      if (head.own !== SUCCESS) {
        this.ended = true;
        effects.push({ kind: 'abort', reason: 'the answer says that this packet could not be stored' });
      } else if (last) this.ended = true;
    }
    return effects;
  }
}
