// The NameNode: puts the parts together, starts them in order and stops them. What stands in its directories is
// storage.ts and edits-recovery.ts, how a request becomes an answer namesystem.ts and protocol/.
import { assert } from '../../base/assert.ts';
import type { Configuration } from '../../config/configuration.ts';
import { formatHostPort } from '../../config/nameservices.ts';
import { Reconfiguration } from '../../config/reconfiguration.ts';
import { BlockManager } from '../../core/blocks/block-manager.ts';
import { BlockState } from '../../core/blocks/block-map.ts';
import type { Namespace } from '../../core/namespace/namespace.ts';
import { placementPolicyNamed } from '../../core/placement/policies.ts';
import type { Address, DiskLock, Host, HttpServer } from '../../host/host.ts';
import type { RpcService } from '../../rpc/service.ts';
import { connectionCheck } from '../../security/connections.ts';
import { configuredGroups, type Groups } from '../../security/groups.ts';
import { ProxyUsers } from '../../security/proxy-users.ts';
import { ServiceAuthorization } from '../../security/service-authorization.ts';
import type { Route } from '../../web/server.ts';
import { AddressNames } from './address-names.ts';
import type { AuditSink } from './audit/audit-log.ts';
import { Onlookers } from './audit/onlookers.ts';
import { blockOwner } from './block-owner.ts';
import { Checkpointer } from './checkpointer.ts';
import { currentOf, lockAll, type NameDirectory, nameDirectories, stateOf } from './directories.ts';
import { EditLog } from './edit-log.ts';
import { FavouredNodes } from './favoured-nodes.ts';
import { HostFiles } from './host-files.ts';
import type { NamespaceIdentity } from './identity.ts';
import { imageTransferRoutes } from './image-transfer/routes.ts';
import { ImageUploads } from './image-transfer/uploads.ts';
import { importCheckpoint } from './import-checkpoint.ts';
import { joinEmpty, saveForJoined } from './joined-directories.ts';
import { LazyPersistScrubber } from './lazy-persist-scrubber.ts';
import { LeaseMonitor } from './lease-monitor.ts';
import { type LoadedNamespace, loadNamespace } from './loading.ts';
import { Locations } from './locations.ts';
import { NameDirectorySizes } from './name-directory-sizes.ts';
import { NameStorage } from './name-storage.ts';
import { NameSystem } from './namesystem.ts';
import { clientNamenodeProtocol } from './protocol/client-protocol.ts';
import { datanodeProtocol } from './protocol/datanode-protocol.ts';
import { lifelineProtocol } from './protocol/lifeline-protocol.ts';
import { haService, smallServices } from './protocol/small-services.ts';
import { removeHalfWritten } from './publishing.ts';
import { RackResolver } from './rack-resolver.ts';
import { reconfigurableKeys } from './reconfigurable-keys.ts';
import { ResourceChecker, ResourceMonitor } from './resources.ts';
import { RpcServers } from './rpc-servers.ts';
import { blockManagerOptions, editLogRolling, imageCodec, placementOptions } from './settings.ts';
import { StartupProgress } from './startup-progress.ts';
import { readIdentity, writeSeenTxid } from './storage.ts';
import { TrashEmptier } from './trash-emptier.ts';
import { catchUp, isUpgradeFinalized, recoverTransitions, refusePrevious, upgradeDirectories } from './upgrade.ts';
import { Upkeep } from './upkeep.ts';
import { openWebPort, type WebPort } from './web-port.ts';

/** Inodes and blocks whose loading leaves memory behind that is worth giving back. */
const LARGE_NAMESPACE = 100_000;
/** Blocks looked at in one turn while they are counted at the start. */
const SCAN_SLICE = 100_000;

export interface NameNodeOptions {
  /** Reads the configuration again, for the files of hosts that refreshNodes asks for. Without it the one of the start holds. */
  readonly reload?: (() => Promise<Configuration>) | undefined;
  /** Called once when nothing can be promised any more: the process must end. Without it the error is thrown. */
  readonly onFatal?: ((error: Error) => void) | undefined;
  /** Cut damaged edit logs at the damage and go on (`namenode -recover`). */
  readonly recover?: boolean;
  /** `-upgrade` keeps the state of now, to be rolled back to; `-importCheckpoint` takes that of a secondary. */
  readonly startup?: 'regular' | 'upgrade' | 'import';
  /** Given with an upgrade; it counts only for layouts of before clusters had ids, so that it can only differ. */
  readonly clusterId?: string | undefined;
}

export interface NameNodeAddresses {
  readonly rpc: Address;
  /** For DataNodes and other daemons, and for lifelines, where they have ports of their own. */
  readonly serviceRpc: Address | undefined;
  readonly lifelineRpc: Address | undefined;
  readonly http: Address;
}

interface Running {
  readonly storage: NameStorage;
  readonly system: NameSystem;
  readonly checkpointer: Checkpointer;
  readonly leaseMonitor: LeaseMonitor;
  readonly scrubber: LazyPersistScrubber;
  readonly trash: TrashEmptier;
  readonly upkeep: Upkeep;
  readonly resources: ResourceMonitor;
  readonly services: readonly RpcService[];
  readonly rpc: RpcServers;
  readonly http: HttpServer;
  readonly audit: AuditSink | undefined;
}

export class NameNode {
  private readonly host: Host;
  private readonly configuration: Configuration;
  private readonly options: NameNodeOptions;
  private locks = new Map<string, DiskLock>();
  private running: Running | undefined;
  private editLog: EditLog | undefined;
  private web: HttpServer | undefined;
  private readonly progress: StartupProgress;

  constructor(host: Host, configuration: Configuration, options: NameNodeOptions = {}) {
    this.host = host;
    this.configuration = configuration;
    this.options = options;
    this.progress = new StartupProgress(host.clock);
  }

  get addresses(): NameNodeAddresses {
    const { rpc, http } = this.started();
    return {
      rpc: rpc.client.address,
      serviceRpc: rpc.service?.address,
      lifelineRpc: rpc.lifeline?.address,
      http: http.address,
    };
  }

  /** The parts of a started NameNode: for /jmx, the simulator and tests. */
  get system(): NameSystem {
    return this.started().system;
  }

  /** The protocols that are served, on whatever port. */
  get services(): readonly RpcService[] {
    return this.started().services;
  }

  get rpcServers(): RpcServers {
    return this.started().rpc;
  }

  get storage(): NameStorage {
    return this.started().storage;
  }

  get checkpointer(): Checkpointer {
    return this.started().checkpointer;
  }

  private started(): Running {
    assert(this.running !== undefined, 'the NameNode is not running');
    return this.running;
  }

  /** Loads, replays, begins the edit log and serves. Rejects with the reason, nothing left open, when it cannot. */
  async start(): Promise<void> {
    assert(this.running === undefined, 'the NameNode is running');
    try {
      await this.open();
    } catch (error) {
      await this.web?.close();
      await this.editLog?.abandon();
      await this.unlock();
      throw error;
    }
  }

  private async open(): Promise<void> {
    const { host, configuration } = this;
    const started = host.clock.now();
    const codec = imageCodec(configuration);
    const { all: directories, minimumEdits } = nameDirectories(configuration);
    for (const directory of directories) {
      if ((await stateOf(host, directory)).kind === 'missing') await readIdentity(host, [directory]);
    }
    this.locks = await lockAll(host, directories);
    const groups = configuredGroups(host, configuration);
    const proxyUsers = new ProxyUsers(host, groups);
    await proxyUsers.read(configuration);
    const web = await openWebPort({ host, configuration, groups, proxyUsers, progress: this.progress, started });
    this.web = web.http;
    const { identity, loaded: found } = await this.load(directories);
    const restoreFailed = configuration.getBoolean('dfs.namenode.name.dir.restore');
    const storage = new NameStorage(host, directories, this.locks, { restoreFailed, imageCodec: codec });
    storage.upgradeFinalized = await isUpgradeFinalized(host, directories);
    const loaded = await saveForJoined(host, storage, identity, found);
    const { namespace, lastTxid } = loaded;
    const editLog = this.openEditLog(storage, minimumEdits, identity, namespace);
    this.editLog = editLog;
    await editLog.open(lastTxid);
    const system = this.nameSystem(namespace, editLog, groups);
    const hostFiles = new HostFiles(host, configuration, this.options.reload);
    system.blockManager.refreshNodes(await hostFiles.readOrNone(), system.now());
    this.progress.end('SavingCheckpoint');
    await this.activate(system, storage);
    if (namespace.inodeCount + namespace.blockCount >= LARGE_NAMESPACE) await host.machine.releaseMemory();
    const services = new ServiceAuthorization(host, groups);
    await services.read(configuration);
    this.running = await this.serve(system, { storage, web, identity, loaded, started, hostFiles, proxyUsers, services });
    const { rpc, http } = this.addresses;
    host.log.log('info', 'namenode', `NameNode is up at ${formatHostPort(rpc)}, web ${formatHostPort(http)}`, {
      ms: host.clock.now() - started,
      inodes: namespace.inodeCount,
      blocks: namespace.blockCount,
      txid: lastTxid,
    });
  }

  /** What the directories hold, after it was upgraded or imported if that is wanted. */
  private async load(directories: readonly NameDirectory[]): Promise<{ identity: NamespaceIdentity; loaded: LoadedNamespace }> {
    const { host, configuration } = this;
    const { startup = 'regular', recover = false } = this.options;
    const recovery = { maxOpBytes: configuration.getInt('dfs.namenode.max.op.size'), cutAtDamage: recover };
    const behind = await recoverTransitions(host, directories);
    if (startup === 'import') return importCheckpoint(host, configuration, directories, recovery, this.progress);
    const settled = directories.filter((directory) => !behind.includes(directory));
    const identity = await readIdentity(host, settled, { upgrading: startup === 'upgrade' });
    const { clusterId = identity.clusterId } = this.options;
    if (startup === 'upgrade' && clusterId !== identity.clusterId) {
      const message = `Clusterid mismatch - current clusterid: ${identity.clusterId}, Ignoring given clusterid: ${clusterId}`;
      host.log.log('warn', 'namenode', message);
    }
    if (startup === 'upgrade' && behind.length === 0) await refusePrevious(host, settled);
    await joinEmpty(host, settled, identity);
    // It takes room that the log and the next image may need.
    await removeHalfWritten(host, settled);
    const loaded = await loadNamespace(host, configuration, settled, identity, recovery, this.progress);
    if (behind.length > 0) {
      await catchUp(host, behind, identity, loaded, imageCodec(configuration));
    } else if (startup === 'upgrade') {
      const upgraded = await upgradeDirectories(host, directories, identity, loaded, imageCodec(configuration));
      const saved = { imageTxid: loaded.lastTxid, imageTime: host.clock.now(), unusable: new Set<string>() };
      return { identity: upgraded, loaded: { ...loaded, ...saved } };
    }
    return { identity, loaded };
  }

  private openEditLog(
    storage: NameStorage,
    minimumDirectories: number,
    identity: NamespaceIdentity,
    namespace: Namespace,
  ): EditLog {
    const { host, configuration } = this;
    const edits = storage.all.filter((directory) => directory.edits);
    return new EditLog(host, {
      directories: edits.map((directory) => ({ path: currentOf(directory), required: directory.required })),
      minimumDirectories,
      maxOpBytes: configuration.getInt('dfs.namenode.max.op.size'),
      onFatal: (error) => this.fatal(error),
      onSegmentStart: (firstTxid) => storage.each(storage.working, (directory) => writeSeenTxid(host, directory, firstTxid)),
      onDurable: (txid) => namespace.forgetTouched(txid),
      onDropped: (path, reason) => {
        for (const directory of edits) if (currentOf(directory) === path) storage.fail(directory, reason);
      },
      usable: async (firstTxid) => {
        await storage.restore(identity, firstTxid);
        return new Set(storage.working.map(currentOf));
      },
    });
  }

  private fatal(error: Error): void {
    this.host.log.log('error', 'namenode', `stopping: ${error.message}`);
    if (this.options.onFatal === undefined) throw error;
    this.options.onFatal(error);
  }

  private nameSystem(namespace: Namespace, editLog: EditLog, groups: Groups): NameSystem {
    const { host, configuration } = this;
    const blockManager = new BlockManager(
      {
        blocks: namespace.blocks,
        owner: blockOwner(namespace),
        policy: placementPolicyNamed(configuration.require('dfs.block.replicator.classname'), placementOptions(configuration)),
        random: () => host.random.fraction(),
        log: (message) => host.log.log('info', 'blocks', message),
        safeModeLeft: () => this.progress.leftSafeMode(),
      },
      blockManagerOptions(configuration, host.log),
    );
    return new NameSystem({
      host,
      namespace,
      blockManager,
      editLog,
      groups,
      superuser: host.machine.userName,
      supergroup: configuration.require('dfs.permissions.superusergroup'),
      hostName: host.machine.hostName,
      onFatal: (error) => this.fatal(error),
    });
  }

  /** From here on the namespace is live: leases count from now, reads wait for what is not durable, safe mode begins. */
  private async activate(system: NameSystem, storage: NameStorage): Promise<void> {
    const { namespace: ns, blockManager } = system;
    const now = system.now();
    ns.leases.renewAll(now.monotonicMs);
    ns.touched.enabled = true;
    ns.keepsOldBlocks = () => !storage.upgradeFinalized;
    ns.hasEnoughReplicas = (block) => blockManager.hasMinReplication(block);
    ns.space.start();
    let complete = 0;
    for (let from = 1; from !== 0; ) {
      from = ns.blocks.scan(from, SCAN_SLICE, (block) => {
        if (ns.blocks.state(block) === BlockState.COMPLETE) complete++;
      });
      if (from !== 0) await new Promise<void>((resolve) => this.host.clock.defer(resolve));
    }
    this.progress.inSafeMode(complete, () => blockManager.safeMode.safe);
    blockManager.activate(system.now(), complete);
  }

  private async serve(
    system: NameSystem,
    from: {
      readonly storage: NameStorage;
      readonly web: WebPort;
      readonly identity: NamespaceIdentity;
      readonly loaded: LoadedNamespace;
      readonly started: number;
      readonly hostFiles: HostFiles;
      readonly proxyUsers: ProxyUsers;
      readonly services: ServiceAuthorization;
    },
  ): Promise<Running> {
    const { host, configuration } = this;
    const { identity, loaded, proxyUsers } = from;
    const checker = await ResourceChecker.create(host, configuration, from.storage.all);
    const resources = new ResourceMonitor(
      system,
      from.storage,
      checker,
      configuration.getDuration('dfs.namenode.resource.check.interval'),
    );
    await resources.look();
    const racks = new RackResolver(host, configuration);
    const locations = new Locations(system, racks);
    const leaseMonitor = new LeaseMonitor(system, configuration.getDuration('dfs.namenode.lease-recheck-interval-ms'));
    system.onLeaseRecoveryWanted = (file) => leaseMonitor.release(file, undefined);
    const checkpointer = new Checkpointer(system, {
      storage: from.storage,
      identity,
      carried: loaded.carried,
      retention: {
        images: configuration.getInt('dfs.namenode.num.checkpoints.retained'),
        extraEdits: configuration.getLong('dfs.namenode.num.extra.edits.retained'),
        extraSegments: configuration.getInt('dfs.namenode.max.extra.edits.segments.retained'),
        unusable: loaded.unusable,
      },
      periodMs: configuration.getDuration('dfs.namenode.checkpoint.period'),
      transactions: configuration.getLong('dfs.namenode.checkpoint.txns'),
      checkMs: configuration.getDuration('dfs.namenode.checkpoint.check.period'),
      imageTxid: loaded.imageTxid,
      imageAgeMs: Math.max(0, from.started - loaded.imageTime),
    });
    const onlookers = new Onlookers(system, configuration);
    const { audited } = onlookers;
    const clientProtocol = clientNamenodeProtocol({
      system,
      configuration,
      storage: from.storage,
      hostFiles: from.hostFiles,
      checkpointer,
      locations,
      leaseMonitor,
      favoured: new FavouredNodes(host, system.blockManager.datanodes, racks),
      onlookers,
    });
    const reconfiguration = new Reconfiguration({
      daemon: 'NameNode',
      clock: host.clock,
      log: host.log,
      configuration,
      reload: this.options.reload,
      keys: reconfigurableKeys({
        system,
        configuration,
        showCallerContexts: (shown) => onlookers.showCallerContexts(shown),
        backOff: (backOff) => {
          rpc.backOff = backOff;
        },
        slowCalls: (change) => rpc.logSlowCalls(change),
      }),
    });
    const services = [
      clientProtocol,
      datanodeProtocol({
        system,
        identity,
        racks,
        leaseMonitor,
        storage: from.storage,
        minimumVersion: configuration.require('dfs.namenode.min.supported.datanode.version'),
        names: configuration.getBoolean('dfs.namenode.datanode.registration.ip-hostname-check')
          ? new AddressNames(host)
          : undefined,
        audited,
      }),
      ...smallServices({
        system,
        identity,
        checkpointer,
        audited,
        storage: from.storage,
        proxyUsers,
        services: from.services,
        reconfiguration,
        refreshCallQueue: (next) => rpc.configureQueues(next),
        reload: this.options.reload ?? (() => Promise.resolve(configuration)),
      }),
    ];
    const lifeline = lifelineProtocol(system, identity);
    const rpc = new RpcServers({
      host,
      configuration,
      system,
      services,
      lifelineServices: [haService({ system, audited }), lifeline],
      authorize: connectionCheck(proxyUsers, from.services),
      onBug: (error) => this.fatal(error),
    });
    await rpc.start();
    const trash = new TrashEmptier(system, {
      intervalMs: configuration.getDuration('fs.trash.interval'),
      checkpointIntervalMs: configuration.getDuration('fs.trash.checkpoint.interval'),
      cleansRoot: configuration.getBoolean('fs.trash.clean.trashroot.enable'),
    });
    const upkeep = new Upkeep(system, editLogRolling(configuration));
    const scrubber = new LazyPersistScrubber(
      system,
      configuration.getDuration('dfs.namenode.lazypersist.file.scrub.interval.sec'),
    );
    const sizes = new NameDirectorySizes(host, from.storage);
    const state = (): string => `${system.editLog.segmentFirstTxid} ${checkpointer.imageTxid}`;
    sizes.look(state());
    from.web.show({
      view: {
        system,
        identity,
        checkpointer,
        rpc: rpc.client,
        servers: rpc.all,
        configuration,
        started: from.started,
        storage: from.storage,
        directorySizes: () => sizes.look(state()),
        top: onlookers.top,
        progress: this.progress,
      },
      locations,
      clientProtocol,
      imageTransfer: this.imageTransfer(system, checkpointer, from.storage, identity),
      audit: onlookers.command,
      onBug: (error) => this.fatal(error),
    });
    leaseMonitor.start();
    checkpointer.start();
    trash.start();
    upkeep.start();
    scrubber.start();
    resources.start();
    return {
      storage: from.storage,
      system,
      checkpointer,
      leaseMonitor,
      scrubber,
      trash,
      upkeep,
      resources,
      services: [...services, lifeline],
      rpc,
      http: from.web.http,
      audit: onlookers.sink,
    };
  }

  private imageTransfer(
    system: NameSystem,
    checkpointer: Checkpointer,
    storage: NameStorage,
    identity: NamespaceIdentity,
  ): readonly Route[] {
    const { host, configuration } = this;
    const bytesPerSecond = configuration.getSize('dfs.image.transfer.bandwidthPerSec');
    const uploads = new ImageUploads({
      host,
      storage,
      imagesUnderWay: checkpointer.imagesUnderWay,
      bytesPerSecond,
      namespaceId: identity.namespaceId,
      rules: {
        periodMs: configuration.getDuration('dfs.namenode.checkpoint.period'),
        transactions: configuration.getLong('dfs.namenode.checkpoint.txns'),
      },
      history: () => ({
        imageTxid: checkpointer.imageTxid,
        sinceImageMs: checkpointer.sinceImageMs,
        durableTxid: system.editLog.durableTxid,
      }),
      taken: (txid) => checkpointer.taken(txid),
    });
    return imageTransferRoutes({
      host,
      bytesPerSecond,
      identity: () => identity,
      directories: () => storage.working,
      uploads,
      times: system.activity,
    });
  }

  /** Stops serving and leaves everything durable and in order. */
  async stop(): Promise<void> {
    const { running } = this;
    if (running === undefined) return;
    this.running = undefined;
    running.upkeep.stop();
    running.scrubber.stop();
    running.trash.stop();
    running.leaseMonitor.stop();
    await running.resources.stop();
    await running.checkpointer.stop();
    await running.rpc.close();
    await running.http.close();
    await running.audit?.close();
    await running.system.editLog.close();
    await this.unlock();
  }

  private async unlock(): Promise<void> {
    for (const lock of this.locks.values()) await lock.release();
    this.locks.clear();
  }
}
