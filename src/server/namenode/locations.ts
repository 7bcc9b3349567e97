// Where blocks are, for an answer to a client: the namespace knows which blocks, the block manager where they are, and
// the reader's place decides the order.

import type { BlockHandle } from '../../core/blocks/block-map.ts';
import type { Now, Storage } from '../../core/blocks/datanode.ts';
import type { FileBlocks } from '../../core/namespace/queries/block-locations.ts';
import type { Writer } from '../../core/placement/policy.ts';
import { sortForReader } from '../../core/placement/sort-locations.ts';
import type { LocatedBlockProtoInit } from '../../wire/messages/hdfs.ts';
import type { ProtoWriter } from '../../wire/protobuf/writer.ts';
import type { NameSystem } from './namesystem.ts';
import type { RackResolver } from './rack-resolver.ts';
import { locatedBlockProto } from './wire/datanodes.ts';
import { type Locate, LocatedBlocksWriter } from './wire/located-blocks-writer.ts';

export class Locations {
  private readonly system: NameSystem;
  private readonly racks: RackResolver;
  private readonly located: LocatedBlocksWriter;

  constructor(system: NameSystem, racks: RackResolver) {
    this.system = system;
    this.racks = racks;
    this.located = new LocatedBlocksWriter(system.namespace.blocks);
  }

  /** The place of a client: the DataNode on its host, else its rack, when that is known. */
  placeOf(host: string): Writer | undefined {
    const { blockManager, host: machine } = this.system;
    const node = blockManager.datanodes.onHost(host, () => machine.random.fraction());
    if (node !== undefined) return { node, location: node.location };
    const location = this.racks.cached(host);
    if (location === undefined) {
      // Asked for once, in the background: the next request of this client knows it.
      void this.racks.resolve(host);
      return undefined;
    }
    return this.racks.isConfigured ? { node: undefined, location } : undefined;
  }

  /** One block and these storages, in this order. */
  block(block: BlockHandle, offset: number, storages: readonly Storage[], corrupt = false): LocatedBlockProtoInit {
    const { blocks, blockPoolId } = this.system.namespace;
    const triple = { id: blocks.id(block), genStamp: blocks.genStamp(block), numBytes: blocks.numBytes(block) };
    return locatedBlockProto(blockPoolId, triple, offset, corrupt, storages);
  }

  /** Where to read blocks from that place, for one answer. */
  forReader(reader: Writer | undefined, now: Now): Locate {
    const { blockManager } = this.system;
    const view = blockManager.readerView(now);
    return (block) => {
      const { storages, corrupt } = blockManager.locations(block);
      return { storages: sortForReader(storages, reader, view), corrupt };
    };
  }

  /** About how long that answer will be. */
  expectedBytes(file: FileBlocks): number {
    return this.located.expectedBytes(file);
  }

  /** Writes the answer of getBlockLocations. */
  writeAnswer(writer: ProtoWriter, file: FileBlocks, reader: Writer | undefined, now: Now): void {
    this.located.answer(writer, this.system.blockPoolId, file, this.forReader(reader, now));
  }

  /** Writes the fields of a file's LocatedBlocksProto. */
  writeFile(writer: ProtoWriter, file: FileBlocks, reader: Writer | undefined, now: Now): void {
    this.located.fields(writer, this.system.blockPoolId, file, this.forReader(reader, now));
  }
}
