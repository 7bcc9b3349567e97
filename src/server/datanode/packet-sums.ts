// Checksums of packets that go out: read from the meta file, many at once. Of a chunk that a writer may yet change, the one
// that was true when the replica was opened.
import { HdfsError } from '../../base/errors.ts';
import { META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import type { SendRange } from './block-sender.ts';
import type { OpenReplica } from './open-replica.ts';
import { describeBlock } from './replica.ts';

/** Checksums that are read from the meta file at once. */
const SUMS_BYTES = 32 * 1024;

export class PacketSums {
  private readonly replica: OpenReplica;
  private readonly range: SendRange;
  private readonly corruptChecksumOk: boolean;
  private readonly sums: Buffer;
  /** Which part of the meta file `sums` holds: offset of its first byte behind the header, and bytes. */
  private sumsFrom = 0;
  private sumsLength = 0;

  /** `corruptChecksumOk`: missing ones are zeros, so that the client finds and reports them, instead of an error. */
  constructor(replica: OpenReplica, range: SendRange, corruptChecksumOk: boolean) {
    this.replica = replica;
    this.range = range;
    this.corruptChecksumOk = corruptChecksumOk;
    const { checksum, firstSums } = replica;
    if (firstSums.length >= checksum.sumBytes(range.end)) {
      this.sums = firstSums;
      this.sumsLength = firstSums.length;
      return;
    }
    // No more than the range has: most reads are of a few chunks.
    this.sums = Buffer.allocUnsafe(Math.min(SUMS_BYTES, checksum.sumBytes(range.end - range.start)));
  }

  /** Bytes of the checksums of so many bytes of data; none where the reader wants none. */
  bytesOf(length: number): number {
    return this.replica.metaFile === undefined ? 0 : this.replica.checksum.sumBytes(length);
  }

  /** Puts the checksums of `length` bytes from `offset` on into all of `into`. */
  async fill(into: Buffer, offset: number, length: number): Promise<void> {
    for (let done = 0; ; ) {
      done = this.put(into, offset, length, done);
      if (done >= into.length) return;
      await this.read(this.fromOf(offset) + done);
    }
  }

  /** The same of those that are in memory. False: they are not, and `into` may be half full. */
  fillNow(into: Buffer, offset: number, length: number): boolean {
    for (let done = 0; ; ) {
      done = this.put(into, offset, length, done);
      if (done >= into.length) return true;
      if (!this.readNow(this.fromOf(offset) + done)) return false;
    }
  }

  private fromOf(offset: number): number {
    return this.replica.checksum.metaOffset(offset) - META_HEADER_BYTES;
  }

  /** Puts what was read already behind the first `done` bytes. Answers how many there are then. */
  private put(into: Buffer, offset: number, length: number, done: number): number {
    const { metaFile, lastChunk } = this.replica;
    if (metaFile === undefined) return into.length;
    const from = this.fromOf(offset) + done - this.sumsFrom;
    if (done < into.length && (from < 0 || from >= this.sumsLength)) return done;
    const end = done + this.sums.copy(into, done, from, Math.min(this.sumsLength, from + into.length - done));
    if (end === into.length && lastChunk !== undefined && this.range.endsAtLastChunk && offset + length === this.range.end) {
      lastChunk.sum.copy(into, into.length - lastChunk.sum.length);
    }
    return end;
  }

  private async read(from: number): Promise<void> {
    const { metaFile } = this.replica;
    const want = this.bytesAt(from);
    const got = metaFile === undefined ? 0 : await metaFile.read(this.sums, 0, want, META_HEADER_BYTES + from);
    if (got < want) {
      if (!this.corruptChecksumOk) {
        throw new HdfsError('EDISK', `the checksums of ${describeBlock(this.replica.block)} end at ${from + got}`);
      }
      this.sums.fill(0, got, want);
    }
    this.sumsFrom = from;
    this.sumsLength = want;
  }

  private readNow(from: number): boolean {
    const want = this.bytesAt(from);
    if (this.replica.metaFile?.readNow(this.sums, 0, want, META_HEADER_BYTES + from) === undefined) return false;
    this.sumsFrom = from;
    this.sumsLength = want;
    return true;
  }

  /** How many are read at once. */
  private bytesAt(from: number): number {
    return Math.min(this.sums.length, this.replica.checksum.sumBytes(this.range.end) - from);
  }
}
