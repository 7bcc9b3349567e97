// Every replica of one block pool on this DataNode, in pages of typed arrays: about 32 bytes for each, whatever the number.
// Found by block id through linear hashing, which grows one bucket at a time, so that no insertion waits for a rehash.
// What only replicas being written need (bytes acknowledged, who writes) lies beside, in in-flight.ts.
import { assert } from '../../base/assert.ts';
import { type BlockId, blockId, type GenStamp } from '../../base/ids.ts';
import type { ReplicaState } from './states.ts';

/** Recycled number of a replica in its map; 0 is none. */
export type ReplicaHandle = number;
/** Number of a volume in the DataNode's list. */
export type VolumeIndex = number;

const PAGE_BITS = 12;
const PAGE_ROWS = 1 << PAGE_BITS;
const PAGE_MASK = PAGE_ROWS - 1;
const FIRST_BUCKETS = 1024;
const FREE = 0xff;
const MAX_VOLUMES = 256;
/** More replicas than any DataNode holds: a bound, not a target. */
export const MAX_REPLICAS = 2 ** 28;

interface Page {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly genStamp: Float64Array;
  readonly numBytes: Float64Array;
  /** Next in the chain of its bucket, or of the free list. */
  readonly next: Uint32Array;
  readonly state: Uint8Array;
  readonly volume: Uint8Array;
}

export class ReplicaMap {
  private readonly pages: Page[] = [];
  private readonly bucketPages: Uint32Array[] = [];
  private buckets = FIRST_BUCKETS;
  /** Buckets at the beginning of the present doubling. */
  private base = FIRST_BUCKETS;
  private freeHead = 0;
  private highest = 0;
  private live = 0;
  private readonly liveOn = new Uint32Array(MAX_VOLUMES);

  constructor() {
    for (let made = 0; made < FIRST_BUCKETS; made += PAGE_ROWS) this.bucketPages.push(new Uint32Array(PAGE_ROWS));
  }

  get size(): number {
    return this.live;
  }

  /** How many lie on a volume. */
  countOn(volume: VolumeIndex): number {
    return this.liveOn[volume] ?? 0;
  }

  /** Highest handle ever handed out: the end of a scan. */
  get highestHandle(): ReplicaHandle {
    return this.highest;
  }

  find(id: BlockId): ReplicaHandle {
    const low = Number(BigInt.asIntN(32, id));
    const high = Number(BigInt.asIntN(32, id >> 32n));
    for (let handle = this.head(this.bucketOf(low, high)); handle !== 0; ) {
      const page = this.pages[handle >>> PAGE_BITS] as Page;
      const row = handle & PAGE_MASK;
      if (page.low[row] === low && page.high[row] === high) return handle;
      handle = page.next[row] as number;
    }
    return 0;
  }

  /** Adds a replica; the id must be new. */
  add(id: BlockId, genStamp: GenStamp, numBytes: number, state: ReplicaState, volume: VolumeIndex): ReplicaHandle {
    assert(this.find(id) === 0, 'a replica is added twice');
    assert(volume >= 0 && volume < MAX_VOLUMES, 'more than 256 volumes');
    const low = Number(BigInt.asIntN(32, id));
    const high = Number(BigInt.asIntN(32, id >> 32n));
    const handle = this.allocate();
    const page = this.pages[handle >>> PAGE_BITS] as Page;
    const row = handle & PAGE_MASK;
    page.low[row] = low;
    page.high[row] = high;
    page.genStamp[row] = genStamp;
    page.numBytes[row] = numBytes;
    page.state[row] = state;
    page.volume[row] = volume;
    this.link(handle, this.bucketOf(low, high));
    this.live++;
    this.liveOn[volume] = this.countOn(volume) + 1;
    if (this.live > this.buckets) this.splitOne();
    return handle;
  }

  remove(handle: ReplicaHandle): void {
    const page = this.live1(handle);
    const row = handle & PAGE_MASK;
    const bucket = this.bucketOf(page.low[row] as number, page.high[row] as number);
    let at = this.head(bucket);
    if (at === handle) this.setHead(bucket, page.next[row] as number);
    else {
      while (at !== 0) {
        const other = this.pages[at >>> PAGE_BITS] as Page;
        const following = other.next[at & PAGE_MASK] as number;
        if (following === handle) {
          other.next[at & PAGE_MASK] = page.next[row] as number;
          break;
        }
        at = following;
      }
      assert(at !== 0, 'a replica is missing in its bucket');
    }
    const volume = page.volume[row] as number;
    this.liveOn[volume] = this.countOn(volume) - 1;
    page.state[row] = FREE;
    page.next[row] = this.freeHead;
    this.freeHead = handle;
    this.live--;
  }

  isLive(handle: ReplicaHandle): boolean {
    const page = this.pages[handle >>> PAGE_BITS];
    return handle > 0 && handle <= this.highest && page !== undefined && page.state[handle & PAGE_MASK] !== FREE;
  }

  id(handle: ReplicaHandle): BlockId {
    const page = this.live1(handle);
    const row = handle & PAGE_MASK;
    return blockId((BigInt(page.high[row] as number) << 32n) | BigInt((page.low[row] as number) >>> 0));
  }

  /** The lower half of its id. */
  idLow(handle: ReplicaHandle): number {
    return this.live1(handle).low[handle & PAGE_MASK] as number;
  }

  genStamp(handle: ReplicaHandle): GenStamp {
    return this.live1(handle).genStamp[handle & PAGE_MASK] as GenStamp;
  }

  setGenStamp(handle: ReplicaHandle, genStamp: GenStamp): void {
    this.live1(handle).genStamp[handle & PAGE_MASK] = genStamp;
  }

  /** Bytes received so far; for a finalized replica its length. */
  numBytes(handle: ReplicaHandle): number {
    return this.live1(handle).numBytes[handle & PAGE_MASK] as number;
  }

  setNumBytes(handle: ReplicaHandle, numBytes: number): void {
    this.live1(handle).numBytes[handle & PAGE_MASK] = numBytes;
  }

  state(handle: ReplicaHandle): ReplicaState {
    return this.live1(handle).state[handle & PAGE_MASK] as ReplicaState;
  }

  setState(handle: ReplicaHandle, state: ReplicaState): void {
    this.live1(handle).state[handle & PAGE_MASK] = state;
  }

  volume(handle: ReplicaHandle): VolumeIndex {
    return this.live1(handle).volume[handle & PAGE_MASK] as number;
  }

  /** Replicas from handle `from` on, looking at no more than `limit` handles; answers where to go on, 0 at the end. */
  scan(from: ReplicaHandle, limit: number, visit: (handle: ReplicaHandle) => void): ReplicaHandle {
    const end = Math.min(this.highest, from + limit - 1);
    for (let handle = Math.max(1, from); handle <= end; handle++) if (this.isLive(handle)) visit(handle);
    return end < this.highest ? end + 1 : 0;
  }

  private live1(handle: ReplicaHandle): Page {
    const page = this.pages[handle >>> PAGE_BITS];
    assert(page !== undefined && page.state[handle & PAGE_MASK] !== FREE, 'a handle of no replica');
    return page;
  }

  private allocate(): ReplicaHandle {
    if (this.freeHead !== 0) {
      const handle = this.freeHead;
      this.freeHead = (this.pages[handle >>> PAGE_BITS] as Page).next[handle & PAGE_MASK] as number;
      return handle;
    }
    const handle = ++this.highest;
    assert(handle < MAX_REPLICAS, 'too many replicas');
    if (handle >>> PAGE_BITS === this.pages.length) this.pages.push(newPage());
    return handle;
  }

  private bucketOf(low: number, high: number): number {
    let hash = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b);
    hash ^= hash >>> 15;
    hash = Math.imul(hash, 0xc2b2ae35);
    hash = (hash ^ (hash >>> 13)) >>> 0;
    const bucket = hash & (this.base - 1);
    // Buckets below the split point have been parted with the next bit.
    return bucket < this.buckets - this.base ? hash & (this.base * 2 - 1) : bucket;
  }

  private head(bucket: number): ReplicaHandle {
    return (this.bucketPages[bucket >>> PAGE_BITS] as Uint32Array)[bucket & PAGE_MASK] as number;
  }

  private setHead(bucket: number, handle: ReplicaHandle): void {
    (this.bucketPages[bucket >>> PAGE_BITS] as Uint32Array)[bucket & PAGE_MASK] = handle;
  }

  private link(handle: ReplicaHandle, bucket: number): void {
    (this.pages[handle >>> PAGE_BITS] as Page).next[handle & PAGE_MASK] = this.head(bucket);
    this.setHead(bucket, handle);
  }

  private splitOne(): void {
    const parted = this.buckets - this.base;
    let handle = this.head(parted);
    this.setHead(parted, 0);
    if (this.buckets >>> PAGE_BITS === this.bucketPages.length) this.bucketPages.push(new Uint32Array(PAGE_ROWS));
    this.buckets++;
    while (handle !== 0) {
      const page = this.pages[handle >>> PAGE_BITS] as Page;
      const row = handle & PAGE_MASK;
      const following = page.next[row] as number;
      this.link(handle, this.bucketOf(page.low[row] as number, page.high[row] as number));
      handle = following;
    }
    if (this.buckets === this.base * 2) this.base = this.buckets;
  }
}

function newPage(): Page {
  return {
    low: new Int32Array(PAGE_ROWS),
    high: new Int32Array(PAGE_ROWS),
    genStamp: new Float64Array(PAGE_ROWS),
    numBytes: new Float64Array(PAGE_ROWS),
    next: new Uint32Array(PAGE_ROWS),
    state: new Uint8Array(PAGE_ROWS).fill(FREE),
    volume: new Uint8Array(PAGE_ROWS),
  };
}
