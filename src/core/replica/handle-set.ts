// Replicas of a map that were met in a walk over them all: a bit for each.
import type { ReplicaHandle } from './replica-map.ts';

const FIRST_BYTES = 1024;

export class HandleSet {
  private bits = new Uint8Array(FIRST_BYTES);

  add(handle: ReplicaHandle): void {
    const at = handle >>> 3;
    if (at >= this.bits.length) {
      const larger = new Uint8Array(Math.max(at + 1, this.bits.length * 2));
      larger.set(this.bits);
      this.bits = larger;
    }
    this.bits[at] = (this.bits[at] as number) | (1 << (handle & 7));
  }

  has(handle: ReplicaHandle): boolean {
    return ((this.bits[handle >>> 3] ?? 0) & (1 << (handle & 7))) !== 0;
  }
}
