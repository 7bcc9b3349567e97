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
  /** Undefined once it has run or was cancelled. */
  fn: (() => void) | undefined;
  /** Its place in the heap. */
  place = 0;
  private readonly heap: EventHeap;

  constructor(heap: EventHeap, atMs: number, sequence: number, life: Life | undefined, label: string, fn: () => void) {
    this.heap = heap;
    this.atMs = atMs;
    this.sequence = sequence;
    this.life = life;
    this.label = label;
    this.fn = fn;
  }

  cancel(): void {
    if (this.fn === undefined) return;
    this.fn = undefined;
    this.heap.remove(this);
  }
}

const before = (a: Event, b: Event): boolean => a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);

/** Events by time and number. Cancelled ones go at once: most time limits are cancelled long before they are due. */
class EventHeap {
  private readonly events: Event[] = [];

  get size(): number {
    return this.events.length;
  }

  get first(): Event | undefined {
    return this.events[0];
  }

  push(event: Event): void {
    this.events.push(event);
    this.up(event, this.events.length - 1);
  }

  remove(event: Event): void {
    const { events } = this;
    const { place } = event;
    const last = events.pop() as Event;
    if (last === event) return;
    if (place > 0 && before(last, events[(place - 1) >> 1] as Event)) this.up(last, place);
    else this.down(last, place);
  }

  /** Puts `event` at `place` or above it. */
  private up(event: Event, place: number): void {
    const { events } = this;
    let at = place;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const other = events[parent] as Event;
      if (before(other, event)) break;
      events[at] = other;
      other.place = at;
      at = parent;
    }
    events[at] = event;
    event.place = at;
  }

  /** Puts `event` at `place` or below it. */
  private down(event: Event, place: number): void {
    const { events } = this;
    const { length } = events;
    let at = place;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && before(events[child + 1] as Event, events[child] as Event)) child++;
      const other = events[child] as Event;
      if (before(event, other)) break;
      events[at] = other;
      other.place = at;
      at = child;
    }
    events[at] = event;
    event.place = at;
  }
}

/** More events than this at one instant are a loop that lets no time pass. */
const MAX_EVENTS_AT_ONE_INSTANT = 250_000;
/** Names whose share of the hash is kept. */
const MAX_NAMES = 10_000;
/** A power of two. */
const RECENT_NAMES = 256;
/** The bits of a time, for the hash. */
const TIME = new Float64Array(1);
const TIME_WORDS = new Int32Array(TIME.buffer);

export class Scheduler {
  /** Milliseconds since the simulation began. */
  nowMs = 0;
  /** Events that have run. */
  events = 0;
  private readonly heap = new EventHeap();
  private sequence = 0;
  private atThisInstant = 0;
  private hashLow = 0x811c9dc5;
  private hashHigh = 0x2545f491;
  /** The hash's share of each name that events have: there are few, and they come again and again. */
  private readonly names = new Map<string, number>();
  /** The last name of each slot, and its share: nearly always the same string again, which a comparison of addresses finds. */
  private readonly recent: string[] = new Array<string>(RECENT_NAMES).fill('');
  private readonly recentWords = new Int32Array(RECENT_NAMES);
  private readonly trace: ((line: string) => void) | undefined;

  constructor(trace?: (line: string) => void) {
    this.trace = trace;
  }

  /** Over all events so far: equal for equal runs. */
  get hash(): string {
    return [this.hashHigh, this.hashLow].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  get pending(): number {
    return this.heap.size;
  }

  /** Runs `fn` after `delayMs`, unless `life` has ended by then. */
  after(delayMs: number, life: Life | undefined, label: string, fn: () => void): Timer {
    assert(!Number.isNaN(delayMs), 'a delay that is no number');
    const { heap } = this;
    const event = new Event(heap, this.nowMs + Math.max(0, delayMs), this.sequence++, life, label, fn);
    heap.push(event);
    return event;
  }

  private mix(word: number): void {
    this.hashLow = Math.imul(this.hashLow ^ word, 0x01000193);
    this.hashHigh = (Math.imul(this.hashHigh, 0x9e3779b1) + (this.hashLow >>> 3)) | 0;
  }

  private mixName(name: string): void {
    const slot = (name.length * 7 + name.charCodeAt(name.length - 1)) & (RECENT_NAMES - 1);
    if (this.recent[slot] === name) {
      this.mix(this.recentWords[slot] as number);
      return;
    }
    let word = this.names.get(name);
    if (word === undefined) {
      word = 0x811c9dc5;
      for (let i = 0; i < name.length; i++) word = Math.imul(word ^ name.charCodeAt(i), 0x01000193);
      if (this.names.size < MAX_NAMES) this.names.set(name, word);
    }
    this.recent[slot] = name;
    this.recentWords[slot] = word;
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
    const { heap } = this;
    for (;;) {
      const next = heap.first;
      if (next === undefined || next.atMs > untilMs) return false;
      heap.remove(next);
      const { fn, life } = next;
      assert(fn !== undefined, 'what was cancelled is not in the heap');
      if (life?.alive === false) {
        next.fn = undefined;
        continue;
      }
      if (life !== undefined && life.heldUntilMs > next.atMs) {
        // Its turn comes when the process goes on; what was due first still comes first.
        next.atMs = life.heldUntilMs;
        next.sequence = this.sequence++;
        heap.push(next);
        continue;
      }
      this.atThisInstant = next.atMs === this.nowMs ? this.atThisInstant + 1 : 0;
      // The words of an assertion are made whether or not it holds: here that would be once for each event.
      if (this.atThisInstant >= MAX_EVENTS_AT_ONE_INSTANT) assert(false, `no time passes at ${this.nowMs} ms: ${next.label}`);
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
