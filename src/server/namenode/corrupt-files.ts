// Files with a block that has no good replica, for the calls and reports that list them.
import type { BlockHandle } from '../../core/blocks/block-map.ts';
import { pathOfInode } from '../../core/namespace/permissions.ts';
import type { NameSystem } from './namesystem.ts';

export interface CorruptFileBlock {
  readonly block: BlockHandle;
  readonly path: string;
}

/** Path of a block's file; undefined where that is on its way out. */
export function fileOfBlock({ namespace: ns }: NameSystem, block: BlockHandle): string | undefined {
  const file = ns.blocks.owner(block);
  return file !== 0 && ns.inodes.isReachable(file) ? pathOfInode(ns.inodes, file) : undefined;
}

function isBelow(path: string, directory: string): boolean {
  if (directory === '/' || path === directory) return true;
  return path.startsWith(directory.endsWith('/') ? directory : `${directory}/`);
}

/** So many blocks of files at or below `directory`, after the first `skip`; `cookie`: how many to skip for the next. */
export function corruptFileBlocks(
  system: NameSystem,
  directory: string,
  skip: number,
  limit: number,
): { readonly blocks: readonly CorruptFileBlock[]; readonly cookie: number } {
  const blocks: CorruptFileBlock[] = [];
  const { cookie } = system.blockManager.corruptBlocksAfter(skip, limit, (block) => {
    const path = fileOfBlock(system, block);
    if (path === undefined || !isBelow(path, directory)) return false;
    blocks.push({ block, path });
    return true;
  });
  return { blocks, cookie };
}
