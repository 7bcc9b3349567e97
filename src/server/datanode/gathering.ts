// When the packets of a stream are written. A write costs the way to a thread and back, and an acknowledgement of its own on
// every node before: packets that come close behind one another wait until they are worth that. Whoever stops in the middle
// to hear an answer is kept waiting for a moment, and then not again for long.
import type { Clock, Timer } from '../../host/host.ts';

/** Worth a write. */
export const GATHER_BYTES = 512 * 1024;
/** As long as nothing comes, packets wait for the next one. */
export const GATHER_MS = 2;
/** Writes that are made at once after many waits for nothing, before another one is tried. */
const MOST_AT_ONCE = 1024;

export class Gathering {
  private readonly clock: Clock;
  /** They have waited long enough. */
  private readonly due: () => void;
  private timer: Timer | undefined;
  /** Since when nothing has come. */
  private quietSinceMs = 0;
  /** Writes still to be made at once, and how many it were after the last wait for nothing. */
  private atOnce = 0;
  private penalty = 0;

  constructor(clock: Clock, due: () => void) {
    this.clock = clock;
    this.due = due;
  }

  /** Whether packets of so many bytes, the last of which has just come, wait for more. */
  waits(bytes: number): boolean {
    if (bytes >= GATHER_BYTES) {
      this.penalty = 0;
      this.atOnce = 0;
      return false;
    }
    if (this.timer === undefined && this.atOnce > 0) {
      this.atOnce--;
      return false;
    }
    this.quietSinceMs = this.clock.monotonic();
    this.timer ??= this.clock.setTimer(GATHER_MS, this.look);
    return true;
  }

  /** Nothing waits any more. */
  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private readonly look = (): void => {
    const { timer } = this;
    // What came while this process was kept busy is read first: it would count as a silence of the writer.
    this.clock.defer(() => {
      if (this.timer !== timer) return;
      const restMs = this.quietSinceMs + GATHER_MS - this.clock.monotonic();
      if (restMs > 0) this.timer = this.clock.setTimer(restMs, this.look);
      else {
        this.timer = undefined;
        this.penalty = Math.min(MOST_AT_ONCE, Math.max(1, this.penalty * 2));
        this.atOnce = this.penalty;
        this.due();
      }
    });
  };
}
