// The queue of a server's calls, where one is configured: calls that came in wait, by the priority of their users, and are
// begun in slices, so that what comes meanwhile can overtake. Without room, their connections are read no further, or, with
// back-off, they are sent away. Which call is next is core/callqueue's to say. Apache: CallQueueManager.
import { Timing } from '../base/timing.ts';
import { type DecayOptions, DecayScheduler } from '../core/callqueue/decay-scheduler.ts';
import { FairQueue, type FairQueueOptions } from '../core/callqueue/fair-queue.ts';
import type { Clock, Timer } from '../host/host.ts';
import { ErrorDetail, type Failure } from '../wire/ipc/headers.ts';

export interface CallQueueSettings {
  readonly queue: FairQueueOptions;
  /** Undefined: all users are alike. */
  readonly decay: DecayOptions | undefined;
  readonly backOff: boolean;
  /** Who is sent away is told to ask another NameNode. */
  readonly overflowFailsOver: boolean;
}

export interface QueuedCall {
  readonly user: string;
  /** Begins it; nothing is thrown. */
  run(priority: number): void;
}

/** Calls begun in one slice, and how long it takes; then others come in. */
const SLICE_CALLS = 64;
const SLICE_MS = 2;

const RETRIABLE = 'org.apache.hadoop.ipc.RetriableException';
const STANDBY = 'org.apache.hadoop.ipc.StandbyException';

const tooBusy = (javaClass: string, message: string, fatal: boolean): Failure => ({
  javaClass,
  message,
  detail: ErrorDetail.ERROR_RPC_SERVER,
  fatal,
});
const KEEP_ALIVE = tooBusy(RETRIABLE, 'Server too busy', false);
const DISCONNECT = tooBusy(RETRIABLE, 'Server too busy - disconnecting', true);
const FAIL_OVER = tooBusy(STANDBY, 'Server too busy - disconnect and failover', true);

interface Entry {
  readonly call: QueuedCall;
  readonly priority: number;
}

export class CallQueue {
  /** Calls that were sent away, and those of them whose connection ended. */
  readonly counters = { backedOff: 0, disconnected: 0 };
  /** By priority; only with a decay scheduler. */
  readonly queueTimes: Timing[] = [];
  readonly processingTimes: Timing[] = [];
  /** How often another queue took the place of the one before. */
  revision = 0;
  scheduler: DecayScheduler | undefined;
  backOff = false;
  private readonly clock: Clock;
  private queue: FairQueue<Entry>;
  private overflowFailsOver = false;
  private sweep: Timer | undefined;
  private draining = false;
  private closed = false;
  private waiting: (() => void)[] = [];

  constructor(clock: Clock, settings: CallQueueSettings) {
    this.clock = clock;
    this.queue = new FairQueue(settings.queue);
    this.take(settings);
  }

  /** Another queue takes this one's place; what waits goes over to it. */
  configure(settings: CallQueueSettings): void {
    const before = this.queue;
    this.queue = new FairQueue(settings.queue);
    this.take(settings);
    for (let entry = before.take(); entry !== undefined; entry = before.take()) {
      this.queue.force(this.priorityOf(entry.call.user), entry);
    }
    this.wakeWaiting();
  }

  private take(settings: CallQueueSettings): void {
    this.revision++;
    this.backOff = settings.backOff;
    this.overflowFailsOver = settings.overflowFailsOver;
    this.sweep?.cancel();
    const { decay } = settings;
    this.scheduler = decay === undefined ? undefined : new DecayScheduler(decay);
    const { scheduler } = this;
    this.sweep =
      scheduler === undefined ? undefined : this.clock.setPeriodic(scheduler.options.periodMs, () => scheduler.decay());
    for (let level = this.queueTimes.length; level < (decay?.levels ?? 0); level++) {
      this.queueTimes.push(new Timing());
      this.processingTimes.push(new Timing());
    }
  }

  get length(): number {
    return this.queue.size;
  }

  get sizes(): readonly number[] {
    return this.queue.sizes;
  }

  get overflowed(): readonly number[] {
    return this.queue.overflowed;
  }

  /** Whether a call of this user finds room now. */
  hasRoom(user: string): boolean {
    return this.backOff || this.queue.hasRoom(this.priorityOf(user));
  }

  /** Runs `fn` once when there may be room again. */
  whenRoom(fn: () => void): void {
    this.waiting.push(fn);
  }

  /** Takes a call; what it answers is why not. Without back-off every call is taken: who reads on asks for room before. */
  submit(call: QueuedCall): Failure | undefined {
    const priority = this.priorityOf(call.user);
    const entry = { call, priority };
    if (!this.backOff) this.queue.force(priority, entry);
    else if (this.scheduler?.shouldBackOff(priority) === true)
      return this.sendAway(this.overflowFailsOver ? FAIL_OVER : DISCONNECT);
    else if (!this.queue.offer(priority, entry)) return this.sendAway(this.overflow(priority));
    this.planDrain();
    return undefined;
  }

  /** A call of that priority was answered. */
  answered(user: string, priority: number, queueMs: number, processingMs: number): void {
    if (this.scheduler === undefined) return;
    this.scheduler.answered(user, priority, queueMs + processingMs);
    this.queueTimes[priority]?.add(queueMs);
    this.processingTimes[priority]?.add(processingMs);
  }

  close(): void {
    this.closed = true;
    this.sweep?.cancel();
    this.waiting = [];
  }

  private priorityOf(user: string): number {
    return this.scheduler?.priorityOf(user) ?? 0;
  }

  /** Only who is in the lowest level anyhow loses the connection. */
  private overflow(priority: number): Failure {
    if (this.overflowFailsOver) return FAIL_OVER;
    return this.queue.levels > 1 && priority < this.queue.levels - 1 ? KEEP_ALIVE : DISCONNECT;
  }

  private sendAway(failure: Failure): Failure {
    this.counters.backedOff++;
    if (failure.fatal) this.counters.disconnected++;
    return failure;
  }

  private planDrain(): void {
    if (this.draining || this.closed) return;
    this.draining = true;
    this.clock.defer(() => this.drain());
  }

  private drain(): void {
    this.draining = false;
    if (this.closed) return;
    const untilMs = this.clock.monotonic() + SLICE_MS;
    for (let begun = 0; begun < SLICE_CALLS; begun++) {
      const entry = this.queue.take();
      if (entry === undefined) break;
      entry.call.run(entry.priority);
      if (this.clock.monotonic() >= untilMs) break;
    }
    this.wakeWaiting();
    if (this.queue.size > 0) this.planDrain();
  }

  private wakeWaiting(): void {
    for (const fn of this.waiting.splice(0)) fn();
  }
}
