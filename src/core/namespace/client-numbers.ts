// Short numbers for the clients whose calls are remembered, in place of their 16 bytes. A client has its number as long as one
// of its calls is counted; then the number is free for another.
import { asBuffer, equalBytes } from '../../base/bytes.ts';

/** Numbers are below it. */
export const MAX_CLIENTS = 2 ** 22;
/** A power of two. */
const SLOTS = 256;

interface Client {
  readonly key: string;
  readonly id: Uint8Array;
  readonly number: number;
  calls: number;
}

export class ClientNumbers {
  readonly #byKey = new Map<string, Client>();
  readonly #byNumber: (Client | undefined)[] = [];
  readonly #free: number[] = [];
  /** The last client of each slot: comparing bytes is less work than making a key. */
  readonly #recent: (Client | undefined)[] = new Array(SLOTS).fill(undefined);

  get isFull(): boolean {
    return this.#byKey.size >= MAX_CLIENTS;
  }

  /** The client's number, or -1. */
  find(id: Uint8Array): number {
    const slot = slotOf(id);
    const recent = this.#recent[slot];
    if (recent !== undefined && equalBytes(recent.id, id)) return recent.number;
    const client = this.#byKey.get(keyOf(id));
    if (client === undefined) return -1;
    this.#recent[slot] = client;
    return client.number;
  }

  /** The client's number; it gets one when it has none, which there must be. */
  take(id: Uint8Array): number {
    const known = this.find(id);
    if (known >= 0) return known;
    const number = this.#free.pop() ?? this.#byNumber.length;
    const client = { key: keyOf(id), id: id.slice(), number, calls: 0 };
    this.#byKey.set(client.key, client);
    this.#byNumber[number] = client;
    return number;
  }

  /** One more call of this number's client is remembered. */
  count(number: number): void {
    const client = this.#byNumber[number];
    if (client !== undefined) client.calls++;
  }

  /** One call less. */
  forget(number: number): void {
    const client = this.#byNumber[number];
    if (client === undefined || --client.calls > 0) return;
    this.#byKey.delete(client.key);
    this.#byNumber[number] = undefined;
    this.#free.push(number);
    const slot = slotOf(client.id);
    if (this.#recent[slot] === client) this.#recent[slot] = undefined;
  }
}

/** Ids are random numbers: any byte tells them apart as well as another. */
const slotOf = (id: Uint8Array): number => (id[0] as number) & (SLOTS - 1);

const keyOf = (id: Uint8Array): string => asBuffer(id).toString('latin1');
