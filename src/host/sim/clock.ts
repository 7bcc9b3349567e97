// A node's clock in virtual time. Its wall clock may be set off from the others'; its monotonic one only counts.
import type { Clock, Timer } from '../host.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface WallClock {
  /** Milliseconds since 1970 at the simulation's beginning, as this node believes. */
  originMs: number;
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

export function simClock(scheduler: Scheduler, life: Life, wall: WallClock): Clock {
  return {
    now: () => Math.floor(wall.originMs + scheduler.nowMs),
    monotonic: () => scheduler.nowMs,
    setTimer: (ms, fn) => scheduler.after(ms, life, 'timer', fn),
    setPeriodic: (ms, fn) => new Periodic((run) => scheduler.after(Math.max(1, ms), life, 'periodic', run), fn),
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
        const timer = scheduler.after(ms, life, 'sleep', () => {
          signal?.removeEventListener('abort', onAbort);
          resolve();
        });
        signal?.addEventListener('abort', onAbort, { once: true });
      }),
  };
}
