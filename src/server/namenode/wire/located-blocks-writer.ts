// LocatedBlocksProto by hand, byte for byte what the generated encoder makes of it. Every block names its DataNodes in
// full, so most of an answer repeats what a few DataNodes look like: that is kept encoded. Fields stand in the order of
// their numbers; a test holds both encoders together.

import type { BlockLocations } from '../../../core/blocks/block-manager.ts';
import type { BlockHandle, BlockMap } from '../../../core/blocks/block-map.ts';
import type { Datanode, Storage } from '../../../core/blocks/datanode.ts';
import type { BlockRange, FileBlocks } from '../../../core/namespace/queries/block-locations.ts';
import { DatanodeInfoProto } from '../../../wire/messages/hdfs.ts';
import { TokenProto } from '../../../wire/messages/security.ts';
import { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { datanodeInfoProto, NO_TOKEN } from './datanodes.ts';

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
function field(tag: number, content: Uint8Array): Buffer {
  const writer = new ProtoWriter(content.length + 16);
  writer.tag(tag).putBytes(content);
  return writer.toBuffer();
}

const TOKEN_FIELD = field(BLOCK.blockToken, TokenProto.encode(NO_TOKEN));

/** Where to read a block, nearest first. */
export type Locate = (block: BlockHandle) => BlockLocations;

export class LocatedBlocksWriter {
  private readonly blocks: BlockMap;
  private poolId = '';
  private poolField = field(EXTENDED.poolId, Buffer.alloc(0));
  private readonly nodeFields = new WeakMap<Datanode, { readonly version: number; readonly bytes: Buffer }>();
  private readonly storageFields = new WeakMap<Storage, Buffer>();

  constructor(blocks: BlockMap) {
    this.blocks = blocks;
  }

  /** An answer whose one field is where a file's blocks are. */
  answer(writer: ProtoWriter, poolId: string, file: FileBlocks, locate: Locate): void {
    const at = writer.begin(ANSWER);
    this.fields(writer, poolId, file, locate);
    writer.finish(at);
  }

  /** The fields of LocatedBlocksProto. */
  fields(writer: ProtoWriter, poolId: string, file: FileBlocks, locate: Locate): void {
    if (poolId !== this.poolId) {
      this.poolId = poolId;
      this.poolField = field(EXTENDED.poolId, Buffer.from(poolId, 'utf8'));
    }
    writer.tag(FILE.fileLength).putInt64(file.fileLength);
    for (const range of file.blocks) this.block(writer, FILE.blocks, range, locate(range.block));
    writer.tag(FILE.underConstruction).putBool(file.underConstruction);
    if (file.last !== undefined) this.block(writer, FILE.lastBlock, file.last, locate(file.last.block));
    writer.tag(FILE.isLastBlockComplete).putBool(file.isLastComplete);
  }

  private block(writer: ProtoWriter, tag: number, range: BlockRange, { storages, corrupt }: BlockLocations): void {
    // DataNodes in full: more than 127 bytes.
    const lengthBytes = storages.length > 0 ? 2 : 1;
    const at = writer.begin(tag, lengthBytes);
    this.extendedBlock(writer, range.block);
    writer.tag(BLOCK.offset).putInt64(range.offset);
    for (const { node } of storages) writer.putRaw(this.nodeField(node));
    writer.tag(BLOCK.corrupt).putBool(corrupt);
    writer.putRaw(TOKEN_FIELD);
    if (storages.length > 0) {
      // Packed: one byte for each replica. Nothing is ever cached.
      writer.tag(BLOCK.isCached).putUint32(storages.length);
      for (let i = 0; i < storages.length; i++) writer.putBool(false);
    }
    for (const { type } of storages) writer.tag(BLOCK.storageTypes).putUint32(type);
    for (const storage of storages) writer.putRaw(this.storageField(storage));
    writer.finish(at, lengthBytes);
  }

  private extendedBlock(writer: ProtoWriter, block: BlockHandle): void {
    const { blocks } = this;
    const at = writer.begin(BLOCK.b);
    writer.putRaw(this.poolField);
    writer.tag(EXTENDED.blockId).putHalves(blocks.idLow(block), blocks.idHigh(block));
    writer.tag(EXTENDED.generationStamp).putInt64(blocks.genStamp(block));
    writer.tag(EXTENDED.numBytes).putInt64(blocks.numBytes(block));
    writer.finish(at);
  }

  private nodeField(node: Datanode): Buffer {
    const known = this.nodeFields.get(node);
    if (known !== undefined && known.version === node.infoVersion) return known.bytes;
    const bytes = field(BLOCK.locs, DatanodeInfoProto.encode(datanodeInfoProto(node)));
    this.nodeFields.set(node, { version: node.infoVersion, bytes });
    return bytes;
  }

  private storageField(storage: Storage): Buffer {
    let bytes = this.storageFields.get(storage);
    if (bytes === undefined) {
      bytes = field(BLOCK.storageIDs, Buffer.from(storage.id, 'utf8'));
      this.storageFields.set(storage, bytes);
    }
    return bytes;
  }
}
