// Ghost state: what clients asked for, what they were answered, and how far each file's bytes were promised. It knows
// nothing of the cluster. Names are made so that each call can be told from every other in the edit log: a name that
// was given to a new file, a new directory or the target of a rename is given to nothing else, save for a rename that
// replaces a file.
import type { SeededRandom } from '../src/base/random.ts';

/** 'trash' is a delete that moves into the trash, or deletes when there is none. */
export type CallKind = 'mkdir' | 'create' | 'close' | 'rename' | 'delete' | 'setrep' | 'chmod' | 'trash';

export interface Call {
  readonly kind: CallKind;
  readonly path: string;
  /** Of a rename; the new value of setrep and chmod. */
  readonly target: string | undefined;
  readonly actor: string;
  readonly invokedMs: number;
  /** Order of beginnings and ends over all calls. */
  readonly begun: number;
  /** 'unknown': no answer that says whether it happened. */
  outcome: 'unknown' | 'ok' | 'fail';
  ended: number | undefined;
  error: string | undefined;
}

export interface GhostFile {
  /** Names its bytes: content.ts. */
  readonly key: number;
  readonly createPath: string;
  readonly blockSize: number;
  created: Call['outcome'];
  /** Bytes given to the client so far. */
  written: number;
  /** Acknowledged by hflush; with how many DataNodes had lost their power by then. */
  flushed: number;
  flushedAtLosses: number;
  /** Acknowledged by hsync. */
  synced: number;
  closed: 'no' | 'asked' | 'acked';
  /** The most that a reader has seen; as `flushed`. */
  seen: number;
  seenAtLosses: number;
}

/** Codes after which a call may have happened or not. */
const NO_ANSWER: ReadonlySet<string> = new Set(['ECONN', 'ETIMEDOUT', 'EABORT', 'ERETRY', 'ESTANDBY']);

export const codeOf = (error: unknown): string => (error as { readonly code?: string }).code ?? (error as Error).name;

export class Ledger {
  readonly calls: Call[] = [];
  readonly files = new Map<number, GhostFile>();
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
  private clock = 0;
  private names = 0;
  private readonly nowMs: () => number;

  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  freshName(prefix: string): string {
    return `${prefix}${++this.names}`;
  }

  freshKey(random: SeededRandom): number {
    for (;;) {
      const key = random.uint32();
      if (!this.files.has(key)) return key;
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
      error: undefined,
    };
    this.calls.push(call);
    try {
      const result = await run();
      call.outcome = 'ok';
      call.ended = ++this.clock;
      this.onAck?.(call);
      return result;
    } catch (error) {
      const code = codeOf(error);
      // A close fails for many reasons after which a NameNode may close the file all the same; a move into the trash is
      // tried twice, and the second try may fail because of the first.
      if (kind !== 'close' && kind !== 'trash' && !NO_ANSWER.has(code)) call.outcome = 'fail';
      call.ended = ++this.clock;
      call.error = `${code}: ${(error as Error).message}`;
      this.failed(kind, code);
      throw error;
    }
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
