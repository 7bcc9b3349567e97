// The packed list of replicas in a full block report, both ways. Mirrors org.apache.hadoop.hdfs.protocol.BlockListAsLongs:
//
//   blocksBuffers  each replica: block id as zig-zag varint, then varints of bytes on disk, generation stamp, state;
//                  the list is cut into buffers of at most 64 KiB at any byte
//   blocks (old)   finalized count, under-construction count, 3 longs for each finalized one, -1 -1 -1, then 4 longs
//                  (the fourth is the state) for each of the others
import { ProtocolError } from '../../base/errors.ts';
import { type BlockId, blockId, type GenStamp, genStamp } from '../../base/ids.ts';
import { REPLICA_WORDS, type ReplicaBatch, WORD } from './replica-batch.ts';
import { ReplicaState } from './storage-type.ts';
import type { PackedReplicas } from './table/packed-runs.ts';

/** Apache: BlockListAsLongs.CHUNK_SIZE. */
const CHUNK_SIZE = 64 * 1024;
/** A report of one storage with more replicas is refused. */
export const MAX_REPORTED_REPLICAS = 1 << 27;
/** Apache keeps the upper 16 bits of the length and all but 4 of the state for later versions. */
const NUM_BYTES_MASK = (1n << 48n) - 1n;
const LENGTH_HIGH_MASK = 0xffff;
const STATE_MASK = 0xf;
const TWO_48 = 2 ** 48;
/** Three numbers of five bytes and a state. */
const SHORT_BYTES = 3 * 5 + 1;

/** A replica as a DataNode reports it. Decoders reuse one object: copy what must stay. */
export interface ReportedReplica {
  id: BlockId;
  numBytes: number;
  genStamp: GenStamp;
  state: ReplicaState;
}

/** Gives the replicas of a report one batch after the other. */
export interface ReplicaCursor {
  readonly count: number;
  readonly done: boolean;
  /** Puts the next replicas into the batch: at most `limit`, and as many as it takes. */
  read(batch: ReplicaBatch, limit: number): void;
  /** Has the next ones, at most `limit`, read from their bytes, as far as `read` comes; answers how many these were. */
  readPacked?(limit: number, read: (packed: PackedReplicas, limit: number) => number): number;
}

export function emptyReplica(): ReportedReplica {
  return { id: blockId(0n), numBytes: 0, genStamp: genStamp(0), state: ReplicaState.FINALIZED };
}

function replicaState(value: number): ReplicaState {
  if (value > ReplicaState.TEMPORARY) throw new ProtocolError(`Block report with unknown replica state ${value}`);
  return value as ReplicaState;
}

class BufferCursor implements ReplicaCursor {
  readonly count: number;
  readonly #buffers: readonly Uint8Array[];
  #buffer: Uint8Array;
  #index = 0;
  #packed: PackedReplicas | undefined;
  #at = 0;
  #read = 0;
  #low = 0;
  #high = 0;

  constructor(count: number, buffers: readonly Uint8Array[]) {
    let bytes = 0;
    for (const buffer of buffers) bytes += buffer.length;
    // A replica takes at least four bytes, so a count can be believed only as far as the bytes carry it.
    if (!Number.isInteger(count) || count < 0 || count > MAX_REPORTED_REPLICAS || count * 4 > bytes) {
      throw new ProtocolError(`Block report claims ${count} blocks in ${bytes} bytes`);
    }
    this.count = count;
    this.#buffers = buffers;
    this.#buffer = buffers[0] ?? new Uint8Array(0);
  }

  get done(): boolean {
    return this.#read === this.count;
  }

  read(batch: ReplicaBatch, limit: number): void {
    const count = Math.min(limit, batch.capacity, this.count - this.#read);
    for (let done = 0; done < count; ) {
      done = this.#short(batch.words, done, count);
      if (done < count) this.#long(batch.words, done++);
    }
    batch.count = count;
    this.#read += count;
  }

  readPacked(limit: number, read: (packed: PackedReplicas, limit: number) => number): number {
    const buffer = this.#buffer;
    if (this.#packed?.view.buffer !== buffer.buffer || this.#packed.view.byteOffset !== buffer.byteOffset) {
      this.#packed = { view: new DataView(buffer.buffer, buffer.byteOffset, buffer.length), at: 0 };
    }
    this.#packed.at = this.#at;
    const count = read(this.#packed, Math.min(limit, this.count - this.#read));
    this.#at = this.#packed.at;
    this.#read += count;
    return count;
  }

  /**
   * Reads replicas from `from` to before `to`, as nearly all are: finalized, in one buffer, with an id of five bytes, as those that
   * are counted have, and numbers of at most five. Answers how far it came. Written out, with one branch for an id: a loop over
   * the numbers takes half as long again.
   */
  #short(words: Uint32Array, from: number, to: number): number {
    const buffer = this.#buffer;
    const last = buffer.length - SHORT_BYTES;
    let start = this.#at;
    let done = from;
    for (; done < to && start <= last; done++) {
      const place = done * REPLICA_WORDS;
      let at = start;
      const first = buffer[at++] as number;
      const second = buffer[at++] as number;
      const third = buffer[at++] as number;
      const fourth = buffer[at++] as number;
      let byte = buffer[at++] as number;
      if ((first & second & third & fourth) < 0x80 || byte >= 0x80) break;
      const id = (first & 0x7f) | ((second & 0x7f) << 7) | ((third & 0x7f) << 14) | ((fourth & 0x7f) << 21) | (byte << 28);
      const sign = -(id & 1);
      words[place] = ((id >>> 1) | ((byte >>> 4) << 31)) ^ sign;
      words[place + 1] = (byte >>> 5) ^ sign;

      byte = buffer[at++] as number;
      let low = byte & 0x7f;
      let high = 0;
      if (byte >= 0x80) {
        byte = buffer[at++] as number;
        low |= (byte & 0x7f) << 7;
        if (byte >= 0x80) {
          byte = buffer[at++] as number;
          low |= (byte & 0x7f) << 14;
          if (byte >= 0x80) {
            byte = buffer[at++] as number;
            low |= (byte & 0x7f) << 21;
            if (byte >= 0x80) {
              byte = buffer[at++] as number;
              if (byte >= 0x80) break;
              low |= byte << 28;
              high = byte >>> 4;
            }
          }
        }
      }
      words[place + WORD.LENGTH] = low;
      words[place + WORD.LENGTH + 1] = high;

      byte = buffer[at++] as number;
      low = byte & 0x7f;
      high = 0;
      if (byte >= 0x80) {
        byte = buffer[at++] as number;
        low |= (byte & 0x7f) << 7;
        if (byte >= 0x80) {
          byte = buffer[at++] as number;
          low |= (byte & 0x7f) << 14;
          if (byte >= 0x80) {
            byte = buffer[at++] as number;
            low |= (byte & 0x7f) << 21;
            if (byte >= 0x80) {
              byte = buffer[at++] as number;
              if (byte >= 0x80) break;
              low |= byte << 28;
              high = byte >>> 4;
            }
          }
        }
      }
      words[place + WORD.STAMP] = low;
      words[place + WORD.STAMP + 1] = high;
      if (buffer[at++] !== ReplicaState.FINALIZED) break;
      words[place + WORD.STATE] = ReplicaState.FINALIZED;
      start = at;
    }
    this.#at = start;
    return done;
  }

  /** The lowest bit of an id as it is written is the sign. */
  #unzigzag(words: Uint32Array, place: number): void {
    const low = words[place] as number;
    const high = words[place + 1] as number;
    const sign = -(low & 1);
    words[place] = ((low >>> 1) | (high << 31)) ^ sign;
    words[place + 1] = (high >>> 1) ^ sign;
  }

  /** Reads any replica. */
  #long(words: Uint32Array, index: number): void {
    const place = index * REPLICA_WORDS;
    for (let word = place; word < place + REPLICA_WORDS; word += 2) {
      this.#varint();
      words[word] = this.#low;
      words[word + 1] = this.#high;
    }
    this.#unzigzag(words, place);
    words[place + WORD.LENGTH + 1] = (words[place + WORD.LENGTH + 1] as number) & LENGTH_HIGH_MASK;
    words[place + WORD.STATE] = replicaState((words[place + WORD.STATE] as number) & STATE_MASK);
  }

  #byte(): number {
    while (this.#at >= this.#buffer.length) {
      this.#index++;
      const next = this.#buffers[this.#index];
      if (next === undefined) throw new ProtocolError('Block report ends in the middle of a replica');
      this.#buffer = next;
      this.#at = 0;
    }
    return this.#buffer[this.#at++] as number;
  }

  #varint(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.#byte();
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        this.#low = low;
        this.#high = high;
        return;
      }
    }
    throw new ProtocolError('Block report with a number of more than ten bytes');
  }
}

class LongsCursor implements ReplicaCursor {
  readonly count: number;
  readonly #longs: readonly bigint[];
  readonly #finalized: number;
  #read = 0;

  constructor(longs: readonly bigint[]) {
    const finalized = Number(longs[0] ?? 0n);
    const others = Number(longs[1] ?? 0n);
    // Without replicas Apache sends two zeros, and no delimiter.
    const expected = longs.length <= 2 ? 2 : 2 + 3 * (finalized + 1) + 4 * others;
    if (finalized < 0 || others < 0 || (longs.length !== expected && longs.length !== 0)) {
      throw new ProtocolError(`Block report of ${longs.length} longs claims ${finalized} and ${others} blocks`);
    }
    if (longs.length <= 2 && finalized + others > 0) throw new ProtocolError('Block report without its blocks');
    this.count = finalized + others;
    this.#finalized = finalized;
    this.#longs = longs;
  }

  get done(): boolean {
    return this.#read === this.count;
  }

  read(batch: ReplicaBatch, limit: number): void {
    const count = Math.min(limit, batch.capacity, this.count - this.#read);
    for (let i = 0; i < count; i++) this.#put(batch, i);
    batch.count = count;
  }

  #put(batch: ReplicaBatch, index: number): void {
    const under = this.#read >= this.#finalized;
    const at = under ? 2 + 3 * (this.#finalized + 1) + 4 * (this.#read - this.#finalized) : 2 + 3 * this.#read;
    const numBytes = Number((this.#longs[at + 1] as bigint) & NUM_BYTES_MASK);
    const stamp = Number(BigInt.asUintN(64, this.#longs[at + 2] as bigint));
    const state = under ? replicaState(Number((this.#longs[at + 3] as bigint) & BigInt(STATE_MASK))) : ReplicaState.FINALIZED;
    batch.put(index, blockId(this.#longs[at] as bigint), numBytes, stamp, state);
    this.#read++;
  }
}

/** Reads `blocksBuffers` of a report. Throws ProtocolError when the bytes do not hold what `count` claims. */
export function decodeBlockBuffers(count: number, buffers: readonly Uint8Array[]): ReplicaCursor {
  return new BufferCursor(count, buffers);
}

/** Reads the old `blocks` of a report. */
export function decodeBlockLongs(longs: readonly bigint[]): ReplicaCursor {
  return new LongsCursor(longs);
}

class ListCursor implements ReplicaCursor {
  readonly #replicas: readonly Readonly<ReportedReplica>[];
  #at = 0;

  constructor(replicas: readonly Readonly<ReportedReplica>[]) {
    this.#replicas = replicas;
  }

  get count(): number {
    return this.#replicas.length;
  }

  get done(): boolean {
    return this.#at === this.#replicas.length;
  }

  read(batch: ReplicaBatch, limit: number): void {
    const count = Math.min(limit, batch.capacity, this.#replicas.length - this.#at);
    for (let i = 0; i < count; i++) {
      const { id, numBytes, genStamp, state } = this.#replicas[this.#at++] as Readonly<ReportedReplica>;
      batch.put(i, id, numBytes, genStamp, state);
    }
    batch.count = count;
  }
}

/** A cursor over replicas at hand. */
export function cursorOf(replicas: readonly Readonly<ReportedReplica>[]): ReplicaCursor {
  return new ListCursor(replicas);
}

/** Packs a report as a DataNode sends it. */
export class BlockListEncoder {
  #bytes = Buffer.allocUnsafe(CHUNK_SIZE);
  #at = 0;
  readonly #full: Buffer[] = [];
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(replica: Readonly<ReportedReplica>): void {
    this.#varint(BigInt.asUintN(64, (replica.id << 1n) ^ (replica.id >> 63n)));
    this.#varint(BigInt(replica.numBytes % TWO_48));
    this.#varint(BigInt(replica.genStamp));
    this.#varint(BigInt(replica.state));
    this.#count++;
  }

  /** The buffers, none longer than 64 KiB; one empty buffer for an empty list, as Apache. */
  finish(): Uint8Array[] {
    const last = this.#bytes.subarray(0, this.#at);
    return this.#full.length > 0 && last.length === 0 ? [...this.#full] : [...this.#full, last];
  }

  #varint(value: bigint): void {
    let low = Number(value & 0xffffffffn);
    let high = Number(value >> 32n);
    for (;;) {
      if (this.#at === CHUNK_SIZE) {
        this.#full.push(this.#bytes);
        this.#bytes = Buffer.allocUnsafe(CHUNK_SIZE);
        this.#at = 0;
      }
      if (high === 0 && low < 0x80) {
        this.#bytes[this.#at++] = low;
        return;
      }
      this.#bytes[this.#at++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | ((high & 0x7f) << 25)) >>> 0;
      high >>>= 7;
    }
  }
}
