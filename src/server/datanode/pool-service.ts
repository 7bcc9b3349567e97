// The NameNodes of one block pool together: which of them is obeyed, and what all of them hear. A NameNode counts as
// active when it says so with the highest transaction id so far, so that a stale one cannot take over. Apache:
// BPOfferService.
import { HdfsError } from '../../base/errors.ts';
import type { Address, Log } from '../../host/host.ts';
import { type NNHAStatusHeartbeatProto, NNHAStatusHeartbeatProto_State } from '../../wire/messages/hdfs-server.ts';
import type { BlockNews } from './incremental-reports.ts';
import { type ActorOwner, NameNodeActor, type NameNodeAt } from './namenode-actor.ts';
import type { BlockName } from './replica.ts';
import type { Volume } from './volume.ts';

export class PoolService {
  /** dfs.nameservices' name, where there is one. */
  readonly nameservice: string | undefined;
  pool: string | undefined;
  private readonly log: Log;
  private readonly owner: ActorOwner;
  private actorList: NameNodeActor[] = [];
  private active: NameNodeActor | undefined;
  private lastActiveTxid = -1;

  constructor(nameservice: string | undefined, addresses: readonly NameNodeAt[], owner: ActorOwner, log: Log) {
    this.nameservice = nameservice;
    this.owner = owner;
    this.log = log;
    this.actorList = addresses.map((address) => new NameNodeActor(owner, address));
  }

  get actors(): readonly NameNodeActor[] {
    return this.actorList;
  }

  /** The active NameNode counts this node among the slow ones. */
  get isSlow(): boolean {
    return this.active?.isSlow ?? this.actorList.some((actor) => actor.isSlow);
  }

  start(): void {
    for (const actor of this.actorList) actor.start();
  }

  async stop(): Promise<void> {
    await Promise.all(this.actorList.map((actor) => actor.stop()));
  }

  /** Takes another set of NameNodes: new ones are started, missing ones stopped. */
  async setNameNodes(addresses: readonly NameNodeAt[]): Promise<void> {
    const same = (a: Address, b: Address): boolean => a.host === b.host && a.port === b.port;
    const gone = this.actorList.filter((actor) => !addresses.some((address) => same(actor.address, address)));
    const fresh = addresses
      .filter((address) => !this.actorList.some((actor) => same(actor.address, address)))
      .map((address) => new NameNodeActor(this.owner, address));
    this.actorList = [...this.actorList.filter((actor) => !gone.includes(actor)), ...fresh];
    for (const actor of fresh) actor.start();
    if (this.active !== undefined && gone.includes(this.active)) this.active = undefined;
    await Promise.all(gone.map((actor) => actor.stop()));
  }

  /** All NameNodes of the service must speak of the same pool. */
  meet(pool: string): void {
    if (this.pool !== undefined && this.pool !== pool) {
      throw new HdfsError(
        'EIO',
        `Blockpool ID mismatch: previously connected to Blockpool ID ${this.pool} but now connected to Blockpool ID ${pool}`,
      );
    }
    this.pool = pool;
  }

  /** Apache: BPOfferService.updateActorStatesFromHeartbeat. */
  haState(actor: NameNodeActor, status: NNHAStatusHeartbeatProto): void {
    const claims = status.state === NNHAStatusHeartbeatProto_State.ACTIVE;
    const txid = status.txid ?? 0;
    const isMoreRecent = txid > this.lastActiveTxid;
    const { host, port } = actor.address;
    if (claims && this.active !== actor) {
      if (this.active !== undefined && !isMoreRecent) {
        this.log.log('warn', 'datanode', `NameNode ${host}:${port} claims to be active with txid=${txid}, which is not newer`);
        return;
      }
      this.log.log('info', 'datanode', `Acknowledging ACTIVE Namenode ${host}:${port} of ${this.pool}`);
      this.active = actor;
    } else if (!claims && this.active === actor) {
      this.log.log('info', 'datanode', `NameNode ${host}:${port} is no longer active, txid=${txid}`);
      this.active = undefined;
    }
    if (this.active === actor) this.lastActiveTxid = Math.max(txid, this.lastActiveTxid);
  }

  isActive(actor: NameNodeActor): boolean {
    return this.active === actor;
  }

  notify(block: BlockName, news: BlockNews, volume: Volume, delHint: string): void {
    for (const actor of this.actorList) {
      actor.reports.add(block, news, volume, delHint);
      if (actor.reports.isUrgent) actor.wake();
    }
  }
}
