// A bound on the bytes a second of all that goes through it together. What has been moved is counted afterwards, and who moved
// it waits until the rate allows for it. Apache: DataTransferThrottler.
import type { Clock } from '../host/host.ts';

/** So much of a second may pass at once. Apache: the throttler's period. */
const BURST_MS = 500;
/** A wait is cut into pieces, so that a new rate or the end of a connection is seen soon. */
const LONGEST_SLEEP_MS = 250;

export class Throttle {
  readonly #clock: Clock;
  #bytesPerSecond = 0;
  /** Bytes that may still pass; negative while they have to be waited for. */
  #allowance = 0;
  #atMs: number;

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock;
    this.#atMs = clock.monotonic();
    this.bytesPerSecond = bytesPerSecond;
  }

  /** 0: there is no bound. */
  get bytesPerSecond(): number {
    return this.#bytesPerSecond;
  }

  /** Holds at once, also for those that wait. */
  set bytesPerSecond(value: number) {
    this.#bytesPerSecond = Math.max(0, value);
    this.#allowance = this.#burst;
    this.#atMs = this.#clock.monotonic();
  }

  get isOn(): boolean {
    return this.#bytesPerSecond > 0;
  }

  /** Notes bytes that have been moved. A promise: the mover has to wait for it, unless it is `given up` meanwhile. */
  take(bytes: number, givenUp: () => boolean = () => false): Promise<void> | undefined {
    if (!this.isOn || bytes <= 0) return undefined;
    this.#refill();
    this.#allowance -= bytes;
    return this.#allowance > 0 ? undefined : this.#wait(givenUp);
  }

  get #burst(): number {
    return (this.#bytesPerSecond * BURST_MS) / 1000;
  }

  #refill(): void {
    const now = this.#clock.monotonic();
    this.#allowance = Math.min(this.#burst, this.#allowance + ((now - this.#atMs) * this.#bytesPerSecond) / 1000);
    this.#atMs = now;
  }

  async #wait(givenUp: () => boolean): Promise<void> {
    while (this.isOn && !givenUp()) {
      this.#refill();
      if (this.#allowance > 0) return;
      const missingMs = Math.floor((-this.#allowance * 1000) / this.#bytesPerSecond) + 1;
      await this.#clock.sleep(Math.min(LONGEST_SLEEP_MS, missingMs));
    }
  }
}
