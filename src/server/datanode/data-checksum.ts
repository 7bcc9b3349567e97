// The checksums of a block's chunks: computing and verifying. Verifying costs one
// native call for all whole chunks of a packet: the checksum of the whole is compared with the linear combination of the
// chunks' own (a CRC over A then B is the CRC of A, advanced over as many zero bytes as B has, XOR the CRC of B). Chunk by
// chunk only to name the bad one. Apache: DataChecksum.
import { crc32, crc32c } from '@node-rs/crc32';
import { ProtocolError } from '../../base/errors.ts';
import { decodeMetaHeader, encodeMetaHeader, META_HEADER_BYTES } from '../../format/storage/block-files.ts';
import { ChecksumTypeProto } from '../../wire/messages/hdfs.ts';

/** Bytes per checksum that are believed: beyond, a header is damaged. */
export const MAX_BYTES_PER_CHECKSUM = 16 * 1024 * 1024;

type Crc = (bytes: Uint8Array, seed?: number) => number;

/** Reversed polynomials. */
const POLYNOMIALS = {
  [ChecksumTypeProto.CHECKSUM_CRC32]: 0xedb88320,
  [ChecksumTypeProto.CHECKSUM_CRC32C]: 0x82f63b78,
} as const;

type Advance = readonly [Int32Array, Int32Array, Int32Array, Int32Array];

export class DataChecksum {
  readonly type: ChecksumTypeProto;
  readonly bytesPerChecksum: number;
  /** Bytes of one checksum: 4, or 0 for the null type. */
  readonly size: number;
  private readonly crc: Crc;
  private advance: Advance | undefined;

  private constructor(type: ChecksumTypeProto, bytesPerChecksum: number) {
    this.type = type;
    this.bytesPerChecksum = bytesPerChecksum;
    this.size = type === ChecksumTypeProto.CHECKSUM_NULL ? 0 : 4;
    this.crc = type === ChecksumTypeProto.CHECKSUM_CRC32 ? crc32 : crc32c;
  }

  private static readonly known = new Map<string, DataChecksum>();

  /** Throws ProtocolError for a size that no block has. */
  static of(type: ChecksumTypeProto, bytesPerChecksum: number): DataChecksum {
    if (bytesPerChecksum <= 0 || bytesPerChecksum > MAX_BYTES_PER_CHECKSUM) {
      throw new ProtocolError(`Could not create DataChecksum of type ${type} with bytesPerChecksum ${bytesPerChecksum}`);
    }
    const key = `${type}/${bytesPerChecksum}`;
    let checksum = DataChecksum.known.get(key);
    if (checksum === undefined) {
      checksum = new DataChecksum(type, bytesPerChecksum);
      if (DataChecksum.known.size < 64) DataChecksum.known.set(key, checksum);
    }
    return checksum;
  }

  equals(other: DataChecksum): boolean {
    return this.type === other.type && this.bytesPerChecksum === other.bytesPerChecksum;
  }

  /** Chunks of `dataBytes` bytes that begin at a chunk's beginning. */
  chunks(dataBytes: number): number {
    return Math.ceil(dataBytes / this.bytesPerChecksum);
  }

  sumBytes(dataBytes: number): number {
    return this.chunks(dataBytes) * this.size;
  }

  /** Where the checksum of the chunk that holds `offset` lies in the meta file. */
  metaOffset(offset: number): number {
    return META_HEADER_BYTES + Math.floor(offset / this.bytesPerChecksum) * this.size;
  }

  /** The checksum of one chunk as it stands in a file. */
  one(data: Uint8Array, into: Buffer, at: number): void {
    if (this.size > 0) into.writeUInt32BE(this.crc(data), at);
  }

  /** The CRC of bytes whose beginning has the CRC `crc`, with `data` after them. */
  extend(crc: number, data: Uint8Array): number {
    return this.crc(data, crc);
  }

  /** The checksums of all chunks of `data`. */
  compute(data: Buffer, into: Buffer, at: number): void {
    if (this.size === 0) return;
    const step = this.bytesPerChecksum;
    for (let start = 0, sum = at; start < data.length; start += step, sum += 4) {
      into.writeUInt32BE(this.crc(data.subarray(start, Math.min(start + step, data.length))), sum);
    }
  }

  /** Offset in `data` of the first chunk whose checksum is wrong, or -1. */
  firstBad(data: Buffer, sums: Buffer): number {
    if (this.size === 0 || data.length === 0) return -1;
    const step = this.bytesPerChecksum;
    const whole = data.length - (data.length % step);
    const wholeSums = (whole / step) * 4;
    if (whole > step) {
      if (this.crc(data.subarray(0, whole)) !== this.combine(sums, wholeSums))
        return this.search(data.subarray(0, whole), sums);
    } else if (whole === step && this.crc(data.subarray(0, whole)) !== sums.readUInt32BE(0)) return 0;
    if (whole < data.length && this.crc(data.subarray(whole)) !== sums.readUInt32BE(wholeSums)) return whole;
    return -1;
  }

  private search(data: Buffer, sums: Buffer): number {
    const step = this.bytesPerChecksum;
    for (let start = 0, sum = 0; start < data.length; start += step, sum += 4) {
      if (this.crc(data.subarray(start, start + step)) !== sums.readUInt32BE(sum)) return start;
    }
    return -1;
  }

  private combine(sums: Buffer, length: number): number {
    this.advance ??= advanceTables(this.type, this.bytesPerChecksum);
    const [t0, t1, t2, t3] = this.advance;
    let crc = 0;
    for (let i = 0; i < length; i += 4) {
      crc =
        (t0[crc & 0xff] as number) ^
        (t1[(crc >>> 8) & 0xff] as number) ^
        (t2[(crc >>> 16) & 0xff] as number) ^
        (t3[crc >>> 24] as number) ^
        (((sums[i] as number) << 24) |
          ((sums[i + 1] as number) << 16) |
          ((sums[i + 2] as number) << 8) |
          (sums[i + 3] as number));
    }
    return crc >>> 0;
  }

  /** The CRC of data with the CRC `crc` followed by `bytes` bytes (at most a chunk) with the CRC `next`. */
  append(crc: number, next: number, bytes: number): number {
    if (bytes !== this.bytesPerChecksum) return (advanceBy(this.type, crc, bytes) ^ next) >>> 0;
    this.advance ??= advanceTables(this.type, this.bytesPerChecksum);
    const [t0, t1, t2, t3] = this.advance;
    const moved =
      (t0[crc & 0xff] as number) ^
      (t1[(crc >>> 8) & 0xff] as number) ^
      (t2[(crc >>> 16) & 0xff] as number) ^
      (t3[crc >>> 24] as number);
    return (moved ^ next) >>> 0;
  }

  /** The bytes that open a meta file. */
  header(): Buffer {
    return encodeMetaHeader({ type: this.type, bytesPerChecksum: this.bytesPerChecksum });
  }

  /** Throws ProtocolError when the bytes open no meta file. */
  static fromHeader(header: Buffer): DataChecksum {
    const { type, bytesPerChecksum } = decodeMetaHeader(header);
    return DataChecksum.of(type, bytesPerChecksum);
  }
}

/** Multiplies a vector over GF(2) by the matrix whose columns are `matrix`. */
function times(matrix: Int32Array, vector: number): number {
  let sum = 0;
  for (let bit = 0, rest = vector; rest !== 0; bit++, rest >>>= 1) if (rest & 1) sum ^= matrix[bit] as number;
  return sum;
}

const square = (matrix: Int32Array): Int32Array => matrix.map((column) => times(matrix, column));

/** What `bytes` zero bytes do to a CRC, applied to `crc`. Apache: CrcUtil.composeWithMonomial. */
function advanceBy(type: ChecksumTypeProto, crc: number, bytes: number): number {
  const polynomial = type === ChecksumTypeProto.CHECKSUM_CRC32 ? POLYNOMIALS[1] : POLYNOMIALS[2];
  // One zero bit: shift right, and subtract the polynomial when a one falls out.
  let matrix = new Int32Array(32);
  matrix[0] = polynomial | 0;
  for (let bit = 1; bit < 32; bit++) matrix[bit] = 1 << (bit - 1);
  for (let i = 0; i < 3; i++) matrix = square(matrix) as Int32Array<ArrayBuffer>;
  let result = crc;
  for (let rest = bytes; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = times(matrix, result);
    matrix = square(matrix) as Int32Array<ArrayBuffer>;
  }
  return result;
}

function advanceTables(type: ChecksumTypeProto, bytes: number): Advance {
  const columns = Int32Array.from({ length: 32 }, (_, bit) => advanceBy(type, 1 << bit, bytes));
  const table = (byte: number): Int32Array =>
    Int32Array.from({ length: 256 }, (_, value) => times(columns, (value << (8 * byte)) | 0));
  return [table(0), table(1), table(2), table(3)];
}
