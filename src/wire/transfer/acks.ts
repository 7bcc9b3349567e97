// Answers of the data-transfer protocol that are not packets: pipeline acknowledgements with their packed flags.
// BlockOpResponseProto, ClientReadStatusProto and the others travel as plain delimited messages (src/wire/messages/transfer.ts).

import { type PipelineAckProto, Status, writePipelineAckProto } from '../messages/transfer.ts';
import { ProtoWriter } from '../protobuf/writer.ts';

/** Seqno of an acknowledgement that answers no packet: out-of-band messages. Apache: PipelineAck.UNKOWN_SEQNO. */
export const UNKNOWN_SEQNO = -2;
/** Longest acknowledgement: a pipeline of hundreds of nodes stays below. */
export const MAX_ACK_BYTES = 16 * 1024;
/** Longest BlockOpResponseProto, whose message may carry a stack trace. */
export const MAX_RESPONSE_BYTES = 1024 * 1024;

// One reply and its flag word: status in bits 0-3, reserved 4, ECN 5-6, slow 7-8. Apache: PipelineAck.StatusFormat.
const STATUS_MASK = 0xf;
const ECN_SHIFT = 5;
const SLOW_SHIFT = 7;

export const Ecn = { DISABLED: 0, SUPPORTED: 1, SUPPORTED2: 2, CONGESTED: 3 } as const;
export type Ecn = (typeof Ecn)[keyof typeof Ecn];

export function combineFlag(status: Status, ecn: Ecn = Ecn.DISABLED, slow = 0): number {
  return status | (ecn << ECN_SHIFT) | (slow << SLOW_SHIFT);
}

export function statusOfFlag(flag: number): number {
  return flag & STATUS_MASK;
}

export function ecnOfFlag(flag: number): number {
  return (flag >>> ECN_SHIFT) & 3;
}

/** The i-th flag word of an ack, made from its reply when an old peer sent none. */
export function flagOf(ack: PipelineAckProto, index: number): number {
  return ack.flag[index] ?? ack.reply[index] ?? Status.ERROR;
}

/** Index of the first node that did not answer SUCCESS, or -1. */
export function firstBadReply(ack: PipelineAckProto): number {
  for (let i = 0; i < ack.reply.length; i++) if (ack.reply[i] !== Status.SUCCESS) return i;
  return -1;
}

/** The out-of-band status of an ack (OOB_RESTART and its reserved fellows), or undefined for an ordinary ack. */
export function oobStatus(ack: PipelineAckProto): Status | undefined {
  if (ack.seqno !== UNKNOWN_SEQNO) return undefined;
  return ack.reply.find((status) => status >= Status.OOB_RESTART && status <= Status.OOB_RESERVED3);
}

/** Delimited acks one behind the other, to be sent with one write. Replies follow from their flag words. */
export class AckWriter {
  private readonly writer = new ProtoWriter(128);

  get empty(): boolean {
    return this.writer.length === 0;
  }

  add(seqno: number, flags: readonly number[], downstreamAckTimeNanos = 0): void {
    const at = this.writer.beginBare();
    const reply = flags.map((flag) => statusOfFlag(flag) as Status);
    writePipelineAckProto({ seqno, reply, flag: flags, downstreamAckTimeNanos }, this.writer);
    this.writer.finish(at);
  }

  /** What was added since the last time, in a buffer of its own. */
  take(): Buffer {
    const bytes = this.writer.toBuffer();
    this.writer.reset();
    return bytes;
  }
}

/** One delimited ack in a buffer of its own. */
export function encodeAck(seqno: number, flags: readonly number[], downstreamAckTimeNanos = 0): Buffer {
  const writer = new AckWriter();
  writer.add(seqno, flags, downstreamAckTimeNanos);
  return writer.take();
}
