// Says to a NameNode's lifeline port that this node lives while its heartbeats do not get through: one leaves when none was
// sent for the interval beyond the one that was due, and then each interval. Apache: BPServiceActor.LifelineSender.
import { messageOf } from '../../base/errors.ts';
import type { Address, Host, Timer } from '../../host/host.ts';
import { RpcClient } from '../../rpc/client.ts';
import { DatanodeLifelineProtocolService, type HeartbeatRequestProtoInit } from '../../wire/messages/datanode.ts';
import type { Counters } from './counters.ts';

const PROTOCOL = 'org.apache.hadoop.hdfs.server.protocol.DatanodeLifelineProtocol';

export interface LifelineOptions {
  readonly host: Host;
  readonly counters: Counters;
  readonly address: Address;
  readonly localAddress: string | undefined;
  /** dfs.datanode.lifeline.interval.seconds. */
  readonly intervalMs: number;
  /** What is said; undefined: the node is not registered. */
  readonly message: () => HeartbeatRequestProtoInit | undefined;
}

export class Lifeline {
  private readonly options: LifelineOptions;
  private readonly client: RpcClient;
  private dueAt = 0;
  private timer: Timer | undefined;
  private stopped = false;

  constructor(options: LifelineOptions) {
    this.options = options;
    const { host, address, localAddress } = options;
    this.client = new RpcClient(host, { address, protocol: PROTOCOL, user: host.machine.userName, localAddress });
  }

  /** A heartbeat leaves, and the next is due at `nextMs`, monotonic. */
  heartbeatLeaves(nextMs: number): void {
    this.dueAt = nextMs + this.options.intervalMs;
    this.arm();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.client.close();
  }

  private arm(): void {
    if (this.stopped || this.timer !== undefined) return;
    const { clock } = this.options.host;
    this.timer = clock.setTimer(Math.max(1, this.dueAt - clock.monotonic()), () => {
      this.timer = undefined;
      if (clock.monotonic() < this.dueAt) this.arm();
      else void this.send().finally(() => this.arm());
    });
  }

  private async send(): Promise<void> {
    const { host, counters, address, intervalMs, message } = this.options;
    const request = message();
    try {
      if (request === undefined) return;
      const beganMs = host.clock.monotonic();
      await this.client.call(DatanodeLifelineProtocolService, 'sendLifeline', request);
      counters.lifelines.add(host.clock.monotonic() - beganMs);
    } catch (error) {
      if (!this.stopped) {
        host.log.log('warn', 'datanode', `a lifeline to ${address.host}:${address.port} failed: ${messageOf(error)}`);
      }
    } finally {
      // A heartbeat may have left meanwhile.
      this.dueAt = Math.max(this.dueAt, host.clock.monotonic() + intervalMs);
    }
  }
}
