// Which volume takes a new replica: round robin over the volumes of the wanted storage type. Apache:
// RoundRobinVolumeChoosingPolicy, the default of dfs.datanode.fsdataset.volume.choosing.policy.
import { HdfsError } from '../../base/errors.ts';

export interface VolumeCandidate {
  /** Bytes that may still be given to replicas: free space less what is reserved and promised. */
  readonly availableBytes: number;
}

export interface VolumeChoice {
  /** Index among the candidates. */
  readonly index: number;
  /** Where the next choice begins. */
  readonly nextCursor: number;
}

/** Takes the first volume from `cursor` on with more room than `blockBytes`. Throws HdfsError ENOSPC. */
export function chooseRoundRobin(volumes: readonly VolumeCandidate[], blockBytes: number, cursor: number): VolumeChoice {
  const count = volumes.length;
  if (count === 0) throw new HdfsError('ENOSPC', 'No more available volumes');
  let most = 0;
  for (let step = 0; step < count; step++) {
    const index = (cursor + step) % count;
    const available = volumes[index]?.availableBytes ?? 0;
    if (available > blockBytes) return { index, nextCursor: (index + 1) % count };
    most = Math.max(most, available);
  }
  throw new HdfsError(
    'ENOSPC',
    `Out of space: The volume with the most available space (=${most} B) is less than the block size (=${blockBytes} B).`,
  );
}
