// Puts the inodes of an image into the inode table and their blocks into the block map. Everything is checked before the
// tables are touched, for these take a broken promise as a bug of ours.
import { ProtocolError } from '../../base/errors.ts';
import { blockId, genStamp, inodeId, ROOT_INODE_ID } from '../../base/ids.ts';
import { type BlockMap, BlockState } from '../../core/blocks/block-map.ts';
import { type XAttr, XAttrNamespace } from '../../core/edits/ops.ts';
import { type InodeHandle, type Inodes, InodeType, type Quota } from '../../core/namespace/inodes.ts';
import type { INodeDirectorySection_DirEntry, INodeSection_INode } from '../../wire/messages/fsimage.ts';
import { INodeSection_INode_Type } from '../../wire/messages/fsimage.ts';
import { refuseFeature, refuseFeatureAttributes } from './features.ts';
import type { OnImageStep } from './steps.ts';
import type { LoadedStrings, Permission } from './string-table.ts';

/** What loading needs of the inode table. */
export type InodeSink = Pick<
  Inodes,
  | 'root'
  | 'size'
  | 'id'
  | 'type'
  | 'parent'
  | 'name'
  | 'create'
  | 'findAnywhere'
  | 'child'
  | 'childCount'
  | 'attach'
  | 'setOwner'
  | 'setMode'
  | 'setMtime'
  | 'setReplication'
  | 'setPreferredBlockSize'
  | 'setStoragePolicy'
  | 'setBlocks'
  | 'setUnderConstruction'
  | 'setAcl'
  | 'setXattrs'
  | 'setQuota'
  | 'setSymlinkTarget'
>;
export type BlockSink = Pick<BlockMap, 'add' | 'find'>;

export interface ImageTarget {
  readonly inodes: InodeSink;
  readonly blocks: BlockSink;
  /** A file that somebody was writing: it gets a lease. */
  readonly onUnderConstruction?: ((inode: InodeHandle, clientName: string) => void) | undefined;
  /** Lets others have their turn, in the middle of a long child list. */
  readonly pause?: (() => Promise<void>) | undefined;
  readonly onStep?: OnImageStep | undefined;
}

/** Apache: BlockStoragePolicySuite.STORAGE_POLICY_XATTR_NAME; on disk a directory keeps its storage policy so. */
export const STORAGE_POLICY_ATTRIBUTE = 'hsm.block.storage.policy.id';

/** Longest name of an inode: what the inode table takes. */
const MAX_NAME_BYTES = 32_767;
const MAX_STORAGE_POLICY = 15;
/** Block sizes have 48 bits and replications 16. */
const MAX_BLOCK_SIZE = 2 ** 48 - 1;
const MAX_REPLICATION = 0xffff;
/** Modes: twelve bits. Higher ones were never set by Hadoop. */
const MODE_MASK = 0xfff;
/** Deepest directory. Apache's own recursions end far earlier. */
const MAX_DEPTH = 16_384;
const SLASH = 0x2f;
/** Children that are put into their directory in one turn: some two microseconds each. */
const LINK_SLICE = 4096;

function fail(what: string): never {
  throw new ProtocolError(what);
}

export class InodeLoading {
  private readonly target: ImageTarget;
  private readonly strings: LoadedStrings;
  private readonly lastInodeId: number;
  private rootSeen = false;
  private created = 0;

  constructor(target: ImageTarget, strings: LoadedStrings, lastInodeId: number) {
    this.target = target;
    this.strings = strings;
    this.lastInodeId = lastInodeId;
  }

  /** Inodes so far. */
  get count(): number {
    return this.created;
  }

  add(message: INodeSection_INode): void {
    const { type, id, name } = message;
    if (id === undefined || type === undefined) fail('an inode without id or type');
    if (!Number.isSafeInteger(id) || id <= 0 || id > this.lastInodeId)
      fail(`inode id ${id}, the last one being ${this.lastInodeId}`);
    this.created++;
    if (id === ROOT_INODE_ID) {
      this.setRoot(message);
      return;
    }
    if (this.target.inodes.findAnywhere(inodeId(id)) !== 0) fail(`inode ${id} is there twice`);
    if (name === undefined || name.length === 0 || name.length > MAX_NAME_BYTES || name.includes(SLASH)) {
      fail(`inode ${id} has an impossible name`);
    }
    switch (type) {
      case INodeSection_INode_Type.FILE:
        this.addFile(id, name, message.file);
        return;
      case INodeSection_INode_Type.DIRECTORY: {
        const { directory } = message;
        if (directory === undefined) fail(`directory ${id} without its part`);
        const { user, group, mode } = this.permission(directory.permission, id);
        const mtime = this.time(directory.modificationTime, id);
        const handle = this.target.inodes.create({
          id: inodeId(id),
          type: InodeType.DIRECTORY,
          name,
          user,
          group,
          mode,
          mtime,
          atime: 0,
        });
        this.setDirectory(handle, id, directory);
        return;
      }
      case INodeSection_INode_Type.SYMLINK:
        this.addSymlink(id, name, message.symlink);
        return;
      default:
        fail(`inode ${id} of type ${String(type satisfies never)}`);
    }
  }

  private permission(packed: bigint | undefined, id: number): Permission {
    const permission = this.strings.permission(packed ?? 0n);
    if ((permission.mode & ~MODE_MASK) !== 0) fail(`inode ${id} has mode ${permission.mode.toString(8)}`);
    return permission;
  }

  private time(value: number | undefined, id: number): number {
    const time = value ?? 0;
    if (!Number.isSafeInteger(time)) fail(`inode ${id} has the time ${time}`);
    return time;
  }

  private setRoot({ type, directory }: INodeSection_INode): void {
    if (this.rootSeen) fail('the root is there twice');
    if (type !== INodeSection_INode_Type.DIRECTORY || directory === undefined) fail('the root is no directory');
    this.rootSeen = true;
    const { inodes } = this.target;
    const { user, group, mode } = this.permission(directory.permission, ROOT_INODE_ID);
    inodes.setOwner(inodes.root, user, group);
    inodes.setMode(inodes.root, mode);
    inodes.setMtime(inodes.root, this.time(directory.modificationTime, ROOT_INODE_ID));
    this.setDirectory(inodes.root, ROOT_INODE_ID, directory);
  }

  private setDirectory(handle: InodeHandle, id: number, directory: NonNullable<INodeSection_INode['directory']>): void {
    const { inodes } = this.target;
    const quota = quotaOf(directory, handle === inodes.root);
    if (quota !== undefined) inodes.setQuota(handle, quota);
    if (directory.acl !== undefined) inodes.setAcl(handle, this.acl(directory.acl.entries));
    if (directory.xAttrs === undefined) return;
    const attributes = this.xAttrs(directory.xAttrs.xAttrs, id);
    const kept: XAttr[] = [];
    for (const attribute of attributes) {
      const policy = attribute.value?.[0];
      const isPolicy = attribute.namespace === XAttrNamespace.SYSTEM && attribute.name === STORAGE_POLICY_ATTRIBUTE;
      if (isPolicy && policy !== undefined && policy <= MAX_STORAGE_POLICY && attribute.value?.length === 1) {
        inodes.setStoragePolicy(handle, policy);
      } else kept.push(attribute);
    }
    if (kept.length > 0) inodes.setXattrs(handle, kept);
  }

  private addFile(id: number, name: Uint8Array, file: INodeSection_INode['file']): void {
    if (file === undefined) fail(`file ${id} without its part`);
    if (file.erasureCodingPolicyID !== undefined || (file.blockType !== undefined && file.blockType !== 0)) {
      refuseFeature('erasure coding', `file ${id}`);
    }
    const replication = file.replication ?? 0;
    const blockSize = file.preferredBlockSize ?? 0;
    const policy = file.storagePolicyID ?? 0;
    if (replication > MAX_REPLICATION) fail(`file ${id} has replication ${replication}`);
    if (!(blockSize >= 0 && blockSize <= MAX_BLOCK_SIZE)) fail(`file ${id} has block size ${blockSize}`);
    if (policy > MAX_STORAGE_POLICY) fail(`file ${id} has storage policy ${policy}`);
    const { inodes, blocks } = this.target;
    const { user, group, mode } = this.permission(file.permission, id);
    const mtime = this.time(file.modificationTime, id);
    const atime = this.time(file.accessTime, id);
    const handle = inodes.create({ id: inodeId(id), type: InodeType.FILE, name, user, group, mode, mtime, atime });
    inodes.setReplication(handle, replication);
    inodes.setPreferredBlockSize(handle, blockSize);
    if (policy !== 0) inodes.setStoragePolicy(handle, policy);
    const last = file.blocks.length - 1;
    if (last >= 0) {
      const handles: number[] = [];
      for (const [index, block] of file.blocks.entries()) {
        const blockOfFile = block.blockId === undefined ? undefined : blockId(block.blockId);
        if (blockOfFile === undefined || block.genStamp === undefined) fail(`file ${id} has a block without an id`);
        const numBytes = block.numBytes ?? 0;
        if (!Number.isSafeInteger(numBytes) || numBytes < 0) fail(`block ${blockOfFile} has ${numBytes} bytes`);
        if (!Number.isSafeInteger(block.genStamp) || block.genStamp < 0)
          fail(`block ${blockOfFile} has stamp ${block.genStamp}`);
        if (blocks.find(blockOfFile) !== 0) fail(`block ${blockOfFile} is there twice`);
        // As Apache: what the last block of an open file really is, the DataNodes will tell.
        const open = file.fileUC !== undefined && index === last;
        const state = open ? BlockState.UNDER_CONSTRUCTION : BlockState.COMPLETE;
        handles.push(blocks.add(blockOfFile, genStamp(block.genStamp), numBytes, handle, state));
      }
      inodes.setBlocks(handle, handles);
    }
    if (file.acl !== undefined) inodes.setAcl(handle, this.acl(file.acl.entries));
    if (file.xAttrs !== undefined) inodes.setXattrs(handle, this.xAttrs(file.xAttrs.xAttrs, id));
    if (file.fileUC !== undefined) {
      const clientName = file.fileUC.clientName ?? '';
      inodes.setUnderConstruction(handle, { clientName, clientMachine: file.fileUC.clientMachine ?? '' });
      this.target.onUnderConstruction?.(handle, clientName);
    }
  }

  private addSymlink(id: number, name: Uint8Array, symlink: INodeSection_INode['symlink']): void {
    if (symlink === undefined) fail(`symlink ${id} without its part`);
    const { inodes } = this.target;
    const { user, group, mode } = this.permission(symlink.permission, id);
    const mtime = this.time(symlink.modificationTime, id);
    const atime = this.time(symlink.accessTime, id);
    const handle = inodes.create({ id: inodeId(id), type: InodeType.SYMLINK, name, user, group, mode, mtime, atime });
    inodes.setSymlinkTarget(handle, Buffer.from(symlink.target ?? new Uint8Array(0)).toString('utf8'));
  }

  private acl(entries: readonly number[]) {
    return entries.map((entry) => this.strings.aclEntry(entry));
  }

  private xAttrs(
    packed: readonly { readonly name: number | undefined; readonly value: Uint8Array | undefined }[],
    id: number,
  ): readonly XAttr[] {
    const attributes = packed.map(({ name, value }) => ({
      ...this.strings.xAttrName(name ?? 0),
      value: value === undefined ? undefined : new Uint8Array(value),
    }));
    refuseFeatureAttributes(attributes, id);
    return attributes;
  }

  /**
   * Puts the children of one directory into it; a promise when that takes more than one turn. They come in the order of
   * their names.
   */
  link(entry: INodeDirectorySection_DirEntry): Promise<void> | undefined {
    const directory = this.directoryOf(entry);
    const { children } = entry;
    const { pause } = this.target;
    if (pause === undefined || children.length <= LINK_SLICE) {
      this.linkSome(directory, children, 0, children.length);
      return undefined;
    }
    return this.linkInSlices(directory, children, pause);
  }

  private async linkInSlices(directory: InodeHandle, children: readonly number[], pause: () => Promise<void>): Promise<void> {
    for (let from = 0; from < children.length; from += LINK_SLICE) {
      if (from > 0) await pause();
      this.linkSome(directory, children, from, Math.min(from + LINK_SLICE, children.length));
    }
  }

  private directoryOf({ parent, refChildren }: INodeDirectorySection_DirEntry): InodeHandle {
    if (refChildren.length > 0) refuseFeature('snapshots', 'references to renamed inodes');
    const { inodes } = this.target;
    if (parent === undefined || !Number.isSafeInteger(parent)) fail('a child list without its directory');
    const directory = parent === ROOT_INODE_ID ? inodes.root : inodes.findAnywhere(inodeId(parent));
    if (directory === 0) fail(`directory ${parent} has children, but is not there`);
    if (inodes.type(directory) !== InodeType.DIRECTORY) fail(`inode ${parent} has children, but is no directory`);
    return directory;
  }

  private linkSome(directory: InodeHandle, children: readonly number[], from: number, to: number): void {
    const { inodes } = this.target;
    for (let i = from; i < to; i++) {
      const id = children[i] as number;
      const child = Number.isSafeInteger(id) ? inodes.findAnywhere(inodeId(id)) : 0;
      if (child === 0) fail(`inode ${id}, child of directory ${inodes.id(directory)}, is not there`);
      if (child === inodes.root || inodes.parent(child) !== 0) fail(`inode ${id} is in two directories`);
      if (inodes.child(directory, inodes.name(child)) !== 0)
        fail(`directory ${inodes.id(directory)} has two children of one name`);
      if (inodes.type(child) === InodeType.DIRECTORY) this.checkAbove(directory, child);
      inodes.attach(directory, child);
    }
  }

  /** No directory may come to lie below itself, nor deeper than anything can walk. */
  private checkAbove(directory: InodeHandle, child: InodeHandle): void {
    const { inodes } = this.target;
    let depth = 0;
    for (let above = directory; above !== 0; above = inodes.parent(above)) {
      if (above === child) fail(`directory ${inodes.id(child)} lies below itself`);
      if (++depth > MAX_DEPTH) fail(`directory ${inodes.id(directory)} lies deeper than ${MAX_DEPTH} levels`);
    }
  }

  /** After the last child list. */
  checkComplete(announced: number | undefined): void {
    if (!this.rootSeen) fail('the root is missing');
    if (announced !== undefined && announced !== this.created) {
      fail(`${announced} inodes are announced, but ${this.created} are there`);
    }
    const { size } = this.target.inodes;
    if (size !== this.created) fail(`${this.created - size} of ${this.created} inodes are in no directory`);
  }
}

function quotaOf(
  { nsQuota, dsQuota, typeQuotas }: NonNullable<INodeSection_INode['directory']>,
  isRoot: boolean,
): Quota | undefined {
  const byType = new Map<number, number>();
  for (const { storageType, quota } of typeQuotas?.quotas ?? []) {
    if (storageType !== undefined && quota !== undefined && quota >= 0) byType.set(storageType, quota);
  }
  const namespace = nsQuota ?? 0;
  const space = dsQuota ?? 0;
  // The root always has a quota on Apache's disks; Long.MAX_VALUE there means that nobody set one.
  const namespaceSet = namespace >= 0 && !(isRoot && namespace >= 2 ** 63);
  if (!namespaceSet && space < 0 && byType.size === 0) return undefined;
  return { namespace: namespaceSet ? namespace : -1, space, byType };
}
