// Seeded random numbers (xoshiro128**): the same seed gives the same numbers on every machine. For simulations and tests;
// not for secrets. A stream is made for each purpose by name, so that one more draw in one place shifts no other.

const rotl = (x: number, k: number): number => (x << k) | (x >>> (32 - k));

/** FNV-1a of a name, to give each purpose a seed of its own. */
function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

export class SeededRandom {
  private a = 0;
  private b = 0;
  private c = 0;
  private d = 0;

  constructor(seed: number | bigint, name = '') {
    const wide = BigInt.asUintN(64, typeof seed === 'bigint' ? seed : BigInt(Math.trunc(seed)));
    let state = BigInt.asUintN(64, wide ^ (BigInt(hashName(name)) << 17n));
    // splitmix64 spreads close seeds over the whole state, and never leaves it all zero.
    const next = (): bigint => {
      state = BigInt.asUintN(64, state + 0x9e3779b97f4a7c15n);
      let z = state;
      z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n);
      z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d049bb133111ebn);
      return z ^ (z >> 31n);
    };
    const first = next();
    const second = next();
    this.a = Number(BigInt.asIntN(32, first));
    this.b = Number(BigInt.asIntN(32, first >> 32n));
    this.c = Number(BigInt.asIntN(32, second));
    this.d = Number(BigInt.asIntN(32, second >> 32n)) | 1;
  }

  /** 32 random bits, unsigned. */
  uint32(): number {
    const result = Math.imul(rotl(Math.imul(this.b, 5), 7), 9);
    const t = this.b << 9;
    this.c ^= this.a;
    this.d ^= this.b;
    this.b ^= this.c;
    this.a ^= this.d;
    this.c ^= t;
    this.d = rotl(this.d, 11);
    return result >>> 0;
  }

  /** Uniform in [0, 1), 53 bits. */
  fraction(): number {
    return ((this.uint32() >>> 5) * 0x4000000 + (this.uint32() >>> 6)) / 0x20000000000000;
  }

  /** Uniform in [0, bound), bound from 1 to 2^53. */
  below(bound: number): number {
    if (bound <= 0x1_0000_0000) {
      // Rejection keeps it uniform: the last, incomplete run of `bound` values is thrown away.
      const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
      for (;;) {
        const value = this.uint32();
        if (value < limit) return value % bound;
      }
    }
    return Math.min(bound - 1, Math.floor(this.fraction() * bound));
  }

  bytes(length: number): Buffer {
    const buffer = Buffer.alloc(length);
    let at = 0;
    for (; at + 4 <= length; at += 4) buffer.writeUInt32LE(this.uint32(), at);
    if (at < length) {
      let rest = this.uint32();
      for (; at < length; at++) {
        buffer[at] = rest & 0xff;
        rest >>>= 8;
      }
    }
    return buffer;
  }
}
