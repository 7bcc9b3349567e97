// The DataNode put together: storage directories, replicas, the data port, the two RPC protocols, the web port, and an
// actor for each NameNode. It starts without waiting for a NameNode and serves a block pool as soon as one has told it
// whose it is. Where to read next: xceiver.ts for data, namenode-actor.ts for NameNodes, dataset.ts for replicas.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { dataNodeNameservices, type Nameservice } from '../../config/nameservices.ts';
import { Reconfiguration } from '../../config/reconfiguration.ts';
import type { Host, HttpServer } from '../../host/host.ts';
import { reconfigurationService } from '../../rpc/reconfiguration.ts';
import { RpcServer } from '../../rpc/server.ts';
import { connectionCheck } from '../../security/connections.ts';
import { configuredGroups } from '../../security/groups.ts';
import { ProxyUsers } from '../../security/proxy-users.ts';
import { ServiceAuthorization } from '../../security/service-authorization.ts';
import { Throttle } from '../../transfer/throttle.ts';
import { ackHints } from './ack-hints.ts';
import { actorOwner } from './actor-owner.ts';
import { countBlocks } from './block-reports.ts';
import { clientDatanodeService, type DataNodeControl, superuserOnly } from './client-protocol.ts';
import { Commands } from './commands.ts';
import { Counters } from './counters.ts';
import { parseDataDirectories } from './data-directories.ts';
import { Dataset } from './dataset.ts';
import { DiskMetrics } from './disk-metrics.ts';
import { DiskWatch } from './disk-watch.ts';
import { changeDirectories } from './hot-swap.ts';
import { type DataNodeAddresses, Identity } from './identity.ts';
import { interDatanodeService } from './inter-datanode.ts';
import { LateVolumes } from './late-volumes.ts';
import { ownName } from './own-name.ts';
import { dropUnusedBuffers } from './packet-buffers.ts';
import { dropUnusedMemory } from './packet-memory.ts';
import { LATE_MS } from './patience.ts';
import { PeerMetrics } from './peer-metrics.ts';
import { announceRestart, evictWriters } from './planned-restart.ts';
import { deleteBlockPool, refreshNameNodes } from './pool-admin.ts';
import { datasetEvents, reportBad, triggerReports } from './pool-news.ts';
import { PoolService } from './pool-service.ts';
import type { StartOption } from './pool-upgrade.ts';
import { RamDisk } from './ram-disk.ts';
import { reconfigurableKeys } from './reconfigurable-keys.ts';
import { ReplicaChanges } from './replica-changes.ts';
import { RollingUpgrades } from './rolling-upgrade.ts';
import { Scanners } from './scanners.ts';
import type { Services, Throttles } from './services.ts';
import { type DataNodeSettings, readSettings } from './settings.ts';
import { SpaceCount } from './space-count.ts';
import { Storages } from './storages.ts';
import { openWebPort } from './web-port.ts';
import { XceiverServer } from './xceiver.ts';

export interface DataNodeOptions {
  /** Reads the configuration files again, for reconfiguration at run time. */
  readonly reload?: (() => Promise<Configuration>) | undefined;
  /** rollback: go back to before an upgrade, or take deleted blocks out of the trash of a rolling one. */
  readonly startOption?: StartOption | undefined;
  /** Our own version, for logs and the web page. */
  readonly version?: string;
  /** An operator has asked the node to stop by RPC, or it has nobody to serve, or nothing to serve from. */
  readonly onShutdown?: () => void;
  /** The process serves nothing else: it keeps little of the memory that it needed once. */
  readonly isAlone?: boolean | undefined;
}

interface Running {
  readonly identity: Identity;
  readonly late: LateVolumes;
  readonly scanners: Scanners;
  readonly spaceCount: SpaceCount;
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
  private running: Running | undefined;
  private directoryWork: Promise<unknown> = Promise.resolve();
  private shutdownInProgress = false;

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

  /** False before `start` and once it has stopped, also of its own accord. */
  get isRunning(): boolean {
    return this.running !== undefined;
  }

  /** Its replicas; known while it runs. */
  get dataset(): Dataset {
    assert(this.running !== undefined, 'the DataNode is not running');
    return this.running.services.dataset;
  }

  /** Resolves when all ports are open and the NameNodes are being looked for. Rejects when the node cannot serve. */
  async start(): Promise<void> {
    assert(this.running === undefined, 'the DataNode is running');
    const { host, configuration } = this;
    if (this.options.isAlone === true) host.machine.keepMemorySmall(() => [...dropUnusedMemory(), ...dropUnusedBuffers()]);
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
      directoryMode: settings.directoryMode,
      fixedVolumeSize: settings.fixedVolumeSize,
    });
    const hostName = settings.hostName ?? (await ownName(host, settings.naming));
    const identity = new Identity(host.clock, hostName, storages.datanodeUuid ?? '');
    let pools: readonly PoolService[] = [];
    const dataset = new Dataset(
      storages.volumes,
      host.log,
      datasetEvents(() => pools),
      {
        choosing: settings.choosing,
        chance: () => host.random.fraction(),
        isAvoided: ({ path }) => diskMetrics.excluded.has(path),
      },
    );
    const diskMetrics = new DiskMetrics(host.clock, settings, () => dataset.volumes);
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
      spaceCount.follow();
    };
    for (const { directory } of storages.failed) dataset.volumeList.noteFailure(directory, host.clock.now(), 0);
    const giveUp = (reason: string): void => {
      host.log.log('error', 'datanode', reason);
      if (!this.shutdownInProgress) this.shutdownRequested(dataset, settings, false);
    };
    const watch = new DiskWatch({
      host,
      settings,
      dataset,
      actors: () => pools.flatMap(({ actors }) => actors),
      giveUp,
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
        triggerReports(pools, false);
      },
    });
    dataset.awaitsVolumes = () => late.paths.length > 0;
    dataset.onVolumeLate = (volume, takenUp) => late.awaitPools(volume, takenUp);
    for (const directory of storages.late) late.awaitOpening(directory);
    const reporter = { log: host.log, identity, dataset, pools: () => pools };
    const counters = new Counters(settings.slowIoMs);
    dataset.locks.clock = host.clock;
    const scanners = new Scanners(host, settings, dataset, counters, (block) => reportBad(reporter, block, undefined));
    const { clock, random, log } = host;
    const spaceCount = new SpaceCount({ dataset, settings, clock, random, log });
    const throttles: Throttles = {
      transfer: new Throttle(clock, settings.bandwidth.transfer),
      write: new Throttle(clock, settings.bandwidth.write),
      read: new Throttle(clock, settings.bandwidth.read),
    };
    const services: Services = {
      host,
      settings,
      dataset,
      ramDisk,
      changes: new ReplicaChanges(dataset, settings.blockSize, {
        foundCorrupt: (block) => reportBad(reporter, block, undefined),
        // Whoever asks waits so long for the answer.
        verifyMs: settings.socketTimeoutMs / 4,
      }),
      counters,
      peerMetrics: new PeerMetrics(host.clock, settings),
      diskMetrics,
      throttles,
      identity: (pool) => identity.of(pool),
      poolReady: (pool) => identity.ready(pool, settings.poolReadyMs),
      reportBad: (block, holder) => reportBad(reporter, block, holder),
      suspect: (block) => scanners.blocks.suspect(block),
      fileMissing: (block) => scanners.directories.fileMissing(block),
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
        { settings, throttles, counters },
        async (directories) => {
          try {
            await this.exclusively(() => changeDirectories({ log: host.log, dataset, storages, watch, late }, directories));
          } finally {
            follow();
            triggerReports(pools, false);
          }
        },
        () => dataset.volumes,
      ),
    });
    let makePool: ((nameservice: Nameservice) => PoolService) | undefined;
    const refreshPools = async (): Promise<void> => {
      const { reload } = this.options;
      if (reload === undefined) throw new HdfsError('EIO', 'This DataNode was not started from configuration files.');
      const wanted = dataNodeNameservices(await reload());
      if (makePool === undefined || this.running === undefined) throw new HdfsError('EIO', 'The DataNode is not running');
      const before = pools;
      pools = await refreshNameNodes(before, wanted, makePool);
      this.running = { ...this.running, pools };
      for (const pool of pools) if (!before.includes(pool)) pool.start();
    };
    const control: DataNodeControl = {
      startedAt,
      reconfiguration,
      get balanceBandwidth() {
        return commands?.balanceBandwidth ?? settings.balanceBandwidth;
      },
      isSuperuser: (user) => user === host.machine.userName,
      shutdown: (forUpgrade) => this.shutdownRequested(dataset, settings, forUpgrade),
      evictWriters: () => evictWriters(dataset),
      refreshNameNodes: () => this.exclusively(refreshPools),
      deleteBlockPool: (pool, force) => this.exclusively(() => deleteBlockPool(dataset.volumes, pools, pool, force)),
      triggerBlockReport: (incremental, address) => triggerReports(pools, incremental, address),
      blocksOn: (volume) => countBlocks(dataset, volume),
    };
    const rpc = new RpcServer(host, {
      name: 'DataNode',
      address: settings.ipcAddress,
      authorize: connectionCheck(proxyUsers, authorization),
      slowCalls: settings.slowCalls,
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
      const web = await openWebPort({
        host,
        configuration,
        services,
        identity,
        pools: () => pools,
        rpc,
        groups,
        transferPort: transfer.port,
        scannerReport: () => scanners.blocks.report(),
        version: this.options.version ?? '',
      });
      http = web.http;
      const addresses = { transfer, ipc: rpc.address, http: http.address };
      const upgrades = new RollingUpgrades(dataset, host.log);
      commands = new Commands(services, upgrades);
      const owner = actorOwner({
        services,
        storages,
        identity,
        patience,
        commands,
        upgrades,
        addresses,
        pools: () => pools,
        exclusively: (work) => this.exclusively(work),
        onRegistered: () => {
          follow();
          web.addBeans();
        },
        // As Apache's: whoever looks after the process is to know, and one that is started again may be taken in.
        onRefused: () => giveUp('Exiting DataNode: no NameNode takes it'),
      });
      const newPool = ({ nameservice, namenodes }: Nameservice) => new PoolService(nameservice, namenodes, owner, host.log);
      makePool = newPool;
      pools = nameservices.map(newPool);
      this.running = { identity, late, scanners, spaceCount, storages, services, xceivers, rpc, http, pools, addresses };
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
    running.spaceCount.stop();
    running.services.ramDisk.stop();
    await running.scanners.stop();
    await Promise.all(running.pools.map((pool) => pool.stop()));
    await running.http?.close();
    await running.rpc.close();
    await running.xceivers.close();
    await running.services.dataset.close();
    running.identity.release();
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
}

/** A node that listens on one address of several makes its connections from it too, so that others know it by that one. */
function sourceAddress(host: string): string | undefined {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) && host !== '0.0.0.0' ? host : undefined;
}
