// The sequential model of the namespace: a map of paths, changed by one op after the other in the plainest way there is.
// It shares no code with core/namespace. What it cannot follow is a log that contradicts itself (EL8).
import type { EditOp } from '../src/core/edits/ops.ts';
import { RenameOption } from '../src/core/edits/ops.ts';

export interface ModelBlock {
  readonly id: bigint;
  readonly numBytes: number;
  readonly genStamp: number;
}

export interface ModelFile {
  readonly kind: 'file';
  readonly inodeId: number;
  /** Where it was created: the file's name in the ledger. */
  readonly createPath: string;
  replication: number;
  blocks: readonly ModelBlock[];
  open: boolean;
}

/** Told of what changes the bytes of files, each in its turn. */
export interface FileListener {
  appended(file: ModelFile, op: Extract<EditOp, { kind: 'APPEND' }>, length: number): void;
  closed(file: ModelFile, length: number): void;
  /** `open`: until its last block's replicas are cut too. */
  /** `uncut`: its length should the cut inside its last block be forgotten. */
  cut(file: ModelFile, length: number, open: boolean, uncut: number): void;
  joined(target: ModelFile, sources: readonly ModelFile[], length: number): void;
  /** Its last block has another generation, or there is another one. */
  blocksChanged(file: ModelFile): void;
  /** It was moved to that path. */
  moved(entry: ModelEntry, from: string, to: string): void;
  deleted(entry: ModelEntry, path: string): void;
}

export type ModelEntry = ModelFile | { readonly kind: 'directory'; readonly inodeId: number };

export const lengthOf = ({ blocks }: Pick<ModelFile, 'blocks'>): number =>
  blocks.reduce((sum, { numBytes }) => sum + numBytes, 0);

/** Of all blocks but the last. */
export const bytesBeforeLast = ({ blocks }: Pick<ModelFile, 'blocks'>): number => lengthOf({ blocks: blocks.slice(0, -1) });

const toModel = ({ id, numBytes, genStamp }: ModelBlock): ModelBlock => ({ id, numBytes, genStamp });

export class Model {
  readonly entries = new Map<string, ModelEntry>([['/', { kind: 'directory', inodeId: 16385 }]]);
  /** Files that were closed at any time, by where they were created. */
  readonly closed = new Set<string>();
  listener: FileListener | undefined;
  private readonly owners = new Map<bigint, ModelFile>();
  /** Told of ops that make no sense where they stand. */
  private readonly contradicted: (what: string) => void;

  constructor(contradicted: (what: string) => void) {
    this.contradicted = contradicted;
  }

  private below(path: string): string[] {
    const found: string[] = [];
    if (this.entries.has(path)) found.push(path);
    if (this.entries.get(path)?.kind === 'file') return found;
    const prefix = `${path}/`;
    for (const each of this.entries.keys()) if (each.startsWith(prefix)) found.push(each);
    return found;
  }

  private file(txid: number, path: string): ModelFile | undefined {
    const entry = this.entries.get(path);
    if (entry?.kind === 'file') return entry;
    this.contradicted(`txid ${txid}: there is no file ${path}`);
    return undefined;
  }

  private parentOf(txid: number, path: string): void {
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    if (this.entries.get(parent)?.kind !== 'directory') this.contradicted(`txid ${txid}: ${path} has no parent`);
  }

  apply(txid: number, op: EditOp): void {
    switch (op.kind) {
      case 'MKDIR':
        this.parentOf(txid, op.path);
        if (this.entries.has(op.path)) this.contradicted(`txid ${txid}: ${op.path} is there already`);
        this.entries.set(op.path, { kind: 'directory', inodeId: op.inodeId });
        return;
      case 'ADD': {
        this.parentOf(txid, op.path);
        if (this.entries.has(op.path) && !op.overwrite) this.contradicted(`txid ${txid}: ${op.path} is there already`);
        const file: ModelFile = {
          kind: 'file',
          inodeId: op.inodeId,
          createPath: op.path,
          replication: op.replication,
          blocks: [],
          open: true,
        };
        this.release(this.entries.get(op.path));
        this.entries.set(op.path, file);
        this.hold(file, op.blocks.map(toModel));
        return;
      }
      case 'CLOSE': {
        const file = this.file(txid, op.path);
        if (file === undefined) return;
        if (!file.open) this.contradicted(`txid ${txid}: ${op.path} is closed already`);
        this.hold(file, op.blocks.map(toModel));
        file.open = false;
        this.closed.add(file.createPath);
        this.listener?.closed(file, lengthOf(file));
        return;
      }
      case 'APPEND': {
        const file = this.file(txid, op.path);
        if (file === undefined) return;
        if (file.open) this.contradicted(`txid ${txid}: ${op.path} is open already`);
        file.open = true;
        this.listener?.appended(file, op, lengthOf(file));
        return;
      }
      case 'TRUNCATE': {
        const file = this.file(txid, op.path);
        if (file !== undefined) this.truncate(txid, file, op);
        return;
      }
      case 'CONCAT_DELETE': {
        const target = this.file(txid, op.target);
        const sources = op.sources.flatMap((path) => this.file(txid, path) ?? []);
        if (target === undefined) return;
        if ([target, ...sources].some(({ open }) => open)) this.contradicted(`txid ${txid}: it puts open files together`);
        this.listener?.joined(target, sources, lengthOf(target));
        const joined = [target, ...sources].flatMap(({ blocks }) => blocks);
        for (const path of op.sources) this.remove(path);
        this.hold(target, joined);
        return;
      }
      case 'ADD_BLOCK': {
        const file = this.file(txid, op.path);
        if (file === undefined) return;
        const kept = op.penultimate === undefined ? [...file.blocks] : [...file.blocks.slice(0, -1), toModel(op.penultimate)];
        this.hold(file, [...kept, toModel(op.last)]);
        this.listener?.blocksChanged(file);
        return;
      }
      case 'UPDATE_BLOCKS': {
        const file = this.file(txid, op.path);
        if (file === undefined) return;
        this.hold(file, op.blocks.map(toModel));
        this.listener?.blocksChanged(file);
        return;
      }
      case 'RENAME': {
        const moving = this.below(op.source).map((path) => [path, this.entries.get(path)] as const);
        if (moving.length === 0) this.contradicted(`txid ${txid}: there is no ${op.source}`);
        this.parentOf(txid, op.destination);
        const replaced = this.below(op.destination);
        if (replaced.length > 0 && !op.options.includes(RenameOption.OVERWRITE)) {
          this.contradicted(`txid ${txid}: ${op.destination} is there already`);
        }
        for (const path of replaced) this.remove(path);
        for (const [path, entry] of moving) {
          this.entries.delete(path);
          if (entry === undefined) continue;
          const to = op.destination + path.slice(op.source.length);
          this.entries.set(to, entry);
          this.listener?.moved(entry, path, to);
        }
        return;
      }
      case 'DELETE': {
        const gone = this.below(op.path);
        if (gone.length === 0) this.contradicted(`txid ${txid}: there is no ${op.path}`);
        for (const path of gone) {
          const entry = this.entries.get(path);
          if (entry !== undefined) this.listener?.deleted(entry, path);
          this.remove(path);
        }
        return;
      }
      case 'SET_REPLICATION': {
        const file = this.file(txid, op.path);
        if (file !== undefined) file.replication = op.replication;
        return;
      }
      case 'REASSIGN_LEASE':
        this.file(txid, op.path);
        return;
      case 'SET_PERMISSIONS':
        if (!this.entries.has(op.path)) this.contradicted(`txid ${txid}: there is no ${op.path}`);
        return;
      case 'SET_ACL':
      case 'SET_OWNER':
      case 'SET_QUOTA':
      case 'SET_GENSTAMP_V2':
      case 'ALLOCATE_BLOCK_ID':
      case 'START_LOG_SEGMENT':
      case 'END_LOG_SEGMENT':
      case 'TIMES':
        return;
      default:
        this.contradicted(`txid ${txid}: nobody asked for ${op.kind}`);
    }
  }

  /** Blocks behind the new end go at once; the one that it falls into is cut by a recovery, which closes the file. */
  private truncate(txid: number, file: ModelFile, op: Extract<EditOp, { kind: 'TRUNCATE' }>): void {
    const { newLength, truncateBlock } = op;
    if (file.open) this.contradicted(`txid ${txid}: ${op.path} is cut while it is open`);
    if (newLength >= lengthOf(file)) this.contradicted(`txid ${txid}: ${op.path} is cut to ${newLength}, and is shorter`);
    const kept: ModelBlock[] = [];
    let length = 0;
    for (const block of file.blocks) {
      if (length >= newLength) break;
      kept.push(block);
      length += block.numBytes;
    }
    const last = kept.at(-1);
    let uncut = length;
    // Under another id it is cut as a copy, which has the new length from the beginning.
    if (truncateBlock !== undefined && last !== undefined && truncateBlock.id !== last.id) {
      kept.splice(-1, 1, { ...toModel(truncateBlock), numBytes: last.numBytes - (length - newLength) });
      uncut = newLength;
    }
    this.hold(file, kept);
    file.open = truncateBlock !== undefined;
    this.listener?.cut(file, newLength, file.open, uncut);
  }

  files(): [string, ModelFile][] {
    return [...this.entries].filter((entry): entry is [string, ModelFile] => entry[1].kind === 'file');
  }

  /** The file that was created at a path, if it is open. */
  openFile(createPath: string): ModelFile | undefined {
    return this.files().find(([, file]) => file.createPath === createPath && file.open)?.[1];
  }

  /** The file that a block belongs to. */
  ownerOf(id: bigint): ModelFile | undefined {
    return this.owners.get(id);
  }

  private hold(file: ModelFile, blocks: readonly ModelBlock[]): void {
    this.release(file);
    file.blocks = blocks;
    for (const { id } of blocks) this.owners.set(id, file);
  }

  private release(entry: ModelEntry | undefined): void {
    if (entry?.kind !== 'file') return;
    for (const { id } of entry.blocks) if (this.owners.get(id) === entry) this.owners.delete(id);
  }

  private remove(path: string): void {
    this.release(this.entries.get(path));
    this.entries.delete(path);
  }
}
