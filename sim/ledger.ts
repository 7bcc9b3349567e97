// Ghost state: what clients asked for, what they were answered, and how far each file's bytes were promised. It knows
// nothing of the cluster. Names are made so that each call can be told from every other in the edit log: a name that
// was given to a new file, a new directory or the target of a rename is given to nothing else, save for a rename that
// replaces a file.
import type { SeededRandom } from '../src/base/random.ts';
import type { GhostFile, Outcome, Piece } from './ghost-file.ts';
import { type FileListener, lengthOf, type ModelFile } from './model.ts';
import type { Violations } from './violations.ts';

/** 'trash' is a delete that moves into the trash, or deletes when there is none. */
export type CallKind =
  | 'mkdir'
  | 'create'
  | 'close'
  | 'rename'
  | 'delete'
  | 'setrep'
  | 'chmod'
  | 'trash'
  | 'append'
  | 'truncate'
  | 'concat';

export interface Call {
  readonly kind: CallKind;
  readonly path: string;
  /** Of a rename; the new value of setrep, chmod and truncate; what concat puts behind its target. */
  readonly target: string | undefined;
  readonly actor: string;
  readonly invokedMs: number;
  /** Order of beginnings and ends over all calls. */
  readonly begun: number;
  /** 'unknown': no answer that says whether it happened. */
  outcome: Outcome;
  ended: number | undefined;
  endedMs: number | undefined;
  error: string | undefined;
}

/** A start of the NameNode: which calls it has answered is no longer known of those whose ops are in the image. */
interface Start {
  readonly atMs: number;
  readonly imageTxid: number;
}

/** They fail for reasons after which, or because of which, the NameNode has done it or may do it all the same. */
const NEVER_CERTAIN: ReadonlySet<CallKind> = new Set(['close', 'trash', 'append', 'truncate']);
/** Codes after which a call may have happened or not. */
const NO_ANSWER: ReadonlySet<string> = new Set(['ECONN', 'ETIMEDOUT', 'EABORT', 'ERETRY', 'ESTANDBY']);

/** Homes are for the trash alone. */
export const isTrash = (path: string): boolean => path.startsWith('/user/');

const isAbove = (top: string, path: string): boolean => path === top || path.startsWith(`${top}/`);

export const codeOf = (error: unknown): string => (error as { readonly code?: string }).code ?? (error as Error).name;

export class Ledger {
  readonly calls: Call[] = [];
  readonly files = new Map<number, GhostFile>();
  readonly byCreatePath = new Map<string, GhostFile>();
  /** What actors believe to be there; wrong whenever somebody was quicker. */
  readonly believed = new Map<string, 'file' | 'directory'>();
  /** Key of the file that is believed to be at a path. */
  readonly keys = new Map<string, number>();
  reads = 0;
  bytesRead = 0;
  bytesWritten = 0;
  /** Failures by kind and code, for the summary. */
  readonly failures = new Map<string, number>();
  /** Told of each acknowledgement the moment it is there. */
  onAck: ((call: Call) => void) | undefined;
  private readonly starts: Start[] = [];
  private clock = 0;
  private names = 0;
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Brings the files up to what the durable log tells. */
  refresh: () => void = () => undefined;
  /** The key of the bytes that a client is going to append at a path. */
  private readonly intents = new Map<string, number>();
  /** Where these appends went, and with which piece they began. */
  private readonly appends = new Map<number, { readonly file: GhostFile; readonly piece: Piece }>();

  /** Says what a client is going to append, before it asks. */
  intend(clientName: string, path: string, key: number): void {
    this.intents.set(`${clientName} ${path}`, key);
  }

  /**
   * The file and the piece in it that an append with this key opened; undefined: the log knows of none. Whoever hears late
   * that an append succeeded may have lost the file to its lease's end, and its piece to a cut: that one is closed.
   */
  appendOf(key: number): { readonly file: GhostFile; readonly piece: Piece } | undefined {
    const opened = this.appends.get(key);
    if (opened === undefined) return undefined;
    const { file, piece } = opened;
    return { file, piece: file.pieces.find((each) => each.key === key) ?? piece };
  }

  /** The file that was made, or appended to, with these bytes first. */
  ofKey(key: number | undefined): GhostFile | undefined {
    return key === undefined ? undefined : (this.files.get(key) ?? this.appends.get(key)?.file);
  }

  /** A moment among the beginnings and ends of all calls. */
  now(): number {
    return this.clock;
  }

  /** Whether somebody has been at bringing another file to a path, since a moment. */
  wasMovedTo(path: string, since: number): boolean {
    return this.calls.some(
      ({ kind, target, ended = Number.POSITIVE_INFINITY }) =>
        ended > since && kind === 'rename' && target !== undefined && isAbove(target, path),
    );
  }

  /** What was moved into the trash, by inode: the paths of before, and when. */
  private readonly trashed = new Map<number, { readonly from: string; readonly atMs: number }>();

  /** TR1: what was moved to the trash, and is not to be deleted at once, is there. To be called when that is acknowledged. */
  checkTrashed(path: string, violations: Violations): void {
    this.refresh();
    const isThere = [...this.trashed.values()].some(({ from }) => from === path);
    violations.check(isThere, 'TR1', () => `${path} was moved to the trash, and is not there`);
  }

  /** Whether what is at a path is to be moved to the trash, and nobody wants it deleted. */
  private isForTrash(path: string): boolean {
    const own = this.calls.filter((call) => (call.kind === 'trash' && call.path === path) || call.kind === 'delete');
    return (
      own.some(({ kind }) => kind === 'trash') && !own.some(({ kind, path: top }) => kind === 'delete' && isAbove(top, path))
    );
  }

  /** What the log tells of files becomes what is expected of them. `moved`: blocks of an open file are with others. */
  follower(violations: Violations, moved: (file: ModelFile) => void, trashIntervalMs: number): FileListener {
    const ghostOf = (createPath: string): GhostFile | undefined => this.byCreatePath.get(createPath);
    return {
      appended: ({ createPath }, { clientName, path }, length) => {
        const file = ghostOf(createPath);
        const key = this.intents.get(`${clientName} ${path}`);
        violations.check(key !== undefined, 'NS1', () => `${path} is appended to by ${clientName}, who did not ask for it`);
        // PR4: who appends has the file alone.
        violations.check(file?.open !== true, 'PR4', () => `${path} is opened by ${clientName} while somebody writes it`);
        if (file === undefined || key === undefined) return;
        this.appends.set(key, { file, piece: file.appended(key, length, this.nowMs()) });
      },
      closed: ({ createPath }, length) => {
        for (const id of ['LR4', 'BK3', 'BK5']) violations.looked(id);
        const wrong = ghostOf(createPath)?.closed(length, this.nowMs());
        if (wrong !== undefined) violations.add(wrong.invariant, wrong.detail);
      },
      cut: ({ createPath }, length, open, uncut) => ghostOf(createPath)?.cut(length, open ? uncut : undefined, this.nowMs()),
      moved: ({ inodeId }, from, to) => {
        if (isTrash(to) && !isTrash(from)) this.trashed.set(inodeId, { from, atMs: this.nowMs() });
      },
      deleted: ({ inodeId }, path) => {
        const trashed = this.trashed.get(inodeId);
        if (trashed === undefined) {
          if (trashIntervalMs > 0) violations.check(!this.isForTrash(path), 'TR1', () => `${path} is deleted at once`);
          return;
        }
        // TR2: whatever the wall clock says.
        const restedMs = this.nowMs() - trashed.atMs;
        const detail = (): string => `${path} was ${Math.round(restedMs / 1_000)} s in the trash when that was emptied`;
        violations.check(restedMs >= trashIntervalMs, 'TR2', detail);
      },
      joined: (target, sources, length) => {
        const file = ghostOf(target.createPath);
        let at = length;
        for (const source of sources) {
          const ghost = ghostOf(source.createPath);
          if (ghost !== undefined) file?.took(ghost, at, this.nowMs());
          at += lengthOf(source);
        }
      },
      blocksChanged: moved,
    };
  }

  /** Notes a file that is going to be made. */
  making(file: GhostFile): void {
    this.files.set(file.key, file);
    this.byCreatePath.set(file.createPath, file);
  }

  freshName(prefix: string): string {
    return `${prefix}${++this.names}`;
  }

  freshKey(random: SeededRandom): number {
    for (;;) {
      const key = random.uint32();
      if (!this.files.has(key) && !this.appends.has(key)) return key;
    }
  }

  /** Runs a call that changes the namespace and notes how it ends. Its error comes out again. */
  async call<T>(actor: string, kind: CallKind, path: string, target: string | undefined, run: () => Promise<T>): Promise<T> {
    const { nowMs } = this;
    const call: Call = {
      kind,
      path,
      target,
      actor,
      invokedMs: nowMs(),
      begun: ++this.clock,
      outcome: 'unknown',
      ended: undefined,
      endedMs: undefined,
      error: undefined,
    };
    this.calls.push(call);
    try {
      const result = await run();
      call.outcome = 'ok';
      this.ended(call);
      this.onAck?.(call);
      return result;
    } catch (error) {
      const code = codeOf(error);
      if (!NEVER_CERTAIN.has(kind) && !NO_ANSWER.has(code)) call.outcome = 'fail';
      this.ended(call);
      call.error = `${code}: ${(error as Error).message}`;
      this.failed(kind, code);
      throw error;
    }
  }

  private ended(call: Call): void {
    call.ended = ++this.clock;
    call.endedMs = this.nowMs();
  }

  /** The NameNode has started from the image of a transaction. */
  startedFrom(imageTxid: number): void {
    this.starts.push({ atMs: this.nowMs(), imageTxid });
  }

  /**
   * Whether an op of this call may be in the log though it was refused: it was done, its answer was lost, and when it was made
   * again the NameNode had started from an image that has the op and, as Hadoop's, no answers.
   */
  mayBeForgotten({ outcome, invokedMs, endedMs = 0 }: Call, txid: number): boolean {
    return (
      outcome === 'fail' && this.starts.some(({ atMs, imageTxid }) => invokedMs < atMs && atMs < endedMs && txid <= imageTxid)
    );
  }

  failed(what: string, code: string): void {
    const key = `${what}/${code}`;
    this.failures.set(key, (this.failures.get(key) ?? 0) + 1);
  }

  /** The believed paths of a kind. */
  paths(kind: 'file' | 'directory'): string[] {
    return [...this.believed].filter(([, each]) => each === kind).map(([path]) => path);
  }

  forget(path: string): void {
    for (const each of [...this.believed.keys()]) {
      if (each !== path && !each.startsWith(`${path}/`)) continue;
      this.believed.delete(each);
      this.keys.delete(each);
    }
  }

  moved(from: string, to: string): void {
    const moving = [...this.believed].filter(([path]) => path === from || path.startsWith(`${from}/`));
    const keys = moving.map(([path]) => this.keys.get(path));
    this.forget(to);
    this.forget(from);
    for (const [index, [path, kind]] of moving.entries()) {
      const now = to + path.slice(from.length);
      this.believed.set(now, kind);
      const key = keys[index];
      if (key !== undefined) this.keys.set(now, key);
    }
  }

  /** Words of what happened, in order: the same for the same run. */
  digest(): string {
    const calls = this.calls.map(
      ({ kind, path, target, outcome, error }) => `${kind} ${path} ${target ?? ''} ${outcome} ${error ?? ''}`,
    );
    const files = [...this.files.values()].map((file) => JSON.stringify(file));
    return [...calls, ...files, `${this.reads} ${this.bytesRead}`].join('\n');
  }
}
