// A node's clocks in virtual time. The wall clock may be set off from the others' and jump; the monotonic one only counts,
// though on some machines a little faster or slower than time passes. A process that is held up by a call that blocks reads
// the time at which the call ends.
import type { Clock, Timer } from '../host.ts';
import type { Life, Scheduler } from './scheduler.ts';

/** A timer of a clock that drifts, or did, is never early for the rounding of its numbers. */
const ROUNDING_MS = 1e-6;

/** What a machine's clocks are like; it outlives the machine's processes. */
export class MachineClock {
  /** Milliseconds since 1970 at the simulation's beginning, as this node believes. */
  wallOriginMs: number;
  private rate = 1;
  /** A moment at which the rate was set: virtual, and as the machine counts. */
  private sinceMs = 0;
  private countedMs = 0;

  constructor(wallOriginMs: number) {
    this.wallOriginMs = wallOriginMs;
  }

  /** From `nowMs` on, counts `rate` milliseconds for each that passes. */
  setRate(nowMs: number, rate: number): void {
    this.countedMs = this.count(nowMs);
    this.sinceMs = nowMs;
    this.rate = rate;
  }

  /** Whether it counts what passes, from the beginning on. */
  private get isExact(): boolean {
    return this.rate === 1 && this.countedMs === this.sinceMs;
  }

  count(nowMs: number): number {
    return this.isExact ? nowMs : this.countedMs + (nowMs - this.sinceMs) * this.rate;
  }

  /** How long `ms` of this clock take. */
  real(ms: number): number {
    return this.isExact ? ms : ms / this.rate + ROUNDING_MS;
  }
}

class Periodic implements Timer {
  private timer: Timer | undefined;
  private readonly next: (fn: () => void) => Timer;
  private readonly fn: () => void;

  constructor(next: (fn: () => void) => Timer, fn: () => void) {
    this.next = next;
    this.fn = fn;
    this.arm();
  }

  private arm(): void {
    this.timer = this.next(() => {
      this.arm();
      this.fn();
    });
  }

  cancel(): void {
    this.timer?.cancel();
  }
}

export function simClock(scheduler: Scheduler, life: Life, machine: MachineClock): Clock {
  const nowMs = (): number => Math.max(scheduler.nowMs, life.heldUntilMs);
  const after = (ms: number, label: string, fn: () => void): Timer =>
    scheduler.after(nowMs() - scheduler.nowMs + machine.real(ms), life, label, fn);
  return {
    now: () => Math.floor(machine.wallOriginMs + machine.count(nowMs())),
    monotonic: () => machine.count(nowMs()),
    setTimer: (ms, fn) => after(ms, 'timer', fn),
    setPeriodic: (ms, fn) => new Periodic((run) => after(Math.max(1, ms), 'periodic', run), fn),
    defer: (fn) => {
      scheduler.after(0, life, 'defer', fn);
    },
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          timer.cancel();
          reject(signal?.reason);
        };
        const timer = after(ms, 'sleep', () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
