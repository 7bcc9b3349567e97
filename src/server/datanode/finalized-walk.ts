// The finalized block files of a pool on a volume, directory by directory, as a start and the directory scanner go through
// them: names of a whole directory, and no question about each file.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import { blockDirectory, NO_GEN_STAMP, parseBlockFileName, parseMetaFileName } from '../../format/storage/block-files.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import { finalizedDir } from './layout.ts';
import type { Volume } from './volume.ts';

export interface FinalizedFile {
  readonly id: BlockId;
  readonly name: string;
  /** Its meta file, of several the newest. */
  readonly meta: string | undefined;
  readonly genStamp: GenStamp;
}

export interface FinalizedFiles {
  readonly blocks: readonly FinalizedFile[];
  /** Names of blocks that belong into another directory. */
  readonly misplaced: readonly string[];
}

/** More questions at once gain nothing on one disk. */
const MOST_THREADS = 4;

/** How many threads a start has for each of `volumes`: no more than processors all together, but one for each. */
export function startThreads(processors: number, volumes: number): number {
  return Math.max(1, Math.min(MOST_THREADS, Math.floor(processors / Math.max(1, volumes))));
}

const SUBDIR = /^subdir\d{1,3}$/;

/** Directories below finalized/ that may hold blocks, e.g. "subdir0/subdir31". */
export async function* finalizedDirectories(volume: Volume, pool: string): AsyncGenerator<string, void> {
  const root = finalizedDir(volume.path, pool);
  for (const outer of await volume.disk.readdir(root)) {
    if (!SUBDIR.test(outer)) continue;
    for (const inner of await namesIn(volume, `${root}/${outer}`)) if (SUBDIR.test(inner)) yield `${outer}/${inner}`;
  }
}

/** Names in a directory; none when it is gone, or is none. */
export async function namesIn(volume: Volume, path: string): Promise<readonly string[]> {
  try {
    return await volume.disk.readdir(path);
  } catch (error) {
    const code = diskErrorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}

/** The block files among the names of a directory. */
export function finalizedFiles(directory: string, names: readonly string[]): FinalizedFiles {
  const metas = newestMetas(names);
  const blocks: FinalizedFile[] = [];
  const misplaced: string[] = [];
  for (const name of names) {
    if (name.endsWith('.meta')) continue;
    const file = parseBlockFileName(name);
    if (file?.kind !== 'block') continue;
    if (blockDirectory(file.id) !== directory) {
      misplaced.push(name);
      continue;
    }
    const meta = metas.get(name);
    blocks.push({ id: file.id, name, meta: meta?.name, genStamp: meta?.genStamp ?? NO_GEN_STAMP });
  }
  return { blocks, misplaced };
}

/** By the name of the block's file. */
function newestMetas(names: readonly string[]): ReadonlyMap<string, { readonly name: string; readonly genStamp: GenStamp }> {
  const metas = new Map<string, { name: string; genStamp: GenStamp }>();
  for (const name of names) {
    const meta = parseMetaFileName(name);
    if (meta === undefined) continue;
    const { block, genStamp } = meta;
    if (genStamp > (metas.get(block)?.genStamp ?? -1)) metas.set(block, { name, genStamp });
  }
  return metas;
}
