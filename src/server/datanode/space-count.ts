// How much of each disk the blocks take, rounding and directories included: counted anew in the rhythm in which Hadoop has
// `du` walk the disks, but from memory. Between two counts what comes and goes is added to the byte. Apache:
// CachingGetSpaceUsed.
import { messageOf } from '../../base/errors.ts';
import { DiskSpace } from '../../core/replica/disk-space.ts';
import type { Clock, Log, Random } from '../../host/host.ts';
import type { BlockPool } from './block-pool.ts';
import type { Dataset } from './dataset.ts';
import type { DataNodeSettings } from './settings.ts';

/** Replicas looked at in one turn. */
const SLICE = 10_000;
const SHORTEST_WAIT_MS = 1000;
/** How long a count waits at most to hear that it is switched on. */
const SWITCHED_OFF_MS = 60_000;

export interface SpaceCountOptions {
  readonly dataset: Dataset;
  readonly settings: DataNodeSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export class SpaceCount {
  readonly #options: SpaceCountOptions;
  readonly #abort = new AbortController();
  #begun = false;

  constructor(options: SpaceCountOptions) {
    this.#options = options;
  }

  /** To be called whenever pools or volumes have come: counts now, and from the first time on again and again. */
  follow(): void {
    const counted = this.#begun ? this.count() : this.#run();
    this.#begun = true;
    counted.catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#options.log.log('error', 'datanode', `counting space: ${messageOf(error)}`);
    });
  }

  stop(): void {
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    const { settings, clock, random } = this.#options;
    for (;;) {
      await this.count();
      const { intervalMs, jitterMs } = settings.spaceCount;
      if (intervalMs <= 0) await clock.sleep(SWITCHED_OFF_MS, this.#abort.signal);
      else {
        const waitMs = intervalMs + (jitterMs > 0 ? jitterMs * (2 * random.fraction() - 1) : 0);
        await clock.sleep(Math.max(SHORTEST_WAIT_MS, waitMs), this.#abort.signal);
      }
    }
  }

  async count(): Promise<void> {
    const { dataset } = this.#options;
    for (const { overheadByPool } of dataset.volumes) {
      for (const id of overheadByPool.keys()) if (dataset.poolOrNone(id) === undefined) overheadByPool.delete(id);
    }
    for (const id of dataset.poolIds) {
      const pool = dataset.poolOrNone(id);
      if (pool !== undefined) await this.#countPool(pool);
    }
  }

  async #countPool(pool: BlockPool): Promise<void> {
    const { replicas } = pool;
    const spaces = new Map<number, DiskSpace>();
    for (const volume of this.#options.dataset.volumes) spaces.set(volume.index, new DiskSpace());
    for (let at = 1; at !== 0; ) {
      at = replicas.scan(at, SLICE, (handle) => {
        spaces.get(replicas.volume(handle))?.add(replicas.idLow(handle), replicas.numBytes(handle));
      });
      await new Promise<void>((resolve) => this.#options.clock.defer(resolve));
      if (this.#abort.signal.aborted) return;
    }
    for (const volume of this.#options.dataset.volumes) {
      const space = spaces.get(volume.index);
      if (space !== undefined) volume.overheadByPool.set(pool.id, space.overhead);
    }
  }
}
