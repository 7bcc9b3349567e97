// A client's calls to its NameNode, or to those of its nameservice: the active one is found by asking, a call that got no
// answer is made again under the same id, so that the server can tell the repetition from a new call.
import { messageOf } from '../base/errors.ts';
import type { NameNodeAddress } from '../config/nameservices.ts';
import type { Host } from '../host/host.ts';
import { RpcClient } from '../rpc/client.ts';
import type { RequestInitOf, ResponseOf } from '../rpc/service.ts';
import { ClientNamenodeProtocol } from '../wire/messages/client-namenode.ts';
import { planRetry, Tries } from './retries.ts';
import type { ClientSettings } from './settings.ts';

/** Apache: ClientProtocol's name on the wire. */
export const CLIENT_PROTOCOL = 'org.apache.hadoop.hdfs.protocol.ClientProtocol';

export type NameNodeMethod = keyof typeof ClientNamenodeProtocol;
export type NameNodeRequest<K extends NameNodeMethod> = RequestInitOf<typeof ClientNamenodeProtocol, K>;
export type NameNodeResponse<K extends NameNodeMethod> = ResponseOf<typeof ClientNamenodeProtocol, K>;

export interface NameNodeOptions {
  readonly addresses: readonly NameNodeAddress[];
  /** For messages: the nameservice, or undefined for one NameNode. */
  readonly nameservice: string | undefined;
  readonly user: string;
  readonly realUser?: string | undefined;
}

export class NameNode {
  readonly #host: Host;
  readonly #options: NameNodeOptions;
  readonly #settings: ClientSettings;
  readonly #closed: AbortSignal;
  readonly #clients: (RpcClient | undefined)[];
  /** One for all NameNodes of the service: a call that moves to another one is still the same call. */
  readonly #clientId: Buffer;
  #nextCallId = 0;
  #active = 0;

  constructor(host: Host, options: NameNodeOptions, settings: ClientSettings, closed: AbortSignal) {
    this.#host = host;
    this.#options = options;
    this.#settings = settings;
    this.#closed = closed;
    this.#clients = options.addresses.map(() => undefined);
    this.#clientId = host.random.bytes(16);
    // Clients that all begin with the first one would never be answered by another that may answer them too.
    if (settings.failoverRandomOrder && options.addresses.length > 1)
      this.#active = host.random.below(options.addresses.length);
  }

  async call<K extends NameNodeMethod>(
    method: K,
    request: NameNodeRequest<K>,
    signal?: AbortSignal,
  ): Promise<NameNodeResponse<K>> {
    const callId = this.#nextCallId++ % 0x7fff_ffff;
    const tries = new Tries(this.#clients.length);
    for (let retries = 0; ; retries++) {
      signal?.throwIfAborted();
      this.#closed.throwIfAborted();
      const asked = this.#active;
      try {
        return await this.#client(asked).call(ClientNamenodeProtocol, method, request, {
          signal,
          callId,
          retryCount: retries,
        });
      } catch (error) {
        signal?.throwIfAborted();
        this.#closed.throwIfAborted();
        const plan = planRetry(error, tries, this.#host.random.fraction(), this.#settings);
        if (plan.kind === 'fail') throw error;
        const { host, port } = this.#options.addresses[asked] as NameNodeAddress;
        this.#host.log.log(plan.failover ? 'info' : 'warn', 'client', `trying ${method} again after ${messageOf(error)}`, {
          namenode: `${host}:${port}`,
          delayMs: Math.round(plan.delayMs),
        });
        tries.note(plan);
        if (plan.failover) {
          // Another call may have moved on already.
          if (this.#active === asked) this.#active = (asked + 1) % this.#clients.length;
        }
        if (plan.delayMs > 0) await this.#host.clock.sleep(plan.delayMs, signal ?? this.#closed);
      }
    }
  }

  #client(index: number): RpcClient {
    const existing = this.#clients[index];
    if (existing !== undefined) return existing;
    const { addresses, user, realUser } = this.#options;
    const { host, port } = addresses[index] as NameNodeAddress;
    const client = new RpcClient(this.#host, {
      address: { host, port },
      protocol: CLIENT_PROTOCOL,
      user,
      realUser,
      clientId: this.#clientId,
      ...this.#settings.rpc,
    });
    this.#clients[index] = client;
    return client;
  }

  close(): void {
    for (const client of this.#clients) client?.close();
  }
}
