// Where blocks are, for an answer to a client: the namespace knows which blocks, the block manager where they are, and
// the reader's place decides the order.
import type { BlockHandle } from '../../core/blocks/block-map.ts';
import type { Now, Storage } from '../../core/blocks/datanode.ts';
import type { BlockRange, FileBlocks } from '../../core/namespace/queries/block-locations.ts';
import type { Writer } from '../../core/placement/policy.ts';
import type { LocatedBlockProtoInit, LocatedBlocksProtoInit } from '../../wire/messages/hdfs.ts';
import type { NameSystem } from './namesystem.ts';
import type { RackResolver } from './rack-resolver.ts';
import { locatedBlockProto } from './wire/datanodes.ts';

export class Locations {
  private readonly system: NameSystem;
  private readonly racks: RackResolver;

  constructor(system: NameSystem, racks: RackResolver) {
    this.system = system;
    this.racks = racks;
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

  /** A block as a reader at that place should read it: nearest first. */
  forReader({ block, offset }: BlockRange, reader: Writer | undefined, now: Now): LocatedBlockProtoInit {
    const { blockManager } = this.system;
    const { storages, corrupt } = blockManager.locations(block);
    return this.block(block, offset, blockManager.sortForReader(storages, reader, now), corrupt);
  }

  file(file: FileBlocks, reader: Writer | undefined, now: Now): LocatedBlocksProtoInit {
    return {
      fileLength: file.fileLength,
      blocks: file.blocks.map((range) => this.forReader(range, reader, now)),
      underConstruction: file.underConstruction,
      lastBlock: file.last === undefined ? undefined : this.forReader(file.last, reader, now),
      isLastBlockComplete: file.isLastComplete,
    };
  }
}
