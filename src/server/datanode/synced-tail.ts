// Where a synced replica ends within a chunk. The checksum of a chunk that is half full is written over when more bytes come;
// after a power cut the new checksum may be on the disk and the new bytes not, and nothing would prove the old bytes, which a
// writer was told are safe. So each hsync that ends inside a chunk, and each append to a replica that does, notes its length
// and that chunk's checksum in a file beside the replica, in two places by turns, since the power may fail while one is
// written. It goes when the replica is finalized. Apache's DataNodes keep no such file and pass over it, as long as it does
// not come between the names of a block and of its checksums, in their order: they would take it for the checksums
// (FsDatasetUtil.getGenerationStampFromFile).
import type { BlockId } from '../../base/ids.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { LastChunk } from './replica.ts';
import type { VolumeDisk, VolumeFile } from './volume-disk.ts';

/** One record in each sector, so that writing one never harms the other. */
const SLOT_BYTES = 512;
const SLOTS = 2;
/** Length of the replica, then the checksum. */
const RECORD_BYTES = 12;

const FILE = /^tail_(-?\d{1,19})$/;

export const tailFileName = (id: BlockId): string => `tail_${id}`;

/** Digits of the block's id, or undefined for the name of another kind of file. */
export function parseTailFileName(name: string): string | undefined {
  return FILE.exec(name)?.[1];
}

function decode(bytes: Buffer, slot: number): LastChunk | undefined {
  const at = slot * SLOT_BYTES;
  if (bytes.length < at + RECORD_BYTES) return undefined;
  const length = Number(bytes.readBigUInt64BE(at));
  if (length === 0 || !Number.isSafeInteger(length)) return undefined;
  return { length, sum: Buffer.from(bytes.subarray(at + 8, at + RECORD_BYTES)) };
}

const recordsOf = (bytes: Buffer): (LastChunk | undefined)[] => Array.from({ length: SLOTS }, (_, slot) => decode(bytes, slot));

export class SyncedTail {
  private readonly disk: VolumeDisk;
  private readonly file: VolumeFile;
  private slot: number;

  private constructor(disk: VolumeDisk, file: VolumeFile, slot: number) {
    this.disk = disk;
    this.file = file;
    this.slot = slot;
  }

  static async open(disk: VolumeDisk, path: string): Promise<SyncedTail> {
    const file = await disk.open(path, 'a');
    const bytes = Buffer.alloc(SLOTS * SLOT_BYTES);
    const [first, second] = recordsOf(bytes.subarray(0, await file.read(bytes, 0, bytes.length, 0)));
    // The longer record is what was synced last: it stays until another one is safe.
    return new SyncedTail(disk, file, (first?.length ?? 0) > (second?.length ?? 0) ? 1 : 0);
  }

  /** Durable when it resolves. */
  async note(length: number, sum: Buffer): Promise<void> {
    const record = Buffer.alloc(RECORD_BYTES);
    record.writeBigUInt64BE(BigInt(length), 0);
    sum.copy(record, 8);
    const { slot } = this;
    this.slot = (slot + 1) % SLOTS;
    const at = slot * SLOT_BYTES;
    await (this.disk.inTurn([this.file.step(record, at)]) ?? this.file.write(record, at));
    await this.file.datasync();
  }

  close(): Promise<void> {
    return this.file.close();
  }
}

/** A replica that was closed within a chunk is opened for more: it was synced up to there. */
export async function noteSyncedTail(disk: VolumeDisk, path: string, length: number, sum: Buffer): Promise<void> {
  const tail = await SyncedTail.open(disk, path);
  try {
    await tail.note(length, sum);
  } finally {
    await tail.close();
  }
}

/** What a tail file says. */
export async function readTailRecords(disk: VolumeDisk, path: string): Promise<readonly LastChunk[]> {
  return recordsOf(await disk.readFile(path)).filter((record) => record !== undefined);
}

/**
 * How long a replica is by what is noted of its last chunk: `proven`, which its meta file proves, or more. `read` gives bytes
 * of the block file.
 */
export async function lengthByNotes(
  notes: readonly LastChunk[],
  checksum: DataChecksum,
  proven: number,
  read: (into: Buffer, position: number) => Promise<number>,
): Promise<number> {
  let best = proven;
  for (const { length, sum } of notes) {
    if (length <= best) continue;
    const partial = length % checksum.bytesPerChecksum;
    // What lies before the chunk must be proved by the meta file.
    if (partial === 0 || length - partial > proven) continue;
    const data = Buffer.alloc(partial);
    if ((await read(data, length - partial)) !== partial) continue;
    if (checksum.firstBad(data, sum.subarray(0, checksum.size)) < 0) best = length;
  }
  return best;
}
