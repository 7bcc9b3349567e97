// LocatedBlocksProto by hand, byte for byte what the generated encoder makes of it. Every block names its DataNodes in
// full, so most of an answer repeats what a few DataNodes look like: that is kept encoded. Fields stand in the order of
// their numbers; a test holds both encoders together.

import type { BlockLocations } from '../../../core/blocks/block-manager.ts';
import type { BlockHandle, BlockMap } from '../../../core/blocks/block-map.ts';
import type { Datanode, Storage } from '../../../core/blocks/datanode.ts';
import type { BlockRange, FileBlocks } from '../../../core/namespace/queries/block-locations.ts';
import { DatanodeInfoProto } from '../../../wire/messages/hdfs.ts';
import { TokenProto } from '../../../wire/messages/security.ts';
import {
  MAX_VARINT32_BYTES,
  MAX_VARINT64_BYTES,
  putVarint32,
  putVarint64,
  putVarintHalves,
  varintBytes,
} from '../../../wire/protobuf/varint.ts';
import { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { datanodeInfoProto, NO_TOKEN } from './datanodes.ts';
import { EncodedFields } from './encoded-fields.ts';

/** Field number and wire type. LocatedBlocksProto. */
const FILE = { fileLength: 8, blocks: 18, underConstruction: 24, lastBlock: 34, isLastBlockComplete: 40 } as const;
/** LocatedBlockProto. */
const BLOCK = {
  b: 10,
  offset: 16,
  locs: 26,
  corrupt: 32,
  blockToken: 42,
  isCached: 50,
  storageTypes: 56,
  storageIDs: 66,
} as const;
/** ExtendedBlockProto. */
const EXTENDED = { poolId: 10, blockId: 16, generationStamp: 24, numBytes: 32 } as const;
/** GetBlockLocationsResponseProto: its only field. */
const ANSWER = 10;

/** A field of bytes as it stands in its message: tag, length, content. */
function field(tag: number, content: Uint8Array): EncodedFields {
  const writer = new ProtoWriter(content.length + 16);
  writer.tag(tag).putBytes(content);
  return new EncodedFields(writer.view());
}

const NOTHING = new EncodedFields(new Uint8Array(0));
const TOKEN_FIELD = field(BLOCK.blockToken, TokenProto.encode(NO_TOKEN));
/** What the length of a block takes that names DataNodes. */
const LOCATED_LENGTH_BYTES = 2;
/** Tags and numbers of a block at their longest, without its storages and the name of the pool. */
const BLOCK_BYTES = 64 + 4 * MAX_VARINT64_BYTES + 2 * MAX_VARINT32_BYTES + TOKEN_FIELD.length;
/** The same of a storage: whether it has the block cached, and its type. */
const STORAGE_BYTES = 1 + 1 + MAX_VARINT32_BYTES;

/** A DataNode as it was encoded last. */
interface EncodedNode {
  version: number;
  fields: EncodedFields;
}

interface EncodedStorage {
  readonly storage: Storage;
  readonly node: EncodedNode;
  readonly id: EncodedFields;
}

/** The field at [from, end) once more, under another tag of one byte. */
function repeat(writer: ProtoWriter, from: number, end: number, tag: number): void {
  const buffer = writer.room(end - from);
  const at = writer.length;
  buffer.copyWithin(at, from, end);
  buffer[at] = tag;
  writer.advance(at + end - from);
}

/** Where to read a block, nearest first. */
export type Locate = (block: BlockHandle) => BlockLocations;

export class LocatedBlocksWriter {
  private readonly blocks: BlockMap;
  private poolId = '';
  private poolField = field(EXTENDED.poolId, Buffer.alloc(0));
  private readonly nodes = new WeakMap<Datanode, EncodedNode>();
  /** By their numbers. */
  private readonly storages: (EncodedStorage | undefined)[] = [];
  /** Of the last answer, on average: the next will not be far from it. */
  private blockBytes = 600;
  /** Of the block that is being written. */
  private readonly found: EncodedStorage[] = [];

  constructor(blocks: BlockMap) {
    this.blocks = blocks;
  }

  /** An answer whose one field is where a file's blocks are. */
  answer(writer: ProtoWriter, poolId: string, file: FileBlocks, locate: Locate): void {
    const lengthBytes = varintBytes(this.expectedBytes(file));
    const at = writer.begin(ANSWER, lengthBytes);
    const from = writer.length;
    this.fields(writer, poolId, file, locate);
    if (file.last !== undefined) this.blockBytes = (writer.length - from) / (file.blocks.length + 1);
    writer.finish(at, lengthBytes);
  }

  /** About how long the answer will be. */
  expectedBytes(file: FileBlocks): number {
    return file.last === undefined ? 0 : Math.ceil((file.blocks.length + 1) * this.blockBytes);
  }

  /** The fields of LocatedBlocksProto. */
  fields(writer: ProtoWriter, poolId: string, file: FileBlocks, locate: Locate): void {
    if (poolId !== this.poolId) {
      this.poolId = poolId;
      this.poolField = field(EXTENDED.poolId, Buffer.from(poolId, 'utf8'));
    }
    writer.tag(FILE.fileLength).putInt64(file.fileLength);
    let from = writer.length;
    for (const range of file.blocks) {
      from = writer.length;
      this.block(writer, FILE.blocks, range, locate(range.block));
    }
    const end = writer.length;
    writer.tag(FILE.underConstruction).putBool(file.underConstruction);
    const { last } = file;
    if (last !== undefined && last.block === file.blocks.at(-1)?.block) repeat(writer, from, end, FILE.lastBlock);
    else if (last !== undefined) this.block(writer, FILE.lastBlock, last, locate(last.block));
    writer.tag(FILE.isLastBlockComplete).putBool(file.isLastComplete);
  }

  private block(writer: ProtoWriter, tag: number, { block, offset }: BlockRange, { storages, corrupt }: BlockLocations): void {
    const { found } = this;
    const count = storages.length;
    let bytes = BLOCK_BYTES + this.poolField.length;
    for (let i = 0; i < count; i++) {
      const encoded = this.encoded(storages[i] as Storage);
      found[i] = encoded;
      bytes += encoded.node.fields.length + encoded.id.length + STORAGE_BYTES;
    }
    const buffer = writer.room(bytes);
    const { memory } = writer;
    const start = writer.length;
    buffer[start] = tag;
    const lengthBytes = count > 0 ? LOCATED_LENGTH_BYTES : 1;
    let at = this.extendedBlock(buffer, memory, start + 1 + lengthBytes, block);
    buffer[at] = BLOCK.offset;
    at = putVarint64(buffer, at + 1, offset);
    for (let i = 0; i < count; i++) at = (found[i] as EncodedStorage).node.fields.put(memory, at);
    buffer[at] = BLOCK.corrupt;
    buffer[at + 1] = corrupt ? 1 : 0;
    at = TOKEN_FIELD.put(memory, at + 2);
    if (count > 0) {
      // Packed: one byte for each replica. Nothing is ever cached.
      buffer[at] = BLOCK.isCached;
      at = putVarint32(buffer, at + 1, count);
      for (let i = 0; i < count; i++) buffer[at++] = 0;
    }
    for (let i = 0; i < count; i++) {
      buffer[at] = BLOCK.storageTypes;
      at = putVarint32(buffer, at + 1, (storages[i] as Storage).type);
    }
    for (let i = 0; i < count; i++) at = (found[i] as EncodedStorage).id.put(memory, at);
    writer.advance(at);
    writer.finish(start + 1, lengthBytes);
  }

  /** Answers the position behind it. */
  private extendedBlock(buffer: Buffer, memory: DataView, start: number, block: BlockHandle): number {
    const { blocks } = this;
    buffer[start] = BLOCK.b;
    let at = this.poolField.put(memory, start + 2);
    buffer[at] = EXTENDED.blockId;
    at = putVarintHalves(buffer, at + 1, blocks.idLow(block), blocks.idHigh(block));
    buffer[at] = EXTENDED.generationStamp;
    at = putVarint64(buffer, at + 1, blocks.genStamp(block));
    buffer[at] = EXTENDED.numBytes;
    at = putVarint64(buffer, at + 1, blocks.numBytes(block));
    const length = at - start - 2;
    if (length <= 0x7f) {
      buffer[start + 1] = length;
      return at;
    }
    // The name of the pool is long: the length takes more than the one byte.
    const more = varintBytes(length) - 1;
    buffer.copyWithin(start + 2 + more, start + 2, at);
    putVarint32(buffer, start + 1, length);
    return at + more;
  }

  private encoded(storage: Storage): EncodedStorage {
    let known = this.storages[storage.number];
    if (known === undefined || known.storage !== storage) {
      known = { storage, node: this.nodeOf(storage.node), id: field(BLOCK.storageIDs, Buffer.from(storage.id, 'utf8')) };
      this.storages[storage.number] = known;
    }
    const { node } = storage;
    if (known.node.version !== node.infoVersion) {
      known.node.fields = field(BLOCK.locs, DatanodeInfoProto.encode(datanodeInfoProto(node)));
      known.node.version = node.infoVersion;
    }
    return known;
  }

  /** One for all storages of a node. */
  private nodeOf(node: Datanode): EncodedNode {
    let known = this.nodes.get(node);
    if (known === undefined) {
      known = { version: -1, fields: NOTHING };
      this.nodes.set(node, known);
    }
    return known;
  }
}
