// ClientDatanodeProtocol: what clients and operators ask a DataNode by RPC. Every method of the protocol is handled or
// refused with its reason.
import { HdfsError } from '../../base/errors.ts';
import type { Reconfiguration } from '../../config/reconfiguration.ts';
import { type Guard, reconfigurationHandlers } from '../../rpc/reconfiguration.ts';
import { defineService, type RpcService } from '../../rpc/service.ts';
import { ClientDatanodeProtocolService } from '../../wire/messages/client-datanode.ts';
import { blockOf } from './requests.ts';
import type { Services } from './services.ts';
import type { Volume } from './volume.ts';

export const CLIENT_DATANODE_PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol';

/** What operators may have the node do; DataNode implements it. */
export interface DataNodeControl {
  readonly startedAt: number;
  readonly reconfiguration: Reconfiguration;
  readonly balanceBandwidth: number;
  isSuperuser(user: string): boolean;
  /** With `forUpgrade` the writers are told that the node comes back at once. */
  shutdown(forUpgrade: boolean): void;
  evictWriters(): void;
  /** Takes up the NameNodes that the configuration names now. */
  refreshNameNodes(): Promise<void>;
  deleteBlockPool(pool: string, force: boolean): Promise<void>;
  /** Reports to all NameNodes, or to the one at `address`. */
  triggerBlockReport(incremental: boolean, address: string | undefined): void;
  blocksOn(volume: Volume): number;
}

const DISK_BALANCER = 'the disk balancer is not supported yet';

/** Throws HdfsError EACCES, with the few words of Hadoop's DataNodes. */
function checkSuperuser({ isSuperuser }: DataNodeControl, user: string): void {
  if (!isSuperuser(user)) throw new HdfsError('EACCES', 'Permission denied.');
}

export function superuserOnly(control: DataNodeControl): Guard {
  return (call, _operation, work) => {
    checkSuperuser(control, call.user);
    return work();
  };
}

export function clientDatanodeService(services: Services, control: DataNodeControl): RpcService {
  const requireSuperuser = (user: string): void => checkSuperuser(control, user);
  return defineService({
    protocol: CLIENT_DATANODE_PROTOCOL,
    version: 1,
    methods: ClientDatanodeProtocolService,
    handlers: {
      async getReplicaVisibleLength({ block }) {
        const name = blockOf(block);
        await services.poolReady(name.pool);
        return { length: services.dataset.visibleLength(name) };
      },
      getDatanodeInfo() {
        const uptimeMs = services.host.clock.monotonic() - control.startedAt;
        return {
          localInfo: { softwareVersion: '3.5.0', configVersion: 'core-3.0.0,hdfs-1', uptime: Math.floor(uptimeMs / 1000) },
        };
      },
      getVolumeReport(_request, call) {
        requireSuperuser(call.user);
        return {
          volumeInfo: services.dataset.volumes.map((volume) => ({
            path: volume.path,
            storageType: volume.storageType,
            usedSpace: volume.dfsUsed,
            freeSpace: volume.availableBytes,
            reservedSpace: volume.reservedBytes,
            reservedSpaceForReplicas: volume.promisedBytes,
            numBlocks: control.blocksOn(volume),
          })),
        };
      },
      async refreshNamenodes(_request, call) {
        requireSuperuser(call.user);
        await control.refreshNameNodes();
        return {};
      },
      async deleteBlockPool({ blockPool, force }, call) {
        requireSuperuser(call.user);
        await control.deleteBlockPool(blockPool, force);
        return {};
      },
      shutdownDatanode({ forUpgrade }, call) {
        requireSuperuser(call.user);
        control.shutdown(forUpgrade);
        return {};
      },
      evictWriters(_request, call) {
        requireSuperuser(call.user);
        control.evictWriters();
        return {};
      },
      triggerBlockReport({ incremental, nnAddress }, call) {
        requireSuperuser(call.user);
        control.triggerBlockReport(incremental === true, nnAddress);
        return {};
      },
      ...reconfigurationHandlers({ node: control.reconfiguration, guard: superuserOnly(control) }, 'Datanode'),
      getBalancerBandwidth() {
        return { bandwidth: control.balanceBandwidth };
      },
    },
    refused: {
      getBlockLocalPathInfo: 'local paths are not given out: short-circuit reads are not supported yet',
      submitDiskBalancerPlan: DISK_BALANCER,
      cancelDiskBalancerPlan: DISK_BALANCER,
      queryDiskBalancerPlan: DISK_BALANCER,
      getDiskBalancerSetting: DISK_BALANCER,
    },
  });
}
