// Which handler a call goes to, by the header that names it.
import { RequestHeaderProto } from '../wire/messages/ipc.ts';
import { readDelimited } from '../wire/protobuf/message.ts';
import type { ProtoReader } from '../wire/protobuf/reader.ts';
import type { MethodTimings } from './measures.ts';
import type { ServiceMethod } from './service.ts';

/** Different method headers that are remembered; clients use a few dozen. */
const MAX_REMEMBERED_HEADERS = 2048;
/** A power of two. */
const SLOTS = 256;
/** The tag and the length of the method's name, and two letters of it. */
const HEAD_BYTES = 4;

export interface Target {
  readonly protocol: string;
  readonly timings: MethodTimings;
  readonly method: ServiceMethod;
  readonly handler: NonNullable<ServiceMethod['handler']>;
}

/** Targets by the bytes of their RequestHeaderProto, which a client repeats for each call of a method. */
export class TargetCache {
  private readonly byBytes = new Map<string, Target>();
  /** The last header of each slot: comparing bytes is less work than making a key. */
  private readonly recent: ({ readonly bytes: Uint8Array; readonly target: Target } | undefined)[] = new Array(SLOTS).fill(
    undefined,
  );

  /** Reads the header at the reader's position. */
  find(reader: ProtoReader, resolve: (header: RequestHeaderProto) => Target): Target {
    const { buffer, position } = reader;
    const end = position + 1 + (buffer[position] as number);
    // Only headers of up to 127 bytes (one byte of length) are remembered; longer ones are decoded each time.
    if (position >= reader.limit || end > reader.limit || (buffer[position] as number) > 0x7f) {
      return resolve(readDelimited(RequestHeaderProto, reader));
    }
    const slot = slotOf(buffer, position + 1, end);
    const last = this.recent[slot];
    if (last !== undefined && standsAt(buffer, position + 1, last.bytes)) {
      reader.position = end;
      return last.target;
    }
    const key = buffer.toString('latin1', position + 1, end);
    const known = this.byBytes.get(key);
    if (known === undefined) {
      const target = resolve(readDelimited(RequestHeaderProto, reader));
      if (this.byBytes.size < MAX_REMEMBERED_HEADERS) this.byBytes.set(key, target);
      return target;
    }
    this.recent[slot] = {
      bytes: Uint8Array.prototype.slice.call(buffer, position + 1, end),
      target: known,
    };
    reader.position = end;
    return known;
  }
}

/** By length and the first letters of the method: `create`, `delete` and `mkdirs` are of one length and come in turn. */
function slotOf(buffer: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < HEAD_BYTES) return length;
  return (length + (buffer[start + 2] as number) * 5 + (buffer[start + 3] as number) * 37) & (SLOTS - 1);
}

function standsAt(buffer: Uint8Array, at: number, bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (buffer[at + i] !== bytes[i]) return false;
  return true;
}
