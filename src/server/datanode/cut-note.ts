// What is noted of a cut before it begins. Cutting a replica changes two files, and the checksum of a chunk that becomes
// shorter is written over: a crash in between leaves a replica whose last chunk nothing proves, and a finalized one is taken
// by its length alone at the next start. So the length, that chunk's new checksum and the generation that is cut are noted
// in a file of their own first; who finds the note ends the cut, or sees that it never began. It goes once the replica has
// its new generation stamp, which makes a note that a power cut brings back worthless, as does any later change by Apache's
// DataNode: that passes over the file, which lies in rbw/ whatever the state of the replica.
import { crcOfBytes } from '../../base/crc.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { rbwDir } from './layout.ts';
import type { Volume } from './volume.ts';

/** Generation stamp and length, 8 bytes each; the checksum of the last chunk, 0 for a whole one; the CRC of all these. */
const NOTE_BYTES = 24;
const CRC_AT = 20;
const SUM_AT = 16;

const FILE = /^cut_(-?\d{1,19})$/;

export interface CutNote {
  /** Of the replica while it is cut. */
  readonly genStamp: GenStamp;
  readonly length: number;
  /** Of the last chunk where that becomes a partial one. */
  readonly sum: Buffer | undefined;
}

export const cutNoteName = (id: BlockId): string => `cut_${id}`;

/** Undefined for the name of another kind of file. */
export function parseCutNoteName(name: string): BlockId | undefined {
  const digits = FILE.exec(name)?.[1];
  return digits === undefined ? undefined : blockId(BigInt(digits));
}

export function encodeCutNote({ genStamp: stamp, length, sum }: CutNote): Buffer {
  const bytes = Buffer.alloc(NOTE_BYTES);
  bytes.writeBigUInt64BE(BigInt(stamp), 0);
  bytes.writeBigUInt64BE(BigInt(length), 8);
  sum?.copy(bytes, SUM_AT);
  bytes.writeUInt32BE(crcOfBytes('CRC32C', bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** Undefined: the power failed while it was written, and nothing was cut yet. */
export function decodeCutNote(bytes: Buffer): CutNote | undefined {
  if (bytes.length !== NOTE_BYTES) return undefined;
  if (bytes.readUInt32BE(CRC_AT) !== crcOfBytes('CRC32C', bytes.subarray(0, CRC_AT))) return undefined;
  const length = Number(bytes.readBigUInt64BE(8));
  const stamp = Number(bytes.readBigUInt64BE(0));
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(stamp)) return undefined;
  return { genStamp: genStamp(stamp), length, sum: Buffer.from(bytes.subarray(SUM_AT, CRC_AT)) };
}

export const cutNotePath = (volume: Volume, pool: string, id: BlockId): string =>
  `${rbwDir(volume.path, pool)}/${cutNoteName(id)}`;

/** With `durable` it survives a power cut when this resolves, else the end of the process. */
export async function writeCutNote(volume: Volume, pool: string, id: BlockId, note: CutNote, durable: boolean): Promise<void> {
  const file = await volume.disk.open(cutNotePath(volume, pool, id), 'w');
  try {
    await file.write(encodeCutNote(note), 0);
    if (durable) await file.datasync();
  } finally {
    await file.close();
  }
  if (durable) await volume.disk.syncDirectory(rbwDir(volume.path, pool));
}
