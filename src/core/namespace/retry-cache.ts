// Answers of at-most-once calls, by (client id, call id), so that a client that missed a reply and asks again gets the
// same one. Filled by `apply` from the ids that the ops carry: a replay, a standby and the live NameNode remember alike.
// Entries live for a time and up to a number; the oldest go first.
import type { RpcIds } from '../edits/ops.ts';

/** Apache: ClientId.BYTE_LENGTH. */
const CLIENT_ID_BYTES = 16;

export interface RetryEntry<Payload> {
  /** The answer must not leave before this is durable. */
  readonly txid: number;
  readonly payload: Payload;
}

interface Remembered<Payload> extends RetryEntry<Payload> {
  readonly client: ClientCalls<Payload>;
  readonly callId: number;
  readonly expiresMs: number;
}

interface ClientCalls<Payload> {
  readonly key: string;
  readonly calls: Map<number, Remembered<Payload>>;
}

/** Apache: RetryCache.MIN_CAPACITY. */
const MIN_CAPACITY = 16;
/** Apache: what one reference takes of a 64-bit virtual machine, which is all that its sizing counts of an answer. */
const BYTES_PER_ENTRY_LOG2 = 3;
const MAX_CAPACITY_LOG2 = 30;
/** Entries that are forgotten when one comes: more than one, so that all go in the end; few, so that nobody waits after a quiet hour. */
const EXPIRED_AT_ONCE = 16;

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

export class RetryCache<Payload> {
  /** For monitoring. */
  readonly counters = { hits: 0, updates: 0 };
  readonly #lifetimeMs: number;
  readonly #capacity: number;
  readonly #clients = new Map<string, ClientCalls<Payload>>();
  #lastId: Uint8Array | undefined;
  #last: ClientCalls<Payload> | undefined;
  // In order of arrival; entries before #oldest are gone. Compacted when half of it is.
  #order: (Remembered<Payload> | undefined)[] = [];
  #oldest = 0;

  constructor(lifetimeMs: number, capacity: number) {
    this.#lifetimeMs = lifetimeMs;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#order.length - this.#oldest;
  }

  /** What the call was answered, while it is remembered. */
  find(ids: RpcIds, nowMs: number): RetryEntry<Payload> | undefined {
    if (!hasRpcIds(ids)) return undefined;
    const entry = this.#callsOf(ids.clientId)?.calls.get(ids.callId);
    if (entry === undefined || entry.expiresMs <= nowMs) return undefined;
    this.counters.hits++;
    return entry;
  }

  /** Remembers the call; ids that do not take part are passed over. */
  add(ids: RpcIds, txid: number, payload: Payload, nowMs: number): void {
    if (!hasRpcIds(ids) || this.#lifetimeMs <= 0 || this.#capacity <= 0) return;
    this.#expire(nowMs);
    this.counters.updates++;
    let client = this.#callsOf(ids.clientId);
    if (client === undefined) {
      const key = keyOf(ids.clientId);
      client = { key, calls: new Map() };
      this.#clients.set(key, client);
    }
    const entry = { client, callId: ids.callId, expiresMs: nowMs + this.#lifetimeMs, txid, payload };
    client.calls.set(ids.callId, entry);
    this.#order.push(entry);
  }

  /** A connection hands in the same array each time, so the last one's answer is nearly always this one's. */
  #callsOf(clientId: Uint8Array): ClientCalls<Payload> | undefined {
    if (clientId === this.#lastId && this.#last !== undefined) return this.#last;
    this.#lastId = clientId;
    this.#last = this.#clients.get(keyOf(clientId));
    return this.#last;
  }

  #expire(nowMs: number): void {
    for (let gone = 0; this.size > 0 && gone < EXPIRED_AT_ONCE; gone++) {
      const entry = this.#order[this.#oldest] as Remembered<Payload>;
      if (this.size < this.#capacity && entry.expiresMs > nowMs) break;
      this.#order[this.#oldest++] = undefined;
      // The call may have been remembered anew since.
      if (entry.client.calls.get(entry.callId) === entry) {
        entry.client.calls.delete(entry.callId);
        if (entry.client.calls.size === 0) {
          this.#clients.delete(entry.client.key);
          this.#last = undefined;
        }
      }
    }
    if (this.#oldest > 1024 && this.#oldest * 2 > this.#order.length) {
      this.#order = this.#order.slice(this.#oldest);
      this.#oldest = 0;
    }
  }
}

function keyOf(clientId: Uint8Array): string {
  return Buffer.from(clientId.buffer, clientId.byteOffset, clientId.byteLength).toString('latin1');
}
