// The committed edit log as the witness of what happened: read from what the NameNode's disk would hold if the power went
// now, with nothing taken from the NameNode's memory.

import type { EditOp } from '../src/core/edits/ops.ts';
import { EditDecoder } from '../src/format/edit-log/decoder.ts';
import { EDIT_LOG_HEADER_BYTES, PADDING_BYTE } from '../src/format/edit-log/encoder.ts';
import { parseStorageFileName } from '../src/format/storage/names.ts';
import type { DiskTree } from '../src/host/sim/disk-tree.ts';
import type { SimFileNode } from '../src/host/sim/file-node.ts';
import type { Daemon } from './cluster.ts';
import { type FileListener, Model } from './model.ts';
import type { Violations } from './violations.ts';

export class Testimony {
  readonly txid: number;
  readonly op: EditOp;
  private known: string | undefined;

  constructor(txid: number, op: EditOp) {
    this.txid = txid;
    this.op = op;
  }

  /** How it looks, to tell whether it ever changes. */
  get mark(): string {
    this.known ??= describe(this.op);
    return this.known;
  }
}

interface Segment {
  readonly name: string;
  readonly node: SimFileNode;
  readonly firstTxid: number;
  /** Undefined while it is in progress. */
  readonly lastTxid: number | undefined;
}

const CURRENT = '/name/current';
/** Looks at the log before any of it is purged. */
export function watchPurges(nameNode: Pick<Daemon<never>, 'onDiskCall'>, witness: Witness): void {
  const before = nameNode.onDiskCall;
  nameNode.onDiskCall = (call) => {
    before?.(call);
    if (call.operation === 'unlink' && call.path.includes('/current/edits_')) witness.read();
  };
}

/** Padding that a decoder is shown, to know it for padding. */
const PADDING_SHOWN = 32;
const PAGE = Buffer.alloc(16_384, PADDING_BYTE);

/** A segment as it was at the last look. */
interface Parsed {
  readonly node: SimFileNode;
  readonly version: number;
  readonly isFinalized: boolean;
  /** Where its last op ends, with nothing but padding behind; Infinity where anything else is there. */
  readonly end: number;
  readonly ops: Testimony[];
}

export class Witness {
  private readonly disk: DiskTree;
  private readonly violations: Violations;
  /** EL1: what was durable once, in the order of txids. */
  private readonly all: Testimony[] = [];
  /** EL1: content of finalized segments, by name. */
  private readonly finalized = new Map<string, Buffer>();
  private readonly parsed = new Map<string, Parsed>();
  /** Ops that were read from the disk's bytes: each once while it is written, and once more when its segment is complete. */
  decoded = 0;

  private readonly names = new Map<string, ReturnType<typeof parseStorageFileName>>();
  private readonly applied: Model;
  /** Told of each op once, as soon as it is seen to be durable. */
  onOp: ((testimony: Testimony) => void) | undefined;
  /** Ops that `applied` has seen. */
  private modelled = 0;

  /** Where the log is looked at. */
  private directory = CURRENT;
  private everMoved = false;
  private readonly directoryNow: (before: string) => string;

  /** `directoryNow`: where to look, given where it was; a directory that the NameNode has left out knows no more. */
  constructor(disk: DiskTree, violations: Violations, directoryNow: (before: string) => string = () => CURRENT) {
    this.disk = disk;
    this.violations = violations;
    this.directoryNow = directoryNow;
    this.applied = new Model((what) => violations.add('EL8', what));
  }

  /** All ops that survive if the power goes now, from txid 1 on. Checks EL1 and EL3 on the way. */
  read(): readonly Testimony[] {
    const { violations } = this;
    const segments: Segment[] = [];
    this.directory = this.directoryNow(this.directory);
    this.everMoved ||= this.directory !== CURRENT;
    for (const [own, node] of this.disk.durableFiles(this.directory)) {
      const parsed = this.named(own);
      const name = this.directory === CURRENT ? own : `${this.directory}/${own}`;
      if (parsed?.kind !== 'edits' && parsed?.kind !== 'edits-in-progress') continue;
      const lastTxid = parsed.kind === 'edits' ? parsed.lastTxid : undefined;
      segments.push({ name, node, firstTxid: parsed.firstTxid, lastTxid });
    }
    segments.sort((a, b) => a.firstTxid - b.firstTxid || (b.lastTxid ?? 0) - (a.lastTxid ?? 0));
    let previous: Segment | undefined;
    // What an image has made superfluous is purged: it was read before (see watchPurges).
    let lastTxid = Math.min((segments[0]?.firstTxid ?? 1) - 1, this.all.length);
    for (const segment of segments) {
      // One that has both names, since its rename is on the way to the disk, counts once.
      if (previous?.firstTxid === segment.firstTxid) continue;
      previous = segment;
      const ops = this.opsOf(segment);
      const { name, firstTxid } = segment;
      if (ops.length > 0) {
        const expected = lastTxid + 1;
        // What came while this directory was left out was seen in another.
        const isMissed = firstTxid > expected && firstTxid <= this.all.length + 1 && this.everMoved;
        violations.check(firstTxid === expected || isMissed, 'EL1', () => `${name} begins at ${firstTxid}, ${expected} is due`);
        lastTxid = ops.at(-1)?.txid ?? lastTxid;
      }
      if (segment.lastTxid !== undefined) {
        const last = lastTxid;
        violations.check(last === segment.lastTxid, 'EL1', () => `${name} ends with ${last}`);
      }
    }
    // What was durable once stays, and stays the same.
    const last = lastTxid;
    violations.check(last >= this.all.length, 'EL1', () => `${this.all.length} txids were durable, ${last} are`);
    return this.all;
  }

  private named(name: string): ReturnType<typeof parseStorageFileName> {
    if (this.names.has(name)) return this.names.get(name);
    const parsed = parseStorageFileName(name);
    this.names.set(name, parsed);
    return parsed;
  }

  /** Tells of all that `model` applies from now on. */
  follow(listener: FileListener): void {
    this.applied.listener = listener;
  }

  /** The namespace as it is durable now. */
  model(): Model {
    const log = this.read();
    // What was durable once stays: only what came since has to be applied.
    for (const { txid, op } of log.slice(this.modelled)) {
      this.violations.looked('EL8');
      this.applied.apply(txid, op);
    }
    this.modelled = Math.max(this.modelled, log.length);
    return this.applied;
  }

  /** Reads what a segment has more than at the last look; all of it when what was there has changed, or it is complete now. */
  private opsOf({ name, node, firstTxid, lastTxid }: Segment): readonly Testimony[] {
    const isFinalized = lastTxid !== undefined;
    const known = this.parsed.get(name);
    const isSame = known?.node === node && known.isFinalized === isFinalized;
    if (isSame && known.version === node.durableVersion) return known.ops;
    const changed = isSame && !isFinalized ? node.durableSince(known.version) : undefined;
    const goesOn = known !== undefined && changed !== undefined && known.ops.length > 0 && changed.from >= known.end;
    if (isFinalized) this.finalizedAs(name, node.durableBytes());
    const ops = goesOn ? known.ops : [];
    const from = goesOn ? known.end : 0;
    const end = endOfOps(node, from, goesOn ? changed.to : node.durableSize);
    const isNothingNew = goesOn && end === from;
    this.parsed.set(name, {
      node,
      version: node.durableVersion,
      isFinalized,
      end: isNothingNew ? end : this.decode(name, node, firstTxid + ops.length, from, end, ops),
      ops,
    });
    return ops;
  }

  /**
   * Adds the ops that lie from `from` on, behind others when that is not the beginning. Where they end: not before `end`, and
   * behind it when the last byte of the last one looks like padding; Infinity where anything else is there.
   */
  private decode(name: string, node: SimFileNode, firstTxid: number, from: number, end: number, ops: Testimony[]): number {
    const shown = end + PADDING_SHOWN;
    const decoder = new EditDecoder({ firstTxid, windowBytes: EDIT_LOG_HEADER_BYTES + shown - from });
    if (from > 0) decoder.push(node.durableBytes(0, EDIT_LOG_HEADER_BYTES));
    decoder.push(node.durableBytes(from, shown));
    decoder.finish();
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
      this.decoded++;
      ops.push(this.testify(record.txid, record.op));
    }
    const { result } = decoder;
    this.violations.check(result?.kind !== 'corrupt', 'EL3', () => `${name} is damaged: ${JSON.stringify(result)}`);
    const skipped = from > 0 ? from - EDIT_LOG_HEADER_BYTES : 0;
    return result?.kind === 'clean' && skipped + result.offset >= end ? skipped + result.offset : Number.POSITIVE_INFINITY;
  }

  /** EL1: an op that was seen before is as it was. */
  private testify(txid: number, op: EditOp): Testimony {
    const testimony = new Testimony(txid, op);
    const known = this.all[txid - 1];
    if (known === undefined) {
      this.all.push(testimony);
      this.onOp?.(testimony);
    } else {
      const { mark } = testimony;
      this.violations.check(known.mark === mark, 'EL1', () => `txid ${txid} was ${known.mark} and is ${mark}`);
    }
    return testimony;
  }

  private finalizedAs(name: string, bytes: Buffer): void {
    const known = this.finalized.get(name);
    if (known === undefined) this.finalized.set(name, bytes);
    else this.violations.check(known.equals(bytes), 'EL1', () => `the finalized ${name} has changed`);
  }
}

/** Where the padding begins that ends at `to`, not before `from`. */
function endOfOps(node: SimFileNode, from: number, to: number): number {
  for (let end = Math.max(from, to); end > from; ) {
    const at = Math.max(from, Math.floor((end - 1) / PAGE.length) * PAGE.length);
    const piece = node.durablePiece(at, end - at);
    if (!piece.equals(PAGE.subarray(0, piece.length))) {
      let last = piece.length;
      while (last > 0 && piece[last - 1] === PADDING_BYTE) last--;
      return at + last;
    }
    end = at;
  }
  return from;
}

function describe(op: EditOp): string {
  return JSON.stringify(op, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
