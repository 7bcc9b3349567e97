// How much is fuzzed, and with which seed. The seed of a run is printed with every failure and can be given again:
//
//     FUZZ_SEED=12345 FUZZ_ITERATIONS=100000 npx vitest run --project unit test/fuzz
import { SeededRandom } from '../../../src/base/random.ts';

/** All iterations of all files together; each test takes its share. */
export const ITERATIONS = Number(process.env.FUZZ_ITERATIONS ?? 10_000);
/** Another one each time where somebody looks; the same one where a change is judged by it. */
const ANY_SEED = process.env.CI === undefined ? Date.now() % 1_000_000_007 : 1;
export const SEED = Number(process.env.FUZZ_SEED ?? ANY_SEED);
/** Tells what was met, for whoever tunes the tests. */
export const VERBOSE = process.env.FUZZ_VERBOSE === '1';

/** At least one. */
export function share(part: number): number {
  return Math.max(1, Math.ceil(ITERATIONS * part));
}

/** Chance for one purpose, from the seed of this run. */
export class Chance {
  readonly name: string;
  private readonly random: SeededRandom;

  constructor(name: string) {
    this.name = name;
    this.random = new SeededRandom(SEED, name);
  }

  below(bound: number): number {
    return this.random.below(bound);
  }

  /** True with this probability. */
  happens(probability: number): boolean {
    return this.random.fraction() < probability;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.random.below(choices.length)] as T;
  }

  bytes(length: number): Buffer {
    return this.random.bytes(length);
  }

  long(): bigint {
    return this.random.bytes(8).readBigUInt64LE();
  }
}

const FLIPS = 8;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];

/** A few bytes of a copy changed, cut out, put in or repeated. */
export function mutated(chance: Chance, original: Uint8Array, changes = 1 + chance.below(4)): Buffer {
  let bytes = Buffer.from(original);
  for (let i = 0; i < changes && bytes.length > 0; i++) {
    const at = chance.below(bytes.length);
    switch (chance.below(8)) {
      case 0:
      case 1:
        bytes[at] = (bytes[at] as number) ^ (1 << chance.below(FLIPS));
        break;
      case 2:
        bytes[at] = chance.of(INTERESTING);
        break;
      case 3:
        bytes[at] = chance.below(256);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + chance.below(16))]);
        break;
      case 5:
        bytes = Buffer.concat([bytes.subarray(0, at), chance.bytes(1 + chance.below(12)), bytes.subarray(at)]);
        break;
      case 6:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(Math.max(0, at - chance.below(64)))]);
        break;
      default:
        if (at + 4 <= bytes.length) bytes.writeUInt32BE(chance.of([0, 1, 0x7fffffff, 0x80000000, 0xffffffff, 1 << 20]), at);
    }
  }
  return bytes;
}
