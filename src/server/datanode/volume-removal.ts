// A volume goes out of service, because its disk failed or the operator wants it back: no new replica comes to it, its
// writers are ended, and its replicas leave the map. Its files stay as they are. What hangs on the disk is not waited for: a
// block that somebody holds leaves the map when it is let go of, and is in no report until then. A replica in memory that was
// saved is replaced by its copy, where Apache's waits for the next start, and the NameNode gives up the file meanwhile.
// Apache: FsDatasetImpl.removeVolumes.
import { messageOf } from '../../base/errors.ts';
import type { ReplicaHandle } from '../../core/replica/replica-map.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import type { BlockName } from './replica.ts';
import type { Volume } from './volume.ts';

/** Replicas looked at in one turn. */
const SLICE = 8192;
/** Of blocks that a file may yet end with; a copy in the making is of one that others have. */
const UNFINISHED: ReadonlySet<ReplicaState> = new Set([ReplicaState.RBW, ReplicaState.RWR, ReplicaState.RUR]);

/** Takes a volume out of service. Answers how many replicas left; undefined: it was out of service already. */
export async function withdrawVolume(
  dataset: Dataset,
  volume: Volume,
  reason: string,
  onForgotten: (block: BlockName) => void = () => undefined,
): Promise<number | undefined> {
  if (!dataset.volumeList.remove(volume)) return undefined;
  volume.failure = reason;
  return forgetReplicas(dataset, volume, onForgotten);
}

/** Takes the replicas of a volume that is not in service out of the map, and lets go of the directory. */
export async function forgetReplicas(
  dataset: Dataset,
  volume: Volume,
  onForgotten: (block: BlockName) => void,
): Promise<number> {
  let count = 0;
  const held: Promise<void>[] = [];
  /** In memory, with a copy on a disk that stays. */
  const saved: { readonly pool: BlockPool; readonly name: BlockName }[] = [];
  dataset.ramDisk?.copiesLost(volume);
  for (const id of dataset.poolIds) {
    const pool = dataset.pool(id);
    for (let at = 1; at !== 0; ) {
      at = pool.replicas.scan(at, SLICE, (handle) => {
        if (pool.replicas.volume(handle) !== volume.index) return;
        count++;
        endWriter(dataset, pool, handle);
        const name = nameOf(pool, handle);
        const key = dataset.key(name);
        if (dataset.ramDisk?.hasCopy(key) === true) {
          saved.push({ pool, name });
          return;
        }
        if (!dataset.locks.isHeld(key)) {
          forget(dataset, pool, handle, onForgotten);
          return;
        }
        held.push(
          dataset.locks.run(key, async () => {
            const still = pool.replicas.find(name.id);
            if (still !== 0 && pool.volumeOf(still) === volume) forget(dataset, pool, still, onForgotten);
          }),
        );
      });
      if (at !== 0) await volume.turn();
    }
  }
  const replace = async (): Promise<void> => {
    for (const { pool, name } of saved) {
      const key = dataset.key(name);
      await dataset.locks.run(key, async () => {
        const still = pool.replicas.find(name.id);
        if (still === 0 || pool.volumeOf(still) !== volume) return;
        if ((await dataset.ramDisk?.replaceByCopy(key)) === true) onForgotten(name);
        else forget(dataset, pool, still, onForgotten);
      });
    }
  };
  held.push(replace());
  const vacate = async (): Promise<void> => {
    await Promise.all(held);
    volume.isVacant = true;
    await volume.release();
  };
  vacate().catch((error: unknown) => dataset.log.log('warn', 'datanode', `letting go of ${volume.path}: ${messageOf(error)}`));
  return count;
}

function nameOf(pool: BlockPool, handle: ReplicaHandle): BlockName {
  const { replicas } = pool;
  return { pool: pool.id, id: replicas.id(handle), genStamp: replicas.genStamp(handle), numBytes: replicas.numBytes(handle) };
}

function endWriter(dataset: Dataset, pool: BlockPool, handle: ReplicaHandle): void {
  pool.inFlight
    .get(handle)
    ?.stopWriter?.()
    .catch((error: unknown) => dataset.log.log('warn', 'datanode', `ending a writer: ${messageOf(error)}`));
}

function forget(dataset: Dataset, pool: BlockPool, handle: ReplicaHandle, onForgotten: (block: BlockName) => void): void {
  const name = nameOf(pool, handle);
  if (UNFINISHED.has(pool.replicas.state(handle))) dataset.outOfReach.add(name);
  dataset.ramDisk?.abandoned(pool, name.id);
  pool.inFlight.get(handle)?.settleRest();
  pool.inFlight.delete(handle);
  pool.recoveries.delete(handle);
  pool.cuts.delete(handle);
  pool.replicas.remove(handle);
  onForgotten(name);
}
