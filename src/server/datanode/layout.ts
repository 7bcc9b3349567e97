// Names and places of a DataNode's files, Apache's layout -57:
//
//   DIR/in_use.lock
//   DIR/current/VERSION
//   DIR/current/BP-…/current/VERSION
//   DIR/current/BP-…/current/finalized/subdirN/subdirM/blk_ID, blk_ID_GENSTAMP.meta
//   DIR/current/BP-…/current/rbw/                    being written, or left by a writer
//   DIR/current/BP-…/tmp/                            copies in the making, dropped at a start
//
// Apache: DataStorage, BlockPoolSliceStorage, DatanodeUtil.idToBlockDir.
import type { BlockId, GenStamp } from '../../base/ids.ts';

/** Apache: DataNodeLayoutVersion BLOCKID_BASED_LAYOUT_32_by_32. */
export const DATANODE_LAYOUT_VERSION = -57;
export const LOCK_FILE = 'in_use.lock';
export const VERSION_FILE = 'VERSION';

const SUBDIR_MASK = 0x1fn;
/** Subdirectories of each of the two levels below finalized/. */
export const SUBDIRS = 32;

export const currentDir = (dir: string): string => `${dir}/current`;
export const poolDir = (dir: string, pool: string): string => `${dir}/current/${pool}`;
export const poolCurrentDir = (dir: string, pool: string): string => `${dir}/current/${pool}/current`;
export const finalizedDir = (dir: string, pool: string): string => `${poolCurrentDir(dir, pool)}/finalized`;
export const rbwDir = (dir: string, pool: string): string => `${poolCurrentDir(dir, pool)}/rbw`;
export const tmpDir = (dir: string, pool: string): string => `${poolDir(dir, pool)}/tmp`;

/** `subdirN/subdirM` of a finalized block. */
export function blockSubdir(id: BlockId): string {
  return `subdir${(id >> 16n) & SUBDIR_MASK}/subdir${(id >> 8n) & SUBDIR_MASK}`;
}

export const blockFileName = (id: BlockId): string => `blk_${id}`;
export const metaFileName = (id: BlockId, genStamp: GenStamp): string => `blk_${id}_${genStamp}.meta`;

const BLOCK_NAME = /^blk_(-?\d{1,19})$/;
const META_NAME = /^blk_(-?\d{1,19})_(\d{1,15})\.meta$/;

/** Block id of a block file's name, or undefined when it is not one. */
export function parseBlockName(name: string): BlockId | undefined {
  const match = BLOCK_NAME.exec(name);
  return match === null ? undefined : (BigInt.asIntN(64, BigInt(match[1] as string)) as BlockId);
}

/** Block id and generation stamp of a meta file's name, or undefined. */
export function parseMetaName(name: string): { readonly id: BlockId; readonly genStamp: GenStamp } | undefined {
  const match = META_NAME.exec(name);
  if (match === null) return undefined;
  return { id: BigInt.asIntN(64, BigInt(match[1] as string)) as BlockId, genStamp: Number(match[2]) as GenStamp };
}

/** A block pool id is one path component of a known shape: never a way out of the directory. */
export function isPoolId(name: string): boolean {
  return /^BP-[A-Za-z0-9.:_-]{1,200}$/.test(name);
}
