// Takes records out of the bytes of an edit log segment, which come in chunks of any size. Memory stays below one record
// of the largest allowed size and one chunk. Nothing is skipped: what cannot be read ends the reading, and the rest of
// the file decides how it ends. When no later record is intact, the file was torn while its end was written, and
// everything before is good; when one is, something in the middle was damaged, and this copy must not be used as if it
// ended here. See encoder.ts for the shape of a record.
import { crc32 } from 'node:zlib';
import { messageOf, ProtocolError } from '../../base/errors.ts';
import { type EditOp, isReadableLayout, NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { DEFAULT_MAX_OP_BYTES, EDIT_LOG_HEADER_BYTES, PADDING_BYTE, RECORD_OVERHEAD_BYTES } from './encoder.ts';
import { OP_READERS } from './op-bodies-read.ts';
import { OpReader } from './op-reader.ts';
import { EDIT_OP_TABLE, opName } from './op-table.ts';

export interface EditRecord {
  readonly txid: number;
  readonly op: EditOp;
  /** Where the record begins in the file. */
  readonly offset: number;
  /** Bytes of the whole record. */
  readonly length: number;
}

export type EditLogEnd =
  /** The file ends after a record, or with nothing but padding. */
  | { readonly kind: 'clean'; readonly offset: number }
  /** From `offset` on nothing is intact: cut it off there. */
  | { readonly kind: 'torn'; readonly offset: number; readonly reason: string }
  /** The header is missing or unreadable, and no record follows: nothing was ever written. */
  | { readonly kind: 'empty'; readonly reason: string }
  /** Damage at `offset`, with intact records behind it or in an intact record itself: not to be used. */
  | {
      readonly kind: 'corrupt';
      readonly offset: number;
      readonly reason: string;
      /** The first intact record behind the damage, where there is one. */
      readonly next: { readonly offset: number; readonly txid: number } | undefined;
    };

export interface EditDecoderOptions {
  /** Txid that the first record must have; without it, any. Further ones must follow without a gap. */
  readonly firstTxid?: number | undefined;
  /** Reading ends after this one, whatever follows. */
  readonly lastTxid?: number | undefined;
  readonly maxOpBytes?: number | undefined;
  /** Memory that it begins with, for who knows how much comes. */
  readonly windowBytes?: number | undefined;
}

/** Length word, txid. */
const LENGTH_AND_TXID_BYTES = 12;
const TWO_32 = 0x1_0000_0000;
/** Work that looking for intact records behind damage may cost, beyond one pass over the rest. */
const SEARCH_BUDGET_BYTES = 256 * 1024 * 1024;
const INITIAL_WINDOW_BYTES = 256 * 1024;

type Search = { readonly offset: number; readonly reason: string; readonly onlyPadding: boolean; budget: number };

export class EditDecoder {
  private window: Buffer;
  /** Unread bytes are window[start, end); window[0] stands at `base` in the file. */
  private start = 0;
  private end = 0;
  private base = 0;
  private finished = false;
  private headerRead = false;
  private expected: number | undefined;
  private search: Search | undefined;
  private ending: EditLogEnd | undefined;
  private lastRead = 0;
  private readonly lastWanted: number;
  private readonly maxOpBytes: number;
  private readonly reader = new OpReader();

  constructor(options: EditDecoderOptions = {}) {
    this.window = Buffer.allocUnsafe(options.windowBytes ?? INITIAL_WINDOW_BYTES);
    this.expected = options.firstTxid;
    this.lastWanted = options.lastTxid ?? Number.POSITIVE_INFINITY;
    this.maxOpBytes = options.maxOpBytes ?? DEFAULT_MAX_OP_BYTES;
  }

  /** How the log ends; undefined while there may be more records. */
  get result(): EditLogEnd | undefined {
    return this.ending;
  }

  /** Txid of the last record handed out; 0 before the first. */
  get lastTxid(): number {
    return this.lastRead;
  }

  /** Adds the next bytes of the file. They are copied. Call `next` until it answers undefined before adding more. */
  push(chunk: Uint8Array): void {
    if (this.ending !== undefined) return;
    const unread = this.end - this.start;
    if (this.end + chunk.length > this.window.length) {
      const needed = unread + chunk.length;
      const target =
        needed <= this.window.length ? this.window : Buffer.allocUnsafeSlow(Math.max(needed, this.window.length * 2));
      this.window.copy(target, 0, this.start, this.end);
      this.window = target;
      this.base += this.start;
      this.start = 0;
      this.end = unread;
    }
    this.window.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** Says that the file has ended. */
  finish(): void {
    this.finished = true;
  }

  /** The next record; undefined when more bytes are needed (`result` is undefined then) or the log has ended. */
  next(): EditRecord | undefined {
    if (this.ending !== undefined) return undefined;
    if (this.search !== undefined) {
      this.continueSearch(this.search);
      return undefined;
    }
    if (!this.headerRead && !this.readHeader()) return undefined;
    return this.readRecord();
  }

  private get offset(): number {
    return this.base + this.start;
  }

  private readHeader(): boolean {
    const available = this.end - this.start;
    if (available < EDIT_LOG_HEADER_BYTES) {
      if (this.finished) this.ending = { kind: 'empty', reason: `only ${available} bytes, not even a header` };
      return false;
    }
    const version = this.window.readInt32BE(this.start);
    const flags = this.window.readInt32BE(this.start + 4);
    if (version === -1 || (version === 0 && flags === 0)) {
      // Preallocated, and the process ended before the header was written, or the power failed before it was on the disk
      // (zeros): fine if only padding follows.
      this.beginSearch('no header, only padding', true);
      return false;
    }
    if (!isReadableLayout(version)) {
      const reason = `layout version ${version} where ${NAMENODE_LAYOUT_VERSION} is expected`;
      this.ending = { kind: 'corrupt', offset: 0, reason, next: undefined };
      return false;
    }
    if (flags !== 0) {
      this.ending = { kind: 'corrupt', offset: 4, reason: `unknown layout flags (${flags})`, next: undefined };
      return false;
    }
    this.reader.layoutVersion = version;
    this.start += EDIT_LOG_HEADER_BYTES;
    this.headerRead = true;
    return true;
  }

  private readRecord(): EditRecord | undefined {
    const { window, start } = this;
    const available = this.end - start;
    if (available === 0) {
      if (this.finished) this.ending = { kind: 'clean', offset: this.offset };
      return undefined;
    }
    if (window[start] === PADDING_BYTE) return this.beginSearch('bytes other than padding after the last record', true);
    if (available < RECORD_OVERHEAD_BYTES) {
      return this.finished ? this.beginSearch('a record without its end') : undefined;
    }
    const length = window.readInt32BE(start + 1) + 5;
    if (length < RECORD_OVERHEAD_BYTES || length > this.maxOpBytes) {
      return this.beginSearch(`a record cannot have ${length} bytes`);
    }
    if (available < length) return this.finished ? this.beginSearch('a record without its end') : undefined;
    const sum = crc32(window.subarray(start, start + length - 4));
    if (sum !== window.readUInt32BE(start + length - 4)) return this.beginSearch('the checksum of a record does not fit');
    const txid = window.readInt32BE(start + 5) * TWO_32 + window.readUInt32BE(start + 9);
    if (this.expected !== undefined && txid !== this.expected) {
      // An older one is a leftover of an earlier use of these disk blocks; a newer one leaves a gap behind it.
      return this.beginSearch(`transaction ${txid} where ${this.expected} is expected`);
    }
    const op = this.decode(txid, start, length);
    if (op === undefined) return undefined;
    const record = { txid, op, offset: this.offset, length };
    this.start += length;
    this.expected = txid + 1;
    this.lastRead = txid;
    if (txid >= this.lastWanted) this.ending = { kind: 'clean', offset: this.offset };
    return record;
  }

  /** The op of an intact record; what cannot be understood in one was written by something else, and ends the reading. */
  private decode(txid: number, start: number, length: number): EditOp | undefined {
    const code = this.window[start] as number;
    const bodyStart = start + 1 + LENGTH_AND_TXID_BYTES;
    const bodyEnd = start + length - 4;
    const name = opName(code);
    const corrupt = (reason: string): undefined => {
      this.ending = { kind: 'corrupt', offset: this.offset, reason, next: undefined };
    };
    if (name === undefined) return corrupt(`transaction ${txid} has the unknown op code ${code}`);
    const entry = EDIT_OP_TABLE[name];
    if (entry.handling === 'opaque') {
      return { kind: 'OPAQUE', code, body: new Uint8Array(this.window.subarray(bodyStart, bodyEnd)) };
    }
    const read = name in OP_READERS ? OP_READERS[name as keyof typeof OP_READERS] : undefined;
    if (read === undefined) return corrupt(`transaction ${txid} is the obsolete OP_${name}`);
    this.reader.reset(this.window, bodyStart, bodyEnd);
    try {
      const op = read(this.reader);
      if (this.reader.remaining === 0) return op;
      return corrupt(`transaction ${txid}, OP_${name}, has ${this.reader.remaining} bytes too many`);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return corrupt(`transaction ${txid}, OP_${name}: ${messageOf(error)}`);
    }
  }

  private beginSearch(reason: string, onlyPadding = false): undefined {
    this.search = { offset: this.offset, reason, onlyPadding, budget: SEARCH_BUDGET_BYTES };
    this.continueSearch(this.search);
  }

  /** Looks on, byte by byte, for an intact record that should have come later; padding is stepped over. */
  private continueSearch(search: Search): void {
    const { window } = this;
    while (this.start < this.end) {
      const at = this.start;
      const code = window[at] as number;
      if (search.onlyPadding && code !== PADDING_BYTE && code !== 0) {
        // Apache: Reader.verifyTerminator. Whatever stands there decides whether it is a tear or damage.
        this.search = { ...search, onlyPadding: false };
        this.continueSearch(this.search);
        return;
      }
      const available = this.end - at;
      if (available < RECORD_OVERHEAD_BYTES) {
        if (!this.finished) return;
        this.start++;
        continue;
      }
      if (opName(code) === undefined) {
        this.start++;
        continue;
      }
      const length = window.readInt32BE(at + 1) + 5;
      const txid = window.readInt32BE(at + 5) * TWO_32 + window.readUInt32BE(at + 9);
      if (length < RECORD_OVERHEAD_BYTES || length > this.maxOpBytes || !this.plausible(txid)) {
        this.start++;
        continue;
      }
      if (available < length) {
        if (!this.finished) return;
        this.start++;
        continue;
      }
      search.budget -= length;
      if (search.budget < 0) {
        const reason = `${search.reason}; too many beginnings of records behind it to tell whether one is intact`;
        this.ending = { kind: 'corrupt', offset: search.offset, reason, next: undefined };
        return;
      }
      if (crc32(window.subarray(at, at + length - 4)) === window.readUInt32BE(at + length - 4)) {
        const next = { offset: this.offset, txid };
        this.ending = { kind: 'corrupt', offset: search.offset, reason: search.reason, next };
        return;
      }
      this.start++;
    }
    if (!this.finished) return;
    const { offset, reason } = search;
    if (!this.headerRead) this.ending = { kind: 'empty', reason };
    else if (search.onlyPadding) this.ending = { kind: 'clean', offset };
    else this.ending = { kind: 'torn', offset, reason };
  }

  /** Whether a record with this txid, found behind the damage, would have been one of this segment. */
  private plausible(txid: number): boolean {
    return this.expected === undefined
      ? txid > 0 && Number.isSafeInteger(txid)
      : txid >= this.expected && txid - this.expected < TWO_32;
  }
}
