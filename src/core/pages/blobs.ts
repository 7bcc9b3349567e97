// Byte strings of any length inside an arena, that know their own length; for the attributes that few inodes have. Short ones
// are one run: the length, then the bytes. Long ones are a run of the length and of references to pieces.
import { assert } from '../../base/assert.ts';
import { type Arena, MAX_RUN_WORDS } from './arena.ts';

const MAX_RUN_BYTES = (MAX_RUN_WORDS - 1) * 4;
const PIECE_BYTES = MAX_RUN_WORDS * 4;
const LONG = 0x80000000;

/** Longest blob. */
export const MAX_BLOB_BYTES = 128 * 1024 * 1024;

const wordsFor = (bytes: number): number => (bytes + 3) >>> 2;
const piecesFor = (bytes: number): number => Math.ceil(bytes / PIECE_BYTES);

/** Stores bytes and answers the reference, never 0. */
export function putBlob(arena: Arena, bytes: Uint8Array): number {
  assert(bytes.length <= MAX_BLOB_BYTES, 'blob too long');
  if (bytes.length <= MAX_RUN_BYTES) {
    const run = arena.allocate(1 + wordsFor(bytes.length));
    arena.set(run, 0, bytes.length);
    arena.ownBytes(run).set(bytes, arena.byteAt(run) + 4);
    return run;
  }
  const pieces = piecesFor(bytes.length);
  const run = arena.allocate(1 + pieces);
  arena.set(run, 0, bytes.length + LONG);
  for (let i = 0; i < pieces; i++) {
    const piece = arena.allocate(MAX_RUN_WORDS);
    arena.ownBytes(piece).set(bytes.subarray(i * PIECE_BYTES, (i + 1) * PIECE_BYTES), arena.byteAt(piece));
    arena.set(run, 1 + i, piece);
  }
  return run;
}

export interface BlobBytes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Where the bytes can be read, valid until the next change: for a short blob in their place, for a long one in a copy. */
export function openBlob(arena: Arena, run: number): BlobBytes {
  const first = arena.get(run, 0);
  if (first < LONG) {
    const start = arena.byteAt(run) + 4;
    return { bytes: arena.bytes(run), start, end: start + first };
  }
  const out = Buffer.allocUnsafe(first - LONG);
  for (let i = 0; i < piecesFor(out.length); i++) {
    const piece = arena.get(run, 1 + i);
    const at = arena.byteAt(piece);
    const length = Math.min(PIECE_BYTES, out.length - i * PIECE_BYTES);
    out.set(arena.bytes(piece).subarray(at, at + length), i * PIECE_BYTES);
  }
  return { bytes: out, start: 0, end: out.length };
}

export function freeBlob(arena: Arena, run: number): void {
  const first = arena.get(run, 0);
  if (first < LONG) {
    arena.free(run, 1 + wordsFor(first));
    return;
  }
  const pieces = piecesFor(first - LONG);
  for (let i = 0; i < pieces; i++) arena.free(arena.get(run, 1 + i), MAX_RUN_WORDS);
  arena.free(run, 1 + pieces);
}
