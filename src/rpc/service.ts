// A service: the methods of one protocol under the name that Java gives it, and what handles each of them. Every method
// of the protocol is either handled or refused; both kinds stand in one table, so that nothing is forgotten in silence.
//
// A handler gets views of the bytes that arrived (fields of type Uint8Array): one that keeps them longer than its turn
// copies them. Strings and numbers are its own.
//
// A handler answers with an object of the response's type. One that is called very often may write the message itself
// instead (RpcCall.write), straight from where its values lie.
import type { Address } from '../host/host.ts';
import type { MessageType } from '../wire/protobuf/message.ts';
import type { ProtoWriter } from '../wire/protobuf/writer.ts';

export type AnyMessage = MessageType<unknown, never>;

/** Methods of a protocol, as the generated messages list them. */
export type ServiceMethods = Readonly<Record<string, { readonly request: AnyMessage; readonly response: AnyMessage }>>;

type TypesOf<T> = T extends MessageType<infer D, infer I> ? { decoded: D; init: I } : never;
export type RequestOf<M extends ServiceMethods, K extends keyof M> = TypesOf<M[K]['request']>['decoded'];
export type RequestInitOf<M extends ServiceMethods, K extends keyof M> = TypesOf<M[K]['request']>['init'];
export type ResponseOf<M extends ServiceMethods, K extends keyof M> = TypesOf<M[K]['response']>['decoded'];
export type ResponseInitOf<M extends ServiceMethods, K extends keyof M> = TypesOf<M[K]['response']>['init'];

/** One call at the server. */
export interface RpcCall {
  /** Java name of the protocol. */
  readonly protocol: string;
  readonly method: string;
  /** May be kept. */
  readonly clientId: Uint8Array;
  readonly callId: number;
  /** 0 at the first try; -1 from clients that do not count. */
  readonly retryCount: number;
  readonly user: string;
  /** Who acts for `user`, when somebody does. */
  readonly realUser: string | undefined;
  readonly remote: Address;
  readonly callerContext: { readonly context: string; readonly signature?: Uint8Array | undefined } | undefined;
  /** The namespace state that the client has seen, where it tells. */
  readonly stateId: number | undefined;
  /** The answer leaves when the server's gate says that this txid is durable; 0: at once. The handler sets it. */
  afterTxid: number;
  /** This answer was given before, to an earlier try of the call. The handler sets it, for who writes down what is done. */
  repeated?: boolean;
  /**
   * Writes the answer now: `message` appends the response's fields, and may still set `afterTxid`. Last deed of a handler,
   * which returns what this returns. `expectedBytes`: about how long a long answer will be.
   */
  write(message: (writer: ProtoWriter) => void, expectedBytes?: number): Written;
  /**
   * Says that nobody looks at the request's bytes any more, nor keeps any: the memory of a long request then serves the next. For
   * handlers whose requests are long and come again and again.
   */
  requestRead?(): void;
}

/** In place of an answer: the handler has written it. */
export const WRITTEN: unique symbol = Symbol('the answer is written');
export type Written = typeof WRITTEN;

/** Holds answers until what they say is durable. */
export interface ReplyGate {
  isDurable(txid: number): boolean;
  whenDurable(txid: number, fn: (error?: Error) => void): void;
}

export type Handler<Request, Response> = (request: Request, call: RpcCall) => Response | Written | Promise<Response | Written>;

export type Handlers<M extends ServiceMethods> = {
  readonly [K in keyof M]?: Handler<RequestOf<M, K>, ResponseInitOf<M, K>>;
};

/** Java names that getProtocolSignature needs to compute the numbers by which old clients ask for a method. */
export interface JavaNames {
  /** Interface that Java's clients name, e.g. org.apache.hadoop.hdfs.protocolPB.ClientNamenodeProtocolPB. */
  readonly interfaceClass: string;
  /** Full Java class of a message, e.g. …ClientNamenodeProtocolProtos$CreateRequestProto. */
  messageClass(message: string): string;
}

export interface ServiceDefinition<M extends ServiceMethods> {
  /** Java name of the protocol, e.g. org.apache.hadoop.hdfs.protocol.ClientProtocol. */
  readonly protocol: string;
  readonly version: number;
  readonly methods: M;
  readonly handlers: Handlers<M>;
  /** Methods that are known and not done, each with the reason. */
  readonly refused?: { readonly [K in keyof M]?: string };
  readonly java?: JavaNames;
}

export interface ServiceMethod {
  readonly name: string;
  readonly request: MessageType<unknown, unknown>;
  readonly response: MessageType<unknown, unknown>;
  readonly handler: Handler<unknown, unknown> | undefined;
  readonly refusal: string | undefined;
}

export interface RpcService {
  readonly protocol: string;
  readonly version: number;
  readonly methods: ReadonlyMap<string, ServiceMethod>;
  readonly java: JavaNames | undefined;
}

/** Puts a protocol's methods and their handlers together. A method with neither handler nor reason is refused too. */
export function defineService<M extends ServiceMethods>(definition: ServiceDefinition<M>): RpcService {
  const methods = new Map<string, ServiceMethod>();
  const handlers = definition.handlers as Readonly<Record<string, Handler<unknown, unknown> | undefined>>;
  const refused = (definition.refused ?? {}) as Readonly<Record<string, string | undefined>>;
  for (const [name, types] of Object.entries(definition.methods)) {
    methods.set(name, {
      name,
      request: types.request as MessageType<unknown, unknown>,
      response: types.response as MessageType<unknown, unknown>,
      handler: Object.hasOwn(handlers, name) ? handlers[name] : undefined,
      refusal: Object.hasOwn(refused, name) ? refused[name] : undefined,
    });
  }
  return { protocol: definition.protocol, version: definition.version, methods, java: definition.java };
}
