// What the generated messages are made of: a name, an encoder and a decoder, and the few ways to call them.
import { ProtoReader } from './reader.ts';
import { ProtoWriter } from './writer.ts';

/** One protobuf message: `T` is what decoding gives, `Init` what encoding takes. */
export interface MessageType<T, Init = T> {
  readonly name: string;
  /** Appends the message to `writer`, without a length before it. */
  readonly write: (message: Init, writer: ProtoWriter) => void;
  /** Reads from the reader's position up to `end`. Throws ProtocolError. */
  readonly read: (reader: ProtoReader, end: number) => T;
  /** The message in a buffer of its own. */
  encode(message: Init): Buffer;
  /** The message with its length as a varint before it, in a buffer of its own. */
  encodeDelimited(message: Init): Buffer;
  /** Decodes all of `bytes`; views into it stay in the result. Throws ProtocolError. */
  decode(bytes: Uint8Array): T;
}

const scratch = new ProtoWriter(4096);

class GeneratedMessage<T, Init> implements MessageType<T, Init> {
  readonly name: string;
  readonly write: (message: Init, writer: ProtoWriter) => void;
  readonly read: (reader: ProtoReader, end: number) => T;

  constructor(
    name: string,
    write: (message: Init, writer: ProtoWriter) => void,
    read: (reader: ProtoReader, end: number) => T,
  ) {
    this.name = name;
    this.write = write;
    this.read = read;
  }

  encode(message: Init): Buffer {
    scratch.reset();
    this.write(message, scratch);
    return scratch.toBuffer();
  }

  encodeDelimited(message: Init): Buffer {
    scratch.reset();
    writeDelimited(this, message, scratch);
    return scratch.toBuffer();
  }

  decode(bytes: Uint8Array): T {
    return this.read(new ProtoReader(bytes), bytes.length);
  }
}

export function messageType<T, Init>(
  name: string,
  write: (message: Init, writer: ProtoWriter) => void,
  read: (reader: ProtoReader, end: number) => T,
): MessageType<T, Init> {
  return new GeneratedMessage(name, write, read);
}

/** Appends `message` with its length before it, which probably takes `lengthBytes`. */
export function writeDelimited<Init>(
  type: Pick<MessageType<unknown, Init>, 'write'>,
  message: Init,
  writer: ProtoWriter,
  lengthBytes = 1,
): void {
  const at = writer.beginBare(lengthBytes);
  type.write(message, writer);
  writer.finish(at, lengthBytes);
}

/** Reads a message with its length before it. Throws ProtocolError. */
export function readDelimited<T, Init>(type: MessageType<T, Init>, reader: ProtoReader): T {
  return reader.message(type.read, reader.limit);
}
