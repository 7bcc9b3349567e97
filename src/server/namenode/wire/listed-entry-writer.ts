// Entries of a listing straight from the rows of the inode table, with their lengths known before: no status is made of
// them. It takes what nearly all entries are, files and directories without rarer attributes; what it leaves alone is
// file-status-writer.ts's, which is its plain twin and the meaning of every field here. A test holds both together.
import type { InodeHandle, Inodes } from '../../../core/namespace/inodes.ts';
import { InodeType } from '../../../core/namespace/inodes.ts';
import * as row from '../../../core/namespace/table/layout.ts';
import { join } from '../../../core/pages/records.ts';
import { putVarint32, putVarint64, varint64Bytes, varintBytes } from '../../../wire/protobuf/varint.ts';
import type { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { EncodedFields, IS_LITTLE_ENDIAN } from './encoded-fields.ts';
import { FILE_TYPES, LISTING, rightsFields, STATUS, sizesFields } from './file-status-fields.ts';

/** Tags, and numbers of one byte or of known length, that every entry has; fields of other lengths are added. */
const FIXED_BYTES = 2 + 1 + 1 + 1 + 1 + 1 + 1 + 2 + 2;
/** Times from 1978 to 2109 take six bytes: those whose upper word is in here. */
const FIRST_HIGH = 2 ** 6;
const END_HIGH = 2 ** 10;
const TIME_BYTES = 6;
/** Ids below take four bytes at most, which are written as one word. */
const SHORT_ID_END = 2 ** 28;
/** The bits that say that a varint goes on, by its length in bytes. */
const GOES_ON = [0, 0, 0x80, 0x8080, 0x808080] as const;
/** Room for words whose last bytes are too many, and for numbers of any length. */
const SLACK_BYTES = 128;

/** 28 bits as four bytes of seven each. */
const spread = (value: number): number =>
  (value & 0x7f) | ((value & 0x3f80) << 1) | ((value & 0x1fc000) << 2) | ((value & 0xfe00000) << 3);

export class ListedEntryWriter {
  readonly #inodes: Inodes;
  readonly #lengthOf: (file: InodeHandle) => number;
  #mode = -1;
  #owner = -1;
  #rights = new EncodedFields(new Uint8Array(0));
  #sizeLow = -1;
  #sizeHigh = -1;
  #sizes = new EncodedFields(new Uint8Array(0));

  constructor(inodes: Inodes, lengthOf: (file: InodeHandle) => number) {
    this.#inodes = inodes;
    this.#lengthOf = lengthOf;
  }

  /**
   * Appends the entry as a field of DirectoryListingProto. False: it is none of those that are written here, and nothing was
   * written. `inherited` is the storage policy in force where the inode has none of its own.
   */
  write(writer: ProtoWriter, inode: InodeHandle, inherited: number): boolean {
    const inodes = this.#inodes;
    const words = inodes.rowWords(inode);
    const first = inodes.rowAt(inode);
    const idHighKind = words[first + row.ID_HIGH_KIND] as number;
    const type = (idHighKind >>> row.TYPE_SHIFT) & row.TYPE_MASK;
    if (words[first + row.ATTRIBUTES] !== 0 || type === InodeType.SYMLINK) return false;
    const mtimeLow = words[first + row.MTIME] as number;
    const mtimeHigh = words[first + row.MTIME + 1] as number;
    if (mtimeHigh < FIRST_HIGH || mtimeHigh >= END_HIGH) return false;
    const isFile = type === InodeType.FILE;
    const atimeLow = isFile ? (words[first + row.ATIME] as number) : 0;
    const atimeHigh = isFile ? (words[first + row.ATIME + 1] as number) : 0;
    if (isFile && (atimeHigh < FIRST_HIGH || atimeHigh >= END_HIGH)) return false;

    const modeName = words[first + row.MODE_NAME_LENGTH] as number;
    const rights = this.#rightsOf(modeName & row.MODE_MASK, words[first + row.OWNER] as number, inode);
    const sizes = isFile
      ? this.#sizesOf(words[first + row.BLOCK_SIZE_LOW] as number, words[first + row.BLOCK_SIZE_HIGH_REPLICATION] as number)
      : this.#sizesOf(0, 0);
    const nameLength = modeName >>> row.NAME_LENGTH_SHIFT;
    const length = isFile && words[first + row.BLOCK_COUNT] !== 0 ? this.#lengthOf(inode) : 0;
    const lengthBytes = length === 0 ? 1 : varint64Bytes(length);
    const children = isFile ? 0 : (words[first + row.CHILD_COUNT] as number);
    const own = (modeName >>> row.STORAGE_POLICY_SHIFT) & row.STORAGE_POLICY_MASK;
    const idLow = words[first + row.ID_LOW] as number;
    const idHigh = idHighKind & row.ID_HIGH_MASK;
    const isShortId = idHigh === 0 && idLow < SHORT_ID_END;
    const idBytes = isShortId ? varintBytes(idLow) : varint64Bytes(join(idLow, idHigh));

    const total =
      FIXED_BYTES +
      (nameLength < 0x80 ? 1 : varintBytes(nameLength)) +
      nameLength +
      lengthBytes +
      rights.length +
      TIME_BYTES +
      (isFile ? TIME_BYTES : 1) +
      sizes.length +
      idBytes +
      (children < 0x80 ? 1 : varintBytes(children)) +
      2;
    const buffer = writer.room(total + SLACK_BYTES);
    const { memory } = writer;
    let at = writer.length;
    buffer[at] = LISTING.partialListing;
    if (total < 0x80) {
      buffer[at + 1] = total;
      at += 2;
    } else at = putVarint32(buffer, at + 1, total);
    const end = at + total;

    buffer[at] = STATUS.fileType;
    buffer[at + 1] = FILE_TYPES[type as InodeType];
    buffer[at + 2] = STATUS.path;
    if (nameLength < 0x80) {
      buffer[at + 3] = nameLength;
      at += 4;
    } else at = putVarint32(buffer, at + 3, nameLength);
    const reference = words[first + row.NAME] as number;
    const name = inodes.nameWords(reference);
    const nameAt = inodes.nameWordAt(reference);
    // In whole words: what comes next overwrites the bytes too many.
    for (let i = 0; i < nameLength; i += 4) memory.setUint32(at + i, name[nameAt + (i >>> 2)] as number, IS_LITTLE_ENDIAN);
    at += nameLength;
    buffer[at] = STATUS.length;
    if (length === 0) buffer[at + 1] = 0;
    else putVarint64(buffer, at + 1, length);
    at = rights.put(memory, at + 1 + lengthBytes);

    buffer[at] = STATUS.modificationTime;
    memory.setInt32(at + 1, spread(mtimeLow) | 0x80808080, true);
    buffer[at + 5] = (mtimeLow >>> 28) | (mtimeHigh << 4) | 0x80;
    buffer[at + 6] = mtimeHigh >>> 3;
    buffer[at + 7] = STATUS.accessTime;
    if (isFile) {
      memory.setInt32(at + 8, spread(atimeLow) | 0x80808080, true);
      buffer[at + 12] = (atimeLow >>> 28) | (atimeHigh << 4) | 0x80;
      buffer[at + 13] = atimeHigh >>> 3;
      at += 14;
    } else {
      buffer[at + 8] = 0;
      at += 9;
    }
    at = sizes.put(memory, at);

    buffer[at] = STATUS.fileId;
    if (isShortId) memory.setInt32(at + 1, spread(idLow) | (GOES_ON[idBytes] as number), true);
    else putVarint64(buffer, at + 1, join(idLow, idHigh));
    at += 1 + idBytes;
    buffer[at] = STATUS.childrenNum;
    if (children < 0x80) {
      buffer[at + 1] = children;
      at += 2;
    } else at = putVarint32(buffer, at + 1, children);
    // Tags above 127 take two bytes.
    buffer[at] = (STATUS.storagePolicy & 0x7f) | 0x80;
    buffer[at + 1] = STATUS.storagePolicy >>> 7;
    buffer[at + 2] = own === 0 ? inherited : own;
    buffer[at + 3] = (STATUS.flags & 0x7f) | 0x80;
    buffer[at + 4] = STATUS.flags >>> 7;
    buffer[at + 5] = 0;
    writer.advance(end);
    return true;
  }

  /** Nearly always those of the entry before. */
  #rightsOf(mode: number, owner: number, inode: InodeHandle): EncodedFields {
    if (mode === this.#mode && owner === this.#owner) return this.#rights;
    this.#mode = mode;
    this.#owner = owner;
    this.#rights = rightsFields({ mode, owner: this.#inodes.user(inode), group: this.#inodes.group(inode) });
    return this.#rights;
  }

  /** Of the two words of a file's row; both 0 for a directory. */
  #sizesOf(low: number, high: number): EncodedFields {
    if (low === this.#sizeLow && high === this.#sizeHigh) return this.#sizes;
    this.#sizeLow = low;
    this.#sizeHigh = high;
    this.#sizes = sizesFields({ replication: high >>> 16, blockSize: join(low, high & 0xffff) });
    return this.#sizes;
  }
}
