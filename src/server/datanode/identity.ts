// Who this node is: its UUID, the cluster that it belongs to, as what each block pool's NameNodes know it, and who waits for
// that. A node learns the most of it from the first NameNode that answers.
import { HdfsError } from '../../base/errors.ts';
import { DATANODE_LAYOUT_VERSION } from '../../format/storage/version.ts';
import type { Address, Clock, Timer } from '../../host/host.ts';
import type { DatanodeRegistrationProto, DatanodeRegistrationProtoInit } from '../../wire/messages/datanode.ts';
import type { DatanodeIDProto } from '../../wire/messages/hdfs.ts';
import type { NamespaceInfoProto } from '../../wire/messages/hdfs-server.ts';

/** What we call ourselves in handshakes: NameNodes refuse versions that they do not know. */
const SOFTWARE_VERSION = '3.5.0';

export interface DataNodeAddresses {
  readonly transfer: Address;
  readonly ipc: Address;
  readonly http: Address;
}

interface Waiter {
  readonly pool: string;
  readonly resolve: () => void;
}

export class Identity {
  readonly hostName: string;
  datanodeUuid: string;
  clusterId = '';
  private readonly clock: Clock;
  private readonly known = new Map<string, DatanodeIDProto>();
  private waiters: Waiter[] = [];

  constructor(clock: Clock, hostName: string, datanodeUuid: string) {
    this.clock = clock;
    this.hostName = hostName;
    this.datanodeUuid = datanodeUuid;
  }

  /** Whether any NameNode has taken the node in. */
  get isKnown(): boolean {
    return this.known.size > 0;
  }

  of(pool: string): DatanodeIDProto | undefined {
    return this.known.get(pool);
  }

  /** Resolves once a NameNode of the pool has taken the node in; rejects when none does in time. */
  async ready(pool: string, timeoutMs: number): Promise<void> {
    if (this.known.has(pool)) return;
    await new Promise<void>((resolve, reject) => {
      let timer: Timer | undefined;
      const waiter: Waiter = {
        pool,
        resolve: () => {
          timer?.cancel();
          resolve();
        },
      };
      timer = this.clock.setTimer(timeoutMs, () => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        reject(new HdfsError('EIO', `Not ready to serve the block pool, ${pool}.`));
      });
      this.waiters.push(waiter);
    });
  }

  /** Nobody waits any longer: the node stops. */
  release(): void {
    for (const { resolve } of this.waiters.splice(0)) resolve();
  }

  /** As whom the node registers with a NameNode of this namespace. */
  registration({ storageInfo }: NamespaceInfoProto, addresses: DataNodeAddresses): DatanodeRegistrationProtoInit {
    return {
      datanodeID: {
        ipAddr: addresses.transfer.host,
        hostName: this.hostName,
        datanodeUuid: this.datanodeUuid,
        xferPort: addresses.transfer.port,
        infoPort: addresses.http.port,
        ipcPort: addresses.ipc.port,
        infoSecurePort: 0,
      },
      storageInfo: {
        layoutVersion: DATANODE_LAYOUT_VERSION,
        namespceID: storageInfo?.namespceID ?? 0,
        clusterID: storageInfo?.clusterID ?? '',
        cTime: storageInfo?.cTime ?? 0,
      },
      keys: {
        isBlockTokenEnabled: false,
        keyUpdateInterval: 0,
        tokenLifeTime: 0,
        currentKey: { keyId: 0, expiryDate: 0, keyBytes: Buffer.alloc(0) },
        allKeys: [],
      },
      softwareVersion: SOFTWARE_VERSION,
    };
  }

  /** A NameNode has taken the node in, for these pools. */
  registered({ datanodeID }: DatanodeRegistrationProto, pools: readonly (string | undefined)[]): void {
    if (datanodeID === undefined) return;
    for (const pool of pools) {
      if (pool === undefined) continue;
      this.known.set(pool, datanodeID);
      const ready = this.waiters.filter((waiter) => waiter.pool === pool);
      this.waiters = this.waiters.filter((waiter) => waiter.pool !== pool);
      for (const { resolve } of ready) resolve();
    }
  }
}
