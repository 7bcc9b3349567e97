// Writes whole frames of Hadoop RPC: answers of a server, requests of a client, and what comes before the first request.
import { ProtocolError } from '../../base/errors.ts';
import {
  IpcConnectionContextProto,
  RequestHeaderProto,
  RpcRequestHeaderProto,
  type RpcRequestHeaderProtoInit,
  RpcResponseHeaderProto,
  RpcResponseHeaderProto_RpcErrorCodeProto,
  RpcResponseHeaderProto_RpcStatusProto,
} from '../messages/ipc.ts';
import { type MessageType, writeDelimited } from '../protobuf/message.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { beginFrame, finishFrame } from './frame.ts';
import {
  CALL_ID_CONNECTION_CONTEXT,
  CALL_ID_PING,
  CLIENT_ID_BYTES,
  IPC_VERSION,
  NO_RETRY_COUNT,
  preamble,
} from './preamble.ts';

export const ErrorDetail = RpcResponseHeaderProto_RpcErrorCodeProto;
export type ErrorDetail = RpcResponseHeaderProto_RpcErrorCodeProto;
const Status = RpcResponseHeaderProto_RpcStatusProto;

const RPC_KIND_PROTOBUF = 2;
const OPERATION_FINAL_PACKET = 0;

/** What of a request its answer repeats. */
export interface AnswerTo {
  readonly callId: number;
  readonly clientId: Uint8Array;
  readonly retryCount: number;
}

export function writeSuccess<Init>(
  writer: ProtoWriter,
  to: AnswerTo,
  type: Pick<MessageType<unknown, Init>, 'write'>,
  message: Init,
  stateId?: number,
  lengthBytes?: number,
): void {
  const at = beginFrame(writer);
  writeSuccessHeader(writer, to, stateId);
  writeDelimited(type, message, writer, lengthBytes);
  finishFrame(writer, at);
}

/** Tags of RpcResponseHeaderProto: field number and wire type. */
const TAG = { callId: 8, status: 16, serverIpcVersionNum: 24, clientId: 58, retryCount: 64, stateId: 72 } as const;

/** RpcResponseHeaderProto of a success. It opens every answer, so it is written by hand, in the order of its fields. */
function writeSuccessHeader(writer: ProtoWriter, to: AnswerTo, stateId: number | undefined): void {
  const header = writer.beginBare();
  writer.tag(TAG.callId).putUint32(to.callId);
  writer.tag(TAG.status).putUint32(Status.SUCCESS);
  writer.tag(TAG.serverIpcVersionNum).putUint32(IPC_VERSION);
  const { clientId } = to;
  writer.tag(TAG.clientId);
  if (clientId.length === CLIENT_ID_BYTES) {
    // Four words: copying so few bytes through a native call takes longer than the rest of the header.
    writer.putUint32(CLIENT_ID_BYTES);
    for (let word = 0; word < CLIENT_ID_BYTES; word += 4) writer.putFixed32(wordAt(clientId, word));
  } else writer.putBytes(clientId);
  writer.tag(TAG.retryCount).putSint32(to.retryCount);
  if (stateId !== undefined) writer.tag(TAG.stateId).putInt64(stateId);
  writer.finish(header);
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at] as number) |
  ((bytes[at + 1] as number) << 8) |
  ((bytes[at + 2] as number) << 16) |
  ((bytes[at + 3] as number) << 24);

const base = (to: AnswerTo, stateId: number | undefined) => ({
  callId: to.callId,
  serverIpcVersionNum: IPC_VERSION,
  clientId: to.clientId,
  retryCount: to.retryCount,
  stateId,
});

export interface Failure {
  readonly javaClass: string;
  readonly message: string;
  readonly detail: ErrorDetail;
  /** The connection ends after it. */
  readonly fatal: boolean;
}

export function writeFailure(writer: ProtoWriter, to: AnswerTo, failure: Failure, stateId?: number): void {
  const at = beginFrame(writer);
  writeDelimited(
    RpcResponseHeaderProto,
    {
      ...base(to, stateId),
      status: failure.fatal ? Status.FATAL : Status.ERROR,
      exceptionClassName: failure.javaClass,
      errorMsg: failure.message,
      errorDetail: failure.detail,
    },
    writer,
  );
  finishFrame(writer, at);
}

export interface RequestEnvelope {
  readonly callId: number;
  readonly clientId: Uint8Array;
  readonly retryCount: number;
  readonly stateId?: number | undefined;
  readonly callerContext?: { readonly context: string; readonly signature?: Uint8Array | undefined } | undefined;
}

const requestHeader = (envelope: RequestEnvelope): RpcRequestHeaderProtoInit => ({
  rpcKind: RPC_KIND_PROTOBUF,
  rpcOp: OPERATION_FINAL_PACKET,
  callId: envelope.callId,
  clientId: envelope.clientId,
  retryCount: envelope.retryCount,
  callerContext: envelope.callerContext,
  stateId: envelope.stateId,
});

/** The part of every request that names protocol and method: the same bytes each time, so made once. */
export function methodHeader(protocol: string, version: number, method: string): Buffer {
  return RequestHeaderProto.encodeDelimited({
    methodName: method,
    declaringClassProtocolName: protocol,
    clientProtocolVersion: version,
  });
}

export function writeRequest<Init>(
  writer: ProtoWriter,
  envelope: RequestEnvelope,
  method: Buffer,
  type: MessageType<unknown, Init>,
  message: Init,
): void {
  const at = beginFrame(writer);
  writeDelimited(RpcRequestHeaderProto, requestHeader(envelope), writer);
  writer.putRaw(method);
  writeDelimited(type, message, writer);
  finishFrame(writer, at);
}

/** Preamble and connection context: all that a client of SIMPLE authentication sends before its first request. */
export function openingBytes(
  clientId: Uint8Array,
  protocol: string,
  user: { readonly effective: string; readonly real: string | undefined },
): Buffer {
  const writer = new ProtoWriter(256);
  writer.putRaw(preamble());
  const at = beginFrame(writer);
  const envelope = { callId: CALL_ID_CONNECTION_CONTEXT, clientId, retryCount: NO_RETRY_COUNT };
  writeDelimited(RpcRequestHeaderProto, requestHeader(envelope), writer);
  writeDelimited(
    IpcConnectionContextProto,
    { userInfo: { effectiveUser: user.effective, realUser: user.real }, protocol },
    writer,
  );
  finishFrame(writer, at);
  return writer.toBuffer();
}

export function pingFrame(clientId: Uint8Array): Buffer {
  const writer = new ProtoWriter(64);
  const at = beginFrame(writer);
  writeDelimited(RpcRequestHeaderProto, requestHeader({ callId: CALL_ID_PING, clientId, retryCount: NO_RETRY_COUNT }), writer);
  finishFrame(writer, at);
  return writer.toBuffer();
}

/** Reads a required field of a header, which the decoder leaves undefined when it is missing. */
export function required<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new ProtocolError(`Message missing required fields: ${name}`);
  return value;
}
