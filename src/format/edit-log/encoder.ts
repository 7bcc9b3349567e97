// Packs ops into records of the edit log, one after the other in a buffer that is used again and again:
//
//   byte op code | int length | long txid | body | int CRC32 of all before it
//
// `length` counts itself, the txid and the body. Apache: FSEditLogOp.Writer. Where the bytes go is the caller's affair.
import { HdfsError } from '../../base/errors.ts';
import { type EditOp, NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { writeOpBody } from './op-bodies-write.ts';
import { OpBuffer } from './op-buffer.ts';
import { opCodeOf } from './op-table.ts';

/** Op code, length, txid and checksum: what a record has beside its body. */
export const RECORD_OVERHEAD_BYTES = 17;
/** Layout version and layout flags before the first record. */
export const EDIT_LOG_HEADER_BYTES = 8;
/** Apache: dfs.namenode.max.op.size. */
export const DEFAULT_MAX_OP_BYTES = 50 * 1024 * 1024;
/** Fills what is allocated and not yet written. Apache: FSEditLogOpCodes.OP_INVALID. */
export const PADDING_BYTE = 0xff;
/** A buffer that one batch blew up is not kept for the next. */
const KEPT_CAPACITY_BYTES = 4 * 1024 * 1024;

/** Layout version of the segments that are written. */
export const EDIT_LOG_LAYOUT_VERSION = NAMENODE_LAYOUT_VERSION;

/** What a segment opens with: the layout version and no layout flags. */
export function encodeEditLogHeader(layoutVersion = EDIT_LOG_LAYOUT_VERSION): Buffer {
  const header = Buffer.alloc(EDIT_LOG_HEADER_BYTES);
  header.writeInt32BE(layoutVersion, 0);
  return header;
}

export class EditEncoder {
  private buffer = new OpBuffer();
  private readonly maxOpBytes: number;

  constructor(maxOpBytes = DEFAULT_MAX_OP_BYTES) {
    this.maxOpBytes = maxOpBytes;
  }

  /** Bytes of all records since the last reset. */
  get length(): number {
    return this.buffer.length;
  }

  /**
   * Appends one record and answers its length. Throws HdfsError for an op that the log cannot hold; what was appended of
   * it is to be taken back with `truncate`.
   */
  encode(txid: number, op: EditOp): number {
    const { buffer } = this;
    const start = buffer.length;
    buffer.putByte(opCodeOf(op));
    buffer.putInt(0);
    buffer.putLong(txid);
    writeOpBody(op, buffer);
    const end = buffer.length;
    buffer.patchInt(start + 1, end - start - 1);
    buffer.putInt(buffer.crc32(start, end));
    const length = buffer.length - start;
    // No reader would take it back, Apache's neither.
    if (length > this.maxOpBytes) {
      throw new HdfsError('EIO', `${op.kind} takes ${length} bytes of the edit log, more than dfs.namenode.max.op.size allows`);
    }
    return length;
  }

  /** The records, without a copy: valid until the next encode or reset. */
  bytes(): Buffer {
    return this.buffer.slice();
  }

  /** Forgets what was appended after the buffer had this length. */
  truncate(length: number): void {
    this.buffer.truncate(length);
  }

  reset(): void {
    if (this.buffer.capacity > KEPT_CAPACITY_BYTES) this.buffer = new OpBuffer();
    else this.buffer.truncate(0);
  }
}
