// Looks at the NameNode ten times a second: SM1, nothing changes while safe mode of a start is on. And once it ends: SM2, enough
// blocks are known to be somewhere; SM3, no replica is newer than the namespace.
import { type BlockHandle, type BlockMap, BlockState } from '../src/core/blocks/block-map.ts';
import { storagesOf } from '../src/core/blocks/replica-counts.ts';
import { parseBlockFileName } from '../src/format/storage/block-files.ts';
import type { NameSystem } from '../src/server/namenode/namesystem.ts';
import type { SimCluster } from './cluster.ts';
import { wrap } from './predicates/hooks.ts';
import type { Witness } from './witness.ts';

const PERIOD_MS = 100;
const SCAN_SLICE = 100_000;
/** dfs.namenode.safemode.threshold-pct. */
const THRESHOLD = 0.999;

export function watchSafeMode(cluster: SimCluster, witness: Witness): void {
  const { scheduler } = cluster.simulation;
  let watched: { readonly system: NameSystem; readonly firstTxid: number; lastTxid: number; over: boolean } | undefined;
  const look = (): void => {
    scheduler.after(PERIOD_MS, undefined, 'watch', look);
    const system = cluster.nameNode.running?.system;
    if (system === undefined) return;
    const { lastTxid } = system.editLog;
    // Also while an operator, or a full disk, has it on as well.
    const on = system.blockManager.safeMode.counting;
    if (watched?.system !== system) {
      watched = { system, firstTxid: lastTxid, lastTxid, over: false };
      if (on) watchEnd(cluster, system);
      else checkEnd(cluster, system);
    }
    if (watched.over) return;
    if (on) {
      watched.lastTxid = lastTxid;
      return;
    }
    watched.over = true;
    const { firstTxid } = watched;
    for (const { txid, op } of witness.read()) {
      if (txid <= firstTxid || txid > watched.lastTxid) continue;
      const isRoll = op.kind === 'START_LOG_SEGMENT' || op.kind === 'END_LOG_SEGMENT';
      cluster.violations.check(isRoll, 'SM1', () => `txid ${txid}, ${op.kind}, was made in safe mode`);
    }
  };
  look();
}

/** At once, since DataNodes that fell silent are found dead only afterwards, and all that they have is forgotten then. */
function watchEnd(cluster: SimCluster, system: NameSystem): void {
  const { safeMode } = system.blockManager;
  const around = <A extends unknown[], R>(call: (...args: A) => R, ...args: A): R => {
    const was = safeMode.counting;
    const answer = call(...args);
    if (was && !safeMode.counting) checkEnd(cluster, system);
    return answer;
  };
  wrap(safeMode, 'check', around);
  wrap(safeMode, 'leave', around);
}

function checkEnd(cluster: SimCluster, system: NameSystem): void {
  checkThreshold(cluster, system);
  checkFuture(cluster, system);
}

function checkThreshold(cluster: SimCluster, { namespace, blockManager }: NameSystem): void {
  let complete = 0;
  let safe = 0;
  for (let from = 1; from !== 0; ) {
    from = namespace.blocks.scan(from, SCAN_SLICE, (block) => {
      if (namespace.blocks.state(block) !== BlockState.COMPLETE) return;
      complete++;
      if (blockManager.liveReplicas(block) > 0 || isSomewhere(blockManager, namespace.blocks, block)) safe++;
    });
  }
  const enough = safe >= Math.trunc(complete * THRESHOLD);
  cluster.violations.check(enough, 'SM2', () => `safe mode ended with ${safe} of ${complete} blocks`);
}

/** On nodes that leave or rest. */
function isSomewhere(blockManager: NameSystem['blockManager'], blocks: BlockMap, block: BlockHandle): boolean {
  const { datanodes } = blockManager;
  return !blockManager.locations(block).corrupt && storagesOf({ blocks, datanodes }, block).length > 0;
}

/** SM3: no DataNode has a replica with a generation stamp that this namespace never gave out, as after the start of an old image. */
function checkFuture(cluster: SimCluster, { namespace, blockManager }: NameSystem): void {
  if (blockManager.safeMode.forced) return;
  const last = Math.max(namespace.genStamp, namespace.legacyGenStamp);
  cluster.violations.looked('SM3');
  for (const { name, machine } of cluster.dataNodes) {
    for (const path of machine.disk.files('/').keys()) {
      const file = path.includes('/finalized/') ? parseBlockFileName(path.slice(path.lastIndexOf('/') + 1)) : undefined;
      if (file?.kind !== 'meta' || file.genStamp <= last) continue;
      const what = `blk_${file.id}_${file.genStamp}`;
      cluster.violations.add('SM3', `safe mode ended while ${name} has ${what}, and ${last} is the last stamp`);
    }
  }
}
