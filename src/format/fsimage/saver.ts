// Saves an image in slices, so that the NameNode can serve between them: a generator that does a bounded piece of work
// at each step and yields the bytes it made, and in the end the size and digest of the file. Where the bytes go, and
// that the tables it reads stand still (frozen views), is the caller's affair.
import { createHash } from 'node:crypto';
import { NAMENODE_LAYOUT_VERSION } from '../../core/edits/ops.ts';
import { BUILT_IN_POLICIES } from '../../core/namespace/erasure-coding.ts';
import { type InodeHandle, InodeType } from '../../core/namespace/inodes.ts';
import {
  CacheManagerSection,
  ErasureCodingSection,
  FilesUnderConstructionSection_FileUnderConstructionEntry,
  INodeSection,
  NameSystemSection,
  SecretManagerSection,
  SnapshotSection,
  StringTableSection,
  StringTableSection_Entry,
} from '../../wire/messages/fsimage.ts';
import { writeDelimited } from '../../wire/protobuf/message.ts';
import { ProtoWriter } from '../../wire/protobuf/writer.ts';
import { checkPackedSection, type ImageCodec, PACKED_PIECE_BYTES } from './compression.ts';
import { policyProto } from './erasure-coding.ts';
import { type ImageTables, writeInode } from './inode-saving.ts';
import { encodeSummary, IMAGE_MAGIC, SECTION_NAMES, type Section } from './sections.ts';
import type { CarriedSection, ImageCounters } from './state.ts';
import { type OnImageStep, STEP_OF_SECTION } from './steps.ts';
import { MASK_BITS, SavedStrings } from './string-table.ts';

/** A step ends when it has made this much, or has looked at this many inodes: while code is cold, some 15 µs each. */
const SLICE_BYTES = 128 * 1024;
const SLICE_INODES = 250;
/** What was made is handed out when it is this much, or of so many inodes. */
const FLUSH_INODES = 4 * SLICE_INODES;
const NOTHING = Buffer.alloc(0);

/** Built-in erasure coding policies, all switched off: what Apache writes for a new file system. */
const POLICIES_OF_NEW = BUILT_IN_POLICIES.map((policy) => policyProto({ policy, state: 'disabled' }));

export interface ImageContent extends ImageTables {
  readonly counters: ImageCounters;
  /** As the loader gave them; empty for a new file system. */
  readonly carried: readonly CarriedSection[];
  readonly onStep?: OnImageStep | undefined;
}

export interface SavedImage {
  /** Bytes of the whole file. */
  readonly size: number;
  /** 32 hexadecimal digits. */
  readonly md5: string;
}

/**
 * Each buffer is valid until the next step, and may be empty. With a codec the sections are packed; throws
 * SectionTooLongError when one is too long for that.
 */
export function saveImage(content: ImageContent, codec?: ImageCodec): Generator<Buffer, SavedImage> {
  return new Saving(content, codec).run();
}

class Saving {
  private readonly content: ImageContent;
  private readonly strings = new SavedStrings();
  private readonly writer = new ProtoWriter(2 * SLICE_BYTES);
  private readonly digest = createHash('md5');
  private readonly sections: Section[] = [];
  private sectionStart = IMAGE_MAGIC.length;
  /** Bytes handed out so far. */
  private position = 0;
  private readonly openFiles: InodeHandle[] = [];
  private readonly codec: ImageCodec | undefined;
  /** Bytes of the section so far, before they were packed. */
  private unpacked = 0;

  constructor(content: ImageContent, codec: ImageCodec | undefined) {
    this.content = content;
    this.codec = codec;
  }

  *run(): Generator<Buffer, SavedImage> {
    yield this.out(IMAGE_MAGIC);
    this.writeNameSystem();
    yield* this.endSection('NS_INFO');
    yield* this.carriedOr('ERASURE_CODING', () => ErasureCodingSection.encodeDelimited({ policies: POLICIES_OF_NEW }));
    const inodes = this.content.onStep?.('Inodes');
    yield* this.writeInodes();
    yield* this.endSection('INODE');
    yield* this.writeChildLists();
    yield* this.endSection('INODE_DIR');
    yield* this.writeOpenFiles();
    yield* this.endSection('FILES_UNDERCONSTRUCTION');
    yield* this.carriedOr('SNAPSHOT', () => SnapshotSection.encodeDelimited({ snapshotCounter: 0, numSnapshots: 0 }));
    yield* this.endSection('INODE_REFERENCE');
    inodes?.finish();
    yield* this.carriedOr('SECRET_MANAGER', () =>
      SecretManagerSection.encodeDelimited({ currentId: 0, tokenSequenceNumber: 0, numKeys: 0, numTokens: 0 }),
    );
    yield* this.carriedOr('CACHE_MANAGER', () =>
      CacheManagerSection.encodeDelimited({ nextDirectiveId: 1, numPools: 0, numDirectives: 0 }),
    );
    const known: readonly string[] = SECTION_NAMES;
    for (const { name, bytes } of this.content.carried) if (!known.includes(name)) yield* this.carriedOr(name, () => bytes);
    yield* this.writeStrings();
    yield* this.endSection('STRING_TABLE');
    yield this.out(encodeSummary({ layoutVersion: NAMENODE_LAYOUT_VERSION, codec: this.codec?.name, sections: this.sections }));
    return { size: this.position, md5: this.digest.digest('hex') };
  }

  /** Takes bytes into the digest and the count on their way out. */
  private out(bytes: Buffer): Buffer {
    this.digest.update(bytes);
    this.position += bytes.length;
    return bytes;
  }

  /** Everything written since the last flush. */
  private *flush(): Generator<Buffer, void> {
    const view = this.writer.view();
    if (this.codec === undefined) yield this.out(view);
    else yield* this.packed(this.codec, view);
    this.writer.reset();
  }

  /** One piece is a step: a long list of children is packed in several. */
  private *packed(codec: ImageCodec, bytes: Buffer): Generator<Buffer, void> {
    this.unpacked += bytes.length;
    for (let start = 0; start < bytes.length; start += PACKED_PIECE_BYTES) {
      yield this.out(codec.pack(bytes.subarray(start, start + PACKED_PIECE_BYTES)));
    }
  }

  private *endSection(name: string): Generator<Buffer, void> {
    if (this.writer.length > 0) yield* this.flush();
    const offset = this.sectionStart;
    if (this.codec !== undefined) {
      // Hadoop's readers want a packed stream also where there is nothing in it.
      if (this.position === offset) yield this.out(this.codec.pack(Buffer.alloc(0)));
      checkPackedSection(name, this.position - offset, this.unpacked);
      this.unpacked = 0;
    }
    this.sections.push({ name, length: this.position - offset, offset });
    this.sectionStart = this.position;
  }

  private *carriedOr(name: string, make: () => Uint8Array): Generator<Buffer, void> {
    const carried = this.content.carried.find((section) => section.name === name);
    const stepName = STEP_OF_SECTION[name];
    const step = stepName && this.content.onStep?.(stepName);
    this.writer.putRaw(carried === undefined ? make() : carried.bytes);
    yield* this.endSection(name);
    step?.finish();
  }

  private writeNameSystem(): void {
    const { counters } = this.content;
    writeDelimited(
      NameSystemSection,
      {
        namespaceId: counters.namespaceId,
        genstampV1: counters.legacyGenStamp,
        genstampV2: counters.genStamp,
        genstampV1Limit: counters.legacyGenStampLimit,
        lastAllocatedBlockId: counters.lastBlockId,
        transactionId: counters.txid,
        lastAllocatedStripedBlockId: counters.lastStripedBlockId,
      },
      this.writer,
    );
  }

  private *writeInodes(): Generator<Buffer, void> {
    const { inodes, counters } = this.content;
    writeDelimited(INodeSection, { lastInodeId: counters.lastInodeId, numInodes: inodes.size }, this.writer);
    let looked = 0;
    let step = 0;
    for (let inode = 1; inode <= inodes.highestHandle; inode++) {
      if (inodes.isReachable(inode)) {
        writeInode(this.content, inode, this.strings, this.writer);
        if (inodes.type(inode) === InodeType.FILE && inodes.isUnderConstruction(inode)) this.openFiles.push(inode);
      }
      if (++step < SLICE_INODES && this.writer.length < SLICE_BYTES) continue;
      looked = yield* this.pause(looked + step);
      step = 0;
    }
  }

  /** Ends a step; answers the inodes looked at since something was handed out, `looked` until now. */
  private *pause(looked: number): Generator<Buffer, number> {
    if (looked >= FLUSH_INODES || this.writer.length >= SLICE_BYTES) {
      yield* this.flush();
      return 0;
    }
    yield NOTHING;
    return looked;
  }

  private *writeChildLists(): Generator<Buffer, void> {
    const { inodes } = this.content;
    let looked = 0;
    let step = 0;
    for (let inode = 1; inode <= inodes.highestHandle; inode++) {
      const lists = inodes.isReachable(inode) && inodes.type(inode) === InodeType.DIRECTORY && inodes.childCount(inode) > 0;
      if (lists) step += yield* this.writeChildList(inode);
      if (++step < SLICE_INODES && this.writer.length < SLICE_BYTES) continue;
      looked = yield* this.pause(looked + step);
      step = 0;
    }
  }

  /** One list is one message, whatever its length; while a long one is made, empty buffers let others run. */
  private *writeChildList(directory: InodeHandle): Generator<Buffer, number> {
    const { inodes } = this.content;
    const { writer } = this;
    if (inodes.childCount(directory) > SLICE_INODES && writer.length > 0) yield* this.flush();
    const message = writer.beginBare();
    writer.tag(8).putInt64(inodes.id(directory));
    const children = writer.begin(18);
    let after: Uint8Array | undefined;
    let sliced = 0;
    do {
      if (after !== undefined) yield NOTHING;
      let last: InodeHandle = 0;
      sliced = 0;
      inodes.forEachChild(directory, after, (child) => {
        writer.putInt64(inodes.id(child));
        last = child;
        return ++sliced < SLICE_INODES;
      });
      if (last !== 0) after = inodes.name(last);
    } while (sliced >= SLICE_INODES);
    writer.finish(children);
    writer.finish(message);
    return Math.min(inodes.childCount(directory), SLICE_INODES);
  }

  private *writeOpenFiles(): Generator<Buffer, void> {
    const { inodes } = this.content;
    for (const inode of this.openFiles) {
      const entry = { inodeId: inodes.id(inode), fullPath: this.pathOf(inode) };
      writeDelimited(FilesUnderConstructionSection_FileUnderConstructionEntry, entry, this.writer);
      if (this.writer.length >= SLICE_BYTES) yield* this.flush();
    }
  }

  private pathOf(inode: InodeHandle): string {
    const { inodes } = this.content;
    const names: string[] = [];
    for (let at = inode; at !== inodes.root; at = inodes.parent(at)) names.push(Buffer.from(inodes.name(at)).toString('utf8'));
    return `/${names.reverse().join('/')}`;
  }

  private *writeStrings(): Generator<Buffer, void> {
    writeDelimited(StringTableSection, { numEntry: this.strings.size, maskBits: MASK_BITS }, this.writer);
    for (const entry of this.strings.entries()) {
      writeDelimited(StringTableSection_Entry, entry, this.writer);
      if (this.writer.length >= SLICE_BYTES) yield* this.flush();
    }
  }
}
