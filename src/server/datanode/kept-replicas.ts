// Replicas of one volume that readers have just let go of, with their files open for the next one: opening, measuring and closing
// both files and reading the header took half of the calls that a short read made. Only of what is finalized, and only where files
// are opened past the disk. Whatever takes a name or bytes from any file of the volume closes them all first, so that nobody
// reads on what was cut, moved or deleted, and the place of a deleted file is free as soon as ever. Others may delete
// files too: after two seconds at most a name is looked up again.
import type { BlockId, GenStamp } from '../../base/ids.ts';
import type { Clock, Timer } from '../../host/host.ts';
import type { DataChecksum } from './data-checksum.ts';
import type { VolumeFile } from './volume-disk.ts';

/** Replicas of a volume that stay open: two descriptors each. */
const MOST_REPLICAS = 32;
const KEPT_MS = 1000;

export interface ReplicaKey {
  readonly pool: string;
  readonly id: BlockId;
  readonly genStamp: GenStamp;
}

/** The open files of a replica that nobody writes. */
export interface KeptReplica {
  readonly key: ReplicaKey;
  readonly dataFile: VolumeFile;
  readonly metaFile: VolumeFile;
  readonly checksum: DataChecksum;
  readonly openedMs: number;
}

export class KeptReplicas {
  private readonly clock: Pick<Clock, 'monotonic' | 'setTimer'>;
  /** Those that were let go of last come last. */
  private readonly kept = new Map<BlockId, KeptReplica>();
  private timer: Timer | undefined;

  constructor(clock: Pick<Clock, 'monotonic' | 'setTimer'>) {
    this.clock = clock;
  }

  /** Just opened. */
  opened(files: Pick<KeptReplica, 'key' | 'dataFile' | 'metaFile' | 'checksum'>): KeptReplica {
    return { ...files, openedMs: this.clock.monotonic() };
  }

  /** Whoever takes one has it alone, until he gives it back. */
  take({ pool, id, genStamp }: ReplicaKey): KeptReplica | undefined {
    const replica = this.kept.get(id);
    if (replica === undefined || replica.key.pool !== pool || replica.key.genStamp !== genStamp) return undefined;
    this.kept.delete(id);
    return replica;
  }

  /** Keeps it, or closes it. */
  give(replica: KeptReplica): void {
    const { dataFile, metaFile, key, openedMs } = replica;
    const isOld = this.clock.monotonic() - openedMs > KEPT_MS;
    if (isOld || !dataFile.mayStayOpen || !metaFile.mayStayOpen || this.kept.has(key.id)) {
      close(replica);
      return;
    }
    dataFile.beginTurn();
    metaFile.beginTurn();
    this.kept.set(key.id, replica);
    if (this.kept.size > MOST_REPLICAS) {
      for (const longest of this.kept.values()) {
        this.kept.delete(longest.key.id);
        close(longest);
        break;
      }
    }
    this.timer ??= this.clock.setTimer(KEPT_MS, () => this.letGo());
  }

  /** Closes all. */
  letGo(): void {
    this.timer?.cancel();
    this.timer = undefined;
    for (const replica of this.kept.values()) close(replica);
    this.kept.clear();
  }
}

function close({ dataFile, metaFile }: KeptReplica): void {
  // When it fails, the volume hears of it.
  for (const file of [dataFile, metaFile]) file.close().catch(() => undefined);
}
