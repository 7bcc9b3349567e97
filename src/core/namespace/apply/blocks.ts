// How ops change the block list of a file. Apache: FSEditLogLoader.updateBlocks and addNewBlock.
import type { GenStamp } from '../../../base/ids.ts';
import { type BlockHandle, BlockState } from '../../blocks/block-map.ts';
import type { EditBlock } from '../../edits/ops.ts';
import type { InodeHandle } from '../inodes.ts';
import type { Namespace } from '../namespace.ts';
import type { Application } from './context.ts';

/** Blocks of a file, in order. */
export function blocksOf(ns: Namespace, file: InodeHandle): BlockHandle[] {
  const blocks: BlockHandle[] = [];
  for (let i = 0; i < ns.inodes.blockCount(file); i++) blocks.push(ns.inodes.blockAt(file, i));
  return blocks;
}

/** Stamps of blocks with sequential ids never run ahead of the counter. */
export function noteGenStamp(ns: Namespace, stamp: GenStamp): void {
  if (stamp > ns.genStamp) ns.genStamp = stamp;
}

/** The block's length is final: COMPLETE when there are replicas enough, COMMITTED until then. */
function finish(ns: Namespace, block: BlockHandle): void {
  if (ns.blocks.state(block) === BlockState.COMPLETE) return;
  ns.blocks.setState(block, ns.hasEnoughReplicas(block) ? BlockState.COMPLETE : BlockState.COMMITTED);
}

export function checkNewBlock(app: Application, block: EditBlock): void {
  const { ns } = app;
  // Negative ids are striped groups, unless the block is older than sequential ids.
  if (block.id < 0n && block.genStamp >= ns.legacyGenStampLimit) throw app.notBuilt('erasure-coded files');
  if (ns.blocks.find(block.id) !== 0) throw app.contradiction(`block ${block.id} exists already`);
}

/** Appends a block with its predecessor's final length. */
export function addBlock(app: Application, file: InodeHandle, penultimate: EditBlock | undefined, last: EditBlock): void {
  const { ns } = app;
  const count = ns.inodes.blockCount(file);
  checkNewBlock(app, last);
  if (penultimate === undefined) {
    if (count !== 0) throw app.contradiction(`the file has ${count} blocks, the op knows of none`);
  } else {
    const before = count === 0 ? 0 : ns.inodes.blockAt(file, count - 1);
    if (before === 0 || ns.blocks.id(before) !== penultimate.id || ns.blocks.genStamp(before) !== penultimate.genStamp) {
      throw app.contradiction(`block ${penultimate.id}_${penultimate.genStamp} is not the last of the file`);
    }
    ns.blocks.setNumBytes(before, penultimate.numBytes);
    finish(ns, before);
  }
  noteGenStamp(ns, last.genStamp);
  ns.inodes.appendBlock(file, ns.blocks.add(last.id, last.genStamp, last.numBytes, file, BlockState.UNDER_CONSTRUCTION));
}

/** Whether a list may become the file's. The reason why not stops the replay. */
export function checkBlockList(app: Application, file: InodeHandle, list: readonly EditBlock[]): void {
  const { ns } = app;
  const count = ns.inodes.blockCount(file);
  for (let i = 0; i < count && i < list.length; i++) {
    const block = ns.inodes.blockAt(file, i);
    const given = list[i] as EditBlock;
    // Only the stamp of the last block may change, and only while the number of blocks stays.
    const stampMayChange = count === list.length && i === count - 1;
    if (ns.blocks.id(block) !== given.id || (ns.blocks.genStamp(block) !== given.genStamp && !stampMayChange)) {
      throw app.contradiction(
        `block ${i} is ${ns.blocks.id(block)}_${ns.blocks.genStamp(block)}, the op says ${given.id}_${given.genStamp}`,
      );
    }
  }
  if (list.length < count) {
    if (!ns.inodes.isUnderConstruction(file)) {
      throw app.contradiction('it removes a block of a file that is not under construction');
    }
    if (list.length !== count - 1) throw app.contradiction('it removes more than one block');
  }
  for (const block of list.slice(count)) checkNewBlock(app, block);
}

/** Makes `list` the file's block list, which checkBlockList has found possible. */
export function updateBlocks(app: Application, file: InodeHandle, list: readonly EditBlock[], lastIsFinal: boolean): void {
  const { ns } = app;
  const old = blocksOf(ns, file);
  for (let i = 0; i < old.length && i < list.length; i++) {
    const block = old[i] as BlockHandle;
    const given = list[i] as EditBlock;
    ns.blocks.setNumBytes(block, given.numBytes);
    if (ns.blocks.genStamp(block) !== given.genStamp) ns.blocks.setGenStamp(block, given.genStamp);
    noteGenStamp(ns, given.genStamp);
    if (i < list.length - 1 || lastIsFinal) {
      finish(ns, block);
      endTruncation(app, block);
    }
  }
  if (list.length < old.length) {
    ns.inodes.setBlocks(file, old.slice(0, list.length));
    for (const block of old.slice(list.length)) dropBlock(app, block);
  }
  for (const given of list.slice(old.length)) {
    const state = lastIsFinal ? BlockState.COMPLETE : BlockState.UNDER_CONSTRUCTION;
    ns.inodes.appendBlock(file, ns.blocks.add(given.id, given.genStamp, given.numBytes, file, state));
    noteGenStamp(ns, given.genStamp);
  }
}

/** The block has the length to which it was to be cut: what it was copied from goes. */
function endTruncation(app: Application, block: BlockHandle): void {
  const source = app.ns.truncations.end(block);
  if (source !== 0) dropBlock(app, source);
}

/** The block belongs to no file any more. */
export function dropBlock(app: Application, block: BlockHandle): void {
  endTruncation(app, block);
  app.ns.blocks.setOwner(block, 0);
  app.ns.detached.addBlock(block, app.txid);
}
