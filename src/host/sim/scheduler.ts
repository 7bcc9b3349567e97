// Virtual time. Everything that happens is an event on one heap, in order of time and then of number; the next one runs
// when all that the last one set going has come to rest. Two runs under one seed are the same event for event, which the
// rolling hash over (time, node, event) shows.
import { assert } from '../../base/assert.ts';
import { messageOf } from '../../base/errors.ts';
import type { Timer } from '../host.ts';
import { everyTurn } from './turn.ts';

/** One life of a node's process. Events of a process that has died do not run. */
export interface Life {
  readonly node: string;
  alive: boolean;
  /** It runs nothing before this moment: it is paused, or sits in a call that blocks. */
  heldUntilMs: number;
}

class Event implements Timer {
  atMs: number;
  sequence: number;
  readonly life: Life | undefined;
  readonly label: string;
  fn: (() => void) | undefined;

  constructor(atMs: number, sequence: number, life: Life | undefined, label: string, fn: () => void) {
    this.atMs = atMs;
    this.sequence = sequence;
    this.life = life;
    this.label = label;
    this.fn = fn;
  }

  cancel(): void {
    this.fn = undefined;
  }
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** More events than this at one instant are a loop that lets no time pass. */
const MAX_EVENTS_AT_ONE_INSTANT = 250_000;
/** Names whose share of the hash is kept. */
const MAX_NAMES = 10_000;
/** The bits of a time, for the hash. */
const TIME = new Float64Array(1);
const TIME_WORDS = new Int32Array(TIME.buffer);

export class Scheduler {
  /** Milliseconds since the simulation began. */
  nowMs = 0;
  /** Events that have run. */
  events = 0;
  private readonly heap: Event[] = [];
  private sequence = 0;
  private atThisInstant = 0;
  private hashLow = 0x811c9dc5;
  private hashHigh = 0x2545f491;
  /** The hash's share of each name that events have: there are few, and they come again and again. */
  private readonly names = new Map<string, number>();
  private readonly trace: ((line: string) => void) | undefined;

  constructor(trace?: (line: string) => void) {
    this.trace = trace;
  }

  /** Over all events so far: equal for equal runs. */
  get hash(): string {
    return [this.hashHigh, this.hashLow].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  get pending(): number {
    return this.heap.length;
  }

  /** Runs `fn` after `delayMs`, unless `life` has ended by then. */
  after(delayMs: number, life: Life | undefined, label: string, fn: () => void): Timer {
    assert(delayMs >= 0 || Number.isNaN(delayMs) === false, `a delay of ${delayMs} ms`);
    const event = new Event(this.nowMs + Math.max(0, delayMs), this.sequence++, life, label, fn);
    this.push(event);
    return event;
  }

  private push(event: Event): void {
    const { heap } = this;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = heap[parent] as Event;
      if (before(other, event)) break;
      heap[at] = other;
      at = parent;
    }
    heap[at] = event;
  }

  private pop(): Event | undefined {
    const { heap } = this;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++;
      const other = heap[child] as Event;
      if (before(last, other)) break;
      heap[at] = other;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  private mix(word: number): void {
    this.hashLow = Math.imul(this.hashLow ^ word, 0x01000193);
    this.hashHigh = (Math.imul(this.hashHigh, 0x9e3779b1) + (this.hashLow >>> 3)) | 0;
  }

  private mixName(name: string): void {
    let word = this.names.get(name);
    if (word === undefined) {
      word = 0x811c9dc5;
      for (let i = 0; i < name.length; i++) word = Math.imul(word ^ name.charCodeAt(i), 0x01000193);
      if (this.names.size < MAX_NAMES) this.names.set(name, word);
    }
    this.mix(word);
  }

  /** Adds something that happened without an event of its own, e.g. a fault, to hash and trace. */
  note(node: string, label: string): void {
    TIME[0] = this.nowMs;
    this.mix(TIME_WORDS[0] as number);
    this.mix(TIME_WORDS[1] as number);
    this.mixName(node);
    this.mixName(label);
    this.trace?.(`${this.nowMs.toFixed(3)} ${node} ${label}`);
  }

  /** Adds a number to the hash: what was carried, not only that something was. */
  noteValue(value: number): void {
    this.mix(value | 0);
  }

  /** Runs the next event that counts and is due by `untilMs`. False: there is none. */
  private step(untilMs: number): boolean {
    for (;;) {
      const next = this.heap[0];
      if (next === undefined || next.atMs > untilMs) return false;
      this.pop();
      const { fn, life } = next;
      if (fn === undefined || life?.alive === false) continue;
      if (life !== undefined && life.heldUntilMs > next.atMs) {
        // Its turn comes when the process goes on; what was due first still comes first.
        next.atMs = life.heldUntilMs;
        next.sequence = this.sequence++;
        this.push(next);
        continue;
      }
      this.atThisInstant = next.atMs === this.nowMs ? this.atThisInstant + 1 : 0;
      assert(this.atThisInstant < MAX_EVENTS_AT_ONE_INSTANT, `no time passes at ${this.nowMs} ms: ${next.label}`);
      this.nowMs = next.atMs;
      this.events++;
      this.note(life?.node ?? '-', next.label);
      next.fn = undefined;
      fn();
      return true;
    }
  }

  /** Runs events until `done` says so or time reaches `untilMs`. Answers whether `done` said so. */
  run(untilMs: number, done: () => boolean = () => false): Promise<boolean> {
    return new Promise((resolve, reject) => {
      everyTurn(() => {
        try {
          if (done()) resolve(true);
          else if (this.step(untilMs)) return true;
          else {
            // With nothing left to happen, time stands still; otherwise it passes up to the limit.
            if (Number.isFinite(untilMs)) this.nowMs = Math.max(this.nowMs, untilMs);
            resolve(false);
          }
        } catch (error) {
          reject(error instanceof Error ? error : new Error(messageOf(error)));
        }
        return false;
      });
    });
  }
}
