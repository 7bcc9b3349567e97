// What a heartbeat is answered with: the work that waits for the node, as much of it as the limits allow, each piece looked
// at once more as it leaves. Mirrors DatanodeManager.handleHeartbeat.
import type { BlockRecoveries } from './block-recoveries.ts';
import type { DatanodeCommand, TransferTask } from './commands.ts';
import type { Datanode } from './datanode.ts';
import { mayStillDelete, updateNeeded } from './redundancy.ts';
import { storageOnNode } from './replica-counts.ts';
import type { ManagerState } from './state.ts';

/** Deletions whose edit is beyond `durableTxid` stay for a later heartbeat. */
export function commandsFor(
  state: ManagerState,
  recoveries: BlockRecoveries,
  node: Datanode,
  xmitsInProgress: number,
  durableTxid: number,
): DatanodeCommand[] {
  if (state.safeMode.isOn) return [];
  const due = recoveries.take(node);
  if (due.length > 0) return [{ kind: 'recover', blocks: due, afterTxid: state.lastAppliedTxid }];
  const commands: DatanodeCommand[] = [];
  const transfers = takeTransfers(state, node, state.options.maxReplicationStreams - xmitsInProgress);
  if (transfers.length > 0) commands.push({ kind: 'transfer', blocks: transfers, afterTxid: 0 });
  const invalid = state.invalidations.take(node, state.options.invalidateLimit, durableTxid, (each) =>
    mayStillDelete(state, node, each),
  );
  if (invalid.blocks.length > 0) commands.push({ kind: 'invalidate', ...invalid });
  if (node.balancerBandwidth > 0) {
    commands.push({ kind: 'balancerBandwidth', bytesPerSecond: node.balancerBandwidth });
    node.balancerBandwidth = 0;
  }
  return commands;
}

function takeTransfers(state: ManagerState, node: Datanode, limit: number): TransferTask[] {
  const { blocks, corrupt, pending } = state;
  const taken: TransferTask[] = [];
  while (taken.length < limit) {
    const task = node.transfers.shift();
    if (task === undefined) break;
    // Since the copy was ordered the block may be gone or changed (ids are never reissued, handles are), or the node may
    // have been told to delete its replica; Apache orders the copy all the same and waits for its time-out.
    const same = blocks.find(task.block.id) === task.handle && blocks.genStamp(task.handle) === task.block.genStamp;
    const good = same && storageOnNode(state, task.handle, node) !== undefined && !corrupt.has(task.handle, node);
    const targets = good ? task.targets.filter((target) => !target.retired) : [];
    if (targets.length > 0) taken.push({ ...task, targets });
    // What will not come is not waited for.
    const lost = task.targets.filter((target) => !targets.includes(target));
    for (const target of lost) {
      target.node.decrementBlocksScheduled(target.type);
      if (same) pending.arrived(task.handle, target.node);
    }
    if (same && lost.length > 0) updateNeeded(state, task.handle);
  }
  return taken;
}
