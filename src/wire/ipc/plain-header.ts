// The header of a call as nearly every client sends it nearly every time: nothing in it but what must be there, in the order
// of the fields, and the client id of the call before. It is read straight from its bytes; of any other nothing is read here,
// and the generated decoder takes it, which says what every field means.
import type { ProtoReader } from '../protobuf/reader.ts';
import { CLIENT_ID_BYTES } from './preamble.ts';

/** Field number and wire type. RpcRequestHeaderProto. */
const TAG = { rpcKind: 8, rpcOp: 16, callId: 24, clientId: 34, retryCount: 40 } as const;
const RPC_KIND_PROTOBUF = 2;
const RPC_FINAL_PACKET = 0;
/** Up to the call id. */
const FIRST_BYTES = 5;

/** What differs between the headers of one client's calls. */
export class PlainHeader {
  callId = 0;
  retryCount = 0;

  /** Reads such a header at the reader's position. False: it is none, and the reader stands where it stood. */
  read(reader: ProtoReader, clientId: Uint8Array): boolean {
    const { buffer, position } = reader;
    const length = buffer[position] as number;
    const end = position + 1 + length;
    // A length of one byte, all of which is there.
    if (length > 0x7f || end > reader.limit || clientId.length !== CLIENT_ID_BYTES) return false;
    let at = position + 1;
    if (
      buffer[at] !== TAG.rpcKind ||
      buffer[at + 1] !== RPC_KIND_PROTOBUF ||
      buffer[at + 2] !== TAG.rpcOp ||
      buffer[at + 3] !== RPC_FINAL_PACKET ||
      buffer[at + 4] !== TAG.callId
    ) {
      return false;
    }
    at += FIRST_BYTES;
    let callId = 0;
    for (let shift = 0; ; shift += 7) {
      if (shift > 28 || at >= end) return false;
      const byte = buffer[at++] as number;
      callId |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    // Zigzag: numbers below zero are odd. They are no calls.
    if ((callId & 1) !== 0) return false;
    if (at + 2 + CLIENT_ID_BYTES + 2 !== end) return false;
    if (buffer[at] !== TAG.clientId || buffer[at + 1] !== CLIENT_ID_BYTES) return false;
    at += 2;
    for (let i = 0; i < CLIENT_ID_BYTES; i++) if (buffer[at + i] !== clientId[i]) return false;
    at += CLIENT_ID_BYTES;
    const retryCount = buffer[at + 1] as number;
    if (buffer[at] !== TAG.retryCount || retryCount > 0x7f) return false;
    this.callId = callId >>> 1;
    this.retryCount = (retryCount >>> 1) ^ -(retryCount & 1);
    reader.position = end;
    return true;
  }
}
