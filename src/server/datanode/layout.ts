// Names and places of a DataNode's files, Apache's layout -57:
//
//   DIR/in_use.lock
//   DIR/current/VERSION
//   DIR/current/BP-…/current/VERSION
//   DIR/current/BP-…/current/finalized/subdirN/subdirM/blk_ID, blk_ID_GENSTAMP.meta
//   DIR/current/BP-…/current/rbw/                    being written, or left by a writer; tail_ID, cut_ID: notes of ours
//   DIR/current/BP-…/current/lazypersist/            copies of replicas that lie in memory, laid out as in finalized/
//   DIR/current/BP-…/tmp/                            copies in the making, dropped at a start
//   DIR/current/BP-…/previous/                       `current` of before an upgrade that is not finalized
//   DIR/current/BP-…/trash/                          what was deleted during a rolling upgrade
//
// Names of the block files themselves: format/storage/block-files.ts. Apache: DataStorage, BlockPoolSliceStorage.
export const LOCK_FILE = 'in_use.lock';
export const VERSION_FILE = 'VERSION';

/** Of a data directory, where dfs.datanode.data.dir.perm says nothing else. What is below has the mode that the process gives it. */
export const DIRECTORY_MODE = 0o700;

export const currentDir = (dir: string): string => `${dir}/current`;
export const poolDir = (dir: string, pool: string): string => `${dir}/current/${pool}`;
export const poolCurrentDir = (dir: string, pool: string): string => `${dir}/current/${pool}/current`;
export const finalizedDir = (dir: string, pool: string): string => `${poolCurrentDir(dir, pool)}/finalized`;
export const rbwDir = (dir: string, pool: string): string => `${poolCurrentDir(dir, pool)}/rbw`;
export const lazyPersistDir = (dir: string, pool: string): string => `${poolCurrentDir(dir, pool)}/lazypersist`;
export const tmpDir = (dir: string, pool: string): string => `${poolDir(dir, pool)}/tmp`;
export const previousDir = (dir: string, pool: string): string => `${poolDir(dir, pool)}/previous`;
export const trashDir = (dir: string, pool: string): string => `${poolDir(dir, pool)}/trash`;

/** A block pool id is one path component of a known shape: never a way out of the directory. */
export function isPoolId(name: string): boolean {
  return /^BP-[A-Za-z0-9.:_-]{1,200}$/.test(name);
}

/** Of blocks, of checksums, or what is noted beside them (synced-tail.ts, cut-note.ts). */
export const isReplicaFile = (name: string): boolean => /^(?:blk|tail|cut)_/.test(name);
