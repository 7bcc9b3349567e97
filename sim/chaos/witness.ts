// The committed edit log as the witness of what happened: read from what the NameNode's disk would hold if the power went
// now, with nothing taken from the NameNode's memory.

import type { EditOp } from '../../src/core/edits/ops.ts';
import { EditDecoder } from '../../src/format/edit-log/decoder.ts';
import { parseStorageFileName } from '../../src/format/storage/names.ts';
import type { DiskTree } from '../../src/host/sim/disk-tree.ts';
import type { Violations } from './violations.ts';

export interface Testimony {
  readonly txid: number;
  readonly op: EditOp;
  /** Where it lies and how it looks, to tell whether it ever changes. */
  readonly mark: string;
}

const CURRENT = '/name/current';

export class Witness {
  private readonly disk: DiskTree;
  private readonly violations: Violations;
  /** EL1: what was durable once, by txid. */
  private readonly marks: string[] = [];
  /** EL1: content of finalized segments, by name. */
  private readonly finalized = new Map<string, Buffer>();

  constructor(disk: DiskTree, violations: Violations) {
    this.disk = disk;
    this.violations = violations;
  }

  /** All ops that survive if the power goes now, from txid 1 on. Checks EL1 and EL3 on the way. */
  read(): Testimony[] {
    const { violations } = this;
    const segments: { firstTxid: number; lastTxid: number | undefined; name: string; bytes: Buffer }[] = [];
    for (const [name, node] of this.disk.durableFiles(CURRENT)) {
      const parsed = parseStorageFileName(name);
      if (parsed?.kind !== 'edits' && parsed?.kind !== 'edits-in-progress') continue;
      const lastTxid = parsed.kind === 'edits' ? parsed.lastTxid : undefined;
      segments.push({ firstTxid: parsed.firstTxid, lastTxid, name, bytes: node.durableBytes() });
    }
    // A segment that has both names, since its rename is on the way to the disk, counts once.
    segments.sort((a, b) => a.firstTxid - b.firstTxid || (b.lastTxid ?? 0) - (a.lastTxid ?? 0));
    const all: Testimony[] = [];
    let previous: (typeof segments)[number] | undefined;
    for (const segment of segments) {
      const { firstTxid, lastTxid, name, bytes } = segment;
      if (previous?.firstTxid === firstTxid) continue;
      previous = segment;
      if (lastTxid !== undefined) this.finalizedAs(name, bytes);
      const decoder = new EditDecoder({ firstTxid });
      decoder.push(bytes);
      decoder.finish();
      // EL1: txids without gap or overlap.
      const expected = all.length + 1;
      const before = all.length;
      for (let record = decoder.next(); record !== undefined; record = decoder.next()) {
        if (all.length === before) {
          violations.check(firstTxid === expected, 'EL1', () => `${name} begins at ${firstTxid}, ${expected} is due`);
        }
        all.push({ txid: record.txid, op: record.op, mark: describe(record.op) });
      }
      const end = decoder.result;
      violations.check(end?.kind !== 'corrupt', 'EL3', () => `${name} is damaged: ${JSON.stringify(end)}`);
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
