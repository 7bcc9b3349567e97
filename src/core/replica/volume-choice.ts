// Which volume takes a new replica, among the volumes of the wanted storage type. The storage that a request names is the
// NameNode's guess and is passed over, as in Apache. Apache: RoundRobinVolumeChoosingPolicy (the default of
// dfs.datanode.fsdataset.volume.choosing.policy) and AvailableSpaceVolumeChoosingPolicy.
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

/** Takes the first volume from `cursor` on with more room than `blockBytes` and `spareBytes`. Throws HdfsError ENOSPC. */
export function chooseRoundRobin(
  volumes: readonly VolumeCandidate[],
  blockBytes: number,
  cursor: number,
  spareBytes = 0,
): VolumeChoice {
  const count = volumes.length;
  if (count === 0) throw new HdfsError('ENOSPC', 'No more available volumes');
  // Volumes may have gone since the last choice.
  const start = cursor < count ? cursor : 0;
  let most = 0;
  for (let step = 0; step < count; step++) {
    const index = (start + step) % count;
    const available = volumes[index]?.availableBytes ?? 0;
    if (available > blockBytes + spareBytes) return { index, nextCursor: (index + 1) % count };
    most = Math.max(most, available);
  }
  throw new HdfsError(
    'ENOSPC',
    `Out of space: The volume with the most available space (=${most} B) is less than the block size (=${blockBytes} B).`,
  );
}

export type VolumePolicy = 'round-robin' | 'available-space';

export interface VolumeChooserOptions {
  readonly policy: VolumePolicy;
  /** Volumes whose free bytes differ by no more count as balanced. */
  readonly balancedSpaceThreshold: number;
  /** Part of the new replicas that go to the emptier volumes, in the proportion of the numbers of volumes. */
  readonly balancedSpacePreference: number;
  /** Free bytes beyond the block that round robin asks for. */
  readonly additionalAvailableSpace: number;
}

const PREFIX = 'org.apache.hadoop.hdfs.server.datanode.fsdataset.';

/** Undefined for a class that is none of Apache's. */
export function volumePolicyOf(className: string): VolumePolicy | undefined {
  if (className === `${PREFIX}RoundRobinVolumeChoosingPolicy`) return 'round-robin';
  return className === `${PREFIX}AvailableSpaceVolumeChoosingPolicy` ? 'available-space' : undefined;
}

/**
 * Probability that an emptier volume is taken: h p / (h p + l (1 - p)), with h emptier and l fuller volumes and p the
 * preference, so that at p = 0.5 every volume is as likely as another.
 */
export function emptierShare(emptier: number, fuller: number, preference: number): number {
  const weight = emptier * preference;
  const total = weight + fuller * (1 - preference);
  return total === 0 ? 0 : weight / total;
}

/** Chooses for one storage type; keeps whose turn it is. */
export class VolumeChooser {
  private readonly options: VolumeChooserOptions;
  private all = 0;
  private emptier = 0;
  private fuller = 0;

  constructor(options: VolumeChooserOptions) {
    this.options = options;
  }

  /** Index of a volume. `chance`: uniform in [0, 1). Throws HdfsError ENOSPC. */
  choose(volumes: readonly VolumeCandidate[], blockBytes: number, chance: () => number): number {
    const { policy, balancedSpaceThreshold: threshold, balancedSpacePreference, additionalAvailableSpace } = this.options;
    if (policy === 'round-robin') {
      const { index, nextCursor } = chooseRoundRobin(volumes, blockBytes, this.all, additionalAvailableSpace);
      this.all = nextCursor;
      return index;
    }
    const free = volumes.map(({ availableBytes }) => availableBytes);
    const least = Math.min(...free);
    if (volumes.length === 0 || Math.max(...free) - least <= threshold) {
      const { index, nextCursor } = chooseRoundRobin(volumes, blockBytes, this.all);
      this.all = nextCursor;
      return index;
    }
    const numbers = free.map((_, i) => i);
    const full = numbers.filter((i) => (free[i] as number) <= least + threshold);
    const empty = numbers.filter((i) => (free[i] as number) > least + threshold);
    const mostAmongFull = Math.max(...full.map((i) => free[i] as number));
    const share = emptierShare(empty.length, full.length, balancedSpacePreference);
    const pick = (among: readonly number[], cursor: number): { readonly volume: number; readonly next: number } => {
      const candidates = among.map((i) => volumes[i] as VolumeCandidate);
      const { index, nextCursor } = chooseRoundRobin(candidates, blockBytes, cursor);
      return { volume: among[index] as number, next: nextCursor };
    };
    if (mostAmongFull < blockBytes || chance() < share) {
      const { volume, next } = pick(empty, this.emptier);
      this.emptier = next;
      return volume;
    }
    const { volume, next } = pick(full, this.fuller);
    this.fuller = next;
    return volume;
  }
}
