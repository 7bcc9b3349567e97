// Fields of a message that rarely change from one to the next, encoded once.

/** How this machine has the bytes of a word. */
export const IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** They are put in whole words, a third of the work; the last may be too long, so what comes behind is put afterwards. */
export class EncodedFields {
  readonly length: number;
  readonly #words: readonly number[];

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    const padded = Buffer.alloc(Math.ceil(bytes.length / 4) * 4);
    padded.set(bytes);
    this.#words = Array.from({ length: padded.length / 4 }, (_, i) => padded.readInt32LE(4 * i));
  }

  /** Answers the position behind them. */
  put(memory: DataView, at: number): number {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) memory.setInt32(at + 4 * i, words[i] as number, true);
    return at + this.length;
  }
}
