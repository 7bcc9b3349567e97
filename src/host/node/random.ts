// Random numbers of the operating system, drawn in pools since a draw of a few bytes costs a microsecond.
import { randomFillSync } from 'node:crypto';
import { assert } from '../../base/assert.ts';
import type { Random } from '../host.ts';

const POOL_BYTES = 4096;
const TWO_53 = 2 ** 53;

export class CryptoRandom implements Random {
  private readonly pool = Buffer.alloc(POOL_BYTES);
  private used = POOL_BYTES;

  /** 53 random bits. */
  private next53(): number {
    if (this.used + 8 > POOL_BYTES) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const low = this.pool.readUInt32LE(this.used);
    const high = this.pool.readUInt32LE(this.used + 4) >>> 11;
    this.used += 8;
    return high * 0x1_0000_0000 + low;
  }

  below(bound: number): number {
    assert(bound >= 1 && bound <= TWO_53, `bound of a random number out of range: ${bound}`);
    const limit = TWO_53 - (TWO_53 % bound);
    for (;;) {
      const value = this.next53();
      if (value < limit) return value % bound;
    }
  }

  fraction(): number {
    return this.next53() / TWO_53;
  }

  bytes(length: number): Buffer {
    return randomFillSync(Buffer.alloc(length));
  }
}
