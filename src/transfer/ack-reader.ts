// Pipeline acknowledgements as they come in from the next node, for a DataNode and for a writing client: all that arrived
// together are taken in one go, without a promise for each. What they mean is core/pipeline's.
import { HdfsError, ProtocolError } from '../base/errors.ts';
import { readPipelineAckProto } from '../wire/messages/transfer.ts';
import { ProtoReader } from '../wire/protobuf/reader.ts';
import { flagOf, MAX_ACK_BYTES } from '../wire/transfer/acks.ts';
import type { ByteSink } from './byte-source.ts';

/** Longest acknowledgement with its length before it. */
const MAX_BYTES = MAX_ACK_BYTES + 5;

export interface AckConsumer {
  /** Flag words, the next node's first, and how long the nodes behind that took. False: nothing more is wanted. */
  ack(seqno: number, flags: readonly number[], downstreamNanos: number): boolean;
  /** All that arrived together were given. */
  flush(): void;
  /** The connection failed, or ended before the last acknowledgement that was wanted. */
  ended(error: Error): void;
}

export class AckReader implements ByteSink {
  private readonly consumer: AckConsumer;
  /** The beginning of an acknowledgement whose rest has not come. */
  private partial: Buffer | undefined;
  private done = false;

  constructor(consumer: AckConsumer) {
    this.consumer = consumer;
  }

  push(chunk: Buffer): number {
    if (this.done) return chunk.length;
    const bytes = this.partial === undefined ? chunk : Buffer.concat([this.partial, chunk]);
    let at = 0;
    while (!this.done && at < bytes.length) {
      const next = this.take(bytes, at);
      if (next < 0) break;
      at = next;
    }
    this.partial = at === bytes.length || this.done ? undefined : Buffer.from(bytes.subarray(at));
    if (this.partial !== undefined && this.partial.length > MAX_BYTES) throw new ProtocolError('an endless acknowledgement');
    this.consumer.flush();
    return chunk.length;
  }

  /** Takes the acknowledgement at `at`; answers where it ends, or -1 when some of it has yet to come. */
  private take(bytes: Buffer, at: number): number {
    let length = 0;
    let start = at;
    for (let shift = 0; ; shift += 7) {
      if (start >= bytes.length) return -1;
      const byte = bytes[start++] as number;
      length |= (byte & 0x7f) << shift;
      if (length > MAX_ACK_BYTES || shift > 14) throw new ProtocolError(`an acknowledgement of ${length} bytes`);
      if (byte < 0x80) break;
    }
    const end = start + length;
    if (end > bytes.length) return -1;
    const ack = readPipelineAckProto(new ProtoReader(bytes, start, end), end);
    const flags = ack.flag.length >= ack.reply.length ? ack.flag : ack.reply.map((_, i) => flagOf(ack, i));
    this.done = !this.consumer.ack(ack.seqno, flags, ack.downstreamAckTimeNanos);
    return end;
  }

  end(error: Error | undefined): void {
    if (this.done) return;
    this.done = true;
    this.consumer.ended(error ?? new HdfsError('ECONN', 'Premature EOF: the connection was closed by its peer'));
  }
}
