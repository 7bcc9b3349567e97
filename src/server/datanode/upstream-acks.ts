// Acknowledgements on their way to whoever writes: those that have gathered leave with one write, and it is looked at how long
// they wait until they are taken.
import type { Clock, Connection } from '../../host/host.ts';
import { AckWriter } from '../../wire/transfer/acks.ts';
import type { SlowIo } from './slow-io.ts';

/** Acknowledgements that a client may leave unread. */
const MAX_QUEUED_BYTES = 1024 * 1024;

export interface UpstreamAcksOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly slow: SlowIo;
}

export class UpstreamAcks {
  private readonly options: UpstreamAcksOptions;
  private readonly outgoing = new AckWriter();
  /** Some wait for the sender to take them, since then. */
  private wait = false;
  private waitSinceMs = 0;

  constructor(options: UpstreamAcksOptions) {
    this.options = options;
  }

  get empty(): boolean {
    return this.outgoing.empty;
  }

  add(seqno: number, flags: readonly number[], downstreamNanos = 0): void {
    this.outgoing.add(seqno, flags, downstreamNanos);
  }

  /** False: the sender does not read them. */
  send(): boolean {
    const { connection } = this.options;
    connection.write(this.outgoing.take());
    if (connection.queuedBytes > 0 && !this.wait) this.awaitTaken();
    return connection.queuedBytes <= MAX_QUEUED_BYTES;
  }

  private awaitTaken(): void {
    const { clock, connection, slow } = this.options;
    this.wait = true;
    this.waitSinceMs = clock.monotonic();
    connection.flushed(() => {
      this.wait = false;
      slow.answered(clock.monotonic() - this.waitSinceMs);
    });
  }
}
