// How the disk calls of one volume are made: at once, in the thread, while its recent calls were fast; otherwise through
// the system's thread pool with a bound on what may wait. So one hung disk stops only the blocks that lie on it. The
// verdict is made from the calls themselves: when a quarter of the recent synchronous ones took longer than they should,
// there are no more of them, and when asynchronous ones hardly ever do, the volume is tried again. It is a share and no
// mean, because on a busy processor a few calls look slow by far: the thread loses its turn in the middle of them.
import { HdfsError } from '../../base/errors.ts';
import type { Clock, DiskFile } from '../../host/host.ts';

/** A synchronous call that takes longer counts as slow, and so much more for each byte that it moves. */
const FAST_MS = 0.2;
const FAST_MS_PER_BYTE = 0.5 / (1024 * 1024);
/** The share of slow synchronous calls beyond which they end. */
const MANY_SLOW = 0.25;
/** An asynchronous call that takes longer counts as slow. */
const SLOW_ASYNC_MS = 5;
/** The share of slow asynchronous calls below which the volume is tried again. */
const FEW_SLOW = 0.1;
/** One call this slow is verdict enough. */
const SLOW_CALL_MS = 100;
/** Weight of the newest call in a share. */
const WEIGHT = 1 / 32;
/** Asynchronous calls to be seen before the volume is tried again; twice as many each time it fails the trial. */
const PROBATION_CALLS = 64;
const LONGEST_PROBATION_CALLS = 4096;
/** Synchronous calls after which the trial is passed. */
const TRIAL_CALLS = 1024;
/** Calls of one volume that may wait or run; beyond, writers are refused, as a full disk would. */
export const MAX_QUEUED_CALLS = 4096;
/** Bytes of one volume's calls that may wait or run. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export class VolumeIo {
  private readonly clock: Clock;
  private readonly name: string;
  private fastNow = true;
  private syncCalls = 0;
  private asyncCalls = 0;
  private slowShare = 0;
  private probation = PROBATION_CALLS;
  private queuedCallCount = 0;
  private queuedByteCount = 0;
  /** Hears of every call that failed. */
  onFailure: ((error: unknown) => void) | undefined;

  constructor(clock: Clock, name: string) {
    this.clock = clock;
    this.name = name;
  }

  /** Whether the caller may use the synchronous calls now. */
  get fast(): boolean {
    return this.fastNow && this.queuedCallCount === 0;
  }

  get queuedCalls(): number {
    return this.queuedCallCount;
  }

  get queuedBytes(): number {
    return this.queuedByteCount;
  }

  /** Runs a synchronous call that moves `bytes` and judges it. Only when `fast`. */
  sync<T>(bytes: number, call: () => T): T {
    const start = this.clock.monotonic();
    try {
      return call();
    } catch (error) {
      this.onFailure?.(error);
      throw error;
    } finally {
      const took = this.clock.monotonic() - start;
      const slow = took > FAST_MS + bytes * FAST_MS_PER_BYTE;
      this.slowShare += ((slow ? 1 : 0) - this.slowShare) * WEIGHT;
      this.syncCalls++;
      if (took > SLOW_CALL_MS || this.slowShare > MANY_SLOW) this.turnSlow();
    }
  }

  private turnSlow(): void {
    this.probation = this.syncCalls < TRIAL_CALLS ? Math.min(this.probation * 2, LONGEST_PROBATION_CALLS) : PROBATION_CALLS;
    this.fastNow = false;
    this.asyncCalls = 0;
    this.slowShare = 1;
  }

  /** Runs an asynchronous call of `bytes` within the bounds and judges it. Rejects with EDISK when too much waits already. */
  async async<T>(bytes: number, call: () => Promise<T>): Promise<T> {
    if (this.queuedCallCount >= MAX_QUEUED_CALLS || this.queuedByteCount + bytes > MAX_QUEUED_BYTES) {
      throw new HdfsError('EDISK', `Too many disk calls are waiting for ${this.name}: ${this.queuedCallCount}`);
    }
    this.queuedCallCount++;
    this.queuedByteCount += bytes;
    const start = this.clock.monotonic();
    try {
      return await call();
    } catch (error) {
      this.onFailure?.(error);
      throw error;
    } finally {
      this.queuedCallCount--;
      this.queuedByteCount -= bytes;
      if (!this.fastNow) {
        const took = this.clock.monotonic() - start;
        this.slowShare += ((took > SLOW_ASYNC_MS ? 1 : 0) - this.slowShare) * WEIGHT;
        if (++this.asyncCalls >= this.probation && this.slowShare < FEW_SLOW) {
          this.fastNow = true;
          this.slowShare = 0;
          this.syncCalls = 0;
        }
      }
    }
  }

  /** A call that takes long by nature (a sync, a walk): bounded, but no verdict on the volume. */
  async slow<T>(call: () => Promise<T>): Promise<T> {
    if (this.queuedCallCount >= MAX_QUEUED_CALLS) {
      throw new HdfsError('EDISK', `Too many disk calls are waiting for ${this.name}: ${this.queuedCallCount}`);
    }
    try {
      return await call();
    } catch (error) {
      this.onFailure?.(error);
      throw error;
    }
  }

  /** Reads `length` bytes at `position`, or fewer at the end of the file. */
  async read(file: DiskFile, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    let done = 0;
    while (done < length) {
      const got = this.fast
        ? this.sync(length, () => file.readSync(buffer, offset + done, length - done, position + done))
        : await this.async(length, () => file.read(buffer, offset + done, length - done, position + done));
      if (got === 0) break;
      done += got;
    }
    return done;
  }
}
