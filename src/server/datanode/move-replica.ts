// The two files of a replica move from one directory to another: both, or neither. A crash between the two is mended by the next
// start (BlockPool.mendSplit), an error here: parted, nobody could read or recover the replica until then. Apache moves the
// checksums back where a replica is opened again, and leaves the two apart where it is finalized.
import type { ReplicaPaths } from './replica.ts';
import type { VolumeDisk } from './volume-disk.ts';

/** Rejects with what went wrong first; the files are then where they were, as far as the disk lets them. */
export async function moveReplica(
  disk: VolumeDisk,
  from: ReplicaPaths,
  to: ReplicaPaths,
  makeDurable: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  const [block, meta] = from;
  const [newBlock, newMeta] = to;
  await disk.rename(meta, newMeta);
  try {
    await disk.rename(block, newBlock);
  } catch (error) {
    await disk.rename(newMeta, meta).catch(() => undefined);
    throw error;
  }
  try {
    await makeDurable();
  } catch (error) {
    await moveReplica(disk, to, from).catch(() => undefined);
    throw error;
  }
}
