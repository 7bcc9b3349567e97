// HdfsFileStatusProto and DirectoryListingProto by hand, byte for byte what the generated encoder makes of them: the
// messages that a NameNode sends most. Fields in the order of their numbers; a test holds both encoders together.
import type { InodeHandle, Inodes } from '../../../core/namespace/inodes.ts';
import type { FileStatus } from '../../../core/namespace/queries/file-status.ts';
import type { Listing } from '../../../core/namespace/queries/listing.ts';
import { NAME } from '../../../core/namespace/table/layout.ts';
import { MAX_VARINT64_BYTES, putVarint32, putVarint64, varintBytes } from '../../../wire/protobuf/varint.ts';
import type { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { type EncodedFields, IS_LITTLE_ENDIAN } from './encoded-fields.ts';
import { FILE_TYPES, LISTING, type Rights, rightsFields, type Sizes, STATUS, sizesFields } from './file-status-fields.ts';
import { ListedEntryWriter } from './listed-entry-writer.ts';

/** What the length of a block with its places takes, or of several. */
const LOCATED_LENGTH_BYTES = 2;
/** Tags and numbers of a status at their longest, whatever stands between them. */
const NUMBERS_BYTES = Object.keys(STATUS).length * (2 + MAX_VARINT64_BYTES);
/** GetFileInfoResponseProto and its like, GetListingResponseProto: the only field of each. */
const ANSWER = 10;

/** Appends the fields of LocatedBlocksProto. */
export type WriteLocations = (writer: ProtoWriter) => void;

interface Known<K> {
  readonly of: K;
  readonly fields: EncodedFields;
}

export interface ListedEntries {
  /** Called for every entry. */
  readonly seen?: ((inode: InodeHandle) => void) | undefined;
  /** For the entries whose blocks are shown. */
  readonly locationsOf?: ((entry: FileStatus) => WriteLocations | undefined) | undefined;
  /** False ends the listing early. */
  readonly more?: ((entry: FileStatus) => boolean) | undefined;
}

/** A power of two: so many owners with modes, and sizes, are remembered. */
const SLOTS = 64;

export class FileStatusWriter {
  private readonly inodes: Inodes;
  private readonly listed: ListedEntryWriter;
  /** Of the last listing, on average: the next will not be far from it. */
  private entryBytes = 90;
  private readonly knownRights: (Known<Rights> | undefined)[] = new Array(SLOTS).fill(undefined);
  private readonly knownSizes: (Known<Sizes> | undefined)[] = new Array(SLOTS).fill(undefined);

  constructor(inodes: Inodes, lengthOf: (file: InodeHandle) => number) {
    this.inodes = inodes;
    this.listed = new ListedEntryWriter(inodes, lengthOf);
  }

  /** An answer whose one field is a status. */
  answer(writer: ProtoWriter, status: FileStatus, locations?: WriteLocations): void {
    const at = writer.begin(ANSWER);
    this.fields(writer, status, false, locations);
    writer.finish(at);
  }

  /** About how long the answer with a listing will be. */
  expectedBytes(listing: Listing): number {
    return Math.ceil(listing.entries * this.entryBytes);
  }

  /** An answer whose one field is a listing. */
  listingAnswer(writer: ProtoWriter, listing: Listing, each: ListedEntries): void {
    const lengthBytes = varintBytes(this.expectedBytes(listing));
    const answer = writer.begin(ANSWER, lengthBytes);
    const from = writer.length;
    const left = this.entries(writer, listing, each);
    if (listing.entries > 0) this.entryBytes = (writer.length - from) / listing.entries;
    writer.tag(LISTING.remainingEntries).putUint32(left);
    writer.finish(answer, lengthBytes);
  }

  /** The entries of a listing inside a message that has begun; answers how many are left behind the page. */
  entries(writer: ProtoWriter, listing: Listing, { seen, locationsOf, more }: ListedEntries): number {
    const visit = (entry: FileStatus): boolean => {
      seen?.(entry.inode);
      const locations = locationsOf?.(entry);
      const lengthBytes = locations === undefined ? 1 : LOCATED_LENGTH_BYTES;
      const at = writer.begin(LISTING.partialListing, lengthBytes);
      this.fields(writer, entry, listing.isDirectory, locations);
      writer.finish(at, lengthBytes);
      return more?.(entry) ?? true;
    };
    if (locationsOf !== undefined || more !== undefined) return listing.walk(visit);
    return listing.walk(visit, (inode, inherited) => {
      if (!this.listed.write(writer, inode, inherited)) return false;
      seen?.(inode);
      return true;
    });
  }

  private fields(writer: ProtoWriter, status: FileStatus, named: boolean, locations: WriteLocations | undefined): void {
    const rights = this.rights(status);
    const sizes = this.sizes(status);
    const { inode, name, symlink, mtime, atime } = status;
    const nameLength = inode === 0 ? name.length : named ? this.inodes.nameLength(inode) : 0;
    const buffer = writer.room(NUMBERS_BYTES + rights.length + nameLength + (symlink === undefined ? 0 : symlink.length));
    const { memory } = writer;
    let at = writer.length;
    buffer[at] = STATUS.fileType;
    buffer[at + 1] = FILE_TYPES[status.type];
    buffer[at + 2] = STATUS.path;
    at = putVarint32(buffer, at + 3, nameLength);
    if (inode === 0) buffer.set(name, at);
    else if (nameLength > 0) this.name(memory, at, inode, nameLength);
    at += nameLength;
    buffer[at] = STATUS.length;
    at = putVarint64(buffer, at + 1, status.length);
    at = rights.put(memory, at);
    buffer[at] = STATUS.modificationTime;
    at = putTime(buffer, at + 1, mtime);
    buffer[at] = STATUS.accessTime;
    at = putTime(buffer, at + 1, atime);
    if (symlink !== undefined) {
      buffer[at] = STATUS.symlink;
      at = putVarint32(buffer, at + 1, symlink.length);
      buffer.set(symlink, at);
      at += symlink.length;
    }
    at = sizes.put(memory, at);
    if (locations !== undefined) {
      writer.advance(at);
      this.locations(writer, locations, status.length > 0 ? LOCATED_LENGTH_BYTES : 1);
      at = writer.length;
    }
    this.last(writer, at, status);
  }

  /** A name from the inode table, in whole words: what comes next overwrites the bytes too many. */
  private name(memory: DataView, at: number, inode: InodeHandle, length: number): void {
    const { inodes } = this;
    const reference = inodes.rowWords(inode)[inodes.rowAt(inode) + NAME] as number;
    const words = inodes.nameWords(reference);
    const first = inodes.nameWordAt(reference);
    for (let i = 0; i < length; i += 4) memory.setUint32(at + i, words[first + (i >>> 2)] as number, IS_LITTLE_ENDIAN);
  }

  private locations(writer: ProtoWriter, locations: WriteLocations, lengthBytes: number): void {
    const at = writer.begin(STATUS.locations, lengthBytes);
    locations(writer);
    writer.finish(at, lengthBytes);
  }

  /** The fields behind the places of the blocks, from `from` on. */
  private last(writer: ProtoWriter, from: number, { fileId, childrenNum, storagePolicy, flags }: FileStatus): void {
    const buffer = writer.room(NUMBERS_BYTES);
    buffer[from] = STATUS.fileId;
    let at = putVarint64(buffer, from + 1, fileId);
    buffer[at] = STATUS.childrenNum;
    at = putVarint32(buffer, at + 1, childrenNum);
    // Tags above 127 take two bytes.
    buffer[at] = (STATUS.storagePolicy & 0x7f) | 0x80;
    buffer[at + 1] = STATUS.storagePolicy >>> 7;
    at = putVarint32(buffer, at + 2, storagePolicy);
    buffer[at] = (STATUS.flags & 0x7f) | 0x80;
    buffer[at + 1] = STATUS.flags >>> 7;
    writer.advance(putVarint32(buffer, at + 2, flags));
  }

  /** Nearly always known: stats of files and directories come in turn. */
  private rights({ mode, owner, group }: FileStatus): EncodedFields {
    const slot = (mode + (mode >>> 4) + owner.length * 3 + owner.charCodeAt(owner.length - 1)) & (SLOTS - 1);
    const known = this.knownRights[slot];
    if (known !== undefined && known.of.mode === mode && known.of.owner === owner && known.of.group === group) {
      return known.fields;
    }
    const fields = rightsFields({ mode, owner, group });
    this.knownRights[slot] = { of: { mode, owner, group }, fields };
    return fields;
  }

  private sizes({ replication, blockSize }: FileStatus): EncodedFields {
    const slot = replication & (SLOTS - 1);
    const known = this.knownSizes[slot];
    if (known !== undefined && known.of.replication === replication && known.of.blockSize === blockSize) return known.fields;
    const fields = sizesFields({ replication, blockSize });
    this.knownSizes[slot] = { of: { replication, blockSize }, fields };
    return fields;
  }
}

/** Milliseconds since 1970. From 1978 to 2109 they take six bytes. */
function putTime(buffer: Buffer, at: number, ms: number): number {
  if (ms < 2 ** 38 || ms >= 2 ** 42) return putVarint64(buffer, at, ms);
  const high = Math.floor(ms / 2 ** 28);
  const low = ms - high * 2 ** 28;
  buffer[at] = low | 0x80;
  buffer[at + 1] = (low >>> 7) | 0x80;
  buffer[at + 2] = (low >>> 14) | 0x80;
  buffer[at + 3] = (low >>> 21) | 0x80;
  buffer[at + 4] = high | 0x80;
  buffer[at + 5] = high >>> 7;
  return at + 6;
}
