// The real clock. Timers of Node end at 2^31 - 1 ms (24.8 days) and fire at once beyond it: longer ones are waited for
// in steps.
import type { Clock, Timer } from '../host.ts';

const LONGEST_STEP_MS = 0x7fff_ffff;

class NodeTimer implements Timer {
  private handle: NodeJS.Timeout | undefined;
  private readonly dueMs: number;
  private readonly fn: () => void;

  constructor(ms: number, fn: () => void) {
    this.dueMs = performance.now() + ms;
    this.fn = fn;
    this.arm(ms);
  }

  private arm(ms: number): void {
    if (ms <= LONGEST_STEP_MS) {
      this.handle = setTimeout(() => {
        this.handle = undefined;
        this.fn();
      }, ms);
    } else {
      this.handle = setTimeout(() => this.arm(Math.max(0, this.dueMs - performance.now())), LONGEST_STEP_MS);
    }
  }

  cancel(): void {
    if (this.handle === undefined) return;
    clearTimeout(this.handle);
    this.handle = undefined;
  }
}

class PeriodicTimer implements Timer {
  private timer: Timer | undefined;
  private dueMs: number;
  private readonly intervalMs: number;
  private readonly fn: () => void;

  constructor(intervalMs: number, fn: () => void) {
    this.intervalMs = Math.max(1, intervalMs);
    this.fn = fn;
    this.dueMs = performance.now() + this.intervalMs;
    this.arm(this.intervalMs);
  }

  private arm(ms: number): void {
    this.timer = new NodeTimer(ms, () => {
      const now = performance.now();
      // Keep to the beat when little is lost; begin a new one when whole runs were missed.
      this.dueMs = Math.max(this.dueMs + this.intervalMs, now);
      this.arm(this.dueMs - now);
      this.fn();
    });
  }

  cancel(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}

export const nodeClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer: (ms, fn) => new NodeTimer(Math.max(0, ms), fn),
  setPeriodic: (ms, fn) => new PeriodicTimer(ms, fn),
  defer: (fn) => {
    setImmediate(fn);
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
      const timer = new NodeTimer(Math.max(0, ms), () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      });
      signal?.addEventListener('abort', onAbort, { once: true });
    }),
};
