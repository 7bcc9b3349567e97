// What a workload was promised. Each writer keeps to names of its own and does one thing at a time, so that for every name it
// is known what an acknowledgement fixed; only the one call that was never answered may have happened or not. checker.ts
// holds this against what a cluster shows after a failure; workload.ts fills it.
import { assert } from '../../src/base/assert.ts';

export type Entry =
  | { readonly kind: 'directory' }
  /** Closed, and the close was acknowledged. */
  | { readonly kind: 'file'; readonly tag: number; readonly length: number }
  /** Begun, its close not acknowledged. It may show any of its bytes beyond the ones that an acknowledgement covers. */
  | { readonly kind: 'open'; readonly tag: number; readonly progress: Progress };

/** How far an open file has come, in bytes; shared by all states of the file. */
export interface Progress {
  /** Given to the client. */
  written: number;
  /** Acknowledged by hflush: survive the death of every process. */
  flushed: number;
  /** Acknowledged by hsync: survive a power cut everywhere. */
  synced: number;
}

export type Tree = Map<string, Entry>;

export interface Change {
  /** For messages. */
  readonly what: string;
  apply(tree: Tree): void;
}

export class WriterLedger {
  readonly name: string;
  /** All that was acknowledged, by path. */
  tree: Tree = new Map();
  /** Asked for and not answered. */
  pending: Change | undefined;
  acknowledged = 0;
  /** What the last check found to be right. */
  settled: ReadonlySet<Entry> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  /** Runs a call that makes a change. When it fails, the change stays pending: it may have happened. */
  async attempt<T>(change: Change, call: () => Promise<T>): Promise<T> {
    assert(this.pending === undefined, `${this.name}: ${change.what} while ${this.pending?.what} has no answer`);
    this.pending = change;
    const result = await call();
    change.apply(this.tree);
    this.pending = undefined;
    this.acknowledged++;
    return result;
  }

  /** The trees that may be true: without and with what was not answered. */
  possible(): readonly Tree[] {
    if (this.pending === undefined) return [this.tree];
    const changed = new Map(this.tree);
    this.pending.apply(changed);
    return [this.tree, changed];
  }

  /** What was found to be true; nothing is in doubt any more. */
  settle(tree: Tree): void {
    this.tree = tree;
    this.pending = undefined;
    this.settled = new Set(tree.values());
  }
}

/** Moves an entry and all below it. */
export function moveEntries(tree: Tree, from: string, to: string): void {
  for (const [path, entry] of [...tree]) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    tree.delete(path);
    tree.set(to + path.slice(from.length), entry);
  }
}

export function removeEntries(tree: Tree, path: string): void {
  for (const name of [...tree.keys()]) if (name === path || name.startsWith(`${path}/`)) tree.delete(name);
}

/** The bytes of a file: all of them follow from its tag, and a shorter content begins a longer one. */
export function contentOf(tag: number, length: number): Buffer {
  const words = new Uint32Array(Math.ceil(length / 4));
  let state = (Math.imul(tag, 0x9e3779b1) ^ 0x5bd1e995) | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return Buffer.from(words.buffer, 0, length);
}
