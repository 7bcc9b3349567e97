// Ops on files as they are written: create, re-open, blocks, close, truncate, concat, leases.
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { EditOp } from '../../edits/ops.ts';
import { storeAcl } from '../acl.ts';
import { type InodeHandle, InodeType } from '../inodes.ts';
import { withXattrs } from '../xattrs.ts';
import { addBlock, blocksOf, checkBlockList, checkNewBlock, dropBlock, noteGenStamp, updateBlocks } from './blocks.ts';
import type { Application, Place } from './context.ts';
import { checkNewId, noteInodeId, remove } from './tree.ts';

type Op<K extends EditOp['kind']> = Extract<EditOp, { kind: K }>;

/** Creates a file, replaces one (overwrite), or, in old logs, re-opens one and updates its blocks. */
export function applyAdd(app: Application, op: Op<'ADD'>): void {
  const { ns } = app;
  const { inodes } = ns;
  const place = app.place(op.path);
  if (place.inode !== 0 && inodes.type(place.inode) !== InodeType.FILE) throw app.contradiction(`${op.path} is not a file`);
  if (op.erasureCodingPolicyId !== 0) throw app.notBuilt('erasure-coded files');
  if (place.inode === 0 || op.overwrite) {
    for (const block of op.blocks) checkNewBlock(app, block);
    const file = createFile(app, op, place);
    ns.space.ofFile(file, () => updateBlocks(app, file, op.blocks, false));
    app.answered(op.rpc);
    return;
  }
  const file = place.inode;
  checkBlockList(app, file, op.blocks);
  if (!inodes.isUnderConstruction(file)) {
    reopen(app, file, op.clientName, op.clientMachine, false);
    app.answered(op.rpc, file);
  }
  inodes.setAtime(file, op.atime);
  inodes.setMtime(file, op.mtime);
  ns.space.ofFile(file, () => updateBlocks(app, file, op.blocks, false));
  app.touch(file);
}

function createFile(app: Application, op: Op<'ADD'>, place: Place): InodeHandle {
  const { ns } = app;
  const { inodes } = ns;
  const parent = app.parentOf(place);
  checkNewId(app, op.inodeId);
  const acl = op.aclEntries.length === 0 ? undefined : storeAcl(op.aclEntries, op.permissions.mode, false);
  if (typeof acl === 'string') throw app.contradiction(acl);
  app.checkXattrs(op.xAttrs);
  if (place.inode !== 0) remove(app, parent, place.inode, op.mtime);
  noteInodeId(ns, op.inodeId);
  const file = inodes.create({
    id: op.inodeId,
    type: InodeType.FILE,
    name: place.name,
    user: op.permissions.user,
    group: op.permissions.group,
    mode: acl?.mode ?? op.permissions.mode,
    mtime: op.mtime,
    atime: op.atime,
  });
  inodes.setReplication(file, clampReplication(app, op.replication));
  inodes.setPreferredBlockSize(file, op.blockSize);
  if (op.storagePolicyId !== 0) inodes.setStoragePolicy(file, op.storagePolicyId);
  if (acl?.entries !== undefined) inodes.setAcl(file, acl.entries);
  if (op.xAttrs.length > 0) inodes.setXattrs(file, withXattrs([], op.xAttrs));
  inodes.setUnderConstruction(file, { clientName: op.clientName, clientMachine: op.clientMachine });
  inodes.attach(parent, file);
  ns.leases.add(op.clientName, op.inodeId, ns.monotonicMs);
  app.directoryChanged(parent, op.mtime);
  app.touch(file);
  return file;
}

/** Apache: BlockManager.adjustReplication, for logs from before the limits were changed. */
export function clampReplication(app: Application, replication: number): number {
  const { minReplication, maxReplication } = app.ns.options;
  return Math.min(Math.max(replication, minReplication), maxReplication);
}

/** Opens a closed file for writing; its last block too when it has room and no new block was asked for. */
function reopen(app: Application, file: InodeHandle, clientName: string, clientMachine: string, newBlock: boolean): void {
  const { ns } = app;
  const { inodes } = ns;
  inodes.setUnderConstruction(file, { clientName, clientMachine });
  ns.leases.add(clientName, inodes.id(file), ns.monotonicMs);
  const count = inodes.blockCount(file);
  if (!newBlock && count > 0) {
    const last = inodes.blockAt(file, count - 1);
    if (ns.blocks.numBytes(last) !== inodes.preferredBlockSize(file)) {
      ns.space.ofFile(file, () => ns.blocks.setState(last, BlockState.UNDER_CONSTRUCTION), count - 1);
    }
  }
  app.touch(file);
}

export function applyAppend(app: Application, op: Op<'APPEND'>): void {
  const file = app.file(op.path);
  // Apache passes over a file that is open already.
  if (app.ns.inodes.isUnderConstruction(file)) return;
  reopen(app, file, op.clientName, op.clientMachine, op.newBlock);
  app.answered(op.rpc, file);
}

export function applyClose(app: Application, op: Op<'CLOSE'>): void {
  const { inodes, leases, space } = app.ns;
  const file = app.file(op.path);
  if (!inodes.isUnderConstruction(file)) throw app.contradiction(`${op.path} is not under construction`);
  checkBlockList(app, file, op.blocks);
  inodes.setAtime(file, op.atime);
  inodes.setMtime(file, op.mtime);
  space.ofFile(file, () => updateBlocks(app, file, op.blocks, true));
  leases.remove(inodes.id(file));
  inodes.setUnderConstruction(file, undefined);
  app.touch(file);
}

export function applyAddBlock(app: Application, op: Op<'ADD_BLOCK'>): void {
  const file = openFile(app, op.path);
  const { inodes, space } = app.ns;
  space.ofFile(file, () => addBlock(app, file, op.penultimate, op.last), Math.max(0, inodes.blockCount(file) - 1));
  app.touch(file);
}

export function applyUpdateBlocks(app: Application, op: Op<'UPDATE_BLOCKS'>): void {
  const file = app.file(op.path);
  checkBlockList(app, file, op.blocks);
  app.ns.space.ofFile(file, () => updateBlocks(app, file, op.blocks, false));
  app.touch(file);
  app.answered(op.rpc);
}

function openFile(app: Application, path: string): InodeHandle {
  const file = app.file(path);
  if (!app.ns.inodes.isUnderConstruction(file)) throw app.contradiction(`${path} is not under construction`);
  return file;
}

export function applyReassignLease(app: Application, op: Op<'REASSIGN_LEASE'>): void {
  const { inodes, leases, monotonicMs } = app.ns;
  const file = openFile(app, op.path);
  const clientMachine = inodes.underConstruction(file)?.clientMachine ?? '';
  inodes.setUnderConstruction(file, { clientName: op.newHolder, clientMachine });
  leases.add(op.newHolder, inodes.id(file), monotonicMs);
  app.touch(file);
}

/**
 * Cuts a file. Beyond a block's end whole blocks go; inside a block the file is opened again, and the block waits for
 * its replicas to be cut under a new stamp.
 */
export function applyTruncate(app: Application, op: Op<'TRUNCATE'>): void {
  const { ns } = app;
  const { blocks } = ns;
  const file = app.file(op.path);
  const all = blocksOf(ns, file);
  let kept = 0;
  let length = 0;
  while (kept < all.length && op.newLength > length) length += blocks.numBytes(all[kept++] as BlockHandle);
  const onBoundary = length === op.newLength;
  if (length < op.newLength) throw app.contradiction(`${op.path} is shorter than ${op.newLength}`);
  if (onBoundary !== (op.truncateBlock === undefined)) throw app.contradiction('it cuts at another place of the last block');
  const last = all[kept - 1];
  const copy = op.truncateBlock;
  if (copy !== undefined && last !== undefined && blocks.id(last) !== copy.id && blocks.find(copy.id) !== 0) {
    throw app.contradiction(`block ${copy.id} exists already`);
  }
  ns.space.ofFile(file, () => cut(app, op, file, all, kept, length));
  app.touch(file);
}

/** Leaves `kept` blocks of `length` bytes, and cuts the last where the op asks for it. */
function cut(
  app: Application,
  op: Op<'TRUNCATE'>,
  file: InodeHandle,
  all: readonly BlockHandle[],
  kept: number,
  length: number,
): void {
  const { ns } = app;
  const { inodes, blocks } = ns;
  const last = all[kept - 1];
  const copy = op.truncateBlock;
  inodes.setBlocks(file, all.slice(0, kept));
  for (const block of all.slice(kept)) dropBlock(app, block);
  inodes.setMtime(file, op.timestamp);
  if (copy !== undefined && last !== undefined) {
    inodes.setUnderConstruction(file, { clientName: op.clientName, clientMachine: op.clientMachine });
    ns.leases.add(op.clientName, inodes.id(file), ns.monotonicMs);
    noteGenStamp(ns, copy.genStamp);
    const newBytes = blocks.numBytes(last) - (length - op.newLength);
    if (blocks.id(last) === copy.id) {
      blocks.setState(last, BlockState.UNDER_CONSTRUCTION);
      ns.truncations.begin(last, { kind: 'inPlace', newBytes });
    } else {
      // A copy takes the shortened block's place, since a snapshot or an upgrade still needs the old one. That stays until
      // the copy is made, also over a restart, where Apache forgets it.
      const replacement = blocks.add(copy.id, copy.genStamp, newBytes, file, BlockState.UNDER_CONSTRUCTION);
      inodes.setBlocks(file, [...all.slice(0, kept - 1), replacement]);
      ns.truncations.begin(replacement, { kind: 'copy', newBytes, source: last });
    }
  }
}

/** Moves the blocks of files of one directory to the end of another of its files, and removes those files. */
export function applyConcat(app: Application, op: Op<'CONCAT_DELETE'>): void {
  const { ns } = app;
  const { inodes } = ns;
  const target = app.otherPlace(op.target);
  const sources = op.sources.map((path) => app.otherPlace(path));
  for (const { inode, path } of [target, ...sources]) {
    if (inode === 0 || inodes.type(inode) !== InodeType.FILE) throw app.contradiction(`${path} is not a file`);
  }
  const distinct = new Set([target.inode, ...sources.map((source) => source.inode)]);
  if (distinct.size !== sources.length + 1) throw app.contradiction('a file occurs twice');
  const list = blocksOf(ns, target.inode);
  for (const source of sources) {
    ns.space.leaving(source.inode);
    const moved = blocksOf(ns, source.inode);
    inodes.setBlocks(source.inode, []);
    for (const block of moved) ns.blocks.setOwner(block, target.inode);
    list.push(...moved);
    ns.leases.remove(inodes.id(source.inode));
    inodes.detach(source.inode);
    inodes.free(source.inode);
    app.touch(source.parent);
  }
  ns.space.ofFile(target.inode, () => inodes.setBlocks(target.inode, list));
  inodes.setMtime(target.inode, op.timestamp);
  app.touch(target.inode);
  app.directoryChanged(target.parent, op.timestamp);
  app.answered(op.rpc);
}
