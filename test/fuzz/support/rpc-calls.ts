// Calls of every protocol of a server with arguments that are plausible, hostile, or both.
import type { RpcService } from '../../../src/rpc/service.ts';
import { methodHeader, openingBytes } from '../../../src/wire/ipc/headers.ts';
import { RpcRequestHeaderProto, RpcResponseHeaderProto } from '../../../src/wire/messages/ipc.ts';
import { readDelimited } from '../../../src/wire/protobuf/message.ts';
import { ProtoReader } from '../../../src/wire/protobuf/reader.ts';
import { delimited } from './hostile-messages.ts';

/** A method of a protocol, with the schema file that its messages stand in. */
export interface Target {
  readonly protocol: string;
  readonly schema: string;
  readonly name: string;
  readonly request: string;
}

export function targetsOf(
  protocol: string,
  schema: string,
  methods: Readonly<Record<string, { readonly request: { readonly name: string } }>>,
): Target[] {
  return Object.entries(methods).map(([name, { request }]) => ({ protocol, schema, name, request: request.name }));
}

export const opening = (clientId: Uint8Array, protocol: string, user: string): Buffer =>
  Buffer.from(openingBytes(clientId, protocol, { effective: user, real: undefined }));

/** One frame: a call of `target` with this body. */
export function callFrame(target: Target, clientId: Uint8Array, callId: number, body: Uint8Array, retryCount = 0): Buffer {
  const header = RpcRequestHeaderProto.encodeDelimited({ rpcKind: 2, rpcOp: 0, callId, clientId, retryCount });
  const content = Buffer.concat([header, methodHeader(target.protocol, 1, target.name), delimited(body)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
}

export interface CallAnswer {
  readonly callId: number;
  /** undefined: it succeeded. */
  readonly error: string | undefined;
  readonly message: string;
}

export function answerOf(frame: Buffer): CallAnswer {
  const header = readDelimited(RpcResponseHeaderProto, new ProtoReader(frame));
  return {
    callId: header.callId ?? -1,
    error: header.status === 0 ? undefined : (header.exceptionClassName ?? 'no class'),
    message: header.errorMsg ?? '',
  };
}

export type { RpcService };
