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
import { putVarint32, putVarint64 } from '../protobuf/varint.ts';
import { ProtoWriter } from '../protobuf/writer.ts';
import { beginFrame, finishFrame } from './frame.ts';
import { CALL_ID_CONNECTION_CONTEXT, CALL_ID_PING, IPC_VERSION, NO_RETRY_COUNT, preamble } from './preamble.ts';

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

/** RpcResponseHeaderProto of a success at its longest: its length takes one byte. */
const SUCCESS_HEADER_BYTES = 64;

/** RpcResponseHeaderProto of a success. It opens every answer, so it is written by hand, in the order of its fields. */
function writeSuccessHeader(
  writer: ProtoWriter,
  { callId, clientId, retryCount }: AnswerTo,
  stateId: number | undefined,
): void {
  const buffer = writer.room(SUCCESS_HEADER_BYTES + clientId.length);
  const start = writer.length;
  buffer[start + 1] = TAG.callId;
  let at = putVarint32(buffer, start + 2, callId >>> 0);
  buffer[at] = TAG.status;
  buffer[at + 1] = Status.SUCCESS;
  buffer[at + 2] = TAG.serverIpcVersionNum;
  buffer[at + 3] = IPC_VERSION;
  buffer[at + 4] = TAG.clientId;
  buffer[at + 5] = clientId.length;
  at += 6;
  // Copying so few bytes through a native call takes longer than the rest of the header.
  for (let i = 0; i < clientId.length; i++) buffer[at + i] = clientId[i] as number;
  at += clientId.length;
  buffer[at] = TAG.retryCount;
  at = putVarint32(buffer, at + 1, ((retryCount << 1) ^ (retryCount >> 31)) >>> 0);
  if (stateId !== undefined) {
    buffer[at] = TAG.stateId;
    at = putVarint64(buffer, at + 1, stateId);
  }
  writer.advance(at);
  writer.finish(start);
}

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
