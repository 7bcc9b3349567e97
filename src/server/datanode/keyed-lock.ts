// One holder at a time for each key, in the order of asking: what keeps two operations from one replica's files.
import { Rate } from '../../base/timing.ts';
import type { Clock } from '../../host/host.ts';

const NANOS = 1e6;

export class KeyedLock {
  /** How long each holder waited, in nanoseconds; measured with a clock. */
  readonly waits = new Rate();
  clock: Pick<Clock, 'monotonic'> | undefined;
  private readonly tails = new Map<string, Promise<void>>();

  /** Keys with a holder. */
  get held(): number {
    return this.tails.size;
  }

  isHeld(key: string): boolean {
    return this.tails.has(key);
  }

  async run<T>(key: string, fn: () => Promise<T>): Promise<T> {
    const before = this.tails.get(key);
    let release = (): void => undefined;
    const mine = new Promise<void>((resolve) => {
      release = resolve;
    });
    this.tails.set(key, mine);
    if (before === undefined) this.waits.add(0);
    else await this.wait(before);
    try {
      return await fn();
    } finally {
      if (this.tails.get(key) === mine) this.tails.delete(key);
      release();
    }
  }

  private async wait(before: Promise<void>): Promise<void> {
    const beganMs = this.clock?.monotonic() ?? 0;
    await before;
    this.waits.add(((this.clock?.monotonic() ?? 0) - beganMs) * NANOS);
  }
}
