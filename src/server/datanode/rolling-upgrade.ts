// Upgrades as a running DataNode takes part in them: a rolling upgrade, which heartbeat answers tell of, sends deleted blocks
// to the trash, and its end clears it; a finalize command gives up the state of before an upgrade. Work on the disks goes
// beside the heartbeats, one piece after the other on each volume. Apache: BPOfferService.signalRollingUpgrade, DataStorage.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../host/host.ts';
import type { RollingUpgradeStatusProto } from '../../wire/messages/hdfs.ts';
import type { Dataset } from './dataset.ts';
import { clearTrash, clearUpgradeMarker, setUpgradeMarker } from './pool-trash.ts';
import { finalizePool } from './pool-upgrade.ts';
import type { Volume } from './volume.ts';

/** What a disk refused is tried again with the first heartbeat after this. */
const RETRY_MS = 60_000;

export class RollingUpgrades {
  private readonly dataset: Dataset;
  private readonly log: Log;
  /** What is on the disks, as far as this process has seen to it. */
  private readonly marked = new Map<string, Set<Volume>>();
  private readonly cleared = new Map<string, Set<Volume>>();
  private readonly work = new WeakMap<Volume, Promise<void>>();
  private readonly retryAt = new WeakMap<Volume, number>();

  constructor(dataset: Dataset, log: Log) {
    this.dataset = dataset;
    this.log = log;
  }

  /** What the active NameNode says in a heartbeat's answer; undefined: nothing, and nothing changes. */
  signal(poolId: string, status: RollingUpgradeStatusProto | undefined): void {
    const pool = this.dataset.poolOrNone(poolId);
    if (status === undefined || pool === undefined) return;
    if (status.blockPoolId !== poolId) {
      this.log.log('error', 'datanode', `Invalid BlockPoolId ${status.blockPoolId} in HeartbeatResponse. Expected ${poolId}`);
      return;
    }
    const on = !status.finalized;
    if (on !== pool.trashEnabled) {
      this.log.log('info', 'datanode', `${on ? 'Enabled' : 'Cleared'} trash for bpid ${poolId}`);
    }
    pool.trashEnabled = on;
    const done = setOf(on ? this.marked : this.cleared, poolId);
    const undone = setOf(on ? this.cleared : this.marked, poolId);
    for (const volume of this.dataset.volumes) {
      if (done.has(volume) || volume.clock.monotonic() < (this.retryAt.get(volume) ?? 0)) continue;
      done.add(volume);
      undone.delete(volume);
      // Nobody else would empty a trash that was not emptied now: the NameNode forgets the upgrade with its next start.
      const failed = (): void => {
        done.delete(volume);
        this.retryAt.set(volume, volume.clock.monotonic() + RETRY_MS);
      };
      this.later(volume, () => (on ? this.begin(poolId, volume) : this.end(poolId, volume)), failed);
    }
  }

  private async begin(poolId: string, volume: Volume): Promise<void> {
    await setUpgradeMarker(volume.disk, volume.path, poolId);
  }

  private async end(poolId: string, volume: Volume): Promise<void> {
    const { disk } = volume;
    if (await clearTrash(disk, volume.path, poolId)) {
      this.log.log('info', 'datanode', `Cleared trash for storage directory ${volume.path}`);
    }
    if (await clearUpgradeMarker(disk, volume.path, poolId)) await this.finalizeOn(poolId, volume);
  }

  /** The NameNode's upgrade is finalized: the state of before it goes, on all volumes. */
  finalize(poolId: string): void {
    if (!this.dataset.hasPool(poolId)) return;
    for (const volume of this.dataset.volumes) this.later(volume, () => this.finalizeOn(poolId, volume));
  }

  private async finalizeOn(poolId: string, volume: Volume): Promise<void> {
    // What is in `previous` is no longer held to be the same files as ours only when it is gone.
    const found = await finalizePool(volume.disk, volume.path, poolId);
    this.dataset.poolOrNone(poolId)?.keepsPrevious.delete(volume);
    if (found) this.log.log('info', 'datanode', `Finalize upgrade for ${volume.path} is complete.`);
  }

  private later(volume: Volume, work: () => Promise<void>, failed: () => void = () => undefined): void {
    const before = this.work.get(volume) ?? Promise.resolve();
    const after = before.then(async () => {
      if (volume.failure !== undefined) return;
      try {
        await work();
      } catch (error) {
        failed();
        volume.trouble(error);
        this.log.log('warn', 'datanode', `upgrade work on ${volume.path}: ${messageOf(error)}`);
      }
    });
    this.work.set(volume, after);
  }
}

function setOf(map: Map<string, Set<Volume>>, pool: string): Set<Volume> {
  const known = map.get(pool) ?? new Set<Volume>();
  map.set(pool, known);
  return known;
}
