// The RPC client: calls one protocol of one server as one user. It connects when first needed, keeps one connection for
// all its calls, and makes a new one after that has ended. A call is tried again, under the same number, only as far as
// its caller's policy says: only the caller knows which of its methods may run twice.
import { HdfsError, messageOf } from '../base/errors.ts';
import type { Address, Host } from '../host/host.ts';
import { methodHeader, writeRequest } from '../wire/ipc/headers.ts';
import { CLIENT_ID_BYTES } from '../wire/ipc/preamble.ts';
import type { RpcResponseHeaderProto } from '../wire/messages/ipc.ts';
import { type MessageType, readDelimited } from '../wire/protobuf/message.ts';
import type { ProtoReader } from '../wire/protobuf/reader.ts';
import { ClientConnection, ConnectionFailure } from './client-connection.ts';
import { describeFailure, localName } from './network-errors.ts';
import type { RequestInitOf, ResponseOf, ServiceMethods } from './service.ts';

export interface RpcClientOptions {
  readonly address: Address;
  /** Java name of the protocol. */
  readonly protocol: string;
  /** Default 1, as all of HDFS' protocols. */
  readonly version?: number | undefined;
  readonly user: string;
  /** Who acts for `user`, when somebody does. */
  readonly realUser?: string | undefined;
  /** 16 bytes; random when absent. Several clients of one program may share one, with `callIds`. */
  readonly clientId?: Uint8Array | undefined;
  /** Source address. */
  readonly localAddress?: string | undefined;
  /** ipc.client.connect.timeout, default 20 s. */
  readonly connectTimeoutMs?: number | undefined;
  /** ipc.client.rpc-timeout.ms, default 120 s; 0 waits for ever. */
  readonly timeoutMs?: number | undefined;
  /** ipc.ping.interval, default 60 s; 0 never asks. */
  readonly pingIntervalMs?: number | undefined;
  /** ipc.client.connection.maxidletime, default 10 s. */
  readonly maxIdleMs?: number | undefined;
  /** ipc.maximum.response.length, default 128 MiB. */
  readonly maxResponseBytes?: number | undefined;
  /** Most calls that wait for an answer at once; more are refused. */
  readonly maxCallsInFlight?: number | undefined;
}

/** Milliseconds to wait before the call is tried again, or undefined to give up. `tries` counts those made. */
export type RetryPolicy = (error: HdfsError, tries: number) => number | undefined;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Of each try; 0 waits for ever. */
  readonly timeoutMs?: number | undefined;
  /** A number from `nextCallId`, for a call that its caller repeats at another server. */
  readonly callId?: number | undefined;
  readonly retryCount?: number | undefined;
  readonly retry?: RetryPolicy | undefined;
  readonly callerContext?: { readonly context: string; readonly signature?: Uint8Array | undefined } | undefined;
  readonly stateId?: number | undefined;
  /** Gets the state id that the server put into its answer. */
  readonly onStateId?: ((stateId: number) => void) | undefined;
}

const DEFAULTS = {
  connectTimeoutMs: 20_000,
  timeoutMs: 120_000,
  pingIntervalMs: 60_000,
  maxIdleMs: 10_000,
  maxResponseBytes: 128 * 1024 * 1024,
  maxCallsInFlight: 100_000,
} as const;

const MAX_CALL_ID = 0x7fff_ffff;

export class RpcClient {
  readonly clientId: Uint8Array;
  readonly address: Address;
  private readonly host: Host;
  private readonly options: RpcClientOptions;
  private readonly headers = new Map<string, Buffer>();
  private connection: ClientConnection | undefined;
  private lastCallId = -1;
  private closed = false;

  constructor(host: Host, options: RpcClientOptions) {
    this.host = host;
    this.options = options;
    this.address = options.address;
    this.clientId = options.clientId ?? Uint8Array.from(host.random.bytes(CLIENT_ID_BYTES));
  }

  /** The number of the next call. Numbers count from 0 and begin again after 2^31 - 1. */
  nextCallId(): number {
    this.lastCallId = this.lastCallId >= MAX_CALL_ID ? 0 : this.lastCallId + 1;
    return this.lastCallId;
  }

  /**
   * Calls method `name` of `methods`. Rejects with HdfsError: what the server answered, ECONN or ETIMEDOUT; or with the
   * signal's reason.
   */
  async call<M extends ServiceMethods, K extends keyof M & string>(
    methods: M,
    name: K,
    request: RequestInitOf<M, K>,
    options: CallOptions = {},
  ): Promise<ResponseOf<M, K>> {
    const types = methods[name];
    if (types === undefined) throw new HdfsError('ENOMETHOD', `${this.options.protocol} has no method ${name}`);
    const requestType = types.request as MessageType<unknown, unknown>;
    const responseType = types.response as MessageType<unknown, unknown>;
    const callId = options.callId ?? this.nextCallId();
    const { signal, retry } = options;
    for (let tries = 0; ; tries++) {
      signal?.throwIfAborted();
      try {
        const retryCount = (options.retryCount ?? 0) + tries;
        return (await this.once(name, requestType, request, responseType, callId, retryCount, options)) as ResponseOf<M, K>;
      } catch (caught) {
        const error =
          caught instanceof ConnectionFailure
            ? describeFailure(caught.error, await localName(this.host), this.address)
            : caught;
        if (!(error instanceof HdfsError) || retry === undefined || this.closed) throw error;
        const waitMs = retry(error, tries + 1);
        if (waitMs === undefined) throw error;
        await this.host.clock.sleep(waitMs, signal);
      }
    }
  }

  /** Sends it once. Rejects with ConnectionFailure when the connection ends, and throws what stands against sending. */
  private once(
    name: string,
    requestType: MessageType<unknown, unknown>,
    request: unknown,
    responseType: MessageType<unknown, unknown>,
    callId: number,
    retryCount: number,
    options: CallOptions,
  ): Promise<unknown> {
    const { signal } = options;
    const timeoutMs = options.timeoutMs ?? this.options.timeoutMs ?? DEFAULTS.timeoutMs;
    const connection = this.usableConnection();
    if (connection.waitingCalls >= (this.options.maxCallsInFlight ?? DEFAULTS.maxCallsInFlight)) {
      throw new HdfsError('ERETRY', `more than ${connection.waitingCalls} calls wait for ${this.address.host}`);
    }
    const sentMs = this.host.clock.monotonic();
    return new Promise<unknown>((resolve, reject) => {
      const onAbort = (): void => {
        connection.forget(callId);
        reject(signal?.reason);
      };
      const finish = (): void => signal?.removeEventListener('abort', onAbort);
      signal?.addEventListener('abort', onAbort, { once: true });
      connection.send(
        {
          callId,
          retryCount,
          sentMs,
          deadlineMs: timeoutMs > 0 ? sentMs + timeoutMs : Infinity,
          answer(reader: ProtoReader, header: RpcResponseHeaderProto) {
            finish();
            try {
              if (header.stateId !== undefined) options.onStateId?.(header.stateId);
              resolve(readDelimited(responseType, reader));
            } catch (error) {
              reject(new HdfsError('EIO', `the answer to ${name} cannot be read: ${messageOf(error)}`, { cause: error }));
            }
          },
          fail(error: unknown) {
            finish();
            reject(error);
          },
        },
        (writer) => {
          const { callerContext, stateId } = options;
          const envelope = { callId, clientId: this.clientId, retryCount, callerContext, stateId };
          writeRequest(writer, envelope, this.headerOf(name), requestType, request);
        },
      );
    });
  }

  private headerOf(name: string): Buffer {
    let header = this.headers.get(name);
    if (header === undefined) {
      header = methodHeader(this.options.protocol, this.options.version ?? 1, name);
      this.headers.set(name, header);
    }
    return header;
  }

  private usableConnection(): ClientConnection {
    if (this.closed) throw new HdfsError('ECONN', 'The client is stopped');
    if (this.connection?.isUsable) return this.connection;
    const { options } = this;
    const connection = new ClientConnection(
      this.host,
      {
        address: options.address,
        localAddress: options.localAddress,
        protocol: options.protocol,
        user: options.user,
        realUser: options.realUser,
        clientId: this.clientId,
        connectTimeoutMs: options.connectTimeoutMs ?? DEFAULTS.connectTimeoutMs,
        pingIntervalMs: options.pingIntervalMs ?? DEFAULTS.pingIntervalMs,
        maxIdleMs: options.maxIdleMs ?? DEFAULTS.maxIdleMs,
        maxResponseBytes: options.maxResponseBytes ?? DEFAULTS.maxResponseBytes,
      },
      (ended) => {
        if (this.connection === ended) this.connection = undefined;
      },
    );
    this.connection = connection;
    connection
      .connect()
      .catch((error: unknown) => connection.end(error instanceof ConnectionFailure ? error : new ConnectionFailure(error)));
    return connection;
  }

  /** Ends the connection; calls that wait fail. */
  close(): void {
    this.closed = true;
    this.connection?.end(new ConnectionFailure(new HdfsError('ECONN', 'The client is stopped')));
  }
}

export type RpcProxy<M extends ServiceMethods> = {
  readonly [K in keyof M & string]: (request: RequestInitOf<M, K>, options?: CallOptions) => Promise<ResponseOf<M, K>>;
};

/** One function for each method. */
export function rpcProxy<M extends ServiceMethods>(client: RpcClient, methods: M): RpcProxy<M> {
  const proxy: Record<string, unknown> = {};
  for (const name of Object.keys(methods)) {
    proxy[name] = (request: never, options?: CallOptions) => client.call(methods, name, request, options);
  }
  return proxy as RpcProxy<M>;
}
