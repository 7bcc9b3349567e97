// What takes long while a block comes in: its disk, the next node, and whoever reads the acknowledgements. It is counted, and
// told in the log. Mirrors the warnings of Hadoop's BlockReceiver.
import type { Log } from '../../host/host.ts';
import type { Counters } from './counters.ts';
import { describeBlock, type InFlightReplica } from './replica.ts';

export interface SlowIoOptions {
  readonly log: Log;
  /** Say what is slow, and are told of it. */
  readonly counters: Counters;
  readonly replica: InFlightReplica;
  /** Address of the next node. */
  readonly mirror: string | undefined;
}

export class SlowIo {
  /** Sequence number of the last packet that came. */
  seqno = 0;
  readonly #options: SlowIoOptions;

  constructor(options: SlowIoOptions) {
    this.#options = options;
  }

  /** So many packets went into the files. */
  written(packets: number, ms: number): void {
    const { counters } = this.#options;
    if (ms <= counters.slowMs) return;
    counters.slowDiskPackets += packets;
    this.#warn('Slow BlockReceiver write data to disk cost:', ms, `volume=${this.#options.replica.volume.path}`);
  }

  synced(ms: number): void {
    const { counters } = this.#options;
    if (ms <= counters.slowMs) return;
    counters.slowSyncs++;
    this.#warn('Slow flushOrSync took', ms, `isSync:true, volume=${this.#options.replica.volume.path}`);
  }

  /** So many packets waited for the next node. */
  forwarded(packets: number, ms: number): void {
    const { counters } = this.#options;
    if (ms <= counters.slowMs) return;
    counters.slowMirrorPackets += packets;
    this.#warn('Slow BlockReceiver write packet to mirror took', ms, this.#downstream);
  }

  answered(ms: number): void {
    const { counters } = this.#options;
    if (ms <= counters.slowMs) return;
    counters.slowAcks++;
    const responder = `PacketResponder: ${describeBlock(this.#options.replica)}`;
    this.#warn('Slow PacketResponder send ack to upstream took', ms, `${responder}, ${this.#downstream}`);
  }

  get #downstream(): string {
    return `downstream DNs=[${this.#options.mirror ?? ''}]`;
  }

  #warn(what: string, ms: number, detail: string): void {
    const { log, counters, replica } = this.#options;
    const where = `${detail}, blockId=${replica.id}, seqno=${this.seqno}`;
    log.log('warn', 'datanode', `${what} ${Math.floor(ms)}ms (threshold=${counters.slowMs}ms), ${where}`);
  }
}
