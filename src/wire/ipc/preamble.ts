// What opens a connection of Hadoop RPC version 9, and what a server says to those who open it otherwise.
//
//     "hrpc" (4) | version (1) | service class (1) | authentication (1)
//
// then frames (frame.ts): first the connection context as call -3, or the SASL exchange as call -33 before it.
// Mirrors Server.Connection.readAndProcess and RpcConstants.
import { ProtoWriter } from '../protobuf/writer.ts';

export const IPC_VERSION = 9;
export const PREAMBLE_BYTES = 7;

/** Server.AuthProtocol. */
export const AUTH_NONE = 0;
export const AUTH_SASL = 0xdf;

/** Numbers of calls that are not calls. */
export const CALL_ID_AUTHORIZATION_FAILED = -1;
export const CALL_ID_CONNECTION_CONTEXT = -3;
export const CALL_ID_PING = -4;
export const CALL_ID_SASL = -33;
/** RpcConstants.INVALID_RETRY_COUNT. */
export const NO_RETRY_COUNT = -1;
export const CLIENT_ID_BYTES = 16;

const MAGIC = Buffer.from('hrpc', 'latin1');
const HTTP_GET = Buffer.from('GET ', 'latin1');

export function preamble(serviceClass = 0, authentication = AUTH_NONE): Buffer {
  return Buffer.from([...MAGIC, IPC_VERSION, serviceClass, authentication]);
}

export type Preamble =
  | { readonly kind: 'ok'; readonly serviceClass: number; readonly authentication: number }
  /** A browser or a probe: answered in its own language. */
  | { readonly kind: 'http' }
  /** Another version, or no Hadoop client at all. */
  | { readonly kind: 'version'; readonly version: number };

/** Reads the first PREAMBLE_BYTES of a connection. */
export function readPreamble(bytes: Uint8Array): Preamble {
  const start = Buffer.from(bytes.buffer, bytes.byteOffset, 4);
  if (start.equals(HTTP_GET)) return { kind: 'http' };
  const version = bytes[4] as number;
  if (!start.equals(MAGIC) || version !== IPC_VERSION) return { kind: 'version', version };
  return { kind: 'ok', serviceClass: bytes[5] as number, authentication: bytes[6] as number };
}

/** Server.RECEIVED_HTTP_REQ_RESPONSE: text that operators search for. */
export const HTTP_ON_IPC_PORT = Buffer.from(
  'HTTP/1.1 404 Not Found\r\nContent-type: text/plain\r\n\r\n' +
    'It looks like you are making an HTTP request to a Hadoop IPC port. ' +
    'This is not the correct port for the web interface on this daemon.\r\n',
  'latin1',
);

export const VERSION_MISMATCH_CLASS = 'org.apache.hadoop.ipc.RPC$VersionMismatch';

/** What a client of IPC version `version` below 9 understands as "wrong version"; from 9 on it is an ordinary fatal answer. */
export function oldVersionAnswer(version: number): Buffer {
  const message = wrongVersionMessage(version);
  const writer = new ProtoWriter(256);
  const int32 = (value: number): void => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    writer.putRaw(bytes);
  };
  const text = (value: string): void => {
    const bytes = Buffer.from(value, 'utf8');
    int32(bytes.length);
    writer.putRaw(bytes);
  };
  if (version >= 3) {
    int32(CALL_ID_AUTHORIZATION_FAILED);
    int32(-1);
  } else if (version === 2) {
    int32(0);
    writer.putRaw(Uint8Array.of(1));
  } else return Buffer.alloc(0);
  text(VERSION_MISMATCH_CLASS);
  text(message);
  return writer.toBuffer();
}

export function wrongVersionMessage(version: number): string {
  // Java's byte is signed.
  return `Server IPC version ${IPC_VERSION} cannot communicate with client version ${(version << 24) >> 24}`;
}
