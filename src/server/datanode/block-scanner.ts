// Verifies every finalized block once in dfs.datanode.scan.period.hours, each volume by itself and at no more than
// dfs.block.scanner.volume.bytes.per.second; blocks that somebody suspects come first. What is wrong is reported to the
// NameNodes, which have another copy made; nothing is deleted here. A NameNode never takes back what it was told so: what the disk
// would not read is read once more first. Apache, which does not, has BlockScanner and VolumeScanner.
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { BlockId } from '../../base/ids.ts';
import { ReplicaState } from '../../core/replica/states.ts';
import { diskErrorCode } from '../../host/disk-error.ts';
import type { Clock, Log } from '../../host/host.ts';
import { BlockIterator } from './block-iterator.ts';
import type { Counters } from './counters.ts';
import type { Dataset } from './dataset.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { ScanStatistics } from './scan-statistics.ts';
import { verifyReplica } from './verify-replica.ts';
import type { Volume } from './volume.ts';

/** Suspects that wait; more of them mean that the disk has failed. */
const MAX_SUSPECTS = 1000;
/** What could not be read is tried again after so long: a bad sector stays bad, a cable or a controller that was reset does not. */
const READ_AGAIN_MS = 60_000;
/** A block is not suspected again for so long. */
const SUSPECT_AGAIN_MS = 600_000;
/** How long the scanner rests when there is nothing to do, or a directory could not be read. */
const LONGEST_REST_MS = 60_000;
/** Apache: dfs.block.scanner.cursor.save.interval.ms. */
const CURSOR_SAVE_MS = 600_000;

/** Apache: dfs.block.scanner.volume.join.timeout.ms. */
const JOIN_MS = 5000;

export interface BlockScannerOptions {
  readonly dataset: Dataset;
  readonly counters: Counters;
  readonly clock: Clock;
  readonly log: Log;
  readonly bytesPerSecond: number;
  readonly periodMs: number;
  reportBad(block: BlockName): void;
  /** A file of the replica is not there: whoever looks after the directories finds out. */
  fileMissing(block: BlockName): void;
}

export class BlockScanner {
  private readonly options: BlockScannerOptions;
  private readonly scanners = new Map<Volume, VolumeScanner>();
  private stopped = false;

  constructor(options: BlockScannerOptions) {
    this.options = options;
  }

  private get isEnabled(): boolean {
    return this.options.bytesPerSecond > 0 && this.options.periodMs >= 0;
  }

  /** Begins on volumes that came into service since the last call. */
  follow(): void {
    const { dataset } = this.options;
    if (this.stopped || !this.isEnabled) return;
    for (const volume of this.scanners.keys()) if (volume.failure !== undefined) this.scanners.delete(volume);
    for (const volume of dataset.volumes) {
      if (this.scanners.has(volume)) continue;
      const scanner = new VolumeScanner(this.options, volume);
      this.scanners.set(volume, scanner);
      scanner.start();
    }
  }

  /** False when nothing is verified here. */
  suspect(block: BlockName): boolean {
    const pool = this.options.dataset.poolOrNone(block.pool);
    const handle = pool?.replicas.find(block.id) ?? 0;
    if (pool !== undefined && handle !== 0) this.scanners.get(pool.volumeOf(handle))?.suspect(block);
    return this.isEnabled;
  }

  /** What it has done since the start, for people. */
  report(): string {
    if (!this.isEnabled) return 'The periodic block scanner is switched off by the configuration.\n';
    const { clock } = this.options;
    const now = [clock.monotonic(), clock.now()] as const;
    const volumes = [...this.scanners].map(([volume, { statistics }]) => statistics.report(volume, ...now));
    return `Block Scanner Statistics\n\n${volumes.join('')}`;
  }

  /** Resolves when the cursors are saved, or a disk has not let that happen within JOIN_MS. */
  async stop(): Promise<void> {
    this.stopped = true;
    const ended = Promise.all([...this.scanners.values()].map((scanner) => scanner.stop()));
    await new Promise<void>((resolve) => {
      const timer = this.options.clock.setTimer(JOIN_MS, resolve);
      void ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }
}

class VolumeScanner {
  readonly statistics = new ScanStatistics();
  private readonly options: BlockScannerOptions;
  private readonly volume: Volume;
  private readonly suspects = new Map<string, BlockName>();
  /** Those that the disk did not read, in the order in which they are tried again. */
  private readonly unread = new Map<string, { readonly block: BlockName; readonly dueMs: number }>();
  private readonly recent = new Map<string, number>();
  private readonly iterators = new Map<string, BlockIterator>();
  private readonly abort = new AbortController();
  private wake: (() => void) | undefined;
  private ended: Promise<void> = Promise.resolve();

  constructor(options: BlockScannerOptions, volume: Volume) {
    this.options = options;
    this.volume = volume;
  }

  start(): void {
    this.ended = this.run().catch((error: unknown) => {
      this.options.log.log('error', 'datanode', `verifying blocks of ${this.volume.path} has ended: ${messageOf(error)}`);
    });
  }

  /** Resolves when nothing of it is under way. Never rejects. */
  stop(): Promise<void> {
    this.abort.abort();
    this.wake?.();
    return this.ended;
  }

  suspect(block: BlockName): void {
    const key = describeBlock(block);
    const now = this.options.clock.monotonic();
    const last = this.recent.get(key);
    if (this.suspects.size >= MAX_SUSPECTS || (last !== undefined && now - last < SUSPECT_AGAIN_MS)) return;
    if (this.recent.size >= MAX_SUSPECTS) this.recent.clear();
    this.recent.set(key, now);
    this.suspects.set(key, block);
    this.wake?.();
  }

  private get over(): boolean {
    return this.abort.signal.aborted || this.volume.failure !== undefined;
  }

  private async run(): Promise<void> {
    while (!this.over) {
      const [suspect] = this.suspects.values();
      if (suspect !== undefined) {
        this.suspects.delete(describeBlock(suspect));
        await this.verify(suspect);
        continue;
      }
      const [unread] = this.unread.values();
      const unreadMs = (unread?.dueMs ?? Number.POSITIVE_INFINITY) - this.options.clock.monotonic();
      if (unread !== undefined && unreadMs <= 0) {
        this.unread.delete(describeBlock(unread.block));
        await this.verify(unread.block, true);
        continue;
      }
      let restMs = LONGEST_REST_MS;
      try {
        const next = await this.nextPeriodic();
        if (typeof next !== 'number') {
          await this.verify(next);
          continue;
        }
        this.statistics.waits(this.options.clock.monotonic() + next);
        restMs = Math.min(next, unreadMs, LONGEST_REST_MS);
      } catch (error) {
        // The volume was told of it; a healthy one is gone on with later.
        this.options.log.log('warn', 'datanode', `verifying blocks of ${this.volume.path}: ${messageOf(error)}`);
      }
      await this.rest(restMs);
    }
    for (const iterator of this.iterators.values()) if (this.volume.failure === undefined) await this.save(iterator);
  }

  private rest(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.options.clock.setTimer(ms, () => this.wake?.());
      this.wake = () => {
        timer.cancel();
        this.wake = undefined;
        resolve();
      };
      if (this.over) this.wake();
    });
  }

  /** The next block whose turn it is, or how long none is due. */
  private async nextPeriodic(): Promise<BlockName | number> {
    const { dataset, clock, log, periodMs } = this.options;
    let waitMs = periodMs > 0 ? periodMs : LONGEST_REST_MS;
    for (const poolId of dataset.poolIds) {
      let iterator = this.iterators.get(poolId);
      if (iterator === undefined) {
        iterator = new BlockIterator(poolId, this.volume, clock);
        await iterator.load(log);
        this.iterators.set(poolId, iterator);
        if (!iterator.atEnd) this.statistics.passBegins(iterator.startMs + periodMs);
      }
      if (iterator.atEnd) {
        // A wall clock that was turned back must not keep the scanner from ever beginning again.
        const age = clock.now() - iterator.startMs;
        if (age >= 0 && age < periodMs) {
          waitMs = Math.min(waitMs, periodMs - age);
          continue;
        }
        iterator.rewind();
        this.statistics.passBegins(iterator.startMs + periodMs);
      }
      for (;;) {
        const id = await iterator.next();
        if (id === undefined) {
          log.log('info', 'datanode', `all blocks of ${poolId} on ${this.volume.path} are verified`);
          this.statistics.passEnds();
          await this.save(iterator);
          break;
        }
        if (clock.now() - iterator.savedMs >= CURSOR_SAVE_MS) await this.save(iterator);
        const block = this.finalized(poolId, id);
        if (block !== undefined) return block;
      }
    }
    return Math.max(1, waitMs);
  }

  private async save(iterator: BlockIterator): Promise<void> {
    // The next start has to come to them again.
    if (this.unread.size > 0) return;
    try {
      await iterator.save();
    } catch (error) {
      this.options.log.log('warn', 'datanode', `the cursor of ${this.volume.path} was not saved: ${messageOf(error)}`);
    }
  }

  private finalized(poolId: string, id: BlockId): BlockName | undefined {
    const pool = this.options.dataset.poolOrNone(poolId);
    const handle = pool?.replicas.find(id) ?? 0;
    if (pool === undefined || handle === 0 || pool.volumeOf(handle) !== this.volume) return undefined;
    if (pool.replicas.state(handle) !== ReplicaState.FINALIZED) return undefined;
    const { replicas } = pool;
    return { pool: poolId, id, genStamp: replicas.genStamp(handle), numBytes: replicas.numBytes(handle) };
  }

  private async verify(block: BlockName, again = false): Promise<void> {
    const { dataset, counters, clock, log } = this.options;
    try {
      await verifyReplica(dataset, clock, block, (bytes) => this.pace(bytes));
      counters.blocksVerified++;
      this.statistics.scanned(block, block.numBytes, clock.monotonic());
    } catch (error) {
      if (this.over) return;
      counters.verificationFailures++;
      this.statistics.scanned(block, undefined, clock.monotonic());
      // Deleted, replaced or written on meanwhile: what was read says nothing of what is there now.
      const now = this.finalized(block.pool, block.id);
      if (now?.genStamp !== block.genStamp || now.numBytes !== block.numBytes) return;
      const code = error instanceof HdfsError ? error.code : diskErrorCode(error);
      if (code === 'ENOENT') this.options.fileMissing(block);
      if (code === 'ENOENT' || code === 'ENOREPLICA') return;
      if (!(error instanceof HdfsError) && (code === 'EMFILE' || !again)) {
        log.log('warn', 'datanode', `${describeBlock(block)} on ${this.volume.path} is read again later: ${messageOf(error)}`);
        this.readLater(block);
        return;
      }
      log.log('warn', 'datanode', `Reporting bad ${describeBlock(block)} on ${this.volume.path}: ${messageOf(error)}`);
      this.options.reportBad(block);
    }
  }

  private readLater(block: BlockName): void {
    const key = describeBlock(block);
    if (this.unread.has(key) || this.unread.size >= MAX_SUSPECTS) return;
    this.unread.set(key, { block, dueMs: this.options.clock.monotonic() + READ_AGAIN_MS });
  }

  private async pace(bytes: number): Promise<void> {
    const { clock, bytesPerSecond } = this.options;
    if (this.over) throw new HdfsError('EABORT', 'the block scanner is stopping');
    await clock.sleep((bytes / bytesPerSecond) * 1000, this.abort.signal);
  }
}
