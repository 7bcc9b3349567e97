// The NameNode's middle: the namespace, the block manager and the edit log, and the one way in which a request changes
// them. check decides, every op gets a txid, is appended and applied, and the answer waits at the edit log's gate until
// that txid is durable. Reads wait only for what they met. What a method means is in protocol/.

import { HdfsError } from '../../base/errors.ts';
import { blockId, genStamp } from '../../base/ids.ts';
import { sometimes } from '../../base/sometimes.ts';
import type { BlockManager } from '../../core/blocks/block-manager.ts';
import type { Now } from '../../core/blocks/datanode.ts';
import type { EditOp, RpcIds } from '../../core/edits/ops.ts';
import type { AnsweredOp } from '../../core/namespace/answered-op.ts';
import { blocksOf } from '../../core/namespace/apply/blocks.ts';
import type { InodeHandle } from '../../core/namespace/inodes.ts';
import type { Checked, Namespace } from '../../core/namespace/namespace.ts';
import { LeaseRecoveryWanted } from '../../core/namespace/ops/lease-check.ts';
import type { Caller } from '../../core/namespace/permissions.ts';
import type { Found } from '../../core/namespace/queries/access.ts';
import { resolvePath } from '../../core/namespace/resolve.ts';
import type { Host } from '../../host/host.ts';
import type { RpcCall } from '../../rpc/service.ts';
import type { Groups } from '../../security/groups.ts';
import type { LocatedBlockProto } from '../../wire/messages/hdfs.ts';
import { Activity } from './activity.ts';
import { AwaitedReports } from './awaited-reports.ts';
import type { EditLog } from './edit-log.ts';

export interface NameSystemParts {
  readonly host: Host;
  readonly namespace: Namespace;
  readonly blockManager: BlockManager;
  readonly editLog: EditLog;
  readonly groups: Groups;
  /** The user that runs the NameNode: always a superuser. */
  readonly superuser: string;
  readonly supergroup: string;
  /** In messages about safe mode. */
  readonly hostName: string;
  /** An op that was checked could not be applied: state and log part ways, the process must end. */
  readonly onFatal: (error: Error) => void;
}

export class NameSystem {
  readonly host: Host;
  readonly namespace: Namespace;
  readonly blockManager: BlockManager;
  readonly editLog: EditLog;
  readonly groups: Groups;
  readonly superuser: string;
  readonly activity = new Activity();
  readonly awaitedReports: AwaitedReports;
  /** Inodes that came and went since the start. */
  readonly inodeChanges = { created: 0, deleted: 0 };
  private readonly parts: NameSystemParts;
  /** The last transaction that was there at the start. */
  private readonly loadedTxid: number;
  private lastCaller: Caller;
  /** Set by whoever recovers leases; true: the file is closed now. */
  onLeaseRecoveryWanted: (file: InodeHandle) => boolean = () => false;

  constructor(parts: NameSystemParts) {
    this.parts = parts;
    this.host = parts.host;
    this.awaitedReports = new AwaitedReports(parts.host.clock);
    this.namespace = parts.namespace;
    this.blockManager = parts.blockManager;
    this.editLog = parts.editLog;
    this.groups = parts.groups;
    this.superuser = parts.superuser;
    this.loadedTxid = parts.editLog.lastTxid;
    this.lastCaller = this.root;
  }

  get blockPoolId(): string {
    return this.namespace.blockPoolId;
  }

  now(): Now {
    return { monotonicMs: this.host.clock.monotonic(), wallMs: this.host.clock.now() };
  }

  /** Runs `fn` as the caller; at once when the caller's groups are known, which they nearly always are. */
  as<R>(call: RpcCall, fn: (caller: Caller) => R | Promise<R>): R | Promise<R> {
    const { user } = call;
    // One look at this clock is enough for all that a call does in its turn.
    const nowMs = this.host.clock.monotonic();
    this.namespace.monotonicMs = nowMs;
    const groups = this.groups.cached(user, nowMs);
    if (groups !== undefined) return fn(this.caller(user, groups));
    return this.groups.of(user).then((found) => {
      this.namespace.monotonicMs = this.host.clock.monotonic();
      return fn(this.caller(user, found));
    });
  }

  /** The time of the call whose turn it is. */
  turn(): Now {
    return { monotonicMs: this.namespace.monotonicMs, wallMs: this.host.clock.now() };
  }

  /** A user with the groups that the mapping gives. */
  async callerNamed(user: string): Promise<Caller> {
    return this.caller(user, await this.groups.of(user));
  }

  private caller(user: string, groups: readonly string[]): Caller {
    // Mostly the one of the call before.
    const { lastCaller } = this;
    if (lastCaller.user === user && lastCaller.groups === groups) return lastCaller;
    const caller = { user, groups, superuser: user === this.superuser || groups.includes(this.parts.supergroup) };
    this.lastCaller = caller;
    return caller;
  }

  /** Throws HdfsError EACCES unless the caller is a superuser. */
  requireSuperuser(caller: Caller, operation: string): void {
    if (!caller.superuser) {
      throw new HdfsError(
        'EACCES',
        `Access denied for user ${caller.user}. Superuser privilege is required for operation ${operation}`,
      );
    }
  }

  /** Throws HdfsError ESAFEMODE, with what was refused before the reason, while nothing may be changed. */
  requireWritable(refused: string | (() => string)): void {
    const { safeMode } = this.blockManager;
    const full = this.editLog.lowSpace;
    if (full !== undefined && !safeMode.isOn) safeMode.setResourcesLow(true);
    if (!safeMode.isOn) return;
    throw new HdfsError(
      'ESAFEMODE',
      `${typeof refused === 'string' ? refused : refused()}. Name node is in safe mode.\n${safeMode.tip()}${full === undefined ? '' : ` ${full}.`} NamenodeHostName:${this.parts.hostName}`,
    );
  }

  /**
   * A change asked for by a client: answered again when it was done before, refused in safe mode, else checked, applied
   * and logged. `refused` is what the message about safe mode begins with.
   */
  change<R>(
    call: RpcCall,
    refused: string | ((caller: Caller) => string),
    check: (caller: Caller, now: Now) => Checked<R>,
    again?: (op: AnsweredOp) => R,
  ): R | Promise<R> {
    return this.as(call, (caller) => {
      const now = this.turn();
      // Whatever the answer, it shows a state that others' ops may have made.
      call.afterTxid = this.editLog.lastTxid;
      if (again !== undefined) {
        const done = this.namespace.retryCache.find(rpcIds(call), now.monotonicMs);
        if (done !== undefined) {
          sometimes('retried call answered from the cache');
          if (done.txid <= this.loadedTxid) sometimes('retried call answered from the cache after a restart');
          call.afterTxid = done.txid;
          call.repeated = true;
          return again(done.payload);
        }
      }
      this.requireWritable(typeof refused === 'string' ? refused : () => refused(caller));
      const checked = this.checked(call, () => check(caller, now));
      call.afterTxid = this.commit(checked.ops, now, checked.handles);
      return checked.result();
    });
  }

  /**
   * A file is asked for whose writer fell silent: its recovery begins. Where that closes it the request goes on, else the
   * client is told to come again.
   */
  private checked<R>(call: RpcCall, check: () => R): R {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof LeaseRecoveryWanted)) throw error;
      let closed = false;
      try {
        closed = this.onLeaseRecoveryWanted(error.inode);
      } finally {
        call.afterTxid = this.editLog.lastTxid;
      }
      if (!closed) throw error;
      return check();
    }
  }

  /**
   * Logs and applies ops that were checked in this turn; answers the txid that an answer has to wait for. What the log
   * cannot hold is refused (HdfsError) before anything of it is applied.
   */
  commit(ops: readonly EditOp[], now: Now, handles: Checked<unknown>['handles'] = undefined): number {
    const { namespace, editLog } = this;
    namespace.monotonicMs = now.monotonicMs;
    const mark = editLog.appendAll(ops);
    const before = namespace.inodeCount;
    for (const [index, op] of ops.entries()) {
      try {
        namespace.apply(op, mark.lastTxid + 1 + index, handles?.[index]);
      } catch (error) {
        // No start could replay it either: it must not reach the log.
        editLog.takeBack(mark);
        this.parts.onFatal(error as Error);
        throw error;
      }
    }
    this.blockManager.lastAppliedTxid = editLog.lastTxid;
    const grown = namespace.inodeCount - before;
    if (grown > 0) this.inodeChanges.created += grown;
    else this.inodeChanges.deleted -= grown;
    return editLog.lastTxid;
  }

  /** The file at a path that an op has named; throws when it is there no more. */
  fileAt(path: string): InodeHandle {
    const inode = resolvePath(this.namespace, this.root, path, 'read').last;
    if (inode === 0) throw new HdfsError('ENOENT', `File does not exist: ${path}`, { path });
    return inode;
  }

  /** The NameNode itself, for what it does without being asked. */
  get root(): Caller {
    return { user: this.superuser, groups: [], superuser: true };
  }

  /** A file wants another number of replicas: its blocks are looked at again. */
  replicationChanged(file: InodeHandle): void {
    const { inodes } = this.namespace;
    const now = this.now();
    for (let i = 0; i < inodes.blockCount(file); i++) this.blockManager.replicationChanged(inodes.blockAt(file, i), now);
  }

  /** The file is closed: what its blocks still lack is copied. */
  fileClosed(file: InodeHandle, now: Now): void {
    this.blockManager.checkRedundancy(blocksOf(this.namespace, file), now);
  }

  /** Clients and DataNodes say alike which replicas have wrong bytes. */
  reportBadBlocks(blocks: readonly LocatedBlockProto[]): void {
    const { blockManager } = this;
    const now = this.now();
    for (const { b, locs } of blocks) {
      const block = { id: blockId(b.blockId), genStamp: genStamp(b.generationStamp), numBytes: b.numBytes };
      for (const { id } of locs) {
        const node = blockManager.datanodes.byUuid(id.datanodeUuid);
        if (node !== undefined) blockManager.reportBadReplica(block, node, now);
      }
    }
  }

  /** Makes a read wait for the changes of these inodes that are not durable yet. */
  waitFor(call: RpcCall, inodes: readonly InodeHandle[]): void {
    if (this.namespace.touched.highest > 0) for (const inode of inodes) this.waitForOne(call, inode);
  }

  waitForOne(call: RpcCall, inode: InodeHandle): void {
    const txid = this.namespace.lastTouched(inode);
    if (txid > call.afterTxid) call.afterTxid = txid;
  }

  /** A question about one path: the answer waits for the changes of what was met on the way to it. */
  ask<V>(call: RpcCall, find: (caller: Caller) => Found<V>): V | Promise<V> {
    return this.read(call, (caller) => {
      const { path, value } = find(caller);
      this.waitFor(call, path.inodes);
      return value;
    });
  }

  /** A read: as the caller, and when it fails the answer waits for everything, since it shows what is not there. */
  read<R>(call: RpcCall, fn: (caller: Caller) => R | Promise<R>): R | Promise<R> {
    this.editLog.reads++;
    return this.as(call, (caller) => {
      try {
        const answer = fn(caller);
        return answer instanceof Promise ? answer.catch((error: unknown) => this.failedRead(call, error)) : answer;
      } catch (error) {
        return this.failedRead(call, error);
      }
    });
  }

  private failedRead(call: RpcCall, error: unknown): never {
    call.afterTxid = this.editLog.lastTxid;
    throw error;
  }
}

/** Ids under which a call is remembered; the client id is copied by the RPC server. */
export function rpcIds(call: RpcCall): RpcIds {
  return { clientId: call.clientId, callId: call.callId };
}

/** A checked change with its result turned into an answer. */
export function answering<R, A>(checked: Checked<R>, answer: (result: R) => A): Checked<A> {
  return { ...checked, result: () => answer(checked.result()) };
}
