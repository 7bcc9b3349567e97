// How the disk calls of one volume are made: at once, in the thread, while its recent calls were fast; otherwise through
// the system's thread pool with a bound on what may wait. So one hung disk stops only the blocks that lie on it. The
// verdict is made from the calls themselves: a mean above 0.2 ms ends synchronous calls, a mean of the asynchronous ones
// well below a millisecond brings them back.
import { HdfsError } from '../../base/errors.ts';
import type { Clock, DiskFile } from '../../host/host.ts';

/** Synchronous calls that are slower on average send the volume to the thread pool. */
const FAST_MS = 0.2;
/** Asynchronous calls that are faster on average bring the volume back. */
const FAST_ASYNC_MS = 0.8;
/** One call this slow is verdict enough. */
const SLOW_CALL_MS = 20;
/** Weight of the newest call in the mean. */
const WEIGHT = 1 / 16;
/** Asynchronous calls to be seen before the volume counts as fast again. */
const PROBATION_CALLS = 64;
/** Calls of one volume that may wait or run; beyond, writers are refused, as a full disk would. */
export const MAX_QUEUED_CALLS = 4096;
/** Bytes of one volume's calls that may wait or run. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

export class VolumeIo {
  private readonly clock: Clock;
  private readonly name: string;
  private fastNow = true;
  private mean = 0;
  private asyncCalls = 0;
  private queuedCallCount = 0;
  private queuedByteCount = 0;

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

  /** Runs a synchronous call and judges it. Only when `fast`. */
  sync<T>(call: () => T): T {
    const start = this.clock.monotonic();
    try {
      return call();
    } finally {
      const took = this.clock.monotonic() - start;
      this.mean += (took - this.mean) * WEIGHT;
      if (took > SLOW_CALL_MS || this.mean > FAST_MS) {
        this.fastNow = false;
        this.asyncCalls = 0;
        this.mean = Math.max(this.mean, took);
      }
    }
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
    } finally {
      this.queuedCallCount--;
      this.queuedByteCount -= bytes;
      if (!this.fastNow) {
        const took = this.clock.monotonic() - start;
        this.mean += (took - this.mean) * WEIGHT;
        if (++this.asyncCalls >= PROBATION_CALLS && this.mean < FAST_ASYNC_MS) {
          this.fastNow = true;
          this.mean = 0;
        }
      }
    }
  }

  /** A call that takes long by nature (a sync, a walk): bounded, but no verdict on the volume. */
  async slow<T>(call: () => Promise<T>): Promise<T> {
    if (this.queuedCallCount >= MAX_QUEUED_CALLS) {
      throw new HdfsError('EDISK', `Too many disk calls are waiting for ${this.name}: ${this.queuedCallCount}`);
    }
    return call();
  }

  /** Reads `length` bytes at `position`, or fewer at the end of the file. */
  async read(file: DiskFile, buffer: Uint8Array, offset: number, length: number, position: number): Promise<number> {
    let done = 0;
    while (done < length) {
      const got = this.fast
        ? this.sync(() => file.readSync(buffer, offset + done, length - done, position + done))
        : await this.async(length, () => file.read(buffer, offset + done, length - done, position + done));
      if (got === 0) break;
      done += got;
    }
    return done;
  }
}
