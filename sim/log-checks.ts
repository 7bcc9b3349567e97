// Holds the committed edit log against the ledger: what was acknowledged is in it, once and in order; what failed is not;
// no id was given out twice.
import type { Call, Ledger } from './ledger.ts';
import { Model } from './model.ts';
import type { Violations } from './violations.ts';
import type { Testimony } from './witness.ts';

/** A call's name in the log. A close is found by its file, whatever that is called by then. */
const nameOf = (call: Pick<Call, 'kind' | 'path' | 'target'>): string => `${call.kind} ${call.path} ${call.target ?? ''}`;

function txidsByName(log: readonly Testimony[]): Map<string, number[]> {
  const found = new Map<string, number[]>();
  const add = (name: string, txid: number): void => {
    const txids = found.get(name);
    if (txids === undefined) found.set(name, [txid]);
    else txids.push(txid);
  };
  for (const { txid, op } of log) {
    if (op.kind === 'MKDIR') add(nameOf({ kind: 'mkdir', path: op.path, target: undefined }), txid);
    else if (op.kind === 'ADD') add(nameOf({ kind: 'create', path: op.path, target: undefined }), txid);
    else if (op.kind === 'DELETE') add(nameOf({ kind: 'delete', path: op.path, target: undefined }), txid);
    else if (op.kind === 'RENAME') add(nameOf({ kind: 'rename', path: op.source, target: op.destination }), txid);
  }
  return found;
}

/** EL2: what is acknowledged now would survive if the power went now. */
export function checkAcknowledged(call: Call, log: readonly Testimony[], violations: Violations): void {
  const there = call.kind === 'close' ? Model.of(log).closed.has(call.path) : txidsByName(log).has(nameOf(call));
  violations.check(there, 'EL2', () => `${nameOf(call)} of ${call.actor} is acknowledged and not durable`);
}

/** NS1 (for ops on one NameNode, by their names), NS6, NS3, NS4, EL8. */
export function checkLog(ledger: Ledger, log: readonly Testimony[], model: Model, violations: Violations): void {
  violations.looked('EL8');
  for (const contradiction of model.contradictions) violations.add('EL8', contradiction);
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
    const times = logged.get(name)?.length ?? 0;
    const least = calls.filter(({ outcome }) => outcome === 'ok').length;
    const most = least + calls.filter(({ outcome }) => outcome === 'unknown').length;
    violations.check(times >= least, 'NS1', () => `${name} was acknowledged ${least} times and is in the log ${times} times`);
    // More than that: done twice, or done and answered with an error (NS6).
    violations.check(times <= most, 'NS1', () => `${name} is in the log ${times} times, for at most ${most} calls`);
  }
  for (const name of logged.keys()) {
    // The superuser's own root is older than the log.
    violations.check(callsByName.has(name), 'NS1', () => `${name} is in the log, and nobody asked for it`);
  }
  checkOrder(callsByName, logged, violations);
  checkIds(log, violations);
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

/** NS3: ids only grow, over all restarts. NS4: no call is logged twice. */
function checkIds(log: readonly Testimony[], violations: Violations): void {
  let inode = 16385;
  let block = 0n;
  let stamp = 0;
  const calls = new Map<string, number>();
  for (const { txid, op } of log) {
    if (op.kind === 'MKDIR' || op.kind === 'ADD') {
      violations.check(op.inodeId > inode, 'NS3', () => `txid ${txid} gives inode id ${op.inodeId} after ${inode}`);
      inode = Math.max(inode, op.inodeId);
    } else if (op.kind === 'ALLOCATE_BLOCK_ID') {
      violations.check(op.blockId > block, 'NS3', () => `txid ${txid} gives block id ${op.blockId} after ${block}`);
      block = op.blockId;
    } else if (op.kind === 'SET_GENSTAMP_V2') {
      violations.check(op.genStamp > stamp, 'NS3', () => `txid ${txid} gives generation stamp ${op.genStamp} after ${stamp}`);
      stamp = op.genStamp;
    }
    if (!('rpc' in op) || op.rpc.clientId.length === 0) continue;
    const name = `${Buffer.from(op.rpc.clientId).toString('hex')}/${op.rpc.callId}`;
    const earlier = calls.get(name);
    violations.check(earlier === undefined, 'NS4', () => `txids ${earlier} and ${txid} are one call (${op.kind})`);
    calls.set(name, txid);
  }
}
