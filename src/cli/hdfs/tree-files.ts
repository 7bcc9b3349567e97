// Where a view of an image keeps its tree: in memory, or with `-t` in files of a directory that is made for it.
import { HdfsError } from '../../base/errors.ts';
import { DiskTreeStore } from '../../format/fsimage/views/disk-tree-store.ts';
import { MemoryTreeStore, type TreeStore } from '../../format/fsimage/views/tree-store.ts';
import type { Disk, DiskFile } from '../../host/host.ts';

/** Read and written, and empty. */
async function scratch(disk: Disk, path: string): Promise<DiskFile> {
  await (await disk.open(path, 'wx')).close();
  return disk.open(path, 'r+');
}

export async function withTreeStore(
  disk: Disk,
  directory: string | undefined,
  work: (store: TreeStore) => Promise<void>,
): Promise<void> {
  if (directory === undefined) return work(new MemoryTreeStore());
  if (await disk.exists(directory)) {
    throw new HdfsError(
      'EEXIST',
      `Folder ${directory} already exists! Delete manually or provide another (not existing) directory!`,
    );
  }
  await disk.mkdir(directory);
  const files: DiskFile[] = [];
  try {
    const open = async (name: string): Promise<DiskFile> => {
      const file = await scratch(disk, `${directory}/${name}`);
      files.push(file);
      return file;
    };
    await work(new DiskTreeStore(await open('parents'), await open('places'), await open('names')));
  } finally {
    for (const file of files) await file.close();
    await disk.removeTree(directory);
  }
}
