// What the streams of one client tell each other of DataNodes that failed (dfs.client.deadnode.detection.*): one that failed
// a stream is asked whether it lives; where it does not, all streams leave it for last, until it answers again. Apache:
// DeadNodeDetector.
import { messageOf } from '../base/errors.ts';
import type { Host, Timer } from '../host/host.ts';
import { type RpcClient, rpcProxy } from '../rpc/client.ts';
import { ClientDatanodeProtocolService } from '../wire/messages/client-datanode.ts';
import type { DatanodeInfoProto } from '../wire/messages/hdfs.ts';
import { nodeKey, nodeName } from './located.ts';

export interface DeadNodeSettings {
  readonly suspectIntervalMs: number;
  readonly deadIntervalMs: number;
  readonly probeTimeoutMs: number;
  /** Questions at once: to suspected nodes, to dead ones, and in all. */
  readonly suspectsAtOnce: number;
  readonly deadAtOnce: number;
  readonly probesAtOnce: number;
}

/** What one stream remembers of a node that failed it. */
export interface Suspicion {
  state: 'suspected' | 'dead' | 'cleared';
}

interface Entry {
  readonly info: DatanodeInfoProto;
  readonly suspicion: Suspicion;
  timer: Timer | undefined;
}

export interface DeadNodesOptions {
  readonly host: Pick<Host, 'clock' | 'log'>;
  readonly settings: DeadNodeSettings;
  /** Aborted when the client is closed. */
  readonly closed: AbortSignal;
  dataNodeRpc(info: DatanodeInfoProto): RpcClient;
}

export class DeadNodes {
  readonly #options: DeadNodesOptions;
  /** By node; those that answered are gone from it. */
  readonly #entries = new Map<string, Entry>();
  readonly #running = { suspected: 0, dead: 0, cleared: 0 };

  constructor(options: DeadNodesOptions) {
    this.#options = options;
    options.closed.addEventListener('abort', () => {
      for (const { timer } of this.#entries.values()) timer?.cancel();
    });
  }

  /** A node failed a stream. */
  suspect(info: DatanodeInfoProto): Suspicion {
    const key = nodeKey(info);
    const known = this.#entries.get(key);
    if (known !== undefined) return known.suspicion;
    const entry: Entry = { info, suspicion: { state: 'suspected' }, timer: undefined };
    this.#entries.set(key, entry);
    this.#askLater(entry);
    return entry.suspicion;
  }

  isDead(info: DatanodeInfoProto): boolean {
    return this.#entries.get(nodeKey(info))?.suspicion.state === 'dead';
  }

  #askLater(entry: Entry): void {
    const { host, settings, closed } = this.#options;
    if (closed.aborted) return;
    const isDead = entry.suspicion.state === 'dead';
    const waitMs = isDead ? settings.deadIntervalMs : settings.suspectIntervalMs;
    entry.timer = host.clock.setTimer(waitMs, () => {
      if (this.#mayAsk(entry)) void this.#ask(entry);
      else this.#askLater(entry);
    });
  }

  #mayAsk({ suspicion }: Entry): boolean {
    const { suspectsAtOnce, deadAtOnce, probesAtOnce } = this.#options.settings;
    const { suspected, dead } = this.#running;
    if (suspected + dead >= probesAtOnce) return false;
    return suspicion.state === 'dead' ? dead < deadAtOnce : suspected < suspectsAtOnce;
  }

  async #ask(entry: Entry): Promise<void> {
    const { info, suspicion } = entry;
    const { host, settings, closed } = this.#options;
    const { state } = suspicion;
    this.#running[state]++;
    const client = this.#options.dataNodeRpc(info);
    try {
      const datanode = rpcProxy(client, ClientDatanodeProtocolService);
      await datanode.getDatanodeInfo({}, { timeoutMs: settings.probeTimeoutMs, signal: closed });
      suspicion.state = 'cleared';
      this.#entries.delete(nodeKey(info));
      if (state === 'dead') host.log.log('info', 'client', 'a DataNode lives again', { datanode: nodeName(info) });
    } catch (error) {
      if (closed.aborted) return;
      suspicion.state = 'dead';
      const fields = { datanode: nodeName(info), reason: messageOf(error) };
      if (state === 'suspected') host.log.log('warn', 'client', 'a DataNode counts as dead', fields);
      this.#askLater(entry);
    } finally {
      this.#running[state]--;
      client.close();
    }
  }
}
