// What an administrator asks of one DataNode by RPC: its volumes, a block report, a change of its configuration.
import type { Configuration } from '../config/configuration.ts';
import { parseHostPort } from '../config/nameservices.ts';
import type { Host } from '../host/host.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../rpc/client.ts';
import { ClientDatanodeProtocolService } from '../wire/messages/client-datanode.ts';
import { StorageTypeProto } from '../wire/messages/hdfs.ts';
import { callerName } from './caller.ts';
import { type ReconfigurableNode, type ReconfigurationTask, reconfigurationTask } from './reconfiguration.ts';
import { clientSettings } from './settings.ts';

const PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientDatanodeProtocol';

export interface VolumeReport {
  readonly path: string;
  /** DISK, SSD ... */
  readonly storageType: string;
  /** Bytes. */
  readonly used: number;
  readonly free: number;
  readonly reserved: number;
  readonly reservedForReplicas: number;
  readonly blocks: number;
}

export interface DataNodeInfo {
  readonly uptimeSeconds: number;
  readonly softwareVersion: string;
  readonly configVersion: string;
}

export class DataNodeAdmin implements Disposable, ReconfigurableNode {
  readonly #client: RpcClient;
  readonly #datanode: RpcProxy<typeof ClientDatanodeProtocolService>;
  readonly #timeoutMs: number;

  /** `address`: host and port of its RPC server. Throws HdfsError EINVAL when it is none. */
  constructor(host: Host, configuration: Configuration, address: string, user?: string) {
    this.#client = new RpcClient(host, {
      address: parseHostPort(address, 'the address of the DataNode'),
      protocol: PROTOCOL,
      user: user ?? callerName(host),
    });
    this.#datanode = rpcProxy(this.#client, ClientDatanodeProtocolService);
    this.#timeoutMs = clientSettings(configuration).socketTimeoutMs;
  }

  async volumes(): Promise<readonly VolumeReport[]> {
    const { volumeInfo } = await this.#datanode.getVolumeReport({}, { timeoutMs: this.#timeoutMs });
    const typeNames = new Map<number, string>(Object.entries(StorageTypeProto).map(([name, number]) => [number, name]));
    return volumeInfo.map((volume) => ({
      path: volume.path,
      storageType: typeNames.get(volume.storageType) ?? 'DISK',
      used: volume.usedSpace,
      free: volume.freeSpace,
      reserved: volume.reservedSpace,
      reservedForReplicas: volume.reservedSpaceForReplicas,
      blocks: volume.numBlocks,
    }));
  }

  /** Has it report to all its NameNodes, or to the one at `nameNode`. */
  async triggerBlockReport(incremental: boolean, nameNode?: string): Promise<void> {
    await this.#datanode.triggerBlockReport({ incremental, nnAddress: nameNode }, { timeoutMs: this.#timeoutMs });
  }

  /** Has it read again which NameNodes there are. */
  async refreshNameNodes(): Promise<void> {
    await this.#datanode.refreshNamenodes({}, { timeoutMs: this.#timeoutMs });
  }

  /** Removes what it holds of a block pool that it serves no longer; `force`: blocks too. */
  async deleteBlockPool(pool: string, force: boolean): Promise<void> {
    await this.#datanode.deleteBlockPool({ blockPool: pool, force }, { timeoutMs: this.#timeoutMs });
  }

  async evictWriters(): Promise<void> {
    await this.#datanode.evictWriters({}, { timeoutMs: this.#timeoutMs });
  }

  /** Ends it; `forUpgrade`: writers are told to wait for it. */
  async shutdown(forUpgrade: boolean): Promise<void> {
    await this.#datanode.shutdownDatanode({ forUpgrade }, { timeoutMs: this.#timeoutMs });
  }

  async info(): Promise<DataNodeInfo> {
    const { localInfo } = await this.#datanode.getDatanodeInfo({}, { timeoutMs: this.#timeoutMs });
    const { uptime, softwareVersion, configVersion } = localInfo;
    return { uptimeSeconds: uptime, softwareVersion, configVersion };
  }

  /** Bytes a second for balancing. */
  async balancerBandwidth(): Promise<number> {
    return (await this.#datanode.getBalancerBandwidth({}, { timeoutMs: this.#timeoutMs })).bandwidth;
  }

  /** Has it read its configuration files again and change what can be changed; it answers before that is done. */
  async startReconfiguration(): Promise<void> {
    await this.#datanode.startReconfiguration({}, { timeoutMs: this.#timeoutMs });
  }

  /** The last task; undefined: there has been none. */
  async reconfiguration(): Promise<ReconfigurationTask | undefined> {
    return reconfigurationTask(await this.#datanode.getReconfigurationStatus({}, { timeoutMs: this.#timeoutMs }));
  }

  async reconfigurableProperties(): Promise<readonly string[]> {
    return (await this.#datanode.listReconfigurableProperties({}, { timeoutMs: this.#timeoutMs })).name;
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
