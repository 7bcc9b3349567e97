// FE6: the NameNode goes by how long something lasted, whatever wall clocks show. A DataNode counts as dead, and a lease as
// run out, only after the time that their keys say has passed; clocks that jump or drift (nemesis.ts) are no reason.
import type { Leases } from '../../src/core/namespace/leases.ts';
import type { NameSystem } from '../../src/server/namenode/namesystem.ts';
import type { SimCluster } from '../cluster.ts';
import { onStarted, wrap } from './hooks.ts';

/** Monotonic clocks run too fast or too slow by no more than this part (swarm.ts). */
const DRIFT = 0.06;

export function watchClocks(cluster: SimCluster): void {
  onStarted(cluster.nameNode, (server) => {
    watchDeaths(cluster, server.system);
    watchLeaseTimes(cluster, server.system.namespace.leases);
  });
}

function watchDeaths(cluster: SimCluster, { blockManager }: NameSystem): void {
  const { violations, simulation } = cluster;
  const startedMs = simulation.nowMs;
  const heardMs = new Map<string, number>();
  wrap(blockManager, 'heartbeat', (call, id, request, now, durableTxid) => {
    heardMs.set(id.datanodeUuid, simulation.nowMs);
    return call(id, request, now, durableTxid);
  });
  wrap(blockManager, 'registerDatanode', (call, registration, now) => {
    heardMs.set(registration.id.datanodeUuid, simulation.nowMs);
    return call(registration, now);
  });
  const { datanodes } = blockManager;
  wrap(datanodes, 'checkHeartbeats', (call, nowMs, limit) => {
    const dead = call(nowMs, limit);
    violations.looked('FE6');
    for (const { id } of dead) {
      const silentMs = simulation.nowMs - (heardMs.get(id.datanodeUuid) ?? startedMs);
      const detail = (): string => `${id.hostName} counts as dead after ${Math.round(silentMs)} ms`;
      violations.check(silentMs * (1 + DRIFT) >= datanodes.expiryMs, 'FE6', detail);
    }
    return dead;
  });
}

function watchLeaseTimes(cluster: SimCluster, leases: Leases): void {
  const { violations, simulation, configuration } = cluster;
  const hardLimitMs = configuration.getInt('dfs.namenode.lease-hard-limit-sec') * 1_000;
  const startedMs = simulation.nowMs;
  const renewedMs = new Map<string, number>();
  wrap(leases, 'add', (call, holder, file, nowMs) => {
    renewedMs.set(holder, simulation.nowMs);
    call(holder, file, nowMs);
  });
  wrap(leases, 'renew', (call, holder, nowMs) => {
    renewedMs.set(holder, simulation.nowMs);
    call(holder, nowMs);
  });
  wrap(leases, 'expired', function* (call, nowMs) {
    for (const lease of call(nowMs)) {
      const { holder } = lease;
      const silentMs = simulation.nowMs - (renewedMs.get(holder) ?? startedMs);
      const detail = (): string => `the lease of ${holder} runs out after ${Math.round(silentMs)} ms`;
      violations.check(silentMs * (1 + DRIFT) >= hardLimitMs, 'FE6', detail);
      yield lease;
    }
  });
}
