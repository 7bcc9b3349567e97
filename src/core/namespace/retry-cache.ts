// Answers of at-most-once calls, by (client id, call id), so that a client that missed a reply and asks again gets the
// same one. Filled by `apply` from the ids that the ops carry: a replay, a standby and the live NameNode remember alike.
// Entries live for a time and up to a number; the oldest go first.
//
// Every change passes by here and stays for ten minutes, so an entry is a row of words: objects would make most of the
// collector's work.
import type { RpcIds } from '../edits/ops.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { IdIndex } from '../pages/id-index.ts';
import { Records } from '../pages/records.ts';
import { ClientNumbers } from './client-numbers.ts';

/** Apache: ClientId.BYTE_LENGTH. */
const CLIENT_ID_BYTES = 16;

export interface RetryEntry<Payload> {
  /** The answer must not leave before this is durable. */
  readonly txid: number;
  readonly payload: Payload;
}

/** How answers are put into rows. */
export interface AnswerPacking<Payload> {
  /** Words that an answer takes. */
  readonly words: number;
  /** False: it cannot be put into words, and is kept as it is. */
  pack(answer: Payload, page: Uint32Array, at: number): boolean;
  unpack(page: Uint32Array, at: number): Payload;
}

/** Apache: RetryCache.MIN_CAPACITY. */
const MIN_CAPACITY = 16;
/** Apache: what one reference takes of a 64-bit virtual machine, which is all that its sizing counts of an answer. */
const BYTES_PER_ENTRY_LOG2 = 3;
const MAX_CAPACITY_LOG2 = 30;
/** Entries that are forgotten when one comes: more than one, so that all go in the end; few, so that nobody waits after a quiet hour. */
const EXPIRED_AT_ONCE = 16;

/** Words of a row, before those of its answer. */
const TXID = 0;
/** In whole milliseconds. */
const EXPIRES = 2;
const CLIENT = 4;
const CALL = 5;
/** The row that came next; 0: none yet. */
const NEWER = 6;
const ANSWER = 7;

/** How many answers so much of the heap is for, as Hadoop counts them: the power of two next to it. */
export function retryCacheCapacity(heapBytes: number, percent: number): number {
  if (percent === 0) return MIN_CAPACITY;
  const exponent = Math.floor(Math.log2((heapBytes * percent) / 100) + 0.5) - BYTES_PER_ENTRY_LOG2;
  return Math.max(MIN_CAPACITY, 2 ** Math.min(exponent, MAX_CAPACITY_LOG2));
}

/** Ids that take part: Apache skips calls without a client id and internal ones. */
export function hasRpcIds(ids: RpcIds): boolean {
  return ids.clientId.length === CLIENT_ID_BYTES && ids.callId >= 0;
}

/** Where the call of a client with this number is found. Call ids have 31 bits. */
const keyOf = (client: number, callId: number): number => client * 2 ** 31 + callId;

export class RetryCache<Payload> {
  /** For monitoring. */
  readonly counters = { hits: 0, updates: 0 };
  readonly #lifetimeMs: number;
  readonly #capacity: number;
  readonly #packing: AnswerPacking<Payload>;
  readonly #clients = new ClientNumbers();
  readonly #rows: Records;
  readonly #rowOfCall: IdIndex;
  /** Answers that are not in their rows. */
  readonly #unpacked = new Map<number, Payload>();
  #size = 0;
  #oldest = 0;
  #newest = 0;

  constructor(lifetimeMs: number, capacity: number, packing: AnswerPacking<Payload>) {
    this.#lifetimeMs = lifetimeMs;
    this.#capacity = capacity;
    this.#packing = packing;
    const allocator = new PageAllocator();
    this.#rows = new Records(allocator, ANSWER + packing.words);
    this.#rowOfCall = new IdIndex(allocator);
  }

  get size(): number {
    return this.#size;
  }

  /** What the call was answered, while it is remembered. */
  find(ids: RpcIds, nowMs: number): RetryEntry<Payload> | undefined {
    if (this.#size === 0 || !hasRpcIds(ids)) return undefined;
    const client = this.#clients.find(ids.clientId);
    const row = client < 0 ? 0 : this.#rowOfCall.find(keyOf(client, ids.callId));
    if (row === 0 || this.#rows.getWide(row, EXPIRES) <= nowMs) return undefined;
    this.counters.hits++;
    const txid = this.#rows.getWide(row, TXID);
    const unpacked = this.#unpacked.get(row);
    if (unpacked !== undefined) return { txid, payload: unpacked };
    return { txid, payload: this.#packing.unpack(this.#rows.page(row), this.#rows.rowAt(row) + ANSWER) };
  }

  /** Remembers the call; ids that do not take part are passed over. */
  add(ids: RpcIds, txid: number, payload: Payload, nowMs: number): void {
    if (!hasRpcIds(ids) || this.#lifetimeMs <= 0 || this.#capacity <= 0) return;
    this.#expire(nowMs);
    while (this.#clients.isFull && this.#clients.find(ids.clientId) < 0) this.#forgetOldest();
    this.counters.updates++;
    const client = this.#clients.take(ids.clientId);
    const key = keyOf(client, ids.callId);
    // A call that is remembered anew leaves its old row behind, which goes when its time comes.
    if (this.#rowOfCall.find(key) === 0) this.#clients.count(client);
    else this.#rowOfCall.remove(key);
    const rows = this.#rows;
    const row = rows.allocate();
    this.#rowOfCall.add(key, row);
    rows.setWide(row, TXID, txid);
    rows.setWide(row, EXPIRES, Math.ceil(nowMs + this.#lifetimeMs));
    rows.set(row, CLIENT, client);
    rows.set(row, CALL, ids.callId);
    if (!this.#packing.pack(payload, rows.rowPage(row), rows.rowAt(row) + ANSWER)) this.#unpacked.set(row, payload);
    if (this.#newest === 0) this.#oldest = row;
    else rows.set(this.#newest, NEWER, row);
    this.#newest = row;
    this.#size++;
  }

  #expire(nowMs: number): void {
    for (let gone = 0; this.#size > 0 && gone < EXPIRED_AT_ONCE; gone++) {
      if (this.#size < this.#capacity && this.#rows.getWide(this.#oldest, EXPIRES) > nowMs) break;
      this.#forgetOldest();
    }
  }

  #forgetOldest(): void {
    const rows = this.#rows;
    const row = this.#oldest;
    const client = rows.get(row, CLIENT);
    const key = keyOf(client, rows.get(row, CALL));
    if (this.#rowOfCall.find(key) === row) {
      this.#rowOfCall.remove(key);
      this.#clients.forget(client);
    }
    this.#oldest = rows.get(row, NEWER);
    if (this.#oldest === 0) this.#newest = 0;
    this.#unpacked.delete(row);
    rows.free(row);
    this.#size--;
  }
}
