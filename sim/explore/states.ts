// What may be on a disk after the power failed at this moment: what was synced, and of the rest any part. A write reaches
// the disk whole, in part or not at all, whatever was written before or after it; so does a name, save that a rename is one
// step, as on every journalling file system. All of them are too many: nothing, everything, each one alone, all but each
// one, and torn last writes are tried.
import { createHash } from 'node:crypto';
import { SimDirectoryNode, type SimNode } from '../../src/host/sim/directory-node.ts';
import type { DiskTree } from '../../src/host/sim/disk-tree.ts';
import type { Content } from '../../src/host/sim/file-bytes.ts';
import { SimFileNode } from '../../src/host/sim/file-node.ts';
import { type NameChange, pendingNames, withNeeded } from '../../src/host/sim/pending-names.ts';

/** A disk's content: files by path, with directories as undefined. */
export type DiskState = ReadonlyMap<string, Buffer | undefined>;

const SECTOR_BYTES = 512;
/** Of more pending changes than this at one moment, the first and the last are told apart. */
const MOST_TOLD_APART = 10;

/** One thing that reaches the disk or not: a write, or the names that one rename, creation or deletion changes. */
interface Pending {
  readonly file: SimFileNode | undefined;
  readonly change: Content | undefined;
  readonly names: NameChange | undefined;
}

function pendingOf(tree: DiskTree): Pending[] {
  const found: Pending[] = [];
  const seen = new Set<SimNode>();
  const walk = (node: SimNode): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === 'file') {
      for (const change of node.pending) found.push({ file: node, change, names: undefined });
      return;
    }
    for (const child of new Set([...node.live.values(), ...node.durable.values()])) walk(child);
  };
  walk(tree.root);
  for (const names of pendingNames(tree.root)) found.push({ file: undefined, change: undefined, names });
  return found;
}

/** Stands for a change of any length where only the length of what is kept of it tells tears apart. */
const EVERY_BYTE = Buffer.alloc(1 << 21);

/** Which pending changes have reached the disk, and where one of them is torn. */
interface Choice {
  readonly reached: ReadonlySet<Pending>;
  readonly torn?: { readonly change: Content; readonly keep: (bytes: Buffer) => Buffer };
}

function* choices(pending: readonly Pending[]): Generator<Choice> {
  yield { reached: new Set() };
  if (pending.length === 0) return;
  const all = new Set(pending);
  yield { reached: all };
  const told =
    pending.length <= MOST_TOLD_APART
      ? pending
      : [...pending.slice(0, MOST_TOLD_APART / 2), ...pending.slice(-MOST_TOLD_APART / 2)];
  for (const one of told) {
    yield { reached: new Set([one]) };
    yield { reached: new Set(pending.filter((each) => each !== one)) };
  }
  // Prefixes: what was done first has reached the disk.
  for (let count = 1; count < told.length; count++) yield { reached: new Set(pending.slice(0, count)) };
  const last = new Map<SimFileNode, Content>();
  for (const { file, change } of pending) if (file !== undefined && change !== undefined) last.set(file, change);
  for (const change of last.values()) {
    if (!('bytes' in change) || change.bytes.length < 2) continue;
    const half = change.bytes.length >> 1;
    yield { reached: all, torn: { change, keep: (bytes) => bytes.subarray(0, half) } };
    yield { reached: all, torn: { change, keep: (bytes) => bytes.subarray(0, bytes.length - 1) } };
    if (change.bytes.length > SECTOR_BYTES)
      yield { reached: all, torn: { change, keep: (bytes) => bytes.subarray(0, half - (half % SECTOR_BYTES)) } };
  }
}

/** Contents of files at moments: mostly the same as a moment ago, and in most states the same. */
export class Contents {
  private readonly known = new Map<string, Buffer>();
  private readonly digests = new WeakMap<Buffer, string>();

  of(file: SimFileNode, choice: Choice, pending: readonly Pending[]): Buffer {
    const own = pending.filter((each) => each.file === file);
    const reached = own.map((each) => (choice.reached.has(each) ? '1' : '0')).join('');
    const torn = own.findIndex(({ change }) => change !== undefined && change === choice.torn?.change);
    const tear = torn < 0 ? '' : `${torn}:${choice.torn?.keep(EVERY_BYTE).length}`;
    const name = `${file.inode} ${file.durableVersion} ${reached} ${tear}`;
    let bytes = this.known.get(name);
    if (bytes === undefined) {
      bytes = contentOf(file, choice, own);
      this.known.set(name, bytes);
    }
    return bytes;
  }

  digestOf(bytes: Buffer): string {
    let digest = this.digests.get(bytes);
    if (digest === undefined) {
      digest = createHash('sha1').update(bytes).digest('base64');
      this.digests.set(bytes, digest);
    }
    return digest;
  }
}

function contentOf(file: SimFileNode, { reached, torn }: Choice, pending: readonly Pending[]): Buffer {
  let bytes = file.durableBytes();
  for (const each of pending) {
    const { change } = each;
    if (each.file !== file || change === undefined || !reached.has(each)) continue;
    if ('truncateTo' in change) {
      const cut = Buffer.alloc(change.truncateTo);
      bytes.copy(cut);
      bytes = cut;
      continue;
    }
    const written = torn?.change === change ? torn.keep(change.bytes) : change.bytes;
    if (change.at + written.length > bytes.length) {
      const grown = Buffer.alloc(change.at + written.length);
      bytes.copy(grown);
      bytes = grown;
    }
    written.copy(bytes, change.at);
  }
  return bytes;
}

function materialize(tree: DiskTree, choice: Choice, pending: readonly Pending[], contents: Contents): DiskState {
  const state = new Map<string, Buffer | undefined>();
  const changed = new Map<SimDirectoryNode, Set<string>>();
  const namesOf = (list: Iterable<Pending>): NameChange[] => [...list].flatMap(({ names }) => names ?? []);
  for (const { names } of withNeeded(tree.root, namesOf(choice.reached), namesOf(pending))) {
    for (const { directory, name } of names) changed.set(directory, (changed.get(directory) ?? new Set()).add(name));
  }
  const walk = (path: string, node: SimNode): void => {
    if (node.kind === 'file') {
      state.set(path, contents.of(node, choice, pending));
      return;
    }
    if (path !== '') state.set(path, undefined);
    const entries = new Map(node.durable);
    for (const name of changed.get(node) ?? []) {
      const live = node.live.get(name);
      if (live === undefined) entries.delete(name);
      else entries.set(name, live);
    }
    for (const [name, child] of [...entries].sort(([a], [b]) => (a < b ? -1 : 1))) walk(`${path}/${name}`, child);
  };
  walk('', tree.root);
  return state;
}

export function digestOfState(state: DiskState, contents: Contents): string {
  const hash = createHash('sha1');
  for (const [path, bytes] of state) hash.update(`${path}\0${bytes === undefined ? 'd' : contents.digestOf(bytes)}\0`);
  return hash.digest('base64');
}

/** The states after a power cut now that have a digest not in `known`, which takes them in. */
export function* crashStates(tree: DiskTree, known: Set<string>, contents: Contents): Generator<DiskState> {
  const pending = pendingOf(tree);
  for (const choice of choices(pending)) {
    const state = materialize(tree, choice, pending, contents);
    const digest = digestOfState(state, contents);
    if (known.has(digest)) continue;
    known.add(digest);
    yield state;
  }
}

/** Puts a state on an empty disk, as what was there always. */
export function fillDisk(tree: DiskTree, state: DiskState): void {
  const directories = new Map<string, SimDirectoryNode>([['', tree.root]]);
  for (const [path, bytes] of state) {
    const slash = path.lastIndexOf('/');
    const parent = directories.get(path.slice(0, slash));
    if (parent === undefined) continue;
    let node: SimNode;
    if (bytes === undefined) {
      node = new SimDirectoryNode(tree.nextInode(), 0o755, 0);
      directories.set(path, node);
    } else {
      const file = new SimFileNode(tree.nextInode(), 0o644, 0);
      file.write(0, [bytes]);
      file.sync();
      tree.used += bytes.length;
      node = file;
    }
    parent.live.set(path.slice(slash + 1), node);
    parent.durable.set(path.slice(slash + 1), node);
  }
}
