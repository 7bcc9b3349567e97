// Who has asked a NameNode for what of late: calls by operation and user, in windows of time that move on by a tenth of their
// length. Mirrors RollingWindow and RollingWindowManager of Apache's nntop.
import { assert } from '../../base/assert.ts';

/** Users of operations that are counted at a time; what comes beyond is not. */
const MAX_COUNTED = 20_000;
/** While there is room for no more, how often it is looked who may be forgotten. */
const LOOK_AGAIN_MS = 6000;

/** The name under which all operations are summed up. Apache: TopConf.ALL_CMDS. */
export const ALL_OPERATIONS = '*';

export class RollingWindow {
  private readonly lengthMs: number;
  private readonly counts: Float64Array;
  /** When each bucket was begun; below 0: never. */
  private readonly begun: Float64Array;
  /** Calls come many to a millisecond: when the last did, and its bucket. */
  private lastMs = -1;
  private lastIndex = 0;

  constructor(lengthMs: number, buckets: number) {
    assert(buckets > 0 && lengthMs % buckets === 0, 'a window is a whole number of its buckets');
    this.lengthMs = lengthMs;
    this.counts = new Float64Array(buckets);
    this.begun = new Float64Array(buckets).fill(-1);
  }

  add(nowMs: number): void {
    if (nowMs !== this.lastMs) this.begin(nowMs);
    this.counts[this.lastIndex] = (this.counts[this.lastIndex] as number) + 1;
  }

  private begin(nowMs: number): void {
    const index = Math.floor(((nowMs % this.lengthMs) * this.counts.length) / this.lengthMs);
    if (this.isStale(index, nowMs)) {
      this.counts[index] = 0;
      this.begun[index] = nowMs;
    }
    this.lastMs = nowMs;
    this.lastIndex = index;
  }

  sum(nowMs: number): number {
    let sum = 0;
    for (let i = 0; i < this.counts.length; i++) if (!this.isStale(i, nowMs)) sum += this.counts[i] as number;
    return sum;
  }

  private isStale(index: number, nowMs: number): boolean {
    const begun = this.begun[index] as number;
    return begun < 0 || nowMs - begun >= this.lengthMs;
  }
}

export interface TopUser {
  readonly user: string;
  readonly count: number;
}

export interface TopOperation {
  readonly opType: string;
  readonly topUsers: readonly TopUser[];
  readonly totalCount: number;
  readonly allUsers: readonly TopUser[];
}

export interface TopWindow {
  readonly windowLenMs: number;
  /** All of them together first. */
  readonly ops: readonly TopOperation[];
}

export interface TopOptions {
  readonly windowsMs: readonly number[];
  readonly buckets: number;
  /** Users that are shown of an operation. */
  readonly users: number;
}

export class TopOperations {
  private readonly options: TopOptions;
  private readonly byOperation = new Map<string, Map<string, readonly RollingWindow[]>>();
  private counted = 0;
  private fullUntilMs = 0;

  constructor(options: TopOptions) {
    this.options = options;
  }

  record(operation: string, user: string, nowMs: number): void {
    const windows = this.byOperation.get(operation)?.get(user) ?? this.begin(operation, user, nowMs);
    if (windows !== undefined) for (const window of windows) window.add(nowMs);
  }

  private begin(operation: string, user: string, nowMs: number): readonly RollingWindow[] | undefined {
    if (this.counted >= MAX_COUNTED && nowMs >= this.fullUntilMs) {
      this.forget(nowMs);
      this.fullUntilMs = nowMs + LOOK_AGAIN_MS;
    }
    if (this.counted >= MAX_COUNTED) return undefined;
    const { windowsMs, buckets } = this.options;
    const windows = windowsMs.map((ms) => new RollingWindow(ms, buckets));
    let users = this.byOperation.get(operation);
    if (users === undefined) {
      users = new Map();
      this.byOperation.set(operation, users);
    }
    users.set(user, windows);
    this.counted++;
    return windows;
  }

  /** The windows in the order of the options. */
  windows(nowMs: number): readonly TopWindow[] {
    this.forget(nowMs);
    return this.options.windowsMs.map((windowLenMs, index) => ({ ops: this.operations(index, nowMs), windowLenMs }));
  }

  private operations(index: number, nowMs: number): readonly TopOperation[] {
    const ops: TopOperation[] = [];
    const totals = new Map<string, number>();
    const shown = new Set<string>();
    for (const [opType, users] of this.byOperation) {
      const all: TopUser[] = [];
      for (const [user, windows] of users) {
        const count = windows[index]?.sum(nowMs) ?? 0;
        if (count === 0) continue;
        all.push({ user, count });
        totals.set(user, (totals.get(user) ?? 0) + count);
      }
      if (all.length === 0) continue;
      const op = operation(opType, all, this.options.users);
      for (const { user } of op.topUsers) shown.add(user);
      ops.push(op);
    }
    // All calls are summed up; named are those users whom some operation names.
    const everybody = [...totals].map(([user, count]) => ({ user, count }));
    const total = everybody.reduce((sum, { count }) => sum + count, 0);
    const named = everybody.filter(({ user }) => shown.has(user));
    return [{ ...operation(ALL_OPERATIONS, named, named.length), totalCount: total }, ...ops];
  }

  /** Takes out whom no window has seen. */
  private forget(nowMs: number): void {
    for (const [name, users] of this.byOperation) {
      for (const [user, windows] of users) {
        if (windows.some((window) => window.sum(nowMs) > 0)) continue;
        users.delete(user);
        this.counted--;
      }
      if (users.size === 0) this.byOperation.delete(name);
    }
  }
}

function operation(opType: string, users: readonly TopUser[], limit: number): TopOperation {
  const allUsers = [...users].sort((a, b) => b.count - a.count);
  const totalCount = users.reduce((sum, { count }) => sum + count, 0);
  return { opType, totalCount, topUsers: allUsers.slice(0, limit), allUsers };
}
