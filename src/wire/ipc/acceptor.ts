// The server's side of one connection of Hadoop RPC, without a socket: bytes go in, calls and answers come out through
// AcceptorEvents. Mirrors Server.Connection (readAndProcess, processOneRpc, processRpcOutOfBandRequest, saslProcess).
//
//     state      frames that are understood                       next
//     preamble   7 bytes                                          context
//     context    -3 connection context                            open
//                -33 SASL NEGOTIATE (if asked for): answered with SUCCESS, which means "simple authentication"
//                -4 ping
//     open       calls from 0 up, -4 ping
//     closed     nothing
//
// A frame that breaks the rules is answered with a fatal error and ends this connection only. What a call asks for is not
// looked at here.

import { asBuffer, equalBytes } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';
import {
  IpcConnectionContextProto,
  RpcRequestHeaderProto,
  RpcResponseHeaderProto,
  RpcSaslProto,
  RpcSaslProto_SaslState,
} from '../messages/ipc.ts';
import { readDelimited, writeDelimited } from '../protobuf/message.ts';
import { MAX_ELEMENTS_FROM_PEERS, ProtoReader } from '../protobuf/reader.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { beginFrame, type FrameMemory, type FrameSink, FrameSplitter, finishFrame } from './frame.ts';
import { type AnswerTo, ErrorDetail, type Failure, writeFailure } from './headers.ts';
import { PlainHeader } from './plain-header.ts';
import {
  AUTH_NONE,
  AUTH_SASL,
  CALL_ID_AUTHORIZATION_FAILED,
  CALL_ID_CONNECTION_CONTEXT,
  CALL_ID_PING,
  CALL_ID_SASL,
  HTTP_ON_IPC_PORT,
  IPC_VERSION,
  NO_RETRY_COUNT,
  oldVersionAnswer,
  PREAMBLE_BYTES,
  readPreamble,
  VERSION_MISMATCH_CLASS,
  wrongVersionMessage,
} from './preamble.ts';

/** Who a connection says that it is. */
export interface Identity {
  readonly user: string;
  readonly realUser: string | undefined;
  /** Java name of the protocol, as the client names it; calls name theirs again. */
  readonly protocol: string;
}

/** The header of a call. `clientId` may be kept; it is one array for all calls of a client on this connection. */
export interface CallHeader extends AnswerTo {
  readonly stateId: number | undefined;
  readonly callerContext: { readonly context: string; readonly signature: Uint8Array | undefined } | undefined;
}

export interface AcceptorEvents {
  /** May it connect? The answer is the reason against it. */
  authorize(identity: Identity): Failure | undefined;
  /** `body` stands before the RequestHeaderProto; it is valid only during the call. */
  call(header: CallHeader, body: ProtoReader): void;
  /** Bytes to send at once. */
  send(bytes: Buffer): void;
  /** Send what there is to send, then end the connection. `reason` is for the log. */
  close(reason: string): void;
}

export interface AcceptorLimits {
  /** ipc.maximum.data.length. */
  readonly maxDataBytes: number;
  /** The same before the connection context has arrived. */
  readonly maxHandshakeBytes: number;
}

/** Longest client id; Hadoop's have 16 bytes. */
const MAX_CLIENT_ID_BYTES = 64;
/** Longest user name that is believed. */
const MAX_USER_LENGTH = 1024;
/** As hadoop.caller.context.max.size and hadoop.caller.context.signature.max.size, with room. */
const MAX_CALLER_CONTEXT_BYTES = 4096;

const IPC_EXCEPTIONS = {
  rpcServer: 'org.apache.hadoop.ipc.RpcServerException',
  sasl: 'javax.security.sasl.SaslException',
  accessControl: 'org.apache.hadoop.security.AccessControlException',
  ipc: 'org.apache.hadoop.ipc.IpcException',
} as const;

const EMPTY = Buffer.alloc(0);
const RPC_KIND_PROTOBUF = 2;
const SaslState = RpcSaslProto_SaslState;

const fatal = (detail: ErrorDetail, message: string, javaClass: string = IPC_EXCEPTIONS.rpcServer): Failure => ({
  javaClass,
  message,
  detail,
  fatal: true,
});

const invalidHeader = (message: string): Failure => fatal(ErrorDetail.FATAL_INVALID_RPC_HEADER, message);

export class RpcAcceptor {
  private state: 'preamble' | 'context' | 'open' | 'closed' = 'preamble';
  private saslExpected = false;
  /** Where the refusal of a connection goes. */
  private contextAnswer: AnswerTo = UNNUMBERED;
  private opening: Buffer = EMPTY;
  private clientId: Uint8Array = EMPTY;
  private readonly plain = new PlainHeader();
  private readonly limits: AcceptorLimits;
  private readonly events: AcceptorEvents;
  private readonly frames: FrameSplitter;
  private who: Identity | undefined;

  /** `memory`: of long frames whose bodies are not looked at any more (FrameMemory.give). */
  constructor(limits: AcceptorLimits, events: AcceptorEvents, memory?: FrameMemory) {
    this.limits = limits;
    this.events = events;
    const sink: FrameSink = (buffer, start, end, lasting) => this.frame(buffer, start, end, lasting);
    this.frames = new FrameSplitter(limits.maxHandshakeBytes, sink, memory);
  }

  /** Who is at the other end, once the connection is established. */
  get identity(): Identity | undefined {
    return this.who;
  }

  get isOpen(): boolean {
    return this.state === 'open';
  }

  get heldBytes(): number {
    return this.frames.heldBytes;
  }

  /** As FrameSplitter.room. */
  get room(): Buffer | undefined {
    return this.frames.room;
  }

  /** Hands out no call after the present one until `resume`. */
  stop(): void {
    this.frames.stop();
  }

  get isStopped(): boolean {
    return this.frames.isStopped;
  }

  resume(): void {
    if (this.state !== 'closed') this.guarded(() => this.frames.resume());
  }

  /** Nothing more will be read. */
  end(): void {
    this.state = 'closed';
    this.frames.end();
  }

  feed(chunk: Buffer): void {
    if (this.state === 'closed') return;
    if (this.state === 'preamble') {
      const rest = this.readOpening(chunk);
      if (rest.length > 0 && this.isReading()) this.guarded(() => this.frames.feed(rest));
    } else this.guarded(() => this.frames.feed(chunk));
  }

  private isReading(): boolean {
    return this.state !== 'closed' && this.state !== 'preamble';
  }

  private guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.close(error.message);
    }
  }

  private close(reason: string): void {
    if (this.state === 'closed') return;
    this.end();
    this.events.close(reason);
  }

  private readOpening(chunk: Buffer): Buffer {
    const bytes = this.opening.length === 0 ? chunk : Buffer.concat([this.opening, chunk]);
    if (bytes.length < PREAMBLE_BYTES) {
      this.opening = Buffer.from(bytes);
      return EMPTY;
    }
    this.opening = EMPTY;
    const read = readPreamble(bytes);
    switch (read.kind) {
      case 'http':
        this.events.send(HTTP_ON_IPC_PORT);
        this.close('an HTTP request on the RPC port');
        return EMPTY;
      case 'version': {
        const signed = (read.version << 24) >> 24;
        if (signed >= IPC_VERSION) {
          const message = wrongVersionMessage(read.version);
          this.fail(UNNUMBERED, fatal(ErrorDetail.FATAL_VERSION_MISMATCH, message, VERSION_MISMATCH_CLASS));
        } else {
          const answer = oldVersionAnswer(signed);
          if (answer.length > 0) this.events.send(answer);
          this.close('not Hadoop RPC version 9');
        }
        return EMPTY;
      }
      case 'ok':
        break;
    }
    if (read.authentication !== AUTH_NONE && read.authentication !== AUTH_SASL) {
      const message = `Unknown auth protocol:${(read.authentication << 24) >> 24}`;
      this.fail(UNNUMBERED, fatal(ErrorDetail.FATAL_UNAUTHORIZED, message, IPC_EXCEPTIONS.ipc));
      return EMPTY;
    }
    this.saslExpected = read.authentication === AUTH_SASL;
    this.state = 'context';
    return bytes.subarray(PREAMBLE_BYTES);
  }

  /** Ends a connection whose user was let in before it was known that they may not come. */
  refuse(failure: Failure): void {
    this.fail(this.contextAnswer, failure);
  }

  private fail(to: AnswerTo, failure: Failure): void {
    const writer = new ProtoWriter(256);
    writeFailure(writer, to, failure);
    this.events.send(writer.toBuffer());
    if (failure.fatal) this.close(failure.message);
  }

  private frame(buffer: Buffer, start: number, end: number, lasting: boolean): void {
    const reader = new ProtoReader(buffer, start, end, MAX_ELEMENTS_FROM_PEERS);
    const { plain } = this;
    if (this.state === 'open' && plain.read(reader, this.clientId)) {
      reader.copies = !lasting;
      const { callId, retryCount } = plain;
      this.events.call({ callId, clientId: this.clientId, retryCount, stateId: undefined, callerContext: undefined }, reader);
      return;
    }
    let header: RpcRequestHeaderProto;
    try {
      header = readDelimited(RpcRequestHeaderProto, reader);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(UNNUMBERED, undecodable('RpcRequestHeaderProto', error));
      return;
    }
    const { callId, clientId } = header;
    if (callId === undefined || clientId === undefined) {
      const missing = new ProtocolError(`Message missing required fields: ${callId === undefined ? 'callId' : 'clientId'}`);
      this.fail(UNNUMBERED, undecodable('RpcRequestHeaderProto', missing));
      return;
    }
    // A handler may take more than this turn.
    reader.copies = !lasting;
    const to: AnswerTo = { callId, clientId: EMPTY, retryCount: header.retryCount };
    const wrong = wrongHeader(header);
    if (wrong !== undefined) this.fail(to, wrong);
    else if (callId < 0) this.outOfBand(callId, to, reader);
    else if (this.state !== 'open') this.fail(to, invalidHeader('Connection context not established'));
    else if (header.rpcKind !== RPC_KIND_PROTOBUF) {
      // Writable calls ended with Hadoop 2; nobody deserialises Java objects here.
      this.fail(to, invalidHeader(`Unknown rpc kind in rpc header${kindName(header.rpcKind)}`));
    } else {
      const context = header.callerContext;
      this.events.call(
        {
          callId,
          clientId: this.keptClientId(clientId),
          retryCount: header.retryCount,
          stateId: header.stateId,
          callerContext:
            context?.context === undefined
              ? undefined
              : { context: context.context, signature: context.signature && Buffer.from(context.signature) },
        },
        reader,
      );
    }
  }

  /** A copy of the id that does not hold the chunk that it came in; the same one while it repeats. */
  private keptClientId(clientId: Uint8Array): Uint8Array {
    if (!equalBytes(clientId, this.clientId)) this.clientId = Uint8Array.from(clientId);
    return this.clientId;
  }

  private outOfBand(callId: number, to: AnswerTo, reader: ProtoReader): void {
    switch (callId) {
      case CALL_ID_CONNECTION_CONTEXT:
        this.connectionContext(to, reader);
        return;
      case CALL_ID_SASL:
        this.sasl(to, reader);
        return;
      case CALL_ID_PING:
        return;
      default:
        this.fail(to, invalidHeader(`Unknown out of band call #${callId}`));
    }
  }

  private connectionContext(to: AnswerTo, reader: ProtoReader): void {
    if (this.saslExpected) {
      this.fail(to, invalidHeader('Connection header sent during SASL negotiation'));
      return;
    }
    if (this.state === 'open') {
      this.fail(to, invalidHeader('Connection context already processed'));
      return;
    }
    let context: IpcConnectionContextProto;
    try {
      context = readDelimited(IpcConnectionContextProto, reader);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(to, undecodable('IpcConnectionContextProto', error));
      return;
    }
    const user = context.userInfo?.effectiveUser ?? '';
    const realUser = context.userInfo?.realUser;
    if (user === '' || user.length > MAX_USER_LENGTH || (realUser?.length ?? 0) > MAX_USER_LENGTH) {
      // Apache takes a client without a name for the server's own user, its superuser; we do not.
      this.fail(
        to,
        fatal(ErrorDetail.FATAL_UNAUTHORIZED, 'The connection context names no user', IPC_EXCEPTIONS.accessControl),
      );
      return;
    }
    const identity: Identity = { user, realUser: realUser === '' ? undefined : realUser, protocol: context.protocol ?? '' };
    this.contextAnswer = to;
    const refusal = this.events.authorize(identity);
    if (refusal !== undefined) {
      this.fail(to, refusal);
      return;
    }
    this.who = identity;
    this.state = 'open';
    this.frames.maxBytes = this.limits.maxDataBytes;
  }

  /** A server without security answers the offer to negotiate with success, and client and server go on without SASL. */
  private sasl(to: AnswerTo, reader: ProtoReader): void {
    if (!this.saslExpected) {
      this.fail(to, invalidHeader('SASL protocol not requested by client'));
      return;
    }
    let message: RpcSaslProto;
    try {
      message = readDelimited(RpcSaslProto, reader);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.fail(to, undecodable('RpcSaslProto', error));
      return;
    }
    switch (message.state) {
      case SaslState.NEGOTIATE:
        this.saslExpected = false;
        this.events.send(saslSuccess());
        return;
      case SaslState.INITIATE: {
        const [method] = message.auths;
        if (message.auths.length === 1 && method?.method === 'SIMPLE') {
          this.saslExpected = false;
          return;
        }
        const text = `${method?.method ?? 'no'} authentication is not enabled.  Available:[SIMPLE]`;
        this.fail(to, fatal(ErrorDetail.FATAL_UNAUTHORIZED, text, IPC_EXCEPTIONS.accessControl));
        return;
      }
      case SaslState.WRAP:
        this.fail(to, fatal(ErrorDetail.FATAL_INVALID_RPC_HEADER, 'Server is not wrapping data', IPC_EXCEPTIONS.sasl));
        return;
      default: {
        const text = `Client sent unsupported state ${String(message.state)}`;
        this.fail(to, fatal(ErrorDetail.FATAL_UNAUTHORIZED, text, IPC_EXCEPTIONS.sasl));
      }
    }
  }
}

/** For frames whose own number cannot be read. */
const UNNUMBERED: AnswerTo = { callId: CALL_ID_AUTHORIZATION_FAILED, clientId: EMPTY, retryCount: NO_RETRY_COUNT };

const undecodable = (what: string, error: ProtocolError): Failure =>
  fatal(ErrorDetail.FATAL_DESERIALIZING_REQUEST, `Error decoding ${what}: ${error.message}`);

const kindName = (kind: number | undefined): string =>
  kind === 0 ? 'RPC_BUILTIN' : kind === 1 ? 'RPC_WRITABLE' : String(kind);

/** Server.checkRpcHeaders, and bounds of our own. */
function wrongHeader(header: RpcRequestHeaderProto): Failure | undefined {
  if (header.rpcOp === undefined) return invalidHeader(' IPC Server: No rpc op in rpcRequestHeader');
  if (header.rpcOp !== 0) return invalidHeader(`IPC Server does not implement rpc header operation${header.rpcOp}`);
  if (header.rpcKind === undefined) return invalidHeader(' IPC Server: No rpc kind in rpcRequestHeader');
  if ((header.clientId?.length ?? 0) > MAX_CLIENT_ID_BYTES) return invalidHeader('the client id is too long');
  const context = header.callerContext;
  if (context !== undefined) {
    const bytes = Math.max(context.context?.length ?? 0, context.signature?.length ?? 0);
    if (bytes > MAX_CALLER_CONTEXT_BYTES) return invalidHeader('the caller context is too long');
  }
  return undefined;
}

function saslSuccess(): Buffer {
  const writer = new ProtoWriter(64);
  const at = beginFrame(writer);
  writeDelimited(
    RpcResponseHeaderProto,
    {
      callId: CALL_ID_SASL,
      status: 0,
      serverIpcVersionNum: IPC_VERSION,
      clientId: EMPTY,
      retryCount: NO_RETRY_COUNT,
    },
    writer,
  );
  writeDelimited(RpcSaslProto, { state: SaslState.SUCCESS }, writer);
  finishFrame(writer, at);
  return asBuffer(writer.toBuffer());
}
