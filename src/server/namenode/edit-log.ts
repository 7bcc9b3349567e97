// Writes the edit log: appends are synchronous and only fill a buffer, one write and one sync per turn make everything
// that the turn appended durable in every edits directory, and then the replies that waited are let go. It is also the
// gate of the RPC server: a reply that depends on a transaction leaves after that transaction is durable.
//
// A directory whose write or sync fails is dropped, and what was written there is never retried; when too few remain, or a
// required one fails, the process stops, since what was applied can no longer be promised. A dropped directory can only
// come back with a new segment, and only when it is allowed to (name-storage.ts). A full disk is met before that: segments
// grow ahead of what is written, and while growing fails in a directory that is needed, `lowSpace` makes the NameNode refuse changes.
// Reading and recovering segments is in edits-recovery.ts.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import { Rate } from '../../base/timing.ts';
import type { EditOp } from '../../core/edits/ops.ts';
import { EditEncoder, encodeEditLogHeader } from '../../format/edit-log/encoder.ts';
import { editsInProgressName, editsName } from '../../format/storage/names.ts';
import type { DiskFile, Host } from '../../host/host.ts';
import { TxWaiters } from './tx-waiters.ts';

/** Segments grow by this much at a time. Apache: EditLogFileOutputStream.MIN_PREALLOCATION_LENGTH. */
const PREALLOCATION_BYTES = 1024 * 1024;
/** Growing begins when less than this is left, so that what was accepted always has room. */
const HEADROOM_BYTES = 512 * 1024;
/** For what stands beside a new segment: seen_txid, and entries of directories. */
const ROLL_MARGIN_BYTES = 64 * 1024;
/** A directory that answered within this is written synchronously: a thread hop would cost more than the wait. */
const FAST_DISK_MS = 0.5;
/** The same while all who ask wait for the log, so that there is nothing to do meanwhile. */
const PATIENCE_MS = 3;
/**
 * Of the syncs in the thread pool one in so many is made in place while all wait for the log: how long they take is not to be told
 * from how long their end waited for its turn, and a disk that was slow once would be taken for slow for good.
 */
const TRIED_EVERY = 32;
/** A disk that has just taken so long is not tried. */
const TRIED_BELOW_MS = 20;
/** From so many transactions on, up to so many, it is worth a look whether more come. */
const GATHERED_FROM = 4;
const GATHERED_UP_TO = 128;
/** Of a turn's transactions the first and then one in so many is timed, for all of them: looking at the clock twice costs about as much as an append. */
const TIMED_EVERY = 16;
/** Apache: HdfsServerConstants / FSEditLogOpCodes.OP_INVALID fills the unwritten part of a segment. */
const FILL = Buffer.alloc(PREALLOCATION_BYTES, 0xff);

export interface EditsDirectory {
  /** The `current` directory. */
  readonly path: string;
  /** The process stops when it fails (dfs.namenode.edits.dir.required). */
  readonly required: boolean;
}

interface Segment {
  readonly firstTxid: number;
}

/** Ops of one segment that reach the disk together. */
export interface Batch {
  readonly segment: Segment;
  readonly encoder: EditEncoder;
  lastTxid: number;
}

/** The end of what was appended at some moment of this turn. */
export interface EditLogMark {
  readonly batch: Batch | undefined;
  readonly length: number;
  readonly lastTxid: number;
}

interface Journal {
  readonly directory: EditsDirectory;
  file: DiskFile | undefined;
  segment: Segment | undefined;
  position: number;
  allocated: number;
  lastCallMs: number;
  failed: string | undefined;
  /** Reason why the segment could not grow, while that lasts. */
  full: string | undefined;
}

export interface EditLogOptions {
  readonly directories: readonly EditsDirectory[];
  /** Fewest working directories (dfs.namenode.edits.dir.minimum). */
  readonly minimumDirectories: number;
  /** What a start reads again (dfs.namenode.max.op.size): nothing longer is logged. */
  readonly maxOpBytes: number;
  /** Called once when nothing can be promised any more; the process must end. */
  readonly onFatal: (error: Error) => void;
  /** Called with the first txid of every new segment once its first op is durable, before anybody hears of it (seen_txid). */
  readonly onSegmentStart: (firstTxid: number) => Promise<void>;
  /** Everything up to here has become durable. */
  readonly onDurable: (txid: number) => void;
  /** A directory was dropped. */
  readonly onDropped: (path: string, reason: string) => void;
  /** Before a segment begins: the directories in which it may be written, by their path. */
  readonly usable: (firstTxid: number) => Promise<ReadonlySet<string>>;
}

export interface EditLogState {
  readonly directory: string;
  readonly required: boolean;
  readonly failed: string | undefined;
}

export class EditLog {
  private readonly host: Host;
  private readonly options: EditLogOptions;
  private readonly journals: Journal[];
  private readonly waiters = new TxWaiters();
  private readonly spare: EditEncoder[] = [];
  private queue: Batch[] = [];
  private segment: Segment | undefined;
  private nextTxid = 1;
  private flushing = false;
  private scheduled = false;
  /** The last transaction at the last look whether more come. */
  private seenTxid = 0;
  /** The last look brought next to nothing: whoever asks for changes has done so. */
  private allAreHere = false;
  /** `reads` when the last batch was written. */
  private readsBefore = 0;
  /** Syncs in the thread pool since the last one in place. */
  private pooledSyncs = 0;
  private fatal: Error | undefined;
  private segmentStartedAt = 0;
  /** The last transaction whose time has been counted. */
  private timedTxid = 0;
  /** Calls that only read, since the start; whoever serves them counts. They are not to wait for a slow disk. */
  reads = 0;
  /** Transactions and syncs since the start, in milliseconds, for the metrics. */
  readonly counters = { transactions: new Rate(), syncs: new Rate(), batchedTransactions: 0 };

  constructor(host: Host, options: EditLogOptions) {
    this.host = host;
    this.options = options;
    this.journals = options.directories.map((directory) => ({
      directory,
      file: undefined,
      segment: undefined,
      position: 0,
      allocated: 0,
      lastCallMs: 0,
      failed: undefined,
      full: undefined,
    }));
  }

  /** Txid of the last op appended; 0 before the first. */
  get lastTxid(): number {
    return this.nextTxid - 1;
  }

  get durableTxid(): number {
    return this.waiters.reached;
  }

  /** First txid of the segment that is being written. */
  get segmentFirstTxid(): number {
    return this.segment?.firstTxid ?? 0;
  }

  /** Monotonic milliseconds when the current segment began. */
  get segmentStart(): number {
    return this.segmentStartedAt;
  }

  get states(): readonly EditLogState[] {
    return this.journals.map(({ directory, failed }) => ({ directory: directory.path, required: directory.required, failed }));
  }

  /** Why no change may be accepted now, or undefined. */
  get lowSpace(): string | undefined {
    const full = this.working().filter((journal) => journal.full !== undefined);
    return this.canSpare(full.map(({ directory }) => directory)) ? undefined : full[0]?.full;
  }

  /** Whether the log goes on without these of the directories that work. One that is full is left out once it is written beyond its room. */
  private canSpare(directories: readonly EditsDirectory[]): boolean {
    const others = this.working().length - directories.length;
    return !directories.some(({ required }) => required) && others >= Math.max(1, this.options.minimumDirectories);
  }

  isDurable(txid: number): boolean {
    return txid <= this.waiters.reached;
  }

  whenDurable(txid: number, fn: (error?: Error) => void): void {
    if (this.fatal !== undefined) fn(this.fatal);
    else this.waiters.add(txid, fn);
  }

  /** Resolves when everything appended up to now is durable. */
  sync(): Promise<void> {
    return new Promise((resolve, reject) =>
      this.whenDurable(this.lastTxid, (error) => (error === undefined ? resolve() : reject(error))),
    );
  }

  /** Begins the first segment after what was loaded; everything up to `loadedTxid` is durable. */
  async open(loadedTxid: number): Promise<void> {
    assert(this.segment === undefined, 'the edit log is open');
    this.nextTxid = loadedTxid + 1;
    this.timedTxid = loadedTxid;
    this.waiters.advance(loadedTxid);
    this.startSegment();
    await this.sync();
  }

  /** Appends one op and gives its txid. Nothing is durable until the gate says so. */
  append(op: EditOp): number {
    assert(this.segment !== undefined, 'the edit log is not open');
    const txid = this.nextTxid++;
    let batch = this.queue.at(-1);
    // The first batch of the queue is taken away before it is written, so the last one may always be added to.
    if (batch === undefined || batch.segment !== this.segment) {
      batch = { segment: this.segment, encoder: this.spare.pop() ?? new EditEncoder(this.options.maxOpBytes), lastTxid: txid };
      this.queue.push(batch);
    }
    batch.encoder.encode(txid, op);
    batch.lastTxid = txid;
    this.counters.transactions.count++;
    this.schedule();
    return txid;
  }

  /**
   * Appends the ops of one request: all of them, or, when the log cannot hold one, none (HdfsError). Answers where they
   * begin, for `takeBack`.
   */
  appendAll(ops: readonly EditOp[]): EditLogMark {
    const batch = this.queue.at(-1);
    const mark = { batch, length: batch?.encoder.length ?? 0, lastTxid: this.lastTxid };
    const { clock } = this.host;
    const isTimed = ops.length > 0 && (batch === undefined || this.lastTxid - this.timedTxid >= TIMED_EVERY);
    const beganMs = isTimed ? clock.monotonic() : 0;
    try {
      for (const op of ops) this.append(op);
    } catch (error) {
      this.takeBack(mark);
      throw error;
    }
    if (isTimed) {
      // As much for each before that was not timed.
      const each = (clock.monotonic() - beganMs) / ops.length;
      this.counters.transactions.sum += each * (this.lastTxid - this.timedTxid);
      this.timedTxid = this.lastTxid;
    }
    return mark;
  }

  /** Forgets everything appended since the mark, which must be of this turn: nothing of it has reached a disk. */
  takeBack(mark: EditLogMark): void {
    const { batch, length, lastTxid } = mark;
    this.counters.transactions.count -= this.lastTxid - lastTxid;
    this.nextTxid = lastTxid + 1;
    while (this.queue.at(-1) !== batch) this.queue.pop();
    if (batch === undefined) return;
    batch.encoder.truncate(length);
    batch.lastTxid = lastTxid;
  }

  /** Ends the segment and begins the next in this turn; answers the next one's first txid, which is not durable yet. */
  rollNow(): number {
    this.append({ kind: 'END_LOG_SEGMENT' });
    return this.startSegment();
  }

  /**
   * Rejects with HdfsError while the disks lack the room for another segment: one that cannot be begun ends the process.
   * To be asked before the log is rolled.
   */
  async requireRoom(): Promise<void> {
    if (this.lowSpace !== undefined) throw new HdfsError('ENOSPC', this.lowSpace);
    const working = this.working();
    // They may all be on one disk.
    const wanted = working.length * (PREALLOCATION_BYTES + ROLL_MARGIN_BYTES);
    const full: EditsDirectory[] = [];
    let reason = '';
    for (const { directory } of working) {
      let available: number;
      try {
        available = (await this.host.disk.volume(directory.path)).available;
      } catch (error) {
        // A directory that does not answer is found out, and dropped, by the roll.
        this.host.log.log('warn', 'edits', `cannot tell the room in ${directory.path}: ${messageOf(error)}`);
        continue;
      }
      if (available >= wanted) continue;
      full.push(directory);
      reason ||= `No room left for another segment of the edit log in ${directory.path}: ${available} bytes of ${wanted}`;
    }
    if (full.length > 0 && !this.canSpare(full)) throw new HdfsError('ENOSPC', reason);
  }

  /** Turns to the next segment, and resolves when both are on disk. Rejects with HdfsError, nothing changed, while there is no room for it. */
  async roll(): Promise<number> {
    await this.requireRoom();
    const first = this.rollNow();
    await this.sync();
    return first;
  }

  /** Ends the log: everything appended is durable, the segment is finalized. */
  async close(): Promise<void> {
    if (this.segment === undefined) return;
    this.append({ kind: 'END_LOG_SEGMENT' });
    await this.sync();
    this.segment = undefined;
    await Promise.all(this.working().map((journal) => this.guard(journal, () => this.finalize(journal, this.lastTxid))));
  }

  /** Gives up without finalizing: what a crash leaves. */
  async abandon(): Promise<void> {
    this.segment = undefined;
    this.queue = [];
    await Promise.all(this.journals.map(async (journal) => journal.file?.close()));
  }

  /** Tries again to grow segments on disks that were full. To be called from time to time. */
  async retryGrowth(): Promise<void> {
    if (this.flushing || !this.working().some(({ full }) => full !== undefined)) return;
    this.flushing = true;
    for (const journal of this.working())
      if (journal.full !== undefined) await this.guard(journal, () => this.grow(journal, 0));
    this.flushing = false;
    if (this.queue.length > 0) this.schedule();
  }

  private startSegment(): number {
    const firstTxid = this.nextTxid;
    this.segment = { firstTxid };
    this.segmentStartedAt = this.host.clock.monotonic();
    this.append({ kind: 'START_LOG_SEGMENT' });
    return firstTxid;
  }

  private working(): Journal[] {
    return this.journals.filter((journal) => journal.failed === undefined);
  }

  private schedule(): void {
    if (this.scheduled || this.flushing || this.fatal !== undefined) return;
    this.scheduled = true;
    this.seenTxid = this.waiters.reached;
    // After the I/O of this turn: every request that is here already shares the sync.
    this.host.clock.defer(() => this.gather());
  }

  /**
   * Of many clients with one call each only those have asked again by the end of a turn who were answered first: the others
   * come with the next look. While each brings a good part of what there is, there is one more, else they need twice as many syncs.
   */
  private gather(): void {
    const { lastTxid } = this;
    const came = lastTxid - this.seenTxid;
    const all = lastTxid - this.waiters.reached;
    this.allAreHere = all < GATHERED_FROM || came * 4 < all;
    if (this.mayGather && !this.allAreHere) {
      this.seenTxid = lastTxid;
      this.host.clock.defer(() => this.gather());
      return;
    }
    this.scheduled = false;
    this.flush();
  }

  /** All who asked since the last batch wait for the log. */
  private get onlyChanges(): boolean {
    return this.reads === this.readsBefore;
  }

  /** More may come, for which it is worth waiting: there is not much yet, and nobody asks for anything else. */
  private get mayGather(): boolean {
    return this.onlyChanges && this.lastTxid - this.waiters.reached < GATHERED_UP_TO;
  }

  private takeBatch(): Batch {
    this.readsBefore = this.reads;
    return this.queue.shift() as Batch;
  }

  private flush(): void {
    if (this.flushing || this.fatal !== undefined) return;
    while (this.queue.length > 0) {
      const batch = this.queue[0] as Batch;
      if (!this.canWriteSync(batch)) {
        this.flushing = true;
        void this.flushAsync();
        return;
      }
      this.takeBatch();
      this.pooledSyncs = 0;
      const bytes = batch.encoder.bytes();
      const start = this.host.clock.monotonic();
      for (const journal of this.working()) {
        try {
          const before = this.host.clock.monotonic();
          (journal.file as DiskFile).writeSync(bytes, journal.position);
          (journal.file as DiskFile).datasyncSync();
          journal.lastCallMs = this.host.clock.monotonic() - before;
          journal.position += bytes.length;
        } catch (error) {
          this.drop(journal, error);
        }
      }
      this.done(batch, start);
      if (this.fatal !== undefined) return;
    }
  }

  /** How long the disks may take for a batch while everybody waits. */
  private get patienceMs(): number {
    if (!this.onlyChanges) return FAST_DISK_MS;
    if (this.pooledSyncs >= TRIED_EVERY) return TRIED_BELOW_MS;
    return this.allAreHere ? PATIENCE_MS : FAST_DISK_MS;
  }

  /** Whether the batch can go out in place: the segment is open, has room, and the disks are fast enough. */
  private canWriteSync(batch: Batch): boolean {
    const { length } = batch.encoder;
    const { patienceMs } = this;
    return this.working().every(
      (journal) =>
        journal.segment === batch.segment &&
        journal.lastCallMs < patienceMs &&
        journal.position + length + HEADROOM_BYTES <= journal.allocated,
    );
  }

  private async flushAsync(): Promise<void> {
    do {
      const batch = this.takeBatch();
      this.pooledSyncs++;
      const bytes = batch.encoder.bytes();
      const start = this.host.clock.monotonic();
      const isNewSegment = this.working().some((journal) => journal.segment !== batch.segment);
      if (isNewSegment) await this.turnSegment(batch.segment);
      await Promise.all(
        this.working().map((journal) =>
          this.guard(journal, async () => {
            await this.grow(journal, bytes.length);
            const file = journal.file as DiskFile;
            const before = this.host.clock.monotonic();
            if (journal.lastCallMs < FAST_DISK_MS) {
              file.writeSync(bytes, journal.position);
              file.datasyncSync();
            } else {
              await file.write(bytes, journal.position);
              await file.datasync();
            }
            journal.lastCallMs = this.host.clock.monotonic() - before;
            journal.position += bytes.length;
          }),
        ),
      );
      if (isNewSegment) {
        try {
          await this.options.onSegmentStart(batch.segment.firstTxid);
        } catch (error) {
          this.stop(error instanceof Error ? error : new Error(messageOf(error)));
          break;
        }
      }
      this.done(batch, start);
    } while (this.goesOn);
    this.flushing = false;
    if (this.queue.length > 0) this.schedule();
  }

  /** What has come meanwhile is written in the thread pool at once, as there is a lot of it, or others read. */
  private get goesOn(): boolean {
    const batch = this.queue[0];
    return batch !== undefined && this.fatal === undefined && !this.mayGather && !this.canWriteSync(batch);
  }

  /** Stops when too few directories work. */
  private checkEnough(): boolean {
    const working = this.working().length;
    if (working >= this.options.minimumDirectories && working > 0) return true;
    this.stop(
      new Error(
        `${working} of ${this.journals.length} edits directories work, at least ${this.options.minimumDirectories} must`,
      ),
    );
    return false;
  }

  private done(batch: Batch, startedAt: number): void {
    if (!this.checkEnough()) return;
    const before = this.waiters.reached;
    this.counters.syncs.add(this.host.clock.monotonic() - startedAt);
    this.counters.batchedTransactions += Math.max(0, batch.lastTxid - before - 1);
    batch.encoder.reset();
    if (this.spare.length < 4) this.spare.push(batch.encoder);
    this.options.onDurable(batch.lastTxid);
    this.waiters.advance(batch.lastTxid);
  }

  private stop(error: Error): void {
    if (this.fatal !== undefined) return;
    this.fatal = error;
    this.waiters.fail(error);
    this.options.onFatal(error);
  }

  /** Writes no more to a directory that failed otherwise, or is gone. */
  dropDirectory(path: string, reason: string): void {
    for (const journal of this.working()) if (journal.directory.path === path) this.drop(journal, new Error(reason));
    this.checkEnough();
  }

  private drop(journal: Journal, error: unknown): void {
    journal.failed = messageOf(error);
    this.host.log.log('error', 'edits', `dropping edits directory ${journal.directory.path}: ${journal.failed}`);
    this.options.onDropped(journal.directory.path, journal.failed);
    if (journal.directory.required)
      this.stop(new Error(`required edits directory ${journal.directory.path} failed: ${journal.failed}`));
  }

  private async guard(journal: Journal, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.drop(journal, error);
    }
  }

  /** Finalizes the previous segment in every directory and begins the next. */
  private async turnSegment(next: Segment): Promise<void> {
    await Promise.all(
      this.working().map((journal) =>
        this.guard(journal, async () => {
          if (journal.segment !== undefined) await this.finalize(journal, next.firstTxid - 1);
        }),
      ),
    );
    await this.revive(next.firstTxid);
    await Promise.all(
      this.working().map((journal) =>
        this.guard(journal, async () => {
          const path = `${journal.directory.path}/${editsInProgressName(next.firstTxid)}`;
          const file = await this.host.disk.open(path, 'w', 0o644);
          journal.file = file;
          journal.segment = next;
          journal.allocated = 0;
          const header = encodeEditLogHeader();
          await file.write(header, 0);
          journal.position = header.length;
          journal.allocated = header.length;
          await this.grow(journal, 0);
          await file.sync();
          await this.host.disk.syncDirectory(journal.directory.path);
        }),
      ),
    );
  }

  /** Lets directories that work again take part in the segment that begins. */
  private async revive(firstTxid: number): Promise<void> {
    const usable = await this.options.usable(firstTxid);
    for (const journal of this.journals) {
      if (journal.failed === undefined || !usable.has(journal.directory.path)) continue;
      const { file } = journal;
      journal.file = undefined;
      journal.segment = undefined;
      journal.failed = undefined;
      journal.full = undefined;
      journal.lastCallMs = 0;
      try {
        await file?.close();
      } catch (error) {
        this.host.log.log('warn', 'edits', `closing what was left open in ${journal.directory.path}: ${messageOf(error)}`);
      }
    }
  }

  /** Makes room for `bytes` and the headroom behind them. A full disk is remembered; without room for `bytes` it throws. */
  private async grow(journal: Journal, bytes: number): Promise<void> {
    const file = journal.file as DiskFile;
    const wanted = journal.position + bytes + HEADROOM_BYTES;
    while (journal.allocated < wanted) {
      try {
        await file.write(FILL, journal.allocated);
      } catch (error) {
        if ((error as { code?: unknown }).code !== 'ENOSPC') throw error;
        journal.full = `No room left for the edit log in ${journal.directory.path}: ${messageOf(error)}`;
        if (journal.allocated < journal.position + bytes) throw error;
        return;
      }
      journal.allocated += FILL.length;
    }
    journal.full = undefined;
  }

  private async finalize(journal: Journal, lastTxid: number): Promise<void> {
    const { segment, file } = journal;
    if (segment === undefined || file === undefined) return;
    await file.truncate(journal.position);
    await file.sync();
    await file.close();
    const { path } = journal.directory;
    await this.host.disk.rename(
      `${path}/${editsInProgressName(segment.firstTxid)}`,
      `${path}/${editsName(segment.firstTxid, lastTxid)}`,
    );
    await this.host.disk.syncDirectory(path);
    journal.file = undefined;
    journal.segment = undefined;
  }
}
