// Keeps the leases of a client's open files alive. One call renews all of them, since a lease belongs to the client.
import { messageOf } from '../base/errors.ts';
import type { Host, Timer } from '../host/host.ts';

/** Half of the NameNode's soft limit of 60 s. Apache: LeaseRenewer. */
const RENEW_INTERVAL_MS = 30_000;

export class LeaseRenewer {
  readonly #host: Host;
  readonly #renew: () => Promise<unknown>;
  #open = 0;
  #timer: Timer | undefined;

  constructor(host: Host, renew: () => Promise<unknown>) {
    this.#host = host;
    this.#renew = renew;
  }

  /** A file was opened for writing. */
  begin(): void {
    this.#open++;
    this.#timer ??= this.#host.clock.setPeriodic(RENEW_INTERVAL_MS, () => {
      this.#renew().catch((error: unknown) => {
        // The next turn tries again; when leases run out meanwhile, the writer hears it from its next call.
        this.#host.log.log('warn', 'client', 'could not renew the lease', { error: messageOf(error) });
      });
    });
  }

  /** A file was closed or given up. */
  end(): void {
    this.#open--;
    if (this.#open === 0) this.close();
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
