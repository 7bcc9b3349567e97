// How many disk calls of one volume are under way, and how many may wait. No call is made in the thread itself: a disk that
// hangs would hold everything with it, and nobody can tell beforehand which call that will be. The system's thread pool makes
// them; so that a hung disk cannot take its threads from the others, each volume has a share of them, and what is beyond it
// waits here. Syncs, which take long by nature, have threads apart from those of other calls.
import { HdfsError } from '../../base/errors.ts';
import type { Clock } from '../../host/host.ts';

/** Calls of one volume that may wait or run; beyond, callers are refused, as by a full disk. */
export const MAX_QUEUED_CALLS = 1024;
/** Bytes of one volume's calls that may wait or run. */
export const MAX_QUEUED_BYTES = 64 * 1024 * 1024;
/** Bytes that wait or run from which on writers are held back sooner. */
const CROWDED_BYTES = 16 * 1024 * 1024;
/** A volume counts as stalled when a call has not come back for so long: new replicas then go elsewhere. */
export const STALLED_MS = 5000;

/** How many calls of a volume run at once. */
export interface IoShare {
  readonly calls: number;
  readonly syncs: number;
}

/** More at once gain nothing: reads and writes are bound by the disk, syncs share the journal's commits. */
const LARGEST_SHARE: IoShare = { calls: 4, syncs: 8 };
/** Threads that no volume gets: names are looked up by them, and volumes are checked (one each). */
const KEPT_THREADS = 16;

/** The share of each of `volumes` in the calls that the machine makes at once. */
export function ioShare(parallelism: number, volumes: number): IoShare {
  const kept = Math.min(KEPT_THREADS + volumes, Math.floor(parallelism / 4));
  const share = Math.max(2, Math.floor((parallelism - kept) / Math.max(1, volumes)));
  const calls = Math.min(LARGEST_SHARE.calls, Math.ceil(share / 3));
  return { calls, syncs: Math.min(LARGEST_SHARE.syncs, share - calls) };
}

/** What a call does, for its volume's averages; syncs take long by nature and are in none. */
export type IoKind = 'METADATA' | 'READ' | 'WRITE';

/** How long calls of each kind took since it was last asked. */
class IoTimes {
  private readonly sums: Record<IoKind, { ms: number; calls: number }> = {
    METADATA: { ms: 0, calls: 0 },
    READ: { ms: 0, calls: 0 },
    WRITE: { ms: 0, calls: 0 },
  };

  add(kind: IoKind, ms: number): void {
    const sum = this.sums[kind];
    sum.ms += ms;
    sum.calls++;
  }

  /** Averages in milliseconds; what comes after it counts anew. */
  take(): Readonly<Record<IoKind, number>> {
    const mean = (kind: IoKind): number => {
      const sum = this.sums[kind];
      const average = sum.calls === 0 ? 0 : sum.ms / sum.calls;
      sum.ms = 0;
      sum.calls = 0;
      return average;
    };
    return { METADATA: mean('METADATA'), READ: mean('READ'), WRITE: mean('WRITE') };
  }
}

class Lane {
  readonly limit: number;
  readonly waiting: (() => void)[] = [];
  /** When each of the running calls began. */
  readonly starts: number[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }
}

export class VolumeIo {
  private readonly clock: Clock;
  private readonly name: string;
  private readonly calls: Lane;
  private readonly syncs: Lane;
  readonly times = new IoTimes();
  /** Calls that may have taken the last name, or bytes, from a file. */
  private removalCount = 0;
  private callCount = 0;
  private byteCount = 0;
  /** Hears of every call that failed. */
  onFailure: ((error: unknown) => void) | undefined;
  /** Called before each removal. */
  beforeRemoval: (() => void) | undefined;

  constructor(clock: Clock, name: string, share: IoShare = LARGEST_SHARE) {
    this.clock = clock;
    this.name = name;
    this.calls = new Lane(share.calls);
    this.syncs = new Lane(share.syncs);
  }

  get removals(): number {
    return this.removalCount;
  }

  /** A call is about to be made that may take the last name, or bytes, from a file. */
  removing(): void {
    this.beforeRemoval?.();
    this.removalCount++;
  }

  /** Calls that wait or run. */
  get queuedCalls(): number {
    return this.callCount;
  }

  get queuedBytes(): number {
    return this.byteCount;
  }

  /** So much waits that writers are better held back. */
  get crowded(): boolean {
    return this.byteCount > CROWDED_BYTES;
  }

  /** For how long the oldest call has been under way. */
  get stalledMs(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const start of this.calls.starts) oldest = Math.min(oldest, start);
    for (const start of this.syncs.starts) oldest = Math.min(oldest, start);
    return oldest === Number.POSITIVE_INFINITY ? 0 : this.clock.monotonic() - oldest;
  }

  get stalled(): boolean {
    return this.stalledMs > STALLED_MS;
  }

  /** Makes a call that moves `bytes`, in its turn. Rejects with EDISK when too much waits already. */
  run<T>(bytes: number, call: () => Promise<T>, kind: IoKind = 'METADATA'): Promise<T> {
    return this.full(bytes) ?? this.enter(this.calls, bytes, call, kind);
  }

  /** Makes a call, in the thread, that the machine answers from memory. undefined: it cannot, and nothing was done. */
  now<T>(kind: IoKind, call: () => T | undefined): T | undefined {
    const start = this.clock.monotonic();
    const answer = call();
    if (answer !== undefined) this.times.add(kind, this.clock.monotonic() - start);
    return answer;
  }

  /** Makes a call that waits for the disk itself. */
  sync<T>(call: () => Promise<T>): Promise<T> {
    return this.full(0) ?? this.enter(this.syncs, 0, call, undefined);
  }

  /**
   * Begins short writes where they have not to wait for their turn and the machine takes them at once (`begin` answers a
   * promise). undefined: they have, or it does not.
   */
  atOnce(bytes: number, begin: () => Promise<void> | undefined): Promise<void> | undefined {
    const { calls } = this;
    if (calls.starts.length >= calls.limit || !this.hasRoom(bytes)) return undefined;
    const begun = begin();
    if (begun === undefined) return undefined;
    this.callCount++;
    this.byteCount += bytes;
    return this.begin(calls, bytes, () => begun, 'WRITE');
  }

  /** As `sync`, for nobody who waits for it: not made while others might soon want its place. */
  spareSync<T>(call: () => Promise<T>): Promise<T> | undefined {
    return this.syncs.starts.length < this.syncs.limit / 2 ? this.sync(call) : undefined;
  }

  /** Closes something: never refused, since it gives up what was taken. */
  release<T>(call: () => Promise<T>): Promise<T> {
    return this.enter(this.calls, 0, call, 'METADATA');
  }

  private full(bytes: number): Promise<never> | undefined {
    if (this.hasRoom(bytes)) return undefined;
    return Promise.reject(new HdfsError('EDISK', `Too many disk calls are waiting for ${this.name}: ${this.callCount}`));
  }

  private hasRoom(bytes: number): boolean {
    return this.callCount < MAX_QUEUED_CALLS && this.byteCount + bytes <= MAX_QUEUED_BYTES;
  }

  private enter<T>(lane: Lane, bytes: number, call: () => Promise<T>, kind: IoKind | undefined): Promise<T> {
    this.callCount++;
    this.byteCount += bytes;
    if (lane.starts.length < lane.limit) return this.begin(lane, bytes, call, kind);
    return new Promise<T>((resolve) => {
      lane.waiting.push(() => resolve(this.begin(lane, bytes, call, kind)));
    });
  }

  private begin<T>(lane: Lane, bytes: number, call: () => Promise<T>, kind: IoKind | undefined): Promise<T> {
    const start = this.clock.monotonic();
    lane.starts.push(start);
    // A mistake of ours in the call itself must not keep the place either.
    return attempt(call).then(
      (result) => {
        if (kind !== undefined) this.times.add(kind, this.clock.monotonic() - start);
        this.leave(lane, bytes, start);
        return result;
      },
      (error: unknown) => {
        this.leave(lane, bytes, start);
        this.onFailure?.(error);
        throw error;
      },
    );
  }

  private leave(lane: Lane, bytes: number, start: number): void {
    this.callCount--;
    this.byteCount -= bytes;
    lane.starts.splice(lane.starts.indexOf(start), 1);
    lane.waiting.shift()?.();
  }
}

function attempt<T>(call: () => Promise<T>): Promise<T> {
  try {
    return call();
  } catch (error) {
    return Promise.reject(error);
  }
}
