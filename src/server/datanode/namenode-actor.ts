// One NameNode as a DataNode deals with it: handshake, registration, heartbeats, reports, and the commands that ride on the
// answers, for ever, with a growing pause while it cannot be reached. Each NameNode has an actor of its own; which of them
// is obeyed is the block pool service's to say. Apache: BPServiceActor.
import { HdfsError, messageOf } from '../../base/errors.ts';
import { requireVersion } from '../../base/version.ts';
import type { Address, Host, Timer } from '../../host/host.ts';
import { RpcClient, type RpcProxy, rpcProxy } from '../../rpc/client.ts';
import {
  type DatanodeCommandProto,
  DatanodeCommandProto_Type,
  DatanodeProtocolService,
  type DatanodeRegistrationProto,
  type DatanodeRegistrationProtoInit,
  type HeartbeatRequestProtoInit,
  type HeartbeatResponseProto,
  type SlowDiskReportProtoInit,
  type SlowPeerReportProtoInit,
  type StorageBlockReportProtoInit,
  type VolumeFailureSummaryProtoInit,
} from '../../wire/messages/datanode.ts';
import type { LocatedBlockProtoInit, RollingUpgradeStatusProto, StorageReportProtoInit } from '../../wire/messages/hdfs.ts';
import type { NamespaceInfoProto, NNHAStatusHeartbeatProto } from '../../wire/messages/hdfs-server.ts';
import { type Counters, timed } from './counters.ts';
import { IncrementalReports } from './incremental-reports.ts';
import { Lifeline } from './lifeline.ts';
import type { DataNodeSettings } from './settings.ts';
import type { VolumeList } from './volumes.ts';

export const DATANODE_PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.DatanodeProtocol';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5000;
/** A NameNode that says one of these wants nothing to do with us. */
const FINAL_CODES: ReadonlySet<string> = new Set(['EUNREGISTERED', 'EREGISTER', 'EINCORRECTVERSION']);
const INVALID_LEASE = 'org.apache.hadoop.hdfs.server.protocol.InvalidBlockReportLeaseException';

export type ActorState = 'connecting' | 'running' | 'failed' | 'stopped';

/** A NameNode, and the port at which it takes lifelines, where it has one. */
export interface NameNodeAt extends Address {
  readonly lifeline?: Address | undefined;
}

/** What an actor needs of the node. */
export interface ActorOwner {
  readonly host: Host;
  readonly settings: DataNodeSettings;
  readonly counters: Counters;
  readonly localAddress: string | undefined;
  /** First answer of a NameNode: binds the storage. Rejects when it belongs to another namespace. */
  meet(actor: NameNodeActor, info: NamespaceInfoProto): Promise<void>;
  registration(info: NamespaceInfoProto): DatanodeRegistrationProtoInit;
  registered(actor: NameNodeActor, registration: DatanodeRegistrationProto): void;
  /** It does not take this node, and is not asked again. */
  refused(actor: NameNodeActor): void;
  storageReports(pool: string): readonly StorageReportProtoInit[];
  fullReports(pool: string): Promise<readonly { readonly report: StorageBlockReportProtoInit; readonly blocks: number }[]>;
  load(): {
    readonly transfersOut: number;
    readonly xceivers: number;
    readonly failedVolumes: number;
    readonly volumeFailureSummary: VolumeList['failureSummary'];
    readonly memoryCapacity: number;
    readonly memoryUsed: number;
  };
  /** Nodes to which packets of this one leave slowly. */
  slowPeers(): readonly SlowPeerReportProtoInit[];
  slowDisks(): readonly SlowDiskReportProtoInit[];
  haState(actor: NameNodeActor, status: NNHAStatusHeartbeatProto): void;
  rollingUpgrade(actor: NameNodeActor, status: RollingUpgradeStatusProto | undefined): void;
  command(actor: NameNodeActor, command: DatanodeCommandProto): void;
}

export class NameNodeActor {
  readonly address: Address;
  readonly reports = new IncrementalReports();
  state: ActorState = 'connecting';
  private readonly owner: ActorOwner;
  private readonly client: RpcClient;
  private readonly namenode: RpcProxy<typeof DatanodeProtocolService>;
  private readonly lifeline: Lifeline | undefined;
  private readonly abort = new AbortController();
  private registration: DatanodeRegistrationProto | undefined;
  private info: NamespaceInfoProto | undefined;
  private leaseId = 0n;
  private reportId: bigint;
  /** What the last heartbeat's answer said of this node. */
  isSlow = false;
  private heartbeatDue = 0;
  private reportDue = 0;
  private outliersDue: number;
  private reportForced = false;
  private registerAgain = false;
  private wakeUp: (() => void) | undefined;
  private running: Promise<void> | undefined;
  lastHeartbeatAt = 0;
  lastReportAt = 0;

  constructor(owner: ActorOwner, address: NameNodeAt) {
    this.owner = owner;
    this.address = address;
    this.client = new RpcClient(owner.host, {
      address,
      protocol: DATANODE_PROTOCOL,
      user: owner.host.machine.userName,
      localAddress: owner.localAddress,
    });
    this.namenode = rpcProxy(this.client, DatanodeProtocolService);
    this.lifeline =
      address.lifeline === undefined
        ? undefined
        : new Lifeline({
            host: owner.host,
            counters: owner.counters,
            address: address.lifeline,
            localAddress: owner.localAddress,
            intervalMs: owner.settings.lifelineMs,
            message: () =>
              this.registration === undefined ? undefined : { ...this.figures(), xceiverCount: owner.counters.activeTransfers },
          });
    this.outliersDue = owner.host.clock.monotonic() + owner.settings.outliersReportMs;
    this.reportId = owner.host.random.bytes(8).readBigInt64BE(0);
  }

  get pool(): string | undefined {
    return this.info?.blockPoolID;
  }

  start(): void {
    this.running ??= this.run();
  }

  async stop(): Promise<void> {
    this.abort.abort(new HdfsError('EABORT', 'the DataNode is stopping'));
    this.client.close();
    this.lifeline?.stop();
    this.wake();
    await this.running;
    this.state = 'stopped';
  }

  /** Does what is due now rather than at the next heartbeat. */
  wake(): void {
    const { wakeUp } = this;
    this.wakeUp = undefined;
    wakeUp?.();
  }

  /** A full report at the next heartbeat, when the NameNode grants it. */
  requestFullReport(): void {
    this.reportDue = 0;
  }

  forceFullReport(): void {
    this.reportForced = true;
    this.wake();
  }

  private get stopped(): boolean {
    return this.abort.signal.aborted;
  }

  private log(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    this.owner.host.log.log(level, 'datanode', `NameNode ${this.address.host}:${this.address.port}: ${message}`);
  }

  private async pause(ms: number): Promise<void> {
    await this.owner.host.clock.sleep(ms, this.abort.signal).catch(() => undefined);
  }

  private async run(): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; !this.stopped; ) {
      try {
        if (this.registration === undefined || this.registerAgain) await this.handshake();
        this.state = 'running';
        pauseMs = FIRST_PAUSE_MS;
        await this.turn();
      } catch (error) {
        if (this.stopped) return;
        if (error instanceof HdfsError && FINAL_CODES.has(error.code)) {
          this.state = 'failed';
          this.log('error', `it refuses this DataNode for good: ${error.message}`);
          this.owner.refused(this);
          return;
        }
        if (error instanceof HdfsError && error.javaClass === INVALID_LEASE) this.leaseId = 0n;
        this.state = this.registration === undefined ? 'connecting' : 'running';
        this.log(pauseMs >= LONGEST_PAUSE_MS ? 'warn' : 'info', `${messageOf(error)}; trying again in ${pauseMs} ms`);
        await this.pause(pauseMs);
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  private async handshake(): Promise<void> {
    const { info } = await this.namenode.versionRequest({});
    if (info === undefined) throw new HdfsError('EIO', 'a versionRequest was answered with nothing');
    requireVersion(info.softwareVersion ?? '', this.owner.settings.minimumNameNodeVersion, 'NameNode', 'DataNode');
    await this.owner.meet(this, info);
    this.info = info;
    const answer = await this.namenode.registerDatanode({ registration: this.owner.registration(info) });
    if (answer.registration === undefined) throw new HdfsError('EIO', 'a registration was answered with nothing');
    this.registration = answer.registration;
    this.registerAgain = false;
    this.leaseId = 0n;
    const { clock, random } = this.owner.host;
    const now = clock.monotonic();
    this.heartbeatDue = now;
    this.reportDue = now + random.fraction() * this.owner.settings.blockReportInitialDelayMs;
    this.owner.registered(this, answer.registration);
    this.log('info', `registered in block pool ${info.blockPoolID}`);
  }

  /** Everything that is due, then waiting for the next thing. */
  private async turn(): Promise<void> {
    const { settings, host, counters } = this.owner;
    const now = host.clock.monotonic();
    const beats = now >= this.heartbeatDue;
    if (beats) {
      this.heartbeatDue = now + settings.heartbeatMs;
      this.lifeline?.heartbeatLeaves(this.heartbeatDue);
      const answer = await this.heartbeat(now);
      counters.heartbeats.add(host.clock.monotonic() - now);
      this.take(answer);
      this.lastHeartbeatAt = host.clock.now();
      if (this.registerAgain) return;
    }
    if (beats || this.reports.isUrgent) await this.sendIncremental();
    if (this.reports.overflowed) {
      this.reports.overflowed = false;
      this.reportDue = 0;
    }
    if (this.leaseId !== 0n || this.reportForced) await this.sendFull();
    if (beats) counters.turnsWithHeartbeat.add(host.clock.monotonic() - now);
    if (!this.reports.isUrgent && !this.reportForced && !this.registerAgain) await this.waitForWork();
    else if (settings.incrementalReportMs > 0 && !this.reportForced) await this.pause(settings.incrementalReportMs);
  }

  private waitForWork(): Promise<void> {
    const { clock } = this.owner.host;
    return new Promise((resolve) => {
      let timer: Timer | undefined;
      const done = (): void => {
        timer?.cancel();
        this.wakeUp = undefined;
        resolve();
      };
      this.wakeUp = done;
      timer = clock.setTimer(Math.max(1, this.heartbeatDue - clock.monotonic()), done);
      if (this.stopped) done();
    });
  }

  private required(): { readonly registration: DatanodeRegistrationProto; readonly blockPoolId: string } {
    const { registration, info } = this;
    if (registration === undefined || info?.blockPoolID === undefined) throw new HdfsError('EIO', 'not registered');
    return { registration, blockPoolId: info.blockPoolID };
  }

  private heartbeat(now: number): Promise<HeartbeatResponseProto> {
    const outliersDue = now >= this.outliersDue;
    if (outliersDue) this.outliersDue = now + this.owner.settings.outliersReportMs;
    return this.namenode.sendHeartbeat({
      ...this.figures(),
      requestFullBlockReportLease: this.leaseId === 0n && now >= this.reportDue,
      ...(outliersDue ? { slowPeers: this.owner.slowPeers(), slowDisks: this.owner.slowDisks() } : {}),
    });
  }

  /** What heartbeats and lifelines say of this node. */
  private figures(): HeartbeatRequestProtoInit {
    const { registration, blockPoolId } = this.required();
    const load = this.owner.load();
    return {
      registration,
      reports: this.owner.storageReports(blockPoolId),
      xmitsInProgress: load.transfersOut,
      xceiverCount: load.xceivers,
      failedVolumes: load.failedVolumes,
      volumeFailureSummary: volumeFailureProto(load.volumeFailureSummary),
      cacheCapacity: load.memoryCapacity,
      cacheUsed: load.memoryUsed,
    };
  }

  private take(answer: HeartbeatResponseProto): void {
    this.isSlow = answer.isSlownode;
    if (answer.fullBlockReportLeaseId !== undefined && answer.fullBlockReportLeaseId !== 0n) {
      this.leaseId = answer.fullBlockReportLeaseId;
    }
    if (answer.haStatus !== undefined) this.owner.haState(this, answer.haStatus);
    // An older NameNode says it in the first field, and only while an upgrade is under way.
    this.owner.rollingUpgrade(this, answer.rollingUpgradeStatusV2 ?? answer.rollingUpgradeStatus);
    this.obeyAll(answer.cmds);
  }

  private obeyAll(commands: readonly DatanodeCommandProto[]): void {
    if (commands.length === 0) return;
    const { host, counters } = this.owner;
    const beganMs = host.clock.monotonic();
    for (const command of commands) this.obey(command);
    counters.orders.add(host.clock.monotonic() - beganMs);
  }

  private obey(command: DatanodeCommandProto): void {
    if (command.cmdType === DatanodeCommandProto_Type.RegisterCommand) {
      this.log('info', 'it asks for a new registration');
      this.registerAgain = true;
      return;
    }
    this.owner.command(this, command);
  }

  private async sendIncremental(): Promise<void> {
    const { registration, blockPoolId } = this.required();
    const { reports, undo } = this.reports.take();
    if (reports.length === 0) return;
    const { host, counters } = this.owner;
    try {
      await timed(host.clock, counters.incrementalReports, () =>
        this.namenode.blockReceivedAndDeleted({ registration, blockPoolId, blocks: reports }),
      );
    } catch (error) {
      undo();
      throw error;
    }
  }

  private async sendFull(): Promise<void> {
    const { settings, host, counters } = this.owner;
    const { registration, blockPoolId } = this.required();
    const leaseId = this.leaseId;
    this.reportForced = false;
    // What happened before the report must be known before it; else an older word would come after a newer one.
    await this.sendIncremental();
    const { clock } = host;
    const made = await timed(clock, counters.fullReportsMade, () => this.owner.fullReports(blockPoolId));
    const total = made.reduce((sum, { blocks }) => sum + blocks, 0);
    this.reportId = this.reportId === -1n ? 1n : BigInt.asIntN(64, this.reportId + 1n);
    const reports = made.map(({ report }) => report);
    const messages = total < settings.blockReportSplitThreshold ? [reports] : reports.map((report) => [report]);
    await timed(clock, counters.fullReports, async () => {
      for (let i = 0; i < messages.length; i++) {
        const answer = await this.namenode.blockReport({
          registration,
          blockPoolId,
          reports: messages[i],
          context: { totalRpcs: messages.length, curRpc: i, id: this.reportId, leaseId },
        });
        if (answer.cmd !== undefined) this.obeyAll([answer.cmd]);
      }
    });
    this.leaseId = 0n;
    this.lastReportAt = host.clock.now();
    this.reportDue = host.clock.monotonic() + settings.blockReportMs;
    this.log('info', `sent a full report of ${total} blocks on ${made.length} storages`);
  }

  /** Tells of corrupt replicas; a failure is logged, since a reader will find them again. */
  async reportBad(blocks: readonly LocatedBlockProtoInit[]): Promise<void> {
    try {
      await this.namenode.reportBadBlocks({ blocks });
    } catch (error) {
      this.log('warn', `bad blocks could not be reported: ${messageOf(error)}`);
    }
  }

  async errorReport(errorCode: number, msg: string): Promise<void> {
    const { registration } = this;
    if (registration === undefined) return;
    try {
      await this.namenode.errorReport({ registartion: registration, errorCode, msg });
    } catch (error) {
      this.log('warn', `an error could not be reported: ${messageOf(error)}`);
    }
  }

  /** The end of a block recovery. Rejects when the NameNode does not take it. */
  commitBlockSynchronization(
    request: Parameters<RpcProxy<typeof DatanodeProtocolService>['commitBlockSynchronization']>[0],
  ): Promise<unknown> {
    return this.namenode.commitBlockSynchronization(request);
  }
}

const volumeFailureProto = (summary: VolumeList['failureSummary']): VolumeFailureSummaryProtoInit | undefined =>
  summary === undefined ? undefined : { ...summary, failedStorageLocations: [...summary.failedStorageLocations] };
