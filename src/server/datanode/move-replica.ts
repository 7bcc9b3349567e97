// The two files of a replica move from one directory to another: both, or neither. A crash between the two is mended by the next
// start (BlockPool.mendSplit), an error here: parted, nobody could read or recover the replica until then. Apache moves the
// checksums back where a replica is opened again, and leaves the two apart where it is finalized.
import type { VolumeDisk } from './volume-disk.ts';

/** Of one replica. */
export interface ReplicaPaths {
  readonly block: string;
  readonly meta: string;
}

/** Rejects with what went wrong first; the files are then where they were, as far as the disk lets them. */
export async function moveReplica(
  disk: VolumeDisk,
  from: ReplicaPaths,
  to: ReplicaPaths,
  makeDurable: () => Promise<unknown> = () => Promise.resolve(),
): Promise<void> {
  await disk.rename(from.meta, to.meta);
  try {
    await disk.rename(from.block, to.block);
  } catch (error) {
    await disk.rename(to.meta, from.meta).catch(() => undefined);
    throw error;
  }
  try {
    await makeDurable();
  } catch (error) {
    await moveReplica(disk, to, from).catch(() => undefined);
    throw error;
  }
}
