// What an administrator asks of a NameNode: safe mode, checkpoints, the state of DataNodes and blocks. Apart from the file
// system object, because programs that work with files need none of it.
import type { Configuration } from '../config/configuration.ts';
import type { Host } from '../host/host.ts';
import {
  DatanodeReportTypeProto,
  type GetFsECBlockGroupStatsResponseProto,
  type GetFsReplicatedBlockStatsResponseProto,
  OpenFilesTypeProto,
  RollingUpgradeActionProto,
  SafeModeActionProto,
} from '../wire/messages/client-namenode.ts';
import { type DatanodeInfoProto, DatanodeInfoProto_AdminState } from '../wire/messages/hdfs.ts';
import { configuredNameNode } from './caller.ts';
import type { NameNode } from './namenode.ts';

export type SafeModeAction = 'enter' | 'leave' | 'get' | 'forceExit';
export type DataNodeFilter = 'all' | 'live' | 'dead' | 'decommissioning' | 'enteringMaintenance' | 'inMaintenance';

export interface DataNodeReport {
  /** Transfer address, `ip:port`. */
  readonly name: string;
  readonly hostName: string;
  /** RPC address, `ip:port`. */
  readonly ipcAddress: string;
  readonly rack: string;
  readonly adminState: 'normal' | 'decommissioning' | 'decommissioned' | 'enteringMaintenance' | 'inMaintenance';
  /** Bytes. */
  readonly capacity: number;
  readonly dfsUsed: number;
  readonly nonDfsUsed: number;
  readonly remaining: number;
  readonly cacheCapacity: number;
  readonly cacheUsed: number;
  /** Transfers under way. */
  readonly xceivers: number;
  /** Milliseconds since 1970. */
  readonly lastContactMs: number;
  /** 0: never. */
  readonly lastBlockReportMs: number;
  readonly blocks: number;
}

export type RollingUpgradeAction = 'query' | 'prepare' | 'finalize';

export interface RollingUpgrade {
  readonly blockPoolId: string;
  /** Milliseconds since 1970; 0: it has not begun. */
  readonly startMs: number;
  /** 0: it has not ended. */
  readonly finalizeMs: number;
  /** The image to go back to is there. */
  readonly canRollBack: boolean;
}

const ROLLING_UPGRADE: Readonly<Record<RollingUpgradeAction, RollingUpgradeActionProto>> = {
  query: RollingUpgradeActionProto.QUERY,
  prepare: RollingUpgradeActionProto.START,
  finalize: RollingUpgradeActionProto.FINALIZE,
};

export interface OpenFile {
  /** Of its inode. */
  readonly id: number;
  readonly path: string;
  readonly clientName: string;
  readonly clientMachine: string;
}

const SAFE_MODE: Readonly<Record<SafeModeAction, SafeModeActionProto>> = {
  enter: SafeModeActionProto.SAFEMODE_ENTER,
  leave: SafeModeActionProto.SAFEMODE_LEAVE,
  get: SafeModeActionProto.SAFEMODE_GET,
  forceExit: SafeModeActionProto.SAFEMODE_FORCE_EXIT,
};

const FILTERS: Readonly<Record<DataNodeFilter, DatanodeReportTypeProto>> = {
  all: DatanodeReportTypeProto.ALL,
  live: DatanodeReportTypeProto.LIVE,
  dead: DatanodeReportTypeProto.DEAD,
  decommissioning: DatanodeReportTypeProto.DECOMMISSIONING,
  enteringMaintenance: DatanodeReportTypeProto.ENTERING_MAINTENANCE,
  inMaintenance: DatanodeReportTypeProto.IN_MAINTENANCE,
};

const ADMIN_STATES: Readonly<Record<DatanodeInfoProto_AdminState, DataNodeReport['adminState']>> = {
  [DatanodeInfoProto_AdminState.NORMAL]: 'normal',
  [DatanodeInfoProto_AdminState.DECOMMISSION_INPROGRESS]: 'decommissioning',
  [DatanodeInfoProto_AdminState.DECOMMISSIONED]: 'decommissioned',
  [DatanodeInfoProto_AdminState.ENTERING_MAINTENANCE]: 'enteringMaintenance',
  [DatanodeInfoProto_AdminState.IN_MAINTENANCE]: 'inMaintenance',
};

export class HdfsAdmin implements Disposable {
  readonly #namenode: NameNode;
  readonly #closing = new AbortController();

  constructor(host: Host, configuration: Configuration, user?: string) {
    this.#namenode = configuredNameNode(host, configuration, user, this.#closing.signal);
  }

  /** Whether safe mode is on afterwards. */
  async safeMode(action: SafeModeAction): Promise<boolean> {
    return (await this.#namenode.call('setSafeMode', { action: SAFE_MODE[action] })).result;
  }

  /** Writes an image; false when there is a recent one (`withinSeconds`, `withinTransactions`). */
  async saveNamespace(withinSeconds = 0, withinTransactions = 0): Promise<boolean> {
    const { saved } = await this.#namenode.call('saveNamespace', { timeWindow: withinSeconds, txGap: withinTransactions });
    return saved;
  }

  /** First transaction of the new segment. */
  async rollEdits(): Promise<number> {
    return (await this.#namenode.call('rollEdits', {})).newSegmentTxId;
  }

  /** Whether storage directories that failed are tried again, after `what` was done about it. */
  async restoreFailedStorage(what: 'true' | 'false' | 'check'): Promise<boolean> {
    return (await this.#namenode.call('restoreFailedStorage', { arg: what })).result;
  }

  /** Gives up the way back to before the upgrade. */
  async finalizeUpgrade(): Promise<void> {
    await this.#namenode.call('finalizeUpgrade', {});
  }

  /** Whether there is no way back to before an upgrade (any more). */
  async isUpgradeFinalized(): Promise<boolean> {
    return (await this.#namenode.call('upgradeStatus', {})).upgradeFinalized;
  }

  /** The upgrade that goes from daemon to daemon, after what was asked for; undefined: none is under way. */
  async rollingUpgrade(action: RollingUpgradeAction): Promise<RollingUpgrade | undefined> {
    const { rollingUpgradeInfo: info } = await this.#namenode.call('rollingUpgrade', { action: ROLLING_UPGRADE[action] });
    if (info === undefined) return undefined;
    return {
      blockPoolId: info.status.blockPoolId,
      startMs: info.startTime,
      finalizeMs: info.finalizeTime,
      canRollBack: info.createdRollbackImages,
    };
  }

  /** Reads the host files again. */
  async refreshNodes(): Promise<void> {
    await this.#namenode.call('refreshNodes', {});
  }

  /** Writes what waits for what into that file in the NameNode's log directory. */
  async metaSave(fileName: string): Promise<void> {
    await this.#namenode.call('metaSave', { filename: fileName });
  }

  /** Files open for writing below `path`, or those of them that keep DataNodes from leaving. */
  async *openFiles(
    options: { readonly path?: string | undefined; readonly blockingDecommission?: boolean | undefined } = {},
  ): AsyncGenerator<OpenFile, void, undefined> {
    const { path = '/', blockingDecommission = false } = options;
    const type = blockingDecommission ? OpenFilesTypeProto.BLOCKING_DECOMMISSION : OpenFilesTypeProto.ALL_OPEN_FILES;
    for (let id = 0; ; ) {
      const { entries, hasMore } = await this.#namenode.call('listOpenFiles', { id, types: [type], path });
      yield* entries;
      const last = entries.at(-1);
      if (!hasMore || last === undefined) return;
      id = last.id;
    }
  }

  /** Bytes a second that every DataNode may use for balancing, until it is started again. */
  async setBalancerBandwidth(bandwidth: number): Promise<void> {
    await this.#namenode.call('setBalancerBandwidth', { bandwidth });
  }

  /** Files with a block that has no good replica; a file once for each such block. */
  async corruptFiles(path = '/'): Promise<readonly string[]> {
    const all: string[] = [];
    let cookie: string | undefined;
    for (;;) {
      const { corrupt } = await this.#namenode.call('listCorruptFileBlocks', { path, cookie });
      if (corrupt.files.length === 0) return all;
      all.push(...corrupt.files);
      cookie = corrupt.cookie;
    }
  }

  /** DataNodes that others found slow. */
  async slowDataNodes(): Promise<readonly DataNodeReport[]> {
    const { datanodeInfoProto } = await this.#namenode.call('getSlowDatanodeReport', {});
    return datanodeInfoProto.map(report);
  }

  async dataNodes(filter: DataNodeFilter): Promise<readonly DataNodeReport[]> {
    const { di } = await this.#namenode.call('getDatanodeReport', { type: FILTERS[filter] });
    return di.map(report);
  }

  blockStats(): Promise<GetFsReplicatedBlockStatsResponseProto> {
    return this.#namenode.call('getFsReplicatedBlockStats', {});
  }

  blockGroupStats(): Promise<GetFsECBlockGroupStatsResponseProto> {
    return this.#namenode.call('getFsECBlockGroupStats', {});
  }

  async capacity(): Promise<{ readonly capacity: number; readonly used: number; readonly remaining: number }> {
    const { capacity, used, remaining } = await this.#namenode.call('getFsStats', {});
    return { capacity, used, remaining };
  }

  close(): void {
    this.#closing.abort();
    this.#namenode.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function report(info: DatanodeInfoProto): DataNodeReport {
  return {
    name: `${info.id.ipAddr}:${info.id.xferPort}`,
    hostName: info.id.hostName,
    ipcAddress: `${info.id.ipAddr}:${info.id.ipcPort}`,
    rack: info.location ?? '/default-rack',
    adminState: ADMIN_STATES[info.adminState],
    capacity: info.capacity,
    dfsUsed: info.dfsUsed,
    // Old NameNodes do not say it.
    nonDfsUsed: info.nonDfsUsed ?? Math.max(0, info.capacity - info.dfsUsed - info.remaining),
    remaining: info.remaining,
    cacheCapacity: info.cacheCapacity,
    cacheUsed: info.cacheUsed,
    xceivers: info.xceiverCount,
    lastContactMs: info.lastUpdate,
    lastBlockReportMs: info.lastBlockReportTime,
    blocks: info.numBlocks,
  };
}
