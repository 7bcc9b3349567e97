// The committed edit log as the witness of what happened: read from what the NameNode's disk would hold if the power went
// now, with nothing taken from the NameNode's memory.

import type { EditOp } from '../src/core/edits/ops.ts';
import { EditDecoder } from '../src/format/edit-log/decoder.ts';
import { PADDING_BYTE } from '../src/format/edit-log/encoder.ts';
import { parseStorageFileName } from '../src/format/storage/names.ts';
import type { DiskTree, SimFileNode } from '../src/host/sim/disk-tree.ts';
import type { Violations } from './violations.ts';

export interface Testimony {
  readonly txid: number;
  readonly op: EditOp;
  /** Where it lies and how it looks, to tell whether it ever changes. */
  readonly mark: string;
}

interface Segment {
  readonly name: string;
  readonly node: SimFileNode;
  readonly firstTxid: number;
  /** Undefined while it is in progress. */
  readonly lastTxid: number | undefined;
}

const CURRENT = '/name/current';
/** Padding that a decoder is shown, to know it for padding. */
const PADDING_SHOWN = 32;

export class Witness {
  private readonly disk: DiskTree;
  private readonly violations: Violations;
  /** EL1: what was durable once, by txid. */
  private readonly marks: string[] = [];
  /** EL1: content of finalized segments, by name. */
  private readonly finalized = new Map<string, Buffer>();
  private readonly parsed = new Map<
    string,
    { readonly node: SimFileNode; readonly version: number; readonly ops: readonly Testimony[] }
  >();

  constructor(disk: DiskTree, violations: Violations) {
    this.disk = disk;
    this.violations = violations;
  }

  /** All ops that survive if the power goes now, from txid 1 on. Checks EL1 and EL3 on the way. */
  read(): Testimony[] {
    const { violations } = this;
    const segments: Segment[] = [];
    for (const [name, node] of this.disk.durableFiles(CURRENT)) {
      const parsed = parseStorageFileName(name);
      if (parsed?.kind !== 'edits' && parsed?.kind !== 'edits-in-progress') continue;
      const lastTxid = parsed.kind === 'edits' ? parsed.lastTxid : undefined;
      segments.push({ name, node, firstTxid: parsed.firstTxid, lastTxid });
    }
    segments.sort((a, b) => a.firstTxid - b.firstTxid || (b.lastTxid ?? 0) - (a.lastTxid ?? 0));
    const all: Testimony[] = [];
    let previous: Segment | undefined;
    for (const segment of segments) {
      // One that has both names, since its rename is on the way to the disk, counts once.
      if (previous?.firstTxid === segment.firstTxid) continue;
      previous = segment;
      const ops = this.opsOf(segment);
      const { name, firstTxid, lastTxid } = segment;
      if (ops.length > 0) {
        const expected = all.length + 1;
        violations.check(firstTxid === expected, 'EL1', () => `${name} begins at ${firstTxid}, ${expected} is due`);
      }
      all.push(...ops);
      if (lastTxid !== undefined) {
        violations.check(all.at(-1)?.txid === lastTxid, 'EL1', () => `${name} ends with ${all.at(-1)?.txid}`);
      }
    }
    // What was durable once stays, and stays the same.
    violations.check(
      all.length >= this.marks.length,
      'EL1',
      () => `${this.marks.length} txids were durable, ${all.length} are`,
    );
    for (const [index, { txid, mark }] of all.entries()) {
      const known = this.marks[index];
      if (known === undefined) this.marks.push(mark);
      else violations.check(known === mark, 'EL1', () => `txid ${txid} was ${known} and is ${mark}`);
    }
    return all;
  }

  /** Reads a segment, unless it is as it was at the last look. */
  private opsOf({ name, node, firstTxid, lastTxid }: Segment): readonly Testimony[] {
    const known = this.parsed.get(name);
    if (known !== undefined && known.node === node && known.version === node.durableVersion) return known.ops;
    const bytes = node.durableBytes();
    if (lastTxid !== undefined) this.finalizedAs(name, bytes);
    const ops: Testimony[] = [];
    const decoder = new EditDecoder({ firstTxid });
    let end = bytes.length;
    while (end > 0 && bytes[end - 1] === PADDING_BYTE) end--;
    decoder.push(bytes.subarray(0, end + PADDING_SHOWN));
    decoder.finish();
    for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
      ops.push({ txid: record.txid, op: record.op, mark: describe(record.op) });
    }
    const { result } = decoder;
    this.violations.check(result?.kind !== 'corrupt', 'EL3', () => `${name} is damaged: ${JSON.stringify(result)}`);
    this.parsed.set(name, { node, version: node.durableVersion, ops });
    return ops;
  }

  private finalizedAs(name: string, bytes: Buffer): void {
    const known = this.finalized.get(name);
    if (known === undefined) this.finalized.set(name, bytes);
    else this.violations.check(known.equals(bytes), 'EL1', () => `the finalized ${name} has changed`);
  }
}

function describe(op: EditOp): string {
  return JSON.stringify(op, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  );
}
