// A DataNode that is stopped to be started again at once, for an upgrade: its writers are told, and each of their replicas
// gets a note with a time. When the next process finds the note in time, the replica is one being written (RBW), to which its
// writer comes back, and not one whose writer is lost (RWR). The notes lie where Apache's do: `rbw:.blk_N.restart` beside
// `rbw` (its code joins the names with the separator of path lists). Apache: BlockReceiver, BlockPoolSlice.
import { messageOf } from '../../base/errors.ts';
import { type BlockId, blockId } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { blockFileName } from '../../format/storage/block-files.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import { poolCurrentDir, rbwDir } from './layout.ts';
import { describeBlock, InFlightReplica } from './replica.ts';
import type { Volume } from './volume.ts';
import type { VolumeDisk } from './volume-disk.ts';

const NOTE = /^rbw:\.blk_(-?\d{1,19})\.restart$/;
/** A time in decimal digits. */
const MAX_NOTE_BYTES = 64;

const notePath = (volume: Volume, pool: string, id: BlockId): string =>
  `${rbwDir(volume.path, pool)}:.${blockFileName(id)}.restart`;

/** Tells every writer that this node restarts, notes its replica, and lets go of it. */
export async function announceRestart(dataset: Dataset, untilMs: number, oobTimeoutMs: number): Promise<void> {
  const writers = dataset.poolIds.flatMap((id) => [...dataset.pool(id).inFlight.values()]);
  await Promise.all(
    writers.map(async (replica) => {
      const { announceRestart: announce, volume, pool, id } = replica;
      if (announce === undefined) return;
      try {
        await announce(oobTimeoutMs);
        await volume.disk.writeFileAtomic(notePath(volume, pool, id), String(untilMs));
      } catch (error) {
        dataset.log.log('warn', 'datanode', `${describeBlock(replica)} will not outlast the restart: ${messageOf(error)}`);
      }
    }),
  );
}

/** Ends all writers that there are; their clients go on without this node. */
export function evictWriters(dataset: Dataset): void {
  for (const id of dataset.poolIds) {
    for (const replica of dataset.pool(id).inFlight.values()) {
      void replica.stopWriter?.().catch((error: unknown) => {
        dataset.log.log('warn', 'datanode', `the writer of ${describeBlock(replica)} does not let go: ${messageOf(error)}`);
      });
    }
  }
}

/** After a start: replicas with a note that is still good are written again; all notes go. */
export async function resumeAfterRestart(dataset: Dataset, pool: BlockPool, nowMs: number): Promise<void> {
  const { log } = dataset;
  for (const volume of dataset.volumes) {
    if (volume.failure !== undefined) continue;
    const { disk } = volume;
    const dir = poolCurrentDir(volume.path, pool.id);
    for (const name of await disk.readdir(dir)) {
      const match = NOTE.exec(name);
      if (match === null) continue;
      const id = blockId(BigInt(match[1] as string));
      const good = await isGood(disk, `${dir}/${name}`, nowMs);
      await disk.unlink(`${dir}/${name}`);
      if (good && (await resume(pool, volume, id))) {
        log.log('info', 'datanode', `block ${id} of ${pool.id} waits for its writer to come back`);
      }
    }
  }
}

async function isGood(disk: VolumeDisk, path: string, nowMs: number): Promise<boolean> {
  const text = (await disk.readFile(path)).subarray(0, MAX_NOTE_BYTES).toString('latin1').trim();
  return /^\d{1,19}$/.test(text) && Number(text) > nowMs;
}

/** False: the files do not hold, to the byte, what a writer may go on from. */
async function resume(pool: BlockPool, volume: Volume, id: BlockId): Promise<boolean> {
  const { replicas } = pool;
  const handle = replicas.find(id);
  if (handle === 0 || replicas.state(handle) !== ReplicaState.RWR || pool.volumeOf(handle) !== volume) return false;
  const numBytes = replicas.numBytes(handle);
  const { size } = await volume.disk.stat(pool.blockFile(handle));
  if (size !== numBytes) return false;
  const directory = pool.directoryOf(handle);
  const name = { pool: pool.id, id, genStamp: replicas.genStamp(handle), numBytes };
  replicas.setState(handle, ReplicaState.RBW);
  pool.inFlight.set(handle, new InFlightReplica(name, ReplicaState.RBW, volume, directory, numBytes));
  return true;
}
