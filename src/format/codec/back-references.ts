// What LZ4 and Snappy have in common when they pack: runs of bytes that stand as they are, each followed by a copy of bytes that
// came before. Found greedily, by the last place where the same four bytes began.

/** Shortest copy that is worth its words. */
const MIN_COPY = 4;
const HASH_BITS = 14;
/** Copies reach back as far as two bytes can say. */
const MAX_BACK = 65_535;

export interface Reference {
  /** Bytes that stand as they are: from here … */
  readonly from: number;
  /** … up to here, where the copy begins. */
  readonly at: number;
  readonly back: number;
  readonly length: number;
}

/** The last `tail` bytes are in no copy. Answers where the last copy ends. */
export function* backReferences(raw: Buffer, tail: number): Generator<Reference, number, undefined> {
  const last = new Int32Array(1 << HASH_BITS).fill(-1);
  const end = raw.length - tail;
  let from = 0;
  for (let at = 0; at + MIN_COPY <= end; ) {
    const word = raw.readUInt32LE(at);
    const hash = Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
    const before = last[hash] as number;
    last[hash] = at;
    if (before < 0 || at - before > MAX_BACK || raw.readUInt32LE(before) !== word) {
      at++;
      continue;
    }
    let length = MIN_COPY;
    while (at + length < end && raw[before + length] === raw[at + length]) length++;
    yield { from, at, back: at - before, length };
    at += length;
    from = at;
  }
  return from;
}
