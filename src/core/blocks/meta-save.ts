// The text of `dfsadmin -metasave`: every block that waits for something, and the DataNodes. Written in slices, because in
// a bad hour that may be all blocks. Mirrors BlockManager.metaSave.
import type { BlockHandle } from './block-map.ts';
import { CORRUPT_REASON_NAMES } from './corrupt-replicas.ts';
import type { Datanode } from './datanode.ts';
import { PRIORITY_LEVELS, Priority } from './low-redundancy.ts';
import { blockName } from './orders.ts';
import { countReplicas, maintenance, storageOnNode, storagesOf } from './replica-counts.ts';
import type { ManagerState } from './state.ts';
import { AdminState, StorageState } from './storage-type.ts';

/** Handles passed by in one slice, and lines written in it. */
const PASSED_PER_SLICE = 16_384;
const LINES_PER_SLICE = 256;
const STEP = 256;

export interface MetaSaveNames {
  /** Path of the block's file; undefined when it has none. */
  readonly fileOf: (block: BlockHandle) => string | undefined;
  /** A date as Java prints it. */
  readonly date: (wallMs: number) => string;
  /** Time of day. */
  readonly time: (wallMs: number) => string;
  readonly byteDescription: (bytes: number) => string;
}

const ADMIN_LETTERS: Readonly<Record<AdminState, string>> = {
  [AdminState.NORMAL]: 'IN',
  [AdminState.DECOMMISSION_INPROGRESS]: 'DP',
  [AdminState.DECOMMISSIONED]: 'DD',
  [AdminState.ENTERING_MAINTENANCE]: 'EM',
  [AdminState.IN_MAINTENANCE]: 'IM',
};

/** Gives the text piece by piece; each piece is the work of one slice. */
export function* metaSave(state: ManagerState, names: MetaSaveNames): Generator<string> {
  const { blocks, corrupt, datanodes, invalidations, needed, pending, postponed } = state;
  const name = (block: BlockHandle): string => blockName(blocks.id(block), blocks.genStamp(block));
  const live = datanodes.aliveCount;
  const all = [...datanodes.all];
  yield `Live Datanodes: ${live}\nDead Datanodes: ${all.length - live}\n` +
    `Metasave: Blocks waiting for reconstruction: ${needed.lowRedundancyCount}\n`;
  for (let level = 0; level < PRIORITY_LEVELS; level++) {
    if (level !== Priority.CORRUPT) yield* blockLines(state, names, (block) => needed.priority(block) === level);
  }
  yield `Metasave: Blocks currently missing: ${needed.corruptCount}\n`;
  yield* blockLines(state, names, (block) => needed.priority(block) === Priority.CORRUPT);
  yield 'Mis-replicated blocks that have been postponed:\n';
  yield* blockLines(state, names, (block) => postponed.has(block));

  yield `Metasave: Blocks being reconstructed: ${pending.size}\n`;
  const behindMs = state.now.wallMs - state.now.monotonicMs;
  yield* inSlices(pending.all(), ({ block, sinceMs, targets }) => {
    const started = names.time(sinceMs + behindMs);
    return `${name(block)} StartTime: ${started} NumReconstructInProgress: ${targets}\n`;
  });

  const doomed = [...invalidations.nodes];
  yield `Metasave: Blocks ${invalidations.size} waiting deletion from ${doomed.length} datanodes.\n`;
  for (const node of doomed) {
    yield `${node.xferAddress}\n`;
    let comma = '';
    yield* inSlices(invalidations.of(node), ({ id, genStamp }) => {
      const text = comma + blockName(id, genStamp);
      comma = ',';
      return text;
    });
    yield '\n';
  }

  yield 'Corrupt Blocks:\n';
  yield* inSlices(corrupt.blocks, (block) => corruptLines(state, block));

  yield `Metasave: Number of datanodes: ${all.length}\n`;
  all.sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
  yield* inSlices(all, (node) => `${datanodeLine(node, names, invalidations.sizeOf(node))}\n`);
}

function* inSlices<T>(items: Iterable<T>, line: (item: T) => string): Generator<string> {
  let text = '';
  let lines = 0;
  for (const item of items) {
    text += line(item);
    if (++lines % LINES_PER_SLICE !== 0) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

function* blockLines(state: ManagerState, names: MetaSaveNames, wanted: (block: BlockHandle) => boolean): Generator<string> {
  for (let at: BlockHandle = 1; at !== 0; ) {
    let text = '';
    let lines = 0;
    for (let passed = 0; passed < PASSED_PER_SLICE && lines < LINES_PER_SLICE && at !== 0; passed += STEP) {
      at = state.blocks.scan(at, STEP, (block) => {
        if (!wanted(block)) return;
        text += blockLine(state, names, block);
        lines++;
      });
    }
    yield text;
  }
}

function blockLine(state: ManagerState, names: MetaSaveNames, block: BlockHandle): string {
  const { blocks, corrupt } = state;
  const counts = countReplicas(state, block);
  const left = counts.decommissioning + counts.decommissioned;
  const places = storagesOf(state, block).map((storage) => {
    const { node } = storage;
    let standing = '';
    if (corrupt.has(block, node)) standing = '(corrupt)';
    else if (node.decommissioned || node.decommissioning) standing = '(decommissioned)';
    else if (node.maintenance) standing = '(maintenance)';
    if (storage.contentsStale) standing += ' (block deletions maybe out of date)';
    return ` ${node.xferAddress}${standing} : `;
  });
  return (
    `${names.fileOf(block) ?? '[orphaned]'}: ${blockName(blocks.id(block), blocks.genStamp(block))}` +
    `${counts.live + left > 0 ? '' : ' MISSING'} (replicas: live: ${counts.live} decommissioning and decommissioned: ${left} ` +
    `corrupt: ${counts.corrupt} in excess: ${counts.excess} maintenance mode: ${maintenance(counts)}) ${places.join('')}\n`
  );
}

function corruptLines(state: ManagerState, block: BlockHandle): string {
  const { blocks, corrupt } = state;
  let text = '';
  for (const [node, { reason }] of corrupt.replicas(block)) {
    const storage = storageOnNode(state, block, node);
    if (storage === undefined) continue;
    const standing = Object.keys(StorageState).find(
      (each) => StorageState[each as keyof typeof StorageState] === storage.state,
    );
    text +=
      `Block=${blockName(blocks.id(block), blocks.genStamp(block))}\tSize=${blocks.numBytes(block)}\tNode=${node.xferAddress}` +
      `\tStorageID=${storage.id}\tStorageState=${standing}\tTotalReplicas=${blocks.replicaCount(block)}` +
      `\tReason=${CORRUPT_REASON_NAMES[reason]}\n`;
  }
  return text;
}

/** Apache: DatanodeDescriptor.dumpDatanode. */
function datanodeLine(node: Datanode, names: MetaSaveNames, deletions: number): string {
  const size = (bytes: number): string => `${bytes}(${names.byteDescription(bytes)})`;
  const percent = (part: number, whole: number): string => `${(whole <= 0 ? 100 : (part * 100) / whole).toFixed(2)}%`;
  const cacheLeft = node.cacheCapacity - node.cacheUsed;
  const work = [
    node.transfers.length > 0 ? ` ${node.transfers.length} blocks to be replicated;` : '',
    deletions > 0 ? ` ${deletions} blocks to be invalidated;` : '',
    node.recoveries.size > 0 ? ` ${node.recoveries.size} blocks to be recovered;` : '',
  ];
  return (
    `${node.xferAddress}${node.location === '/default-rack' ? '' : ` ${node.location}`} ${ADMIN_LETTERS[node.adminState]} ` +
    `${size(node.capacity)} ${size(node.dfsUsed)} ${percent(node.dfsUsed, node.capacity)} ${size(node.remaining)} ` +
    `${size(node.cacheCapacity)} ${size(node.cacheUsed)} ${percent(node.cacheUsed, node.cacheCapacity)} ${size(cacheLeft)} ` +
    `${names.date(node.lastUpdateWallMs)}${work.join('')}`
  );
}

export interface CorruptBlocks {
  readonly blocks: readonly BlockHandle[];
  /** Where a later call goes on. */
  readonly cookie: number;
}

/**
 * Up to `limit` blocks without a good replica that `wanted` accepts, after the first `skip`.
 * Apache: FSNamesystem.listCorruptFileBlocks.
 */
export function corruptBlocksAfter(
  missing: Iterable<BlockHandle>,
  skip: number,
  limit: number,
  wanted: (block: BlockHandle) => boolean,
): CorruptBlocks {
  const blocks: BlockHandle[] = [];
  let at = 0;
  for (const block of missing) {
    if (at++ < skip) continue;
    if (wanted(block)) blocks.push(block);
    if (blocks.length >= limit) break;
  }
  return { blocks, cookie: Math.max(at, skip) };
}
