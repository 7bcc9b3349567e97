// Reading the inode table. One code for both: the live table (../inodes.ts) adds the changes to it, a frozen view is this over
// frozen pages.
import { assert } from '../../../base/assert.ts';
import { type InodeId, inodeId } from '../../../base/ids.ts';
import type { BlockHandle } from '../../blocks/block-map.ts';
import type { AclEntry, XAttr } from '../../edits/ops.ts';
import type { Arena } from '../../pages/arena.ts';
import { openBlob } from '../../pages/blobs.ts';
import { join, type Records } from '../../pages/records.ts';
import {
  type AttributeReader,
  AttributeTag,
  openSection,
  readAcl,
  readQuota,
  readUnderConstruction,
  readXattrs,
} from './attributes.ts';
import { ChildReader } from './child-reader.ts';
import { blockAt, blockCountOf } from './file-blocks.ts';
import * as row from './layout.ts';
import { Names } from './names.ts';
import type { Owners } from './owners.ts';
import {
  type FrozenInodes,
  type InodeHandle,
  type InodeReader,
  type InodeRow,
  InodeType,
  type Quota,
  type UnderConstruction,
} from './types.ts';

/** Where the table lies. All but the owners is frozen and released together; owners only ever grow. */
export interface InodeStore {
  readonly rows: Records;
  /** Names and attributes: written once, rarely changed. */
  readonly texts: Arena;
  /** Nodes of the child indexes. */
  readonly nodes: Arena;
  /** Block lists of files with several blocks. */
  readonly lists: Arena;
  readonly owners: Owners;
}

export class InodeView implements InodeReader {
  readonly root: InodeHandle;
  protected readonly rows: Records;
  protected readonly texts: Arena;
  protected readonly lists: Arena;
  protected readonly owners: Owners;
  protected readonly names: Names;
  private readonly children: ChildReader;

  constructor(store: InodeStore, root: InodeHandle, children?: ChildReader) {
    this.root = root;
    this.rows = store.rows;
    this.texts = store.texts;
    this.lists = store.lists;
    this.owners = store.owners;
    this.names = new Names(store.rows, store.texts);
    this.children = children ?? new ChildReader(store.rows, store.nodes, this.names);
  }

  get size(): number {
    return this.rows.get(this.root, row.SUBTREE_INODES);
  }

  get highestHandle(): InodeHandle {
    return this.rows.highestHandle;
  }

  isReachable(inode: InodeHandle): boolean {
    if (inode <= 0 || inode > this.rows.highestHandle || this.kind(inode) === 0) return false;
    return this.topOf(inode) === this.root;
  }

  /** Reads a row at once: the same as asking for each column. */
  read(inode: InodeHandle, into: InodeRow): void {
    const page = this.rows.page(inode);
    const at = this.rows.rowAt(inode);
    const idHighKind = page[at + row.ID_HIGH_KIND] as number;
    const modeName = page[at + row.MODE_NAME_LENGTH] as number;
    const owner = page[at + row.OWNER] as number;
    const type = (idHighKind >>> row.TYPE_SHIFT) & row.TYPE_MASK;
    into.type = type as InodeType;
    into.fileId = inodeId(join(page[at + row.ID_LOW] as number, idHighKind & row.ID_HIGH_MASK));
    into.mode = modeName & row.MODE_MASK;
    into.owner = this.owners.user(owner);
    into.group = this.owners.group(owner);
    into.mtime = join(page[at + row.MTIME] as number, page[at + row.MTIME + 1] as number);
    into.storagePolicy = (modeName >>> row.STORAGE_POLICY_SHIFT) & row.STORAGE_POLICY_MASK;
    into.hasAttributes = page[at + row.ATTRIBUTES] !== 0;
    const isDirectory = type === InodeType.DIRECTORY;
    const blockSizeHigh = isDirectory ? 0 : (page[at + row.BLOCK_SIZE_HIGH_REPLICATION] as number);
    into.atime = isDirectory ? 0 : join(page[at + row.ATIME] as number, page[at + row.ATIME + 1] as number);
    into.replication = blockSizeHigh >>> 16;
    into.blockSize = isDirectory ? 0 : join(page[at + row.BLOCK_SIZE_LOW] as number, blockSizeHigh & 0xffff);
    into.blockCount = isDirectory ? 0 : blockCountOf(page[at + row.BLOCK_COUNT] as number);
    into.childrenNum = isDirectory ? (page[at + row.CHILD_COUNT] as number) : 0;
  }

  /** The row as it lies (layout.ts), for whoever encodes many of them: from `rowAt` on, and good until the next change. */
  rowWords(inode: InodeHandle): Uint32Array {
    return this.rows.page(inode);
  }

  rowAt(inode: InodeHandle): number {
    return this.rows.rowAt(inode);
  }

  id(inode: InodeHandle): InodeId {
    return inodeId(join(this.rows.get(inode, row.ID_LOW), this.rows.get(inode, row.ID_HIGH_KIND) & row.ID_HIGH_MASK));
  }

  type(inode: InodeHandle): InodeType {
    return this.kind(inode) as InodeType;
  }

  parent(inode: InodeHandle): InodeHandle {
    return this.rows.get(inode, row.PARENT);
  }

  name(inode: InodeHandle): Uint8Array {
    return this.names.copy(inode);
  }

  nameLength(inode: InodeHandle): number {
    return this.names.length(inode);
  }

  /** Where the bytes of the name are, from `nameStart` on: valid until the next change. */
  nameBytes(inode: InodeHandle): Uint8Array {
    return this.names.bytes(inode);
  }

  nameStart(inode: InodeHandle): number {
    return this.names.start(inode);
  }

  /** Where a name lies by its reference (a word of the row): in these words, from `nameWordAt` on, in this machine's order. */
  nameWords(reference: number): Uint32Array {
    return this.texts.page(reference);
  }

  nameWordAt(reference: number): number {
    return this.texts.at(reference);
  }

  nameEquals(inode: InodeHandle, name: Uint8Array): boolean {
    return this.names.length(inode) === name.length && this.names.compare(inode, name, 0, name.length) === 0;
  }

  user(inode: InodeHandle): string {
    return this.owners.user(this.rows.get(inode, row.OWNER));
  }

  group(inode: InodeHandle): string {
    return this.owners.group(this.rows.get(inode, row.OWNER));
  }

  mode(inode: InodeHandle): number {
    return this.rows.get(inode, row.MODE_NAME_LENGTH) & row.MODE_MASK;
  }

  mtime(inode: InodeHandle): number {
    return this.rows.getWide(inode, row.MTIME);
  }

  atime(inode: InodeHandle): number {
    return this.isDirectory(inode) ? 0 : this.rows.getWide(inode, row.ATIME);
  }

  replication(inode: InodeHandle): number {
    return this.isDirectory(inode) ? 0 : this.rows.get(inode, row.BLOCK_SIZE_HIGH_REPLICATION) >>> 16;
  }

  preferredBlockSize(inode: InodeHandle): number {
    if (this.isDirectory(inode)) return 0;
    return join(this.rows.get(inode, row.BLOCK_SIZE_LOW), this.rows.get(inode, row.BLOCK_SIZE_HIGH_REPLICATION) & 0xffff);
  }

  blockCount(inode: InodeHandle): number {
    return this.isDirectory(inode) ? 0 : blockCountOf(this.rows.get(inode, row.BLOCK_COUNT));
  }

  blockAt(inode: InodeHandle, index: number): BlockHandle {
    assert(!this.isDirectory(inode), 'a directory has no blocks');
    return blockAt(this.rows, this.lists, inode, index);
  }

  storagePolicy(inode: InodeHandle): number {
    return (this.rows.get(inode, row.MODE_NAME_LENGTH) >>> row.STORAGE_POLICY_SHIFT) & row.STORAGE_POLICY_MASK;
  }

  erasureCodingPolicy(inode: InodeHandle): number {
    return (this.rows.get(inode, row.ID_HIGH_KIND) >>> row.POLICY_SHIFT) & row.POLICY_MASK;
  }

  underConstruction(inode: InodeHandle): UnderConstruction | undefined {
    const from = this.attribute(inode, AttributeTag.UNDER_CONSTRUCTION);
    return from && readUnderConstruction(from);
  }

  isUnderConstruction(inode: InodeHandle): boolean {
    return this.attribute(inode, AttributeTag.UNDER_CONSTRUCTION) !== undefined;
  }

  acl(inode: InodeHandle): readonly AclEntry[] | undefined {
    const from = this.attribute(inode, AttributeTag.ACL);
    return from && readAcl(from);
  }

  hasAcl(inode: InodeHandle): boolean {
    return this.attribute(inode, AttributeTag.ACL) !== undefined;
  }

  xattrs(inode: InodeHandle): readonly XAttr[] | undefined {
    const from = this.attribute(inode, AttributeTag.XATTRS);
    return from && readXattrs(from);
  }

  quota(inode: InodeHandle): Quota | undefined {
    const from = this.attribute(inode, AttributeTag.QUOTA);
    return from && readQuota(from);
  }

  symlinkTarget(inode: InodeHandle): string | undefined {
    const from = this.attribute(inode, AttributeTag.SYMLINK);
    return from?.text();
  }

  childCount(directory: InodeHandle): number {
    return this.isDirectory(directory) ? this.children.count(directory) : 0;
  }

  /** Child of that name, or 0. The name may be a part of `bytes`. O(log n). */
  child(directory: InodeHandle, bytes: Uint8Array, start = 0, end = bytes.length): InodeHandle {
    return this.isDirectory(directory) ? this.children.find(directory, bytes, start, end) : 0;
  }

  /** How many children have names greater than `after`. O(log n). */
  childrenAfter(directory: InodeHandle, after: Uint8Array): number {
    return this.isDirectory(directory) ? this.children.countAfter(directory, after) : 0;
  }

  /** `visit` must not change any directory: gather first, then change. */
  forEachChild(directory: InodeHandle, after: Uint8Array | undefined, visit: (child: InodeHandle) => boolean): void {
    if (this.isDirectory(directory)) this.children.forEach(directory, after, visit);
  }

  subtreeInodes(inode: InodeHandle): number {
    return this.isDirectory(inode) ? this.rows.get(inode, row.SUBTREE_INODES) : 1;
  }

  subtreeBlocks(inode: InodeHandle): number {
    return this.isDirectory(inode) ? this.rows.get(inode, row.SUBTREE_BLOCKS) : this.blockCount(inode);
  }

  subtreeVersion(inode: InodeHandle): number {
    return this.rows.get(inode, row.VERSION);
  }

  /** Type number, 0 for a handle that is not in use. */
  protected kind(inode: InodeHandle): number {
    return (this.rows.get(inode, row.ID_HIGH_KIND) >>> row.TYPE_SHIFT) & row.TYPE_MASK;
  }

  protected isDirectory(inode: InodeHandle): boolean {
    return this.kind(inode) === InodeType.DIRECTORY;
  }

  /** The highest ancestor: the root, or the top of a detached subtree. */
  protected topOf(inode: InodeHandle): InodeHandle {
    let top = inode;
    for (let above = this.parent(top); above !== 0; above = this.parent(above)) top = above;
    return top;
  }

  protected attribute(inode: InodeHandle, tag: AttributeTag): AttributeReader | undefined {
    const blob = this.rows.get(inode, row.ATTRIBUTES);
    return blob === 0 ? undefined : openSection(openBlob(this.texts, blob), tag);
  }
}

/** A view of the table at one moment. */
export class FrozenInodeView extends InodeView implements FrozenInodes {
  private readonly store: InodeStore;

  constructor(live: InodeStore, root: InodeHandle) {
    const store: InodeStore = {
      rows: live.rows.freeze(),
      texts: live.texts.freeze(),
      nodes: live.nodes.freeze(),
      lists: live.lists.freeze(),
      owners: live.owners,
    };
    super(store, root);
    this.store = store;
  }

  release(): void {
    this.store.rows.release();
    this.store.texts.release();
    this.store.nodes.release();
    this.store.lists.release();
  }
}
