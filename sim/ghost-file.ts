// Ghost state of one file: whose bytes lie where in it, and how far they were promised. Files are appended to, cut and put
// together while others read them. Clients note what they write; where each piece begins and how a file was changed is
// read from the durable log (follow), which tells the one order in which it happened.
import { contentOf } from './content.ts';

/** Bytes of one writer: the file's byte at `offset` is `contentOf(key, offset - base)`, from `from` to the next piece. */
export interface Piece {
  readonly key: number;
  readonly from: number;
  readonly base: number;
  /** Given to the client so far, or the end at which the file was closed or cut. */
  end: number;
  /** Length of the file when it was closed with this piece. */
  closedAt: number | undefined;
  /** Its writer was told that the file is closed with this length. */
  acknowledged: number | undefined;
}

export interface Wrong {
  readonly invariant: string;
  readonly detail: string;
}

const pieceFrom = (key: number, from: number): Piece => ({
  key,
  from,
  base: 0,
  end: from,
  closedAt: undefined,
  acknowledged: undefined,
});

export type Outcome = 'unknown' | 'ok' | 'fail';

export class GhostFile {
  readonly key: number;
  readonly createPath: string;
  readonly blockSize: number;
  created: Outcome = 'unknown';
  /** In order; what readers are given is of these, or of an earlier state while they read. */
  pieces: readonly Piece[];
  private past: { readonly pieces: readonly Piece[]; readonly untilMs: number }[] = [];
  /** When it was opened, closed, cut or joined last: what a client learns of an earlier state counts no more. */
  changedMs = 0;
  open = true;
  /** A cut inside a block: the file has this length once the DataNodes have cut it. */
  cutTo: number | undefined;
  /** The length that it has should that cut be forgotten: the end of its block. */
  private uncut = 0;
  /** It was closed with this length, and cut since to this: nothing may take these bytes. */
  kept = 0;
  /** Acknowledged by hflush, while somebody keeps it (keepers.ts). */
  flushed = 0;
  /** Acknowledged by hsync, or with the end of a block. */
  synced = 0;
  /** The most that a reader has seen; as `flushed`. */
  seen = 0;

  constructor(key: number, createPath: string, blockSize: number) {
    this.key = key;
    this.createPath = createPath;
    this.blockSize = blockSize;
    this.pieces = [pieceFrom(key, 0)];
  }

  /** The most that can be there. */
  get written(): number {
    return this.pieces.at(-1)?.end ?? 0;
  }

  /** The most that was there at any time since. */
  writtenSince(sinceMs: number): number {
    const earlier = this.past.filter(({ untilMs }) => untilMs >= sinceMs);
    return Math.max(this.written, ...earlier.map(({ pieces }) => pieces.at(-1)?.end ?? 0));
  }

  /** Bytes that no power loss takes. */
  get certain(): number {
    return Math.max(this.kept, this.synced);
  }

  /** Bytes that a writer or a reader may rely on. */
  get owed(): number {
    return Math.max(this.certain, this.flushed, this.seen);
  }

  /** Of what was promised so much is on disks. */
  isCertainTo(length: number): void {
    this.synced = Math.max(this.synced, Math.min(length, this.owed));
  }

  /** Nobody keeps what is on no disk. */
  lost(): void {
    this.flushed = Math.min(this.flushed, this.certain);
    this.seen = Math.min(this.seen, this.certain);
  }

  /** Offset of the first byte that the file does not hold, nor held at any time since; -1: there is none. */
  firstWrongByte(offset: number, bytes: Uint8Array, sinceMs = Number.POSITIVE_INFINITY): number {
    const now = this.expected(this.pieces, offset, bytes.length);
    if (now.equals(bytes)) return -1;
    const earlier = this.past
      .filter(({ untilMs }) => untilMs >= sinceMs)
      .map(({ pieces }) => this.expected(pieces, offset, bytes.length));
    for (let i = 0; i < bytes.length; i++) {
      if (bytes[i] !== now[i] && !earlier.some((each) => each[i] === bytes[i])) return offset + i;
    }
    return -1;
  }

  /** What lies beyond the last piece is its writer's: that it is there at all is for lengths to tell. */
  private expected(pieces: readonly Piece[], offset: number, length: number): Buffer {
    const end = offset + length;
    const parts: Buffer[] = [];
    for (const [index, { key, from, base }] of pieces.entries()) {
      const begin = Math.max(offset, from);
      const until = Math.min(end, pieces[index + 1]?.from ?? end);
      if (begin < until) parts.push(contentOf(key, begin - base, until - begin));
    }
    const [only, ...others] = parts;
    if (only !== undefined && others.length === 0) return only;
    return parts.length === 0 ? contentOf(this.key, offset, length) : Buffer.concat(parts);
  }

  private become(pieces: readonly Piece[], nowMs: number): void {
    this.past.push({ pieces: this.pieces, untilMs: nowMs });
    this.pieces = pieces;
    this.changedMs = nowMs;
  }

  private piecesUpTo(length: number): Piece[] {
    return this.pieces
      .filter(({ from }, index) => from < length || index === 0)
      .map((piece) => (piece.end > length ? { ...piece, end: length } : piece));
  }

  private promiseAtMost(length: number): void {
    this.kept = Math.min(this.kept, length);
    this.synced = Math.min(this.synced, length);
    this.flushed = Math.min(this.flushed, length);
    this.seen = Math.min(this.seen, length);
  }

  /** Somebody opened it again, to write behind its `length` bytes. */
  appended(key: number, length: number, nowMs: number): Piece {
    const piece = pieceFrom(key, length);
    this.become([...this.pieces, piece], nowMs);
    this.open = true;
    return piece;
  }

  /** A writer's close, with that length, was acknowledged: of all who had the file open since it stands. */
  closeAcknowledged(piece: Piece, length: number): Wrong | undefined {
    piece.acknowledged = length;
    if (piece.closedAt === undefined) this.kept = Math.max(this.kept, length);
    else if (piece.closedAt !== length) return this.closedShort(piece.closedAt, length);
    return undefined;
  }

  private closedShort(length: number, acknowledged: number): Wrong {
    return { invariant: 'BK3', detail: `${this.createPath} closes at ${length}, ${acknowledged} bytes were acknowledged` };
  }

  /** It is closed with that length. Answers what is wrong with it. */
  closed(length: number, nowMs: number): Wrong | undefined {
    const { written, cutTo, uncut, createPath, owed } = this;
    const last = this.pieces.at(-1);
    const acknowledged = last?.closedAt === undefined ? last?.acknowledged : undefined;
    // Who wrote it may learn of it later.
    if (last !== undefined) last.closedAt = length;
    this.become(this.piecesUpTo(length), nowMs);
    this.open = false;
    this.cutTo = undefined;
    this.promiseAtMost(length);
    this.kept = length;
    if (acknowledged !== undefined && acknowledged !== length) return this.closedShort(length, acknowledged);
    if (length > written) return { invariant: 'BK5', detail: `${createPath} closes at ${length}, ${written} were written` };
    if (length < owed) return { invariant: 'LR4', detail: `${createPath} closes at ${length}, ${owed} were promised` };
    if (cutTo !== undefined && length !== cutTo && length !== uncut) {
      return {
        invariant: 'BK3',
        detail: `${createPath} closes at ${length}, it was cut to ${cutTo} in a block up to ${uncut}`,
      };
    }
    return undefined;
  }

  /** It was cut: at once, or, inside a block that goes up to `uncut`, when its last block's replicas are. */
  cut(length: number, uncut: number | undefined, nowMs: number): void {
    this.promiseAtMost(length);
    if (uncut === undefined) {
      this.become(this.piecesUpTo(length), nowMs);
      return;
    }
    this.open = true;
    this.cutTo = length;
    this.uncut = uncut;
    // What lies in the blocks behind is gone at once.
    this.become(this.piecesUpTo(uncut), nowMs);
  }

  /** The bytes of another file come behind its own `length`. */
  took(source: GhostFile, length: number, nowMs: number): void {
    const moved = source.pieces.map((piece) => ({
      ...piece,
      from: piece.from + length,
      base: piece.base + length,
      end: piece.end + length,
    }));
    this.become([...this.pieces, ...moved], nowMs);
    if (this.kept === length) this.kept = length + source.kept;
  }
}
