// Files that are being cut inside a block: how long that block is to be, and what it is cut from. It ends when the file is
// closed, or its block goes. Apache keeps the same in BlockUnderConstructionFeature.truncateBlock, and in no image either: a
// file whose image was saved meanwhile comes back at its old length, open.
import type { BlockHandle } from '../blocks/block-map.ts';

export type Truncation =
  /** The replicas themselves are cut. */
  | { readonly kind: 'inPlace'; readonly newBytes: number }
  /** The block is new, and made from the first bytes of `source`, which an upgrade (or a snapshot) still needs whole. */
  | { readonly kind: 'copy'; readonly newBytes: number; readonly source: BlockHandle };

export class Truncations {
  readonly #byBlock = new Map<BlockHandle, Truncation>();

  get size(): number {
    return this.#byBlock.size;
  }

  /** Last blocks of the files that are being cut. */
  blocks(): IterableIterator<BlockHandle> {
    return this.#byBlock.keys();
  }

  of(block: BlockHandle): Truncation | undefined {
    return this.#byBlock.get(block);
  }

  begin(block: BlockHandle, truncation: Truncation): void {
    this.#byBlock.set(block, truncation);
  }

  /** The block is as long as it was to be, or gone. Answers the block that it was copied from, or 0. */
  end(block: BlockHandle): BlockHandle {
    const truncation = this.#byBlock.get(block);
    if (truncation === undefined) return 0;
    this.#byBlock.delete(block);
    return truncation.kind === 'copy' ? truncation.source : 0;
  }
}
