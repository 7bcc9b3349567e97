// Compares memory and disk every dfs.datanode.directoryscan.interval: each volume is walked, directory by directory and no
// longer in each second than dfs.datanode.directoryscan.throttle.limit.ms.per.sec, and every block where the two differ is
// looked at by reconcile.ts. Apache: DirectoryScanner.
import { messageOf } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { HandleSet } from '../../core/replica/handle-set.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { metaFileName, parseBlockFileName } from '../../format/storage/block-files.ts';
import type { Clock, Log, Random } from '../../host/host.ts';
import type { BlockPool } from './block-pool.ts';
import { type Counters, timed } from './counters.ts';
import type { Dataset } from './dataset.ts';
import { finalizedDirectories, finalizedFiles, namesIn } from './finalized-walk.ts';
import { finalizedDir, rbwDir } from './layout.ts';
import { isWrittenOn, type Reconciled, reconcile, reconcileWritten } from './reconcile.ts';
import type { BlockName } from './replica.ts';
import type { Volume } from './volume.ts';
import type { VolumeFileSizes } from './volume-disk.ts';

const SECOND_MS = 1000;
/** How often a scan looks whether the volume is still in service. */
const LOOK_MS = 10_000;
/** Replicas of the map looked at in one turn. */
const SLICE = 8192;
/** Files compared with it in one turn. */
const SIZES_SLICE = 2048;

export interface DirectoryScannerOptions {
  readonly dataset: Dataset;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Below 0: no scans. */
  readonly intervalMs: number;
  /** Milliseconds of each second; 1000: no throttle. */
  readonly throttleMsPerSecond: number;
  reportBad(block: BlockName): void;
}

export class DirectoryScanner {
  private readonly options: DirectoryScannerOptions;
  private readonly abort = new AbortController();
  /** What the last scan found. */
  readonly last = new Map<Reconciled, number>();
  scans = 0;

  constructor(options: DirectoryScannerOptions) {
    this.options = options;
  }

  start(): void {
    if (this.options.intervalMs <= 0) return;
    this.run().catch((error: unknown) => {
      if (!this.abort.signal.aborted) {
        this.options.log.log('error', 'datanode', `the directory scanner has ended: ${messageOf(error)}`);
      }
    });
  }

  stop(): void {
    this.abort.abort();
  }

  private async run(): Promise<void> {
    const { clock, random, intervalMs } = this.options;
    // Nodes that were started together do not scan together.
    for (let waitMs = random.fraction() * intervalMs; ; waitMs = intervalMs) {
      await clock.sleep(waitMs, this.abort.signal);
      await this.scan();
    }
  }

  /** One scan of all pools on all volumes; volumes side by side. */
  async scan(): Promise<void> {
    const { dataset, counters, clock, log } = this.options;
    this.last.clear();
    await Promise.all(dataset.volumes.map((volume) => this.whileInService(volume, this.scanPools(volume))));
    this.scans++;
    counters.directoryScanEndedAt = clock.now();
    const found = [...this.last].map(([what, count]) => `${what}: ${count}`).join(', ');
    log.log('info', 'datanode', `directory scan done${found === '' ? ', nothing differs' : `; ${found}`}`);
  }

  private async scanPools(volume: Volume): Promise<void> {
    const { dataset, log } = this.options;
    for (const id of dataset.poolIds) {
      try {
        await this.scanVolume(dataset.pool(id), volume);
      } catch (error) {
        if (this.abort.signal.aborted || volume.failure !== undefined) return;
        volume.trouble(error);
        log.log('warn', 'datanode', `the directory scan of ${volume.path} was cut off: ${messageOf(error)}`);
      }
    }
  }

  /** Waits for work on a volume; once it is out of service no longer, for its disk may never answer. */
  private async whileInService(volume: Volume, work: Promise<void>): Promise<void> {
    const over = new Promise<void>((resolve, reject) => {
      const timer = this.options.clock.setPeriodic(LOOK_MS, () => {
        if (volume.failure !== undefined || this.abort.signal.aborted) resolve();
      });
      work.then(resolve, reject).finally(() => timer.cancel());
    });
    await over;
  }

  /** A file of the block was missing when somebody wanted it: it is looked at now. Apache: notifyNamenodeDeletedBlock. */
  fileMissing(block: BlockName): void {
    const { dataset, log } = this.options;
    const pool = dataset.poolOrNone(block.pool);
    const handle = pool?.replicas.find(block.id) ?? 0;
    if (pool === undefined || handle === 0 || this.abort.signal.aborted) return;
    const volume = pool.volumeOf(handle);
    const look = async (): Promise<void> => {
      // A mount that has gone took everything with it: the volume failed, and no replica.
      await volume.disk.stat(finalizedDir(volume.path, pool.id));
      await this.reconcile(pool, volume, block.id);
    };
    look().catch((error: unknown) => {
      volume.trouble(error);
      log.log('warn', 'datanode', `the missing file of block ${block.id} was not looked at: ${messageOf(error)}`);
    });
  }

  private async scanVolume(pool: BlockPool, volume: Volume): Promise<void> {
    const seen = await this.walk(pool, volume);
    const missing: BlockId[] = [];
    const { replicas } = pool;
    for (let at = 1; at !== 0; ) {
      at = replicas.scan(at, SLICE, (handle) => {
        if (replicas.volume(handle) !== volume.index || replicas.state(handle) !== ReplicaState.FINALIZED) return;
        if (!seen.has(handle)) missing.push(replicas.id(handle));
      });
      await volume.turn();
    }
    for (const id of missing) await this.reconcile(pool, volume, id);
    await this.scanWritten(pool, volume);
  }

  /** Apache's scanner looks at finalized replicas only: what lies in rbw/ and is not served stays there until the next start. */
  private async scanWritten(pool: BlockPool, volume: Volume): Promise<void> {
    for (const name of await volume.disk.readdir(rbwDir(volume.path, pool.id))) {
      const file = parseBlockFileName(name);
      if (file?.kind !== 'block' || isWrittenOn(pool, volume, file.id)) continue;
      this.abort.signal.throwIfAborted();
      this.count(await reconcileWritten(this.options.dataset, pool, volume, file.id));
    }
  }

  /** Replicas whose files are where they should be; what differs is looked at on the way. */
  private async walk(pool: BlockPool, volume: Volume): Promise<HandleSet> {
    const seen = new HandleSet();
    const throttle = new Throttle(this.options, this.abort.signal);
    const sizes = volume.disk.fileSizes();
    try {
      for await (const directory of finalizedDirectories(volume, pool.id)) {
        for (const id of await this.differing(pool, volume, directory, sizes, seen)) await this.reconcile(pool, volume, id);
        await throttle.rest();
      }
    } finally {
      sizes.close();
    }
    return seen;
  }

  /** Blocks of a directory where names or lengths differ from memory. */
  private async differing(
    pool: BlockPool,
    volume: Volume,
    directory: string,
    sizes: VolumeFileSizes,
    seen: HandleSet,
  ): Promise<readonly BlockId[]> {
    const { dataset } = this.options;
    const { replicas } = pool;
    const path = `${finalizedDir(volume.path, pool.id)}/${directory}`;
    const names = await namesIn(volume, path);
    const { blocks } = finalizedFiles(directory, names);
    const differs: BlockId[] = [];
    for (let at = 0; at < blocks.length; at += SIZES_SLICE) {
      const slice = blocks.slice(at, at + SIZES_SLICE);
      const told = await sizes.of(
        path,
        slice.map(({ name }) => name),
      );
      for (const [i, { id, meta, genStamp }] of slice.entries()) {
        const handle = replicas.find(id);
        const here = handle !== 0 && pool.volumeOf(handle) === volume;
        if (here) seen.add(handle);
        const same =
          here &&
          replicas.state(handle) === ReplicaState.FINALIZED &&
          told[i] === replicas.numBytes(handle) &&
          meta !== undefined &&
          // Beside the newest meta file there may be an older one.
          (genStamp === replicas.genStamp(handle) || names.includes(metaFileName(id, replicas.genStamp(handle))));
        if (!same) differs.push(id);
      }
    }
    // Written, deleted or moved since the names were listed: what is left of it is decided under the lock.
    return differs.filter((id) => {
      const handle = replicas.find(id);
      return handle === 0 || replicas.state(handle) === ReplicaState.FINALIZED || dataset.poolOrNone(pool.id) !== pool;
    });
  }

  private async reconcile(pool: BlockPool, volume: Volume, id: BlockId): Promise<void> {
    const { dataset, counters, clock, reportBad } = this.options;
    const found = await timed(clock, counters.reconcile, () => reconcile(dataset, pool, volume, id, reportBad));
    this.count(found);
  }

  private count(found: Reconciled): void {
    if (found !== 'same' && found !== 'not-finalized') this.last.set(found, (this.last.get(found) ?? 0) + 1);
  }
}

/** Lets work go on for so many milliseconds of each second. */
class Throttle {
  private readonly clock: Clock;
  private readonly limitMs: number;
  private readonly signal: AbortSignal;
  private since: number;

  constructor({ clock, throttleMsPerSecond }: DirectoryScannerOptions, signal: AbortSignal) {
    this.clock = clock;
    this.limitMs = throttleMsPerSecond;
    this.signal = signal;
    this.since = clock.monotonic();
  }

  async rest(): Promise<void> {
    this.signal.throwIfAborted();
    if (this.limitMs >= SECOND_MS || this.clock.monotonic() - this.since < this.limitMs) return;
    await this.clock.sleep(SECOND_MS - this.limitMs, this.signal);
    this.since = this.clock.monotonic();
  }
}
