// Lists of 32-bit numbers inside an arena, for the blocks of a file and the replicas of a block. The owner keeps two words:
// a head and the count. None: head 0. One: the head is the number itself. Up to 8192: the head is a run. More: the
// head is a run of references to runs of 8192. Capacity follows from the count alone, so nothing else is stored.
import { assert } from '../../base/assert.ts';
import { type Arena, MAX_RUN_WORDS } from './arena.ts';

const CHUNK_BITS = 13;
const CHUNK = 1 << CHUNK_BITS;
const CHUNK_MASK = CHUNK - 1;

/** Most numbers in one list: 67 million. */
export const MAX_LIST_LENGTH = MAX_RUN_WORDS * CHUNK;

/** Room for `count` numbers: the next of 2, 3, 4, 6, 8, 12, 16 … */
function capacity(count: number): number {
  if (count <= 2) return 2;
  const power = 1 << (32 - Math.clz32(count - 1));
  const between = (power >>> 2) * 3;
  return count <= between ? between : power;
}

const chunksOf = (count: number): number => (count + CHUNK_MASK) >>> CHUNK_BITS;

export function listGet(arena: Arena, head: number, count: number, index: number): number {
  assert(index >= 0 && index < count, 'index outside the list');
  if (count === 1) return head;
  if (count <= CHUNK) return arena.get(head, index);
  return arena.get(arena.get(head, index >>> CHUNK_BITS), index & CHUNK_MASK);
}

export function listSet(arena: Arena, head: number, count: number, index: number, value: number): number {
  assert(index >= 0 && index < count, 'index outside the list');
  if (count === 1) return value;
  if (count <= CHUNK) arena.set(head, index, value);
  else arena.set(arena.get(head, index >>> CHUNK_BITS), index & CHUNK_MASK, value);
  return head;
}

/** Adds a number at the end; answers the new head, for `count + 1`. */
export function listPush(arena: Arena, head: number, count: number, value: number): number {
  assert(count < MAX_LIST_LENGTH, 'list full');
  if (count === 0) return value;
  if (count < CHUNK) {
    const run = resize(arena, head, count, count + 1);
    arena.set(run, count, value);
    return run;
  }
  let chunks = head;
  if (count === CHUNK) {
    chunks = arena.allocate(capacity(2));
    arena.set(chunks, 0, head);
  }
  if ((count & CHUNK_MASK) === 0) {
    const used = chunksOf(count);
    if (used > 1) chunks = resize(arena, chunks, used, used + 1);
    arena.set(chunks, used, arena.allocate(CHUNK));
  }
  arena.set(arena.get(chunks, count >>> CHUNK_BITS), count & CHUNK_MASK, value);
  return chunks;
}

/** Takes the last number off; answers the new head, for `count - 1`. */
export function listPop(arena: Arena, head: number, count: number): number {
  assert(count > 0, 'list empty');
  if (count === 1) return 0;
  if (count <= CHUNK) return resize(arena, head, count, count - 1);
  if (((count - 1) & CHUNK_MASK) !== 0) return head;
  const used = chunksOf(count);
  arena.free(arena.get(head, used - 1), CHUNK);
  if (used > 2) return resize(arena, head, used, used - 1);
  const only = arena.get(head, 0);
  arena.free(head, capacity(2));
  return only;
}

export function listFree(arena: Arena, head: number, count: number): void {
  if (count <= 1) return;
  if (count <= CHUNK) {
    arena.free(head, capacity(count));
    return;
  }
  const used = chunksOf(count);
  for (let i = 0; i < used; i++) arena.free(arena.get(head, i), CHUNK);
  arena.free(head, capacity(used));
}

/** Gives a run of `from` numbers (1: the number itself) the room that `to` numbers have. */
function resize(arena: Arena, run: number, from: number, to: number): number {
  if (from === 1) {
    const made = arena.allocate(capacity(to));
    arena.set(made, 0, run);
    return made;
  }
  if (to === 1) {
    const only = arena.get(run, 0);
    arena.free(run, capacity(from));
    return only;
  }
  if (capacity(from) === capacity(to)) return run;
  const made = arena.allocate(capacity(to));
  arena.move(run, 0, made, 0, Math.min(from, to));
  arena.free(run, capacity(from));
  return made;
}
