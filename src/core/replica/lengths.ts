// The three lengths of a replica that is being written, and what each promises. received: announced by packet headers.
// onDisk: written, with checksums, to the files (not synced). acked: acknowledged by this node and all downstream, which
// readers may see. Always acked <= onDisk or the recovery refuses, and onDisk <= received.
import { assert } from '../../base/assert.ts';

/** What a reader may be given of a replica. */
export interface ReplicaLengths {
  readonly received: number;
  readonly onDisk: number;
  readonly acked: number;
}

export class InFlightLengths implements ReplicaLengths {
  received: number;
  onDisk: number;
  acked: number;

  constructor(bytes: number) {
    this.received = bytes;
    this.onDisk = bytes;
    this.acked = bytes;
  }

  receive(end: number): void {
    if (end > this.received) this.received = end;
  }

  write(end: number): void {
    assert(end <= this.received, 'more on disk than received');
    if (end > this.onDisk) this.onDisk = end;
  }

  /** All nodes from here on have it. */
  acknowledge(end: number): void {
    if (end > this.acked) this.acked = Math.min(end, this.received);
  }

  /** What was never acknowledged is dropped, before another writer goes on. */
  cut(end: number): void {
    this.received = end;
    this.onDisk = end;
    this.acked = Math.min(this.acked, end);
  }
}
