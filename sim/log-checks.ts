// Holds the committed edit log against the ledger: what was acknowledged is in it, once and in order; what failed is not;
// no id was given out twice.
import type { EditOp } from '../src/core/edits/ops.ts';
import { type Call, isTrash, type Ledger } from './ledger.ts';
import type { Model } from './model.ts';
import type { Violations } from './violations.ts';
import type { Testimony, Witness } from './witness.ts';

/**
 * A call's name in the log. A close is found by its file, whatever that is called by then; a move into the trash takes the
 * name away as a delete does.
 */
const nameOf = ({ kind, path, target }: Pick<Call, 'kind' | 'path' | 'target'>): string =>
  `${kind === 'trash' ? 'delete' : kind} ${path} ${target ?? ''}`;

/** INodeId.LAST_RESERVED_ID + 1: the root's. */
const FIRST_INODE_ID = 16385;

/** Made again, they do the same once more, and nothing when it is so already: their number in the log tells nothing. */
const REPEATABLE: ReadonlySet<string> = new Set(['setrep', 'chmod', 'truncate']);

/** What an op is called by whoever asked for it; undefined: nobody does, as for what the trash makes for itself. */
function nameOfOp(op: EditOp): string | undefined {
  if (('path' in op && isTrash(op.path)) || (op.kind === 'RENAME' && isTrash(op.source))) return undefined;
  switch (op.kind) {
    case 'MKDIR':
      return nameOf({ kind: 'mkdir', path: op.path, target: undefined });
    case 'ADD':
      return nameOf({ kind: 'create', path: op.path, target: undefined });
    case 'DELETE':
      return nameOf({ kind: 'delete', path: op.path, target: undefined });
    case 'RENAME':
      if (isTrash(op.destination)) return nameOf({ kind: 'trash', path: op.source, target: undefined });
      return nameOf({ kind: 'rename', path: op.source, target: op.destination });
    case 'SET_REPLICATION':
      return nameOf({ kind: 'setrep', path: op.path, target: String(op.replication) });
    case 'SET_PERMISSIONS':
      return nameOf({ kind: 'chmod', path: op.path, target: op.mode.toString(8) });
    case 'APPEND':
      return nameOf({ kind: 'append', path: op.path, target: undefined });
    case 'TRUNCATE':
      return nameOf({ kind: 'truncate', path: op.path, target: String(op.newLength) });
    case 'CONCAT_DELETE':
      return nameOf({ kind: 'concat', path: op.target, target: op.sources.join(' ') });
    default:
      return undefined;
  }
}

function txidsByName(log: readonly Testimony[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  for (const { txid, op } of log) {
    const name = nameOfOp(op);
    if (name === undefined) continue;
    const txids = found.get(name);
    if (txids === undefined) found.set(name, [txid]);
    else txids.push(txid);
  }
  return found;
}

/** EL2: what is acknowledged now would survive if the power went now. */
export class AckChecks {
  private readonly witness: Witness;
  private readonly violations: Violations;
  private readonly names = new Set<string>();
  /** Ops whose names are known. */
  private seen = 0;

  constructor(witness: Witness, violations: Violations) {
    this.witness = witness;
    this.violations = violations;
  }

  check(call: Call): void {
    if (REPEATABLE.has(call.kind)) return;
    const there = call.kind === 'close' ? this.witness.model().closed.has(call.path) : this.has(nameOf(call));
    this.violations.check(there, 'EL2', () => `${nameOf(call)} of ${call.actor} is acknowledged and not durable`);
  }

  private has(name: string): boolean {
    const log = this.witness.read();
    for (; this.seen < log.length; this.seen++) {
      const found = nameOfOp((log[this.seen] as Testimony).op);
      if (found !== undefined) this.names.add(found);
    }
    return this.names.has(name);
  }
}

/** NS1 (for ops on one NameNode, by their names), NS6. */
export function checkLog(ledger: Ledger, log: readonly Testimony[], model: Model, violations: Violations): void {
  const logged = txidsByName(log);
  const callsByName = new Map<string, Call[]>();
  for (const call of ledger.calls) {
    if (call.kind === 'close') {
      if (call.outcome === 'ok') {
        violations.check(model.closed.has(call.path), 'NS1', () => `the close of ${call.path} was acknowledged and is lost`);
      }
      continue;
    }
    const name = nameOf(call);
    const calls = callsByName.get(name);
    if (calls === undefined) callsByName.set(name, [call]);
    else calls.push(call);
  }
  for (const [name, calls] of callsByName) {
    if (calls.some(({ kind }) => REPEATABLE.has(kind))) continue;
    const txids = logged.get(name) ?? [];
    const times = txids.length;
    const least = calls.filter(({ outcome }) => outcome === 'ok').length;
    const mayBeDone = (call: Call): boolean =>
      call.outcome === 'unknown' || txids.some((txid) => ledger.mayBeForgotten(call, txid));
    const most = least + calls.filter(mayBeDone).length;
    violations.check(times >= least, 'NS1', () => `${name} was acknowledged ${least} times and is in the log ${times} times`);
    // More than that: done twice, or done and answered with an error (NS6).
    const repeatable = calls.some(({ kind }) => REPEATABLE.has(kind));
    violations.check(
      times <= most || repeatable,
      'NS1',
      () => `${name} is in the log ${times} times, for at most ${most} calls`,
    );
  }
  for (const name of logged.keys()) {
    // The superuser's own root is older than the log.
    violations.check(callsByName.has(name), 'NS1', () => `${name} is in the log, and nobody asked for it`);
  }
  checkOrder(callsByName, logged, violations);
}

/** NS1: what was acknowledged before another call began stands before it in the log. */
function checkOrder(
  callsByName: ReadonlyMap<string, readonly Call[]>,
  logged: ReadonlyMap<string, readonly number[]>,
  violations: Violations,
): void {
  const placed: { readonly call: Call; readonly txid: number; readonly ended: number }[] = [];
  for (const [name, [call, ...others]] of callsByName) {
    const txid = logged.get(name)?.[0];
    if (call === undefined || others.length > 0 || call.outcome !== 'ok' || txid === undefined) continue;
    placed.push({ call, txid, ended: call.ended ?? 0 });
  }
  const byEnd = [...placed].sort((a, b) => a.ended - b.ended);
  let next = 0;
  let latest: (typeof placed)[number] | undefined;
  for (const later of [...placed].sort((a, b) => a.call.begun - b.call.begun)) {
    for (let each = byEnd[next]; each !== undefined && each.ended < later.call.begun; each = byEnd[++next]) {
      if (latest === undefined || each.txid > latest.txid) latest = each;
    }
    const earlier = latest;
    if (earlier === undefined) continue;
    violations.check(
      earlier.txid < later.txid,
      'NS1',
      () => `${nameOf(earlier.call)} ended before ${nameOf(later.call)} began, txids ${earlier.txid} and ${later.txid}`,
    );
  }
}

/** The moment an op is durable. NS3: ids only grow, over all restarts. NS4: no call is logged twice. */
export class IdChecks {
  private readonly violations: Violations;
  private inode = FIRST_INODE_ID;
  private block = 0n;
  private stamp = 0;
  private readonly calls = new Map<string, number>();

  constructor(violations: Violations) {
    this.violations = violations;
  }

  check({ txid, op }: Testimony): void {
    const { violations, inode, block, stamp } = this;
    if (op.kind === 'MKDIR' || op.kind === 'ADD') {
      violations.check(op.inodeId > inode, 'NS3', () => `txid ${txid} gives inode id ${op.inodeId} after ${inode}`);
      this.inode = Math.max(inode, op.inodeId);
    } else if (op.kind === 'ALLOCATE_BLOCK_ID') {
      violations.check(op.blockId > block, 'NS3', () => `txid ${txid} gives block id ${op.blockId} after ${block}`);
      this.block = op.blockId;
    } else if (op.kind === 'SET_GENSTAMP_V2') {
      violations.check(op.genStamp > stamp, 'NS3', () => `txid ${txid} gives generation stamp ${op.genStamp} after ${stamp}`);
      this.stamp = op.genStamp;
    }
    if (!('rpc' in op) || op.rpc.clientId.length === 0) return;
    const name = `${Buffer.from(op.rpc.clientId).toString('hex')}/${op.rpc.callId}`;
    const earlier = this.calls.get(name);
    violations.check(earlier === undefined, 'NS4', () => `txids ${earlier} and ${txid} are one call (${op.kind})`);
    this.calls.set(name, txid);
  }
}
