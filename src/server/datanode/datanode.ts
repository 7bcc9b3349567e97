// The DataNode put together: storage directories, replicas, the data port, the two RPC protocols, the web port, and an
// actor for each NameNode. It starts without waiting for a NameNode and serves a block pool as soon as one has told it
// whose it is. Where to read next: xceiver.ts for data, namenode-actor.ts for NameNodes, dataset.ts for replicas.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { dataNodeNameservices } from '../../config/nameservices.ts';
import { Reconfiguration } from '../../config/reconfiguration.ts';
import { DATANODE_LAYOUT_VERSION } from '../../format/storage/version.ts';
import type { Address, Host, HttpServer, Timer } from '../../host/host.ts';
import { reconfigurationService } from '../../rpc/reconfiguration.ts';
import { RpcServer } from '../../rpc/server.ts';
import { connectionCheck } from '../../security/connections.ts';
import { configuredGroups } from '../../security/groups.ts';
import { ProxyUsers } from '../../security/proxy-users.ts';
import { ServiceAuthorization } from '../../security/service-authorization.ts';
import { Beans } from '../../web/jmx.ts';
import { addRpcMetrics, processMetrics } from '../../web/metrics.ts';
import { addPlatformBeans } from '../../web/platform-beans.ts';
import { addRpcBeans } from '../../web/rpc-beans.ts';
import { standardRoutes, webServer } from '../../web/server.ts';
import { servletRoutes } from '../../web/servlets.ts';
import { webHdfsRoutes } from '../../webhdfs/routes.ts';
import type { DatanodeRegistrationProto, DatanodeRegistrationProtoInit } from '../../wire/messages/datanode.ts';
import type { DatanodeIDProto, DatanodeInfoProto, StorageReportProtoInit } from '../../wire/messages/hdfs.ts';
import type { NamespaceInfoProto } from '../../wire/messages/hdfs-server.ts';
import { ackHints } from './ack-hints.ts';
import { type BeanSource, datanodeBeans, datanodePage } from './beans.ts';
import { fullReports, storageProto } from './block-reports.ts';
import { clientDatanodeService, type DataNodeControl, superuserOnly } from './client-protocol.ts';
import { Commands } from './commands.ts';
import { parseDataDirectories } from './data-directories.ts';
import { Dataset } from './dataset.ts';
import { DiskWatch } from './disk-watch.ts';
import { changeDirectories } from './hot-swap.ts';
import type { BlockNews } from './incremental-reports.ts';
import { interDatanodeService } from './inter-datanode.ts';
import { LateVolumes } from './late-volumes.ts';
import { dataNodeMetrics } from './metrics.ts';
import type { ActorOwner, NameNodeActor } from './namenode-actor.ts';
import { LATE_MS, type Patience } from './patience.ts';
import { announceRestart, evictWriters, resumeAfterRestart } from './planned-restart.ts';
import { PoolService } from './pool-service.ts';
import type { StartOption } from './pool-upgrade.ts';
import { RamDisk } from './ram-disk.ts';
import { reconfigurableKeys } from './reconfigurable-keys.ts';
import { type BlockName, describeBlock } from './replica.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { protoOf } from './requests.ts';
import { RollingUpgrades } from './rolling-upgrade.ts';
import { Scanners } from './scanners.ts';
import type { Counters, Services } from './services.ts';
import { type DataNodeSettings, readSettings } from './settings.ts';
import { Storages } from './storages.ts';
import type { Volume } from './volume.ts';
import { dataNodeWebHdfs } from './webhdfs/handler.ts';
import { XceiverServer } from './xceiver.ts';

/** What we call ourselves in handshakes: NameNodes refuse versions that they do not know. */
const SOFTWARE_VERSION = '3.5.0';

export interface DataNodeOptions {
  /** Reads the configuration files again, for reconfiguration at run time. */
  readonly reload?: (() => Promise<Configuration>) | undefined;
  /** rollback: go back to before an upgrade, or take deleted blocks out of the trash of a rolling one. */
  readonly startOption?: StartOption | undefined;
  /** Our own version, for logs and the web page. */
  readonly version?: string;
  /** An operator has asked the node to stop by RPC. */
  readonly onShutdown?: () => void;
}

export interface DataNodeAddresses {
  readonly transfer: Address;
  readonly ipc: Address;
  readonly http: Address;
}

interface Waiter {
  readonly pool: string;
  readonly resolve: () => void;
}

interface Running {
  readonly late: LateVolumes;
  readonly scanners: Scanners;
  readonly storages: Storages;
  readonly services: Services;
  readonly xceivers: XceiverServer;
  readonly rpc: RpcServer;
  readonly http: HttpServer | undefined;
  readonly pools: readonly PoolService[];
  readonly addresses: DataNodeAddresses;
}

export class DataNode {
  private readonly host: Host;
  private readonly configuration: Configuration;
  private readonly options: DataNodeOptions;
  private readonly identities = new Map<string, DatanodeIDProto>();
  private waiters: Waiter[] = [];
  private running: Running | undefined;
  private directoryWork: Promise<unknown> = Promise.resolve();
  private clusterId = '';
  private shutdownInProgress = false;
  private datanodeUuid = '';

  constructor(host: Host, configuration: Configuration, options: DataNodeOptions = {}) {
    this.host = host;
    this.configuration = configuration;
    this.options = options;
  }

  /** Where the node listens; known after `start`. */
  get addresses(): DataNodeAddresses {
    assert(this.running !== undefined, 'the DataNode is not running');
    return this.running.addresses;
  }

  /** Its replicas; known after `start`. */
  get dataset(): Dataset {
    assert(this.running !== undefined, 'the DataNode is not running');
    return this.running.services.dataset;
  }

  /** Resolves when all ports are open and the NameNodes are being looked for. Rejects when the node cannot serve. */
  async start(): Promise<void> {
    assert(this.running === undefined, 'the DataNode is running');
    const { host, configuration } = this;
    const settings = readSettings(configuration);
    const nameservices = dataNodeNameservices(configuration);
    const directories = parseDataDirectories(configuration.getStrings('dfs.datanode.data.dir'));
    const groups = configuredGroups(host, configuration);
    const authorization = new ServiceAuthorization(host, groups);
    await authorization.read(configuration);
    const proxyUsers = new ProxyUsers(host, groups);
    await proxyUsers.read(configuration);
    const patience = { lateMs: LATE_MS, limitMs: settings.diskCheckTimeoutMs };
    const storages = await Storages.open(host, directories, settings.reserving, settings.volumeFailuresTolerated, {
      startOption: this.options.startOption,
      patience,
    });
    this.datanodeUuid = storages.datanodeUuid ?? '';
    let pools: readonly PoolService[] = [];
    const notify =
      (news: BlockNews) =>
      (pool: string, block: BlockName, volume: Volume, delHint = '') => {
        for (const service of pools) if (service.pool === pool) service.notify(block, news, volume, delHint);
      };
    const events = { receiving: notify('receiving'), received: notify('received'), deleted: notify('deleted') };
    const dataset = new Dataset(storages.volumes, host.log, events, {
      choosing: settings.choosing,
      chance: () => host.random.fraction(),
    });
    const ramDisk = new RamDisk({
      dataset,
      clock: host.clock,
      log: host.log,
      maxLockedMemory: settings.maxLockedMemory,
      intervalMs: settings.lazyWriterMs,
    });
    dataset.ramDisk = ramDisk;
    const follow = (): void => {
      scanners.follow();
      ramDisk.follow();
    };
    for (const { directory } of storages.failed) dataset.volumeList.noteFailure(directory, host.clock.now(), 0);
    const watch = new DiskWatch({
      host,
      settings,
      dataset,
      actors: () => pools.flatMap(({ actors }) => actors),
      giveUp: (reason) => {
        host.log.log('error', 'datanode', reason);
        if (!this.shutdownInProgress) this.shutdownRequested(dataset, settings, false);
      },
    });
    const late = new LateVolumes({
      clock: host.clock,
      log: host.log,
      dataset,
      storages,
      watch,
      patience,
      exclusively: (work) => this.exclusively(async () => work()),
      entered: () => {
        follow();
        triggerReports(pools, false, undefined);
      },
    });
    dataset.onVolumeLate = (volume, takenUp) => late.awaitPools(volume, takenUp);
    for (const directory of storages.late) late.awaitOpening(directory);
    const reportBad = (block: BlockName): void => this.reportBad(pools, dataset, block, undefined);
    const scanners = new Scanners(host, settings, dataset, reportBad);
    const counters: Counters = {
      activeTransfers: 0,
      transfersOut: 0,
      bytesWritten: 0,
      bytesRead: 0,
      blocksWritten: 0,
      blocksRead: 0,
      blocksReplicated: 0,
    };
    const services: Services = {
      host,
      settings,
      dataset,
      ramDisk,
      changes: new ReplicaChanges(dataset, settings.blockSize),
      counters,
      identity: (pool) => this.identities.get(pool),
      poolReady: (pool) => this.poolReady(pool, settings.poolReadyMs),
      reportBad: (block, holder) => this.reportBad(pools, dataset, block, holder),
      suspect: (block) => scanners.blocks.suspect(block),
      ackHints: (pool) =>
        ackHints(
          settings,
          () => host.machine.load(),
          () => pools.some((each) => each.pool === pool && each.isSlow),
        ),
      localAddress: sourceAddress(settings.transferAddress.host),
    };
    const xceivers = new XceiverServer(services);
    const startedAt = host.clock.monotonic();
    let commands: Commands | undefined;
    const reconfiguration = new Reconfiguration({
      daemon: 'DataNode',
      clock: host.clock,
      log: host.log,
      configuration,
      reload: this.options.reload,
      keys: reconfigurableKeys(
        settings,
        async (directories) => {
          try {
            await this.exclusively(() => changeDirectories({ log: host.log, dataset, storages, watch, late }, directories));
          } finally {
            follow();
            triggerReports(pools, false, undefined);
          }
        },
        () => dataset.volumes,
      ),
    });
    const control: DataNodeControl = {
      startedAt,
      reconfiguration,
      get balanceBandwidth() {
        return commands?.balanceBandwidth ?? settings.balanceBandwidth;
      },
      isSuperuser: (user) => user === host.machine.userName,
      shutdown: (forUpgrade) => this.shutdownRequested(dataset, settings, forUpgrade),
      evictWriters: () => evictWriters(dataset),
      triggerBlockReport: (incremental, address) => triggerReports(pools, incremental, address),
      blocksOn: (volume) => countBlocks(dataset, volume),
    };
    const rpc = new RpcServer(host, {
      name: 'DataNode',
      address: settings.ipcAddress,
      authorize: connectionCheck(proxyUsers, authorization),
      services: [
        clientDatanodeService(services, control),
        interDatanodeService(services),
        reconfigurationService(reconfiguration, superuserOnly(control), 'Datanode'),
      ],
    });
    let http: HttpServer | undefined;
    try {
      const transfer = await xceivers.listen(settings.transferAddress);
      await rpc.start();
      const ipc = rpc.address;
      const source = this.beanSource(
        services,
        () => pools,
        transfer.port,
        ipc.port,
        () => http?.address.port ?? 0,
      );
      const beans = new Beans();
      addPlatformBeans(beans, host, 'DataNode', host.clock.now());
      const metrics = processMetrics(host, 'datanode');
      addRpcMetrics(metrics, rpc);
      metrics.add(dataNodeMetrics(services));
      addRpcBeans(beans, rpc, { service: 'DataNode', hostName: source.hostName, clock: host.clock });
      const addBeans = (): void => {
        for (const bean of datanodeBeans(source)) beans.add(bean);
      };
      const page = () => datanodePage(source);
      const notReady = (): string | undefined => (this.identities.size > 0 ? undefined : 'no NameNode has been heard from yet');
      const routes = [
        ...standardRoutes({ beans, metrics, configuration, hostName: source.hostName, page }),
        ...servletRoutes({ host, notReady }),
        ...webHdfsRoutes(configuration, dataNodeWebHdfs({ host, configuration })),
      ];
      http = await webServer(host, settings.httpAddress, routes, configuration);
      const upgrades = new RollingUpgrades(dataset, host.log);
      commands = new Commands(services, upgrades);
      const base = this.actorOwner(services, storages, patience, commands, upgrades, () => pools, {
        transfer,
        ipc,
        http: http.address,
      });
      const owner: ActorOwner = {
        ...base,
        registered: (actor, registration) => {
          base.registered(actor, registration);
          follow();
          // One bean bears the node's UUID in its name, and a new node gets its UUID only now.
          addBeans();
        },
      };
      pools = nameservices.map(({ nameservice, namenodes }) => new PoolService(nameservice, namenodes, owner, host.log));
      this.running = {
        late,
        scanners,
        storages,
        services,
        xceivers,
        rpc,
        http,
        pools,
        addresses: { transfer, ipc, http: http.address },
      };
    } catch (error) {
      late.stop();
      await http?.close();
      await xceivers.close();
      await rpc.close();
      await dataset.close();
      throw error;
    }
    for (const pool of pools) pool.start();
    const { transfer, ipc } = this.running.addresses;
    host.log.log('info', 'datanode', `serving data on ${transfer.host}:${transfer.port}, RPC on ${ipc.host}:${ipc.port}`);
  }

  async stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    running.late.stop();
    running.services.ramDisk.stop();
    await running.scanners.stop();
    await Promise.all(running.pools.map((pool) => pool.stop()));
    await running.http?.close();
    await running.rpc.close();
    await running.xceivers.close();
    await running.services.dataset.close();
    for (const { resolve } of this.waiters.splice(0)) resolve();
  }

  /** One piece of work on the directories at a time: two NameNodes may answer at once, and directories may change meanwhile. */
  private exclusively<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.directoryWork.then(work, work);
    this.directoryWork = mine.catch(() => undefined);
    return mine;
  }

  private shutdownRequested(dataset: Dataset, settings: DataNodeSettings, forUpgrade: boolean): void {
    if (this.shutdownInProgress) throw new HdfsError('EIO', 'Shutdown already in progress.');
    this.shutdownInProgress = true;
    const { log, clock } = this.host;
    log.log('info', 'datanode', `asked to shut down${forUpgrade ? ' and to be started again at once' : ''}`);
    const { onShutdown } = this.options;
    const end = (): void => {
      if (onShutdown !== undefined) onShutdown();
      else this.stop().catch((error: unknown) => log.log('error', 'datanode', messageOf(error)));
    };
    // The answer to the request leaves first.
    clock.setTimer(100, () => {
      if (!forUpgrade) end();
      else void announceRestart(dataset, clock.now() + settings.restartReplicaMs, settings.oobTimeoutMs).finally(end);
    });
  }

  private async poolReady(pool: string, timeoutMs: number): Promise<void> {
    if (this.identities.has(pool)) return;
    await new Promise<void>((resolve, reject) => {
      let timer: Timer | undefined;
      const waiter: Waiter = {
        pool,
        resolve: () => {
          timer?.cancel();
          resolve();
        },
      };
      timer = this.host.clock.setTimer(timeoutMs, () => {
        this.waiters = this.waiters.filter((other) => other !== waiter);
        reject(new HdfsError('EIO', `Not ready to serve the block pool, ${pool}.`));
      });
      this.waiters.push(waiter);
    });
  }

  private reportBad(
    pools: readonly PoolService[],
    dataset: Dataset,
    block: BlockName,
    holder: DatanodeInfoProto | undefined,
  ): void {
    this.host.log.log('warn', 'datanode', `reporting ${describeBlock(block)} as corrupt`);
    const id = this.identities.get(block.pool);
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
    for (const service of pools) {
      if (service.pool !== block.pool) continue;
      for (const actor of service.actors) {
        actor.reportBad([located]).catch((error: unknown) => this.host.log.log('warn', 'datanode', messageOf(error)));
      }
    }
  }

  private actorOwner(
    services: Services,
    storages: Storages,
    patience: Patience,
    commands: Commands,
    upgrades: RollingUpgrades,
    pools: () => readonly PoolService[],
    addresses: DataNodeAddresses,
  ): ActorOwner {
    const { host } = this;
    const { dataset, ramDisk, settings, counters } = services;
    const serviceOf = (actor: NameNodeActor): PoolService => {
      const service = pools().find(({ actors }) => actors.includes(actor));
      assert(service !== undefined, 'an actor of no block pool');
      return service;
    };
    return {
      host,
      settings,
      localAddress: services.localAddress,
      meet: async (actor, info) => {
        const namespace = namespaceOf(info);
        serviceOf(actor).meet(namespace.pool);
        await this.exclusively(async () => {
          if (dataset.hasPool(namespace.pool)) {
            const { failed } = await storages.bind(namespace, dataset.volumes);
            for (const [volume, reason] of failed) await dataset.failVolume(volume, reason);
            return;
          }
          this.datanodeUuid = storages.meet(namespace, dataset.volumes);
          this.clusterId = namespace.clusterId;
          const bind = (volume: Volume): Promise<void> => storages.bindVolume(volume, namespace);
          const pool = await dataset.addPool(namespace.pool, bind, patience);
          storages.serve(namespace);
          await resumeAfterRestart(dataset, pool, host.clock.now());
        });
      },
      registration: (info) => this.registration(info, addresses, settings.hostName),
      registered: (_actor, registration) => this.registered(registration, pools()),
      storageReports: (pool) => storageReports(dataset, pool),
      fullReports: (pool) => fullReports(dataset.pool(pool), dataset.volumes, host.clock),
      load: () => ({
        transfersOut: counters.transfersOut,
        xceivers: counters.activeTransfers,
        failedVolumes: dataset.volumeList.failures.length,
        volumeFailureSummary: dataset.volumeList.failureSummary,
        memoryCapacity: ramDisk.memory.capacity,
        memoryUsed: ramDisk.memory.used,
      }),
      haState: (actor, status) => serviceOf(actor).haState(actor, status),
      rollingUpgrade: (actor, status) => {
        if (actor.pool !== undefined && serviceOf(actor).isActive(actor)) upgrades.signal(actor.pool, status);
      },
      command: (actor, command) => {
        if (serviceOf(actor).isActive(actor)) commands.obey(actor, command);
        else host.log.log('info', 'datanode', `a command of a NameNode that is not active is passed over`);
      },
    };
  }

  private registration(
    info: NamespaceInfoProto,
    addresses: DataNodeAddresses,
    hostName: string | undefined,
  ): DatanodeRegistrationProtoInit {
    const { storageInfo } = info;
    return {
      datanodeID: {
        ipAddr: addresses.transfer.host,
        hostName: hostName ?? this.host.machine.hostName,
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

  private registered(registration: DatanodeRegistrationProto, pools: readonly PoolService[]): void {
    const id = registration.datanodeID;
    if (id === undefined) return;
    for (const { pool } of pools) {
      if (pool === undefined) continue;
      this.identities.set(pool, id);
      const ready = this.waiters.filter((waiter) => waiter.pool === pool);
      this.waiters = this.waiters.filter((waiter) => waiter.pool !== pool);
      for (const { resolve } of ready) resolve();
    }
  }

  private beanSource(
    services: Services,
    pools: () => readonly PoolService[],
    transfer: number,
    ipc: number,
    http: () => number,
  ): BeanSource {
    const node = this;
    return {
      services,
      actors: () => pools().flatMap((pool) => pool.actors.map((actor) => ({ actor, active: pool.isActive(actor) }))),
      get datanodeUuid() {
        return node.datanodeUuid;
      },
      get clusterId() {
        return node.clusterId;
      },
      hostName: services.settings.hostName ?? this.host.machine.hostName,
      get ports() {
        return { transfer, ipc, http: http() };
      },
      version: this.options.version ?? '',
    };
  }
}

function namespaceOf(info: NamespaceInfoProto) {
  const { storageInfo, blockPoolID } = info;
  if (storageInfo?.clusterID === undefined || storageInfo.namespceID === undefined || blockPoolID === undefined) {
    throw new HdfsError('EIO', 'the NameNode does not say which namespace it serves');
  }
  return {
    clusterId: storageInfo.clusterID,
    namespaceId: storageInfo.namespceID,
    pool: blockPoolID,
    cTime: storageInfo.cTime ?? 0,
  };
}

/** A node that listens on one address of several makes its connections from it too, so that others know it by that one. */
function sourceAddress(host: string): string | undefined {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) && host !== '0.0.0.0' ? host : undefined;
}

function storageReports(dataset: Dataset, pool: string): readonly StorageReportProtoInit[] {
  return dataset.volumes.map((volume) => ({
    storageUuid: volume.storageId,
    storage: storageProto(volume),
    failed: false,
    capacity: volume.capacity,
    dfsUsed: volume.dfsUsed,
    remaining: volume.availableBytes,
    blockPoolUsed: volume.usedByPool.get(pool) ?? 0,
    nonDfsUsed: volume.nonDfsUsed,
  }));
}

function triggerReports(pools: readonly PoolService[], incremental: boolean, address: string | undefined): void {
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

function countBlocks(dataset: Dataset, volume: Volume): number {
  let count = 0;
  for (const id of dataset.poolIds) {
    const { replicas } = dataset.pool(id);
    replicas.scan(1, replicas.highestHandle, (handle) => {
      if (replicas.volume(handle) === volume.index) count++;
    });
  }
  return count;
}
