// Calls to a service of this process, as a connection of the RPC server makes them: the same handlers, the same gate, the
// same account of what was called. The NameNode's web server asks its own protocol so, for WebHDFS. Answers pass through
// their encoding, since handlers may write them and callers read what decoding gives.
import type { Address } from '../host/host.ts';
import { ProtoWriter } from '../wire/protobuf/writer.ts';
import { isBrokenInvariant, isOurFault, noSuchMethod, refusedMethod } from './answers.ts';
import {
  type ReplyGate,
  type RequestInitOf,
  type ResponseOf,
  type RpcCall,
  type RpcService,
  type ServiceMethods,
  WRITTEN,
  type Written,
} from './service.ts';

export interface LocalCallerOptions {
  readonly service: RpcService;
  readonly gate: ReplyGate;
  /** As of the RPC server: once for each call, with what it failed with. */
  readonly onCallDone?: ((call: RpcCall, error: unknown) => void) | undefined;
  /** A failure that is ours, not the caller's. */
  readonly onFault: (call: RpcCall, error: unknown) => void;
  /** An invariant of ours is broken: the process must end. */
  readonly onBug: (error: Error) => void;
}

/** On whose behalf a call is made. */
export interface LocalIdentity {
  readonly user: string;
  readonly realUser: string | undefined;
  readonly remote: Address;
  readonly callerContext: RpcCall['callerContext'];
  /** Protocol named in the audit log. */
  readonly protocol: string;
}

/** No client that repeats calls under an id: the retry cache passes over it. */
const NO_CLIENT_ID = new Uint8Array(0);

class LocalCall implements RpcCall {
  readonly protocol: string;
  readonly method: string;
  readonly clientId = NO_CLIENT_ID;
  readonly callId = -1;
  readonly retryCount = -1;
  readonly user: string;
  readonly realUser: string | undefined;
  readonly remote: Address;
  readonly callerContext: RpcCall['callerContext'];
  readonly stateId = undefined;
  afterTxid = 0;
  written: Buffer | undefined;

  constructor(method: string, identity: LocalIdentity) {
    this.protocol = identity.protocol;
    this.method = method;
    this.user = identity.user;
    this.realUser = identity.realUser;
    this.remote = identity.remote;
    this.callerContext = identity.callerContext;
  }

  write(message: (writer: ProtoWriter) => void): Written {
    const writer = new ProtoWriter(1024);
    message(writer);
    this.written = writer.toBuffer();
    return WRITTEN;
  }
}

export class LocalCaller<M extends ServiceMethods> {
  readonly #options: LocalCallerOptions;

  constructor(options: LocalCallerOptions) {
    this.#options = options;
  }

  /** Resolves when the answer may be known; rejects with what a remote caller would be told. */
  async call<K extends keyof M & string>(
    identity: LocalIdentity,
    name: K,
    request: RequestInitOf<M, K>,
  ): Promise<ResponseOf<M, K>> {
    const { service, onCallDone, onFault, onBug } = this.#options;
    const call = new LocalCall(name, identity);
    const method = service.methods.get(name);
    if (method === undefined) throw noSuchMethod(name, service.protocol);
    const { handler, refusal } = method;
    if (handler === undefined) {
      throw refusal === undefined ? noSuchMethod(name, service.protocol) : refusedMethod(name, service.protocol, refusal);
    }
    try {
      const decoded = method.request.decode(method.request.encode(request));
      const value = await handler(decoded, call);
      // Encoded in this turn, while the result says what it said when the handler returned.
      const bytes = value === WRITTEN ? (call.written ?? Buffer.alloc(0)) : method.response.encode(value);
      await this.#durable(call);
      onCallDone?.(call, undefined);
      return method.response.decode(bytes) as ResponseOf<M, K>;
    } catch (error) {
      if (isBrokenInvariant(error)) onBug(error);
      else if (isOurFault(error)) onFault(call, error);
      await this.#durable(call);
      onCallDone?.(call, error);
      throw error;
    }
  }

  #durable(call: RpcCall): Promise<void> {
    const { gate } = this.#options;
    if (call.afterTxid === 0 || gate.isDurable(call.afterTxid)) return Promise.resolve();
    return new Promise((resolve, reject) => {
      gate.whenDurable(call.afterTxid, (error) => (error === undefined ? resolve() : reject(error)));
    });
  }
}
