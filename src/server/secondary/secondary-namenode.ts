// The SecondaryNameNode: makes checkpoints for a NameNode that runs elsewhere, by time and by transactions, and shows how
// it stands. It serves no clients and is no spare NameNode. One checkpoint is checkpoint.ts.
import { assert } from '../../base/assert.ts';
import { HdfsError, messageOf } from '../../base/errors.ts';
import type { Configuration } from '../../config/configuration.ts';
import { addressOf, clientNameNodes, formatHostPort, nameNodeRpcAddress } from '../../config/nameservices.ts';
import type { Address, Host, HttpServer, Timer } from '../../host/host.ts';
import { RpcClient, rpcProxy } from '../../rpc/client.ts';
import { configuredGroups } from '../../security/groups.ts';
import { remoteUser, webAdministrators } from '../../security/web-administrators.ts';
import { processMetrics } from '../../web/metrics.ts';
import { webServer } from '../../web/server.ts';
import { nameNodeFilter } from '../../web/simple-authentication.ts';
import { standardRoutes } from '../../web/standard-routes.ts';
import { NamenodeProtocolService } from '../../wire/messages/namenode.ts';
import { checkpointDirectories } from '../namenode/directories.ts';
import { imageTransferRoutes } from '../namenode/image-transfer/routes.ts';
import { imageCodec } from '../namenode/settings.ts';
import { type Checkpointed, CheckpointMaker, type PrimaryNameNode } from './checkpoint.ts';
import { CheckpointStorage } from './checkpoint-storage.ts';
import { type SecondaryView, secondaryBeans, secondaryPage } from './status.ts';

const ANY_ADDRESS = /^(?:0\.0\.0\.0|::)$/;

export interface SecondaryOptions {
  /** Empties the checkpoint directories first. */
  readonly format?: boolean;
  /** Called once when it cannot go on: the process must end. */
  readonly onFatal?: ((error: Error) => void) | undefined;
}

interface Opened {
  readonly storage: CheckpointStorage;
  readonly client: RpcClient;
  readonly nameNode: PrimaryNameNode;
  readonly maker: CheckpointMaker;
}

export class SecondaryNameNode {
  private readonly host: Host;
  private readonly configuration: Configuration;
  private readonly options: SecondaryOptions;
  private readonly startedMs: number;
  private opened: Opened | undefined;
  private http: HttpServer | undefined;
  private timer: Timer | undefined;
  private running: Promise<Checkpointed> | undefined;
  /** Of the last checkpoint that was made. */
  private last: { readonly monotonicMs: number; readonly wallMs: number; readonly done: Checkpointed } | undefined;
  private lastFailure: string | undefined;

  constructor(host: Host, configuration: Configuration, options: SecondaryOptions = {}) {
    this.host = host;
    this.configuration = configuration;
    this.options = options;
    this.startedMs = host.clock.now();
  }

  /** Opens the directories, for commands that need no daemon. Rejects with HdfsError, nothing left open. */
  async open(): Promise<void> {
    assert(this.opened === undefined, 'the SecondaryNameNode is open');
    const { host, configuration } = this;
    if (clientNameNodes(configuration).namenodes.length > 1) {
      throw new HdfsError(
        'EIO',
        'Cannot use SecondaryNameNode in an HA cluster. The Standby Namenode will perform checkpointing.',
      );
    }
    const address = this.nameNodeAddress();
    const storage = new CheckpointStorage(host, checkpointDirectories(configuration), imageCodec(configuration));
    await storage.open(this.options.format === true);
    const client = new RpcClient(host, {
      address,
      protocol: 'org.apache.hadoop.hdfs.server.protocol.NamenodeProtocol',
      user: host.machine.userName,
    });
    const nameNode = rpcProxy(client, NamenodeProtocolService);
    const maker = new CheckpointMaker({
      host,
      configuration,
      storage,
      nameNode,
      transfer: {
        base: `http://${formatHostPort(this.webAddressOfNameNode(address))}`,
        bytesPerSecond: configuration.getSize('dfs.image.transfer.bandwidthPerSec'),
        timeoutMs: configuration.getDuration('dfs.image.transfer.timeout'),
      },
      retention: {
        images: configuration.getInt('dfs.namenode.num.checkpoints.retained'),
        extraEdits: configuration.getLong('dfs.namenode.num.extra.edits.retained'),
        extraSegments: configuration.getInt('dfs.namenode.max.extra.edits.segments.retained'),
      },
    });
    this.opened = { storage, client, nameNode, maker };
  }

  /** Opens, serves the status page, and makes checkpoints from now on. */
  async start(): Promise<void> {
    await this.open();
    const { host, configuration } = this;
    const { storage } = this.ready();
    try {
      const web = addressOf(configuration, 'dfs.namenode.secondary.http-address');
      const beans = secondaryBeans(() => this.view());
      this.http = await webServer(
        host,
        web,
        [
          ...standardRoutes({
            host,
            beans,
            metrics: processMetrics(host, 'secondarynamenode'),
            configuration,
            hostName: host.machine.hostName,
            isAdministrator: webAdministrators(
              configuration,
              configuredGroups(host, configuration),
              'dfs.cluster.administrators',
              remoteUser,
            ),
            page: () => secondaryPage(this.view()),
            pagePaths: ['/status.html'],
            notReady: () => (storage.identity === undefined ? 'there is no checkpoint yet' : undefined),
          }),
          ...imageTransferRoutes({
            host,
            bytesPerSecond: configuration.getSize('dfs.image.transfer.bandwidthPerSec'),
            identity: () => {
              if (storage.identity === undefined) throw new HdfsError('EIO', 'there is no checkpoint yet');
              return storage.identity;
            },
            directories: () => storage.storage.working,
            uploads: undefined,
          }),
        ],
        configuration,
        { filter: await nameNodeFilter(host, configuration), shown: { beans, service: 'SecondaryNameNode' } },
      );
    } catch (error) {
      await this.stop();
      throw error;
    }
    const period = configuration.getDuration('dfs.namenode.checkpoint.period');
    const check = Math.min(configuration.getDuration('dfs.namenode.checkpoint.check.period'), period);
    this.timer = host.clock.setPeriodic(check, () => void this.round(period));
    host.log.log('info', 'secondarynamenode', `SecondaryNameNode is up, web ${formatHostPort(this.http.address)}`);
  }

  async stop(): Promise<void> {
    this.timer?.cancel();
    const { opened } = this;
    this.opened = undefined;
    opened?.client.close();
    await this.running?.catch(() => undefined);
    await this.http?.close();
    this.http = undefined;
    await opened?.storage.close();
  }

  get webAddress(): Address {
    assert(this.http !== undefined, 'the SecondaryNameNode is not running');
    return this.http.address;
  }

  /** Transactions of the NameNode that are in none of its images. */
  async uncheckpointed(): Promise<number> {
    const { nameNode } = this.ready();
    const { txId } = await nameNode.getTransactionId({});
    return txId - (await nameNode.getMostRecentCheckpointTxId({})).txId;
  }

  /** Makes a checkpoint now. One that runs already is waited for instead. */
  checkpoint(): Promise<Checkpointed> {
    this.running ??= this.make().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async make(): Promise<Checkpointed> {
    const { host } = this;
    const done = await this.ready().maker.make();
    this.last = { monotonicMs: host.clock.monotonic(), wallMs: host.clock.now(), done };
    this.lastFailure = undefined;
    const message = `Checkpoint done up to transaction ${done.txid}. New Image Size: ${done.bytes}`;
    host.log.log('info', 'checkpoint', message);
    if (done.upload.kind !== 'taken') {
      host.log.log('warn', 'checkpoint', `the NameNode did not take the image: ${done.upload.reason}`);
    }
    return done;
  }

  /** One look at whether a checkpoint is due. Durations are monotonic: a clock that jumps makes none and stops none. */
  private async round(periodMs: number): Promise<void> {
    const { host, configuration, opened } = this;
    if (this.running !== undefined || opened === undefined) return;
    try {
      const since = this.last === undefined ? Number.POSITIVE_INFINITY : host.clock.monotonic() - this.last.monotonicMs;
      const transactions = configuration.getLong('dfs.namenode.checkpoint.txns');
      if (since >= periodMs || (await this.uncheckpointed()) >= transactions) await this.checkpoint();
    } catch (error) {
      if (this.opened === undefined) return;
      this.lastFailure = messageOf(error);
      host.log.log('error', 'checkpoint', `checkpoint failed: ${this.lastFailure}`);
      const { mergeErrors } = opened.maker;
      if (mergeErrors > configuration.getInt('dfs.namenode.checkpoint.max-retries')) {
        this.options.onFatal?.(new Error(`Merging failed ${mergeErrors} times.`));
      }
    }
  }

  private ready(): Opened {
    assert(this.opened !== undefined, 'the SecondaryNameNode is not open');
    return this.opened;
  }

  private nameNodeAddress(): Address {
    const service = this.configuration.get('dfs.namenode.servicerpc-address');
    return service === undefined || service === ''
      ? nameNodeRpcAddress(this.configuration)
      : addressOf(this.configuration, 'dfs.namenode.servicerpc-address');
  }

  /** A NameNode that listens on every address is found under that of its RPC server. */
  private webAddressOfNameNode(rpc: Address): Address {
    const web = addressOf(this.configuration, 'dfs.namenode.http-address');
    return ANY_ADDRESS.test(web.host) ? { host: rpc.host, port: web.port } : web;
  }

  private view(): SecondaryView {
    return {
      nameNode: this.nameNodeAddress(),
      startedMs: this.startedMs,
      nowMonotonicMs: this.host.clock.monotonic(),
      last: this.last,
      lastFailure: this.lastFailure,
      storage: this.opened?.storage,
      configuration: this.configuration,
    };
  }
}
