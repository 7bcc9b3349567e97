// The inode table: every file, directory and symlink of the namespace, in pages of typed arrays. It knows shape, not
// rules: permissions, quotas and what an operation means are in check and apply. This file changes the table; how a row is
// laid out is in table/layout.ts, reading in table/view.ts, the order of children in table/children.ts.
import { assert } from '../../base/assert.ts';
import { type InodeId, ROOT_INODE_ID } from '../../base/ids.ts';
import type { BlockHandle } from '../blocks/block-map.ts';
import type { AclEntry, XAttr } from '../edits/ops.ts';
import { PageAllocator } from '../pages/allocator.ts';
import { Arena } from '../pages/arena.ts';
import { freeBlob, openBlob, putBlob } from '../pages/blobs.ts';
import { IdIndex } from '../pages/id-index.ts';
import { Records, splitHigh, splitLow } from '../pages/records.ts';
import {
  AttributeTag,
  AttributeWriter,
  writeAcl,
  writeQuota,
  writeUnderConstruction,
  writeXattrs,
} from './table/attributes.ts';
import { ChildIndex } from './table/children.ts';
import { appendBlock, replaceBlocks } from './table/file-blocks.ts';
import { KnownDirectories } from './table/known-directories.ts';
import * as row from './table/layout.ts';
import { Names } from './table/names.ts';
import { Owners } from './table/owners.ts';
import {
  type FrozenInodes,
  type InodeHandle,
  InodeType,
  type NewInode,
  type Quota,
  type UnderConstruction,
} from './table/types.ts';
import { FrozenInodeView, type InodeStore, InodeView } from './table/view.ts';

export type { FrozenInodes, InodeHandle, InodeReader, InodeRow, NewInode, Quota, UnderConstruction } from './table/types.ts';
export { InodeType } from './table/types.ts';

export interface InodesOptions {
  /** Of the root. */
  readonly user?: string;
  readonly group?: string;
  readonly mode?: number;
  readonly mtime?: number;
  /** Pages of several tables may come from one allocator. */
  readonly allocator?: PageAllocator;
}

export class Inodes extends InodeView {
  /**
   * Told of every inode that has come into a directory, or whose owner, mode or attributes have changed: by walks that
   * outlast such changes.
   */
  readonly watchers = new Set<(inode: InodeHandle) => void>();
  /** Directories with a quota on space, of any or all storage types. */
  readonly withSpaceQuota = new Set<InodeHandle>();
  /** For whoever looks paths up. */
  readonly knownDirectories = new KnownDirectories();
  private readonly store: InodeStore;
  private readonly index: ChildIndex;
  private readonly ids: IdIndex;
  private readonly writer = new AttributeWriter();
  /** Stamps versions; one counter for all, so that no version of a row ever comes again soon. */
  private changes = 0;
  /** The directory whose reachability was looked at last, and in which state of the table. */
  private askedDirectory: InodeHandle = 0;
  private askedAt = -1;
  private askedReachable = false;

  constructor(options: InodesOptions = {}) {
    const allocator = options.allocator ?? new PageAllocator();
    const store: InodeStore = {
      rows: new Records(allocator, row.ROW_WORDS),
      texts: new Arena(allocator),
      nodes: new Arena(allocator),
      lists: new Arena(allocator),
      owners: new Owners(),
    };
    const index = new ChildIndex(store.rows, store.nodes, new Names(store.rows, store.texts));
    const root = store.rows.allocate();
    super(store, root, index);
    this.store = store;
    this.index = index;
    this.ids = new IdIndex(allocator);
    this.fill(root, {
      id: ROOT_INODE_ID,
      type: InodeType.DIRECTORY,
      name: new Uint8Array(0),
      user: options.user ?? '',
      group: options.group ?? '',
      mode: options.mode ?? 0o755,
      mtime: options.mtime ?? 0,
      atime: 0,
    });
  }

  /** Makes an inode that is not yet in the tree. The id must be new. */
  create(inode: NewInode): InodeHandle {
    assert(inode.name.length <= row.MAX_NAME_BYTES, 'name too long for the table');
    const handle = this.rows.allocate();
    this.fill(handle, inode);
    return handle;
  }

  /** Handle of an id, or 0. Detached inodes are not found. */
  find(id: InodeId): InodeHandle {
    const inode = this.ids.find(id);
    return inode !== 0 && this.topOf(inode) === this.root ? inode : 0;
  }

  /** Handle of an id, or 0; also of inodes that are not in the tree: for loading an image, and for reclaiming. */
  findAnywhere(id: InodeId): InodeHandle {
    return this.ids.find(id);
  }

  /** Whether `inode` is `top` or lies below it. */
  isWithin(inode: InodeHandle, top: InodeHandle): boolean {
    for (let at = inode; at !== 0; at = this.parent(at)) if (at === top) return true;
    return false;
  }

  /** Many are asked for whose neighbours were asked for just before: the way up is gone once for a directory and state. */
  override isReachable(inode: InodeHandle): boolean {
    if (inode <= 0 || inode > this.rows.highestHandle || this.kind(inode) === 0) return false;
    const directory = this.parent(inode);
    if (directory === 0) return inode === this.root;
    if (directory !== this.askedDirectory || this.changes !== this.askedAt) {
      this.askedDirectory = directory;
      this.askedAt = this.changes;
      this.askedReachable = this.topOf(directory) === this.root;
    }
    return this.askedReachable;
  }

  /** Replicas that a file in the tree wants; 0 of what is not there. */
  wantedReplicas(inode: InodeHandle): number {
    return this.isReachable(inode) ? this.replication(inode) : 0;
  }

  /**
   * The same for the first `count` of `files`. They lie all over the memory: with so little to do for each, the processor fetches
   * several at a time.
   */
  wantedReplicasOf(files: Uint32Array, count: number, into: Uint16Array): void {
    const { rows } = this;
    const highest = rows.highestHandle;
    for (let i = 0; i < count; i++) {
      const inode = files[i] as InodeHandle;
      into[i] = 0;
      if (inode === 0 || inode > highest) continue;
      const page = rows.page(inode);
      const at = rows.rowAt(inode);
      const type = ((page[at + row.ID_HIGH_KIND] as number) >>> row.TYPE_SHIFT) & row.TYPE_MASK;
      const directory = page[at + row.PARENT] as number;
      const isThere =
        directory === this.askedDirectory && this.changes === this.askedAt ? this.askedReachable : this.isReachable(inode);
      if (isThere && type !== InodeType.DIRECTORY) into[i] = (page[at + row.BLOCK_SIZE_HIGH_REPLICATION] as number) >>> 16;
    }
  }

  /** Puts a detached or new inode (with all below it) into a directory under its name, which must be free. */
  attach(directory: InodeHandle, inode: InodeHandle): void {
    assert(this.isDirectory(directory), 'only a directory has children');
    assert(inode !== this.root && this.parent(inode) === 0, 'the inode is in a directory already');
    assert(this.names.length(inode) > 0, 'only the root has no name');
    assert(this.childCount(inode) === 0 || !this.isWithin(directory, inode), 'a directory cannot be put below itself');
    this.index.add(directory, inode);
    this.rows.set(inode, row.PARENT, directory);
    this.count(directory, this.subtreeInodes(inode), this.subtreeBlocks(inode));
    for (const watcher of this.watchers) watcher(inode);
  }

  /** Takes an inode and all below it out of the tree, O(depth): counters of all ancestors are right at once. */
  detach(inode: InodeHandle): void {
    const directory = this.parent(inode);
    assert(directory !== 0, 'the inode is in no directory');
    this.index.remove(directory, inode);
    this.rows.set(inode, row.PARENT, 0);
    if (this.isDirectory(inode)) this.knownDirectories.forgetAll();
    this.count(directory, -this.subtreeInodes(inode), -this.subtreeBlocks(inode));
  }

  /** Renames a detached inode. */
  setName(inode: InodeHandle, name: Uint8Array): void {
    assert(inode !== this.root && this.parent(inode) === 0, 'an inode is renamed outside of the tree');
    assert(name.length <= row.MAX_NAME_BYTES, 'name too long for the table');
    this.names.free(this.rows.get(inode, row.NAME), this.names.length(inode));
    this.rows.set(inode, row.NAME, this.names.put(name));
    const rest = this.rows.get(inode, row.MODE_NAME_LENGTH) & 0xffff;
    this.rows.set(inode, row.MODE_NAME_LENGTH, rest | (name.length << row.NAME_LENGTH_SHIFT));
    this.touch(inode);
  }

  /** Frees an inode that is detached, has no children and no blocks; its handle will be reused. */
  free(inode: InodeHandle): void {
    assert(this.kind(inode) !== 0, 'no such inode');
    assert(inode !== this.root && this.parent(inode) === 0, 'the inode is in a directory');
    assert(this.childCount(inode) === 0 && this.blockCount(inode) === 0, 'the inode has children or blocks');
    this.ids.remove(this.id(inode));
    this.names.free(this.rows.get(inode, row.NAME), this.names.length(inode));
    const blob = this.rows.get(inode, row.ATTRIBUTES);
    if (blob !== 0) freeBlob(this.texts, blob);
    this.withSpaceQuota.delete(inode);
    this.rows.free(inode);
  }

  setOwner(inode: InodeHandle, user: string | undefined, group: string | undefined): void {
    this.rows.set(inode, row.OWNER, this.owners.number(user ?? this.user(inode), group ?? this.group(inode)));
    this.touch(inode);
  }

  setMode(inode: InodeHandle, mode: number): void {
    const rest = this.rows.get(inode, row.MODE_NAME_LENGTH) & ~row.MODE_MASK;
    this.rows.set(inode, row.MODE_NAME_LENGTH, rest | (mode & row.MODE_MASK));
    this.touch(inode);
  }

  /** Times do not count as a change of the subtree. */
  setMtime(inode: InodeHandle, mtime: number): void {
    this.rows.setWide(inode, row.MTIME, mtime);
  }

  /** Directories keep none. */
  setAtime(inode: InodeHandle, atime: number): void {
    if (!this.isDirectory(inode)) this.rows.setWide(inode, row.ATIME, atime);
  }

  setReplication(inode: InodeHandle, replication: number): void {
    assert(this.kind(inode) === InodeType.FILE, 'only a file has a replication');
    assert(replication >= 0 && replication <= row.MAX_REPLICATION, 'replication out of range');
    const rest = this.rows.get(inode, row.BLOCK_SIZE_HIGH_REPLICATION) & 0xffff;
    this.rows.set(inode, row.BLOCK_SIZE_HIGH_REPLICATION, rest | (replication << 16));
    this.touch(inode);
  }

  setPreferredBlockSize(inode: InodeHandle, bytes: number): void {
    assert(this.kind(inode) === InodeType.FILE, 'only a file has a block size');
    assert(bytes >= 0 && bytes <= row.MAX_BLOCK_SIZE, 'block size out of range');
    const rest = this.rows.get(inode, row.BLOCK_SIZE_HIGH_REPLICATION) & 0xffff0000;
    this.rows.set(inode, row.BLOCK_SIZE_LOW, splitLow(bytes));
    this.rows.set(inode, row.BLOCK_SIZE_HIGH_REPLICATION, rest | splitHigh(bytes));
  }

  setStoragePolicy(inode: InodeHandle, policy: number): void {
    assert(policy >= 0 && policy <= row.STORAGE_POLICY_MASK, 'storage policy out of range');
    const rest = this.rows.get(inode, row.MODE_NAME_LENGTH) & ~(row.STORAGE_POLICY_MASK << row.STORAGE_POLICY_SHIFT);
    this.rows.set(inode, row.MODE_NAME_LENGTH, rest | (policy << row.STORAGE_POLICY_SHIFT));
    this.touch(inode);
  }

  setErasureCodingPolicy(inode: InodeHandle, policy: number): void {
    assert(policy >= 0 && policy <= row.POLICY_MASK, 'erasure coding policy out of range');
    const rest = this.rows.get(inode, row.ID_HIGH_KIND) & ~(row.POLICY_MASK << row.POLICY_SHIFT);
    this.rows.set(inode, row.ID_HIGH_KIND, rest | (policy << row.POLICY_SHIFT));
    this.touch(inode);
  }

  appendBlock(inode: InodeHandle, block: BlockHandle): void {
    assert(this.kind(inode) === InodeType.FILE, 'only a file has blocks');
    appendBlock(this.rows, this.lists, inode, block);
    this.countBlocks(inode, 1);
  }

  /** Replaces the whole list; counters follow. */
  setBlocks(inode: InodeHandle, blocks: readonly BlockHandle[]): void {
    assert(this.kind(inode) === InodeType.FILE, 'only a file has blocks');
    const before = this.blockCount(inode);
    replaceBlocks(this.rows, this.lists, inode, blocks);
    this.countBlocks(inode, blocks.length - before);
  }

  setUnderConstruction(inode: InodeHandle, state: UnderConstruction | undefined): void {
    this.setAttribute(inode, AttributeTag.UNDER_CONSTRUCTION, state, writeUnderConstruction);
  }

  setAcl(inode: InodeHandle, acl: readonly AclEntry[] | undefined): void {
    this.setAttribute(inode, AttributeTag.ACL, acl, writeAcl);
  }

  setXattrs(inode: InodeHandle, xattrs: readonly XAttr[] | undefined): void {
    this.setAttribute(inode, AttributeTag.XATTRS, xattrs, writeXattrs);
  }

  setQuota(inode: InodeHandle, quota: Quota | undefined): void {
    this.setAttribute(inode, AttributeTag.QUOTA, quota, writeQuota);
    if (quota !== undefined && (quota.space >= 0 || quota.byType.size > 0)) this.withSpaceQuota.add(inode);
    else this.withSpaceQuota.delete(inode);
  }

  setSymlinkTarget(inode: InodeHandle, target: string): void {
    this.setAttribute(inode, AttributeTag.SYMLINK, target, (to, value) => {
      to.text(value);
    });
  }

  freeze(): FrozenInodes {
    return new FrozenInodeView(this.store, this.root);
  }

  private fill(handle: InodeHandle, inode: NewInode): void {
    this.ids.add(inode.id, handle);
    const name = this.names.put(inode.name);
    const owner = this.owners.number(inode.user, inode.group);
    const page = this.rows.rowPage(handle);
    const at = this.rows.rowAt(handle);
    page[at + row.ID_LOW] = splitLow(inode.id);
    page[at + row.ID_HIGH_KIND] = splitHigh(inode.id) | (inode.type << row.TYPE_SHIFT);
    page[at + row.NAME] = name;
    page[at + row.MODE_NAME_LENGTH] = (inode.mode & row.MODE_MASK) | (inode.name.length << row.NAME_LENGTH_SHIFT);
    page[at + row.OWNER] = owner;
    page[at + row.MTIME] = splitLow(inode.mtime);
    page[at + row.MTIME + 1] = splitHigh(inode.mtime);
    if (inode.type === InodeType.DIRECTORY) {
      page[at + row.SUBTREE_INODES] = 1;
    } else {
      page[at + row.ATIME] = splitLow(inode.atime);
      page[at + row.ATIME + 1] = splitHigh(inode.atime);
    }
    page[at + row.VERSION] = ++this.changes;
  }

  /** Adds to the counters of a directory and all above it. */
  private count(directory: InodeHandle, inodes: number, blocks: number): void {
    const version = ++this.changes;
    for (let above = directory; above !== 0; ) {
      const page = this.rows.rowPage(above);
      const at = this.rows.rowAt(above);
      page[at + row.SUBTREE_INODES] = (page[at + row.SUBTREE_INODES] as number) + inodes;
      page[at + row.SUBTREE_BLOCKS] = (page[at + row.SUBTREE_BLOCKS] as number) + blocks;
      page[at + row.VERSION] = version;
      above = page[at + row.PARENT] as number;
    }
  }

  private countBlocks(file: InodeHandle, delta: number): void {
    const directory = this.parent(file);
    if (directory !== 0) this.count(directory, 0, delta);
    this.rows.set(file, row.VERSION, this.changes);
  }

  /** A change that moves no counter: new versions up to the top. */
  private touch(inode: InodeHandle): void {
    const version = ++this.changes;
    for (let at = inode; at !== 0; at = this.parent(at)) this.rows.set(at, row.VERSION, version);
    for (const watcher of this.watchers) watcher(inode);
  }

  private setAttribute<T>(
    inode: InodeHandle,
    tag: AttributeTag,
    value: T | undefined,
    write: (to: AttributeWriter, value: T) => void,
  ): void {
    const before = this.rows.get(inode, row.ATTRIBUTES);
    if (before === 0 && value === undefined) return;
    this.writer.start(before === 0 ? undefined : openBlob(this.texts, before), tag);
    if (value !== undefined) this.writer.section(tag, (to) => write(to, value));
    const packed = this.writer.done();
    if (before !== 0) freeBlob(this.texts, before);
    this.rows.set(inode, row.ATTRIBUTES, packed.length === 0 ? 0 : putBlob(this.texts, packed));
    this.touch(inode);
  }
}
