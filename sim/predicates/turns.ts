// Nobody waits long for the NameNode. DL6: what was deleted is taken apart in slices, however large it was. ST4: no more
// DataNodes send a full report at a time than may, each under a lease of its own, and each report is worked in in slices.
import type { Datanode } from '../../src/core/blocks/datanode.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import type { SimCluster } from '../cluster.ts';
import { onStarted, wrap } from './hooks.ts';

/** Inodes and blocks that one turn may let go: a slice, and what its last file has. */
const MOST_FREED = 1_000;
/** Replicas of a report that one turn may work in. */
const MOST_REPORTED = 10_000;

export function watchTurns(cluster: SimCluster): void {
  onStarted(cluster.nameNode, ({ system }) => {
    watchFreed(cluster, system);
    watchReportLeases(cluster, system);
  });
}

function watchFreed({ simulation, violations }: SimCluster, { namespace }: NameSystem): void {
  const { scheduler } = simulation;
  let turn = -1;
  let freed = 0;
  const count = (): void => {
    if (scheduler.events !== turn) {
      turn = scheduler.events;
      freed = 0;
      violations.looked('DL6');
    }
    if (++freed === MOST_FREED + 1) violations.add('DL6', `more than ${MOST_FREED} inodes and blocks go in one turn`);
  };
  wrap(namespace.blocks, 'remove', (call, block) => {
    count();
    call(block);
  });
  wrap(namespace.inodes, 'free', (call, inode) => {
    count();
    call(inode);
  });
}

interface Lease {
  readonly id: bigint;
  readonly sinceMs: number;
}

function watchReportLeases({ violations, configuration }: SimCluster, { blockManager }: NameSystem): void {
  const most = configuration.getInt('dfs.namenode.max.full.block.report.leases');
  const lengthMs = configuration.getInt('dfs.namenode.full.block.report.lease.length.ms');
  const out = new Map<Datanode, Lease>();
  wrap(blockManager, 'registerDatanode', (call, registration, now) => {
    const node = call(registration, now);
    out.delete(node);
    return node;
  });
  wrap(blockManager, 'heartbeat', (call, id, request, now, durableTxid) => {
    const answer = call(id, request, now, durableTxid);
    const { node, fullBlockReportLeaseId } = answer;
    if (node === undefined || !request.requestFullBlockReportLease) return answer;
    out.delete(node);
    if (fullBlockReportLeaseId === 0n) return answer;
    out.set(node, { id: fullBlockReportLeaseId, sinceMs: now.monotonicMs });
    for (const [holder, { sinceMs }] of out) {
      if (!holder.alive || holder.disallowed || now.monotonicMs - sinceMs >= lengthMs) out.delete(holder);
    }
    violations.check(out.size <= most, 'ST4', () => `${out.size} DataNodes may report at a time, ${most} are allowed to`);
    return answer;
  });
  wrap(blockManager, 'checkReportLease', (call, node, reportId, leaseId, now) => {
    call(node, reportId, leaseId, now);
    const lease = out.get(node);
    violations.check(
      leaseId === 0n || lease?.id === BigInt.asIntN(64, leaseId),
      'ST4',
      () => `${node.id.hostName} reports under the lease ${leaseId}, it has ${lease?.id}`,
    );
  });
  wrap(blockManager, 'fullReportEnded', (call, node, now) => {
    call(node, now);
    out.delete(node);
  });
  wrap(blockManager, 'stepFullReport', (call, report, limit, now) => {
    const detail = (): string => `${limit} replicas of ${report.storage.id} are worked in in one turn`;
    violations.check(limit <= MOST_REPORTED, 'ST4', detail);
    return call(report, limit, now);
  });
}
