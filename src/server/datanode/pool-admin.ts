// What an administrator may do with the block pools of a running DataNode: have it take up NameNodes that its configuration
// names now, and remove what is left of a pool that it does not serve. Apache: BlockPoolManager.refreshNamenodes,
// FsDatasetImpl.deleteBlockPool.
import { HdfsError } from '../../base/errors.ts';
import type { Nameservice } from '../../config/nameservices.ts';
import { finalizedDir, isPoolId, lazyPersistDir, poolDir, rbwDir } from './layout.ts';
import type { PoolService } from './pool-service.ts';
import type { Volume } from './volume.ts';

/**
 * The pools after a refresh: known nameservices get the NameNodes that are named now, new ones a pool of their own, made by
 * `make` and not started. Throws HdfsError EIO, nothing changed, where a nameservice is left out.
 */
export async function refreshNameNodes(
  pools: readonly PoolService[],
  nameservices: readonly Nameservice[],
  make: (nameservice: Nameservice) => PoolService,
): Promise<readonly PoolService[]> {
  const gone = pools.filter(({ nameservice }) => !nameservices.some((each) => each.nameservice === nameservice));
  if (gone.length > 0) {
    const names = gone.map(({ nameservice, pool }) => nameservice ?? pool ?? 'the one without a name').join(', ');
    throw new HdfsError('EIO', `Giving up a nameservice of a running DataNode is not built yet: ${names}`);
  }
  const next: PoolService[] = [];
  for (const nameservice of nameservices) {
    const known = pools.find((pool) => pool.nameservice === nameservice.nameservice);
    if (known !== undefined) await known.setNameNodes(nameservice.namenodes);
    next.push(known ?? make(nameservice));
  }
  return next;
}

/** Removes the directories of a pool that is not served; with blocks in them only when `force`. */
export async function deleteBlockPool(
  volumes: readonly Volume[],
  pools: readonly PoolService[],
  pool: string,
  force: boolean,
): Promise<void> {
  if (pools.some((service) => service.pool === pool)) {
    throw new HdfsError(
      'EIO',
      'The block pool is still running. First do a refreshNamenodes to shutdown the block pool service',
    );
  }
  // One that has not told its id yet may be the owner.
  if (pools.some((service) => service.pool === undefined)) {
    throw new HdfsError('EIO', 'Not every NameNode has been heard from yet: it is not known which block pools are served');
  }
  // Any other text would name any other directory.
  if (!isPoolId(pool)) throw new HdfsError('EIO', `${pool} is not the id of a block pool`);
  const held: Volume[] = [];
  for (const volume of volumes) {
    if (await volume.disk.exists(poolDir(volume.path, pool))) held.push(volume);
  }
  if (!force) {
    for (const volume of held) {
      for (const directory of [finalizedDir, rbwDir, lazyPersistDir]) {
        if (await hasFiles(volume, directory(volume.path, pool))) {
          throw new HdfsError('EIO', 'Cannot delete block pool, it contains some block files');
        }
      }
    }
  }
  for (const volume of held) await volume.disk.removeTree(poolDir(volume.path, pool));
}

async function hasFiles({ disk }: Volume, directory: string): Promise<boolean> {
  const waiting = [directory];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (!(await disk.exists(path))) continue;
    for (const name of await disk.readdir(path)) {
      const entry = `${path}/${name}`;
      if (!(await disk.stat(entry)).isDirectory) return true;
      waiting.push(entry);
    }
  }
  return false;
}
