// What NameNodes hear of beside heartbeats and reports in their turn: changes of replicas, bad ones, and reports out of turn.
import { messageOf } from '../../base/errors.ts';
import type { Log } from '../../host/host.ts';
import type { DatanodeInfoProto } from '../../wire/messages/hdfs.ts';
import type { Dataset, DatasetEvents } from './dataset.ts';
import type { Identity } from './identity.ts';
import type { BlockNews } from './incremental-reports.ts';
import type { PoolService } from './pool-service.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { protoOf } from './requests.ts';
import type { Volume } from './volume.ts';

/** News of the replicas of a pool go to all of its NameNodes. */
export function datasetEvents(pools: () => readonly PoolService[]): DatasetEvents {
  const notify =
    (news: BlockNews) =>
    (pool: string, block: BlockName, volume: Volume, delHint = '') => {
      for (const service of pools()) if (service.pool === pool) service.notify(block, news, volume, delHint);
    };
  return { receiving: notify('receiving'), received: notify('received'), deleted: notify('deleted') };
}

export interface BadReplicaReporter {
  readonly log: Log;
  readonly identity: Identity;
  readonly dataset: Dataset;
  readonly pools: () => readonly PoolService[];
}

/** Tells the NameNodes of a replica with wrong bytes, here or on another node, its `holder`. */
export function reportBad(
  { log, identity, dataset, pools }: BadReplicaReporter,
  block: BlockName,
  holder: DatanodeInfoProto | undefined,
): void {
  log.log('warn', 'datanode', `reporting ${describeBlock(block)} as corrupt`);
  const id = identity.of(block.pool);
  const node = holder ?? (id === undefined ? undefined : { id });
  if (node === undefined) return;
  const pool = dataset.poolOrNone(block.pool);
  const handle = pool?.replicas.find(block.id) ?? 0;
  const volume = holder === undefined && handle !== 0 ? pool?.volumeOf(handle) : undefined;
  const located = {
    b: protoOf(block),
    offset: 0,
    locs: [node],
    corrupt: false,
    blockToken: { identifier: Buffer.alloc(0), password: Buffer.alloc(0), kind: '', service: '' },
    storageTypes: volume === undefined ? [] : [volume.storageType],
    storageIDs: volume === undefined ? [] : [volume.storageId],
  };
  for (const service of pools()) {
    if (service.pool !== block.pool) continue;
    for (const actor of service.actors) {
      actor.reportBad([located]).catch((error: unknown) => log.log('warn', 'datanode', messageOf(error)));
    }
  }
}

/** Full or incremental reports at once, to all NameNodes or to the one at an address. */
export function triggerReports(pools: readonly PoolService[], incremental: boolean, address?: string): void {
  for (const { actors } of pools) {
    for (const actor of actors) {
      const name = `${actor.address.host}:${actor.address.port}`;
      if (address !== undefined && address !== '' && address !== name) continue;
      if (incremental) {
        actor.reports.hurry();
        actor.wake();
      } else actor.forceFullReport();
    }
  }
}
