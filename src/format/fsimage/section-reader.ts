// Walks through the delimited messages of one section with a window that slides over the file. A message is decoded in
// place: what it hands out is valid until the next call of `fill`.
import { ProtocolError } from '../../base/errors.ts';
import type { MessageType } from '../../wire/protobuf/message.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';
import { fillExactly, type RandomAccess, type Section } from './sections.ts';

const WINDOW_BYTES = 256 * 1024;
/** Largest single message: the child list of a directory of six million, or a file of four million blocks. */
const MAX_MESSAGE_BYTES = 128 * 1024 * 1024;

export class SectionReader {
  readonly name: string;
  private readonly file: RandomAccess;
  /** Where the window is filled from next, and where the section ends. */
  private filePosition: number;
  private readonly fileEnd: number;
  private window: Buffer;
  private start = 0;
  private end = 0;
  private at: number;
  /** Where the message that was handed out last begins. */
  private current: number;

  private constructor(name: string, file: RandomAccess, filePosition: number, fileEnd: number, window: Buffer, filled: number) {
    this.name = name;
    this.file = file;
    this.filePosition = filePosition;
    this.fileEnd = fileEnd;
    this.window = window;
    this.end = filled;
    this.at = filePosition - filled;
    this.current = this.at;
  }

  static ofFile(file: RandomAccess, section: Section): SectionReader {
    const window = Buffer.allocUnsafeSlow(Math.max(16, Math.min(WINDOW_BYTES, section.length)));
    return new SectionReader(section.name, file, section.offset, section.offset + section.length, window, 0);
  }

  /** Over an unpacked section: offsets then count from its own beginning. */
  static ofBytes(name: string, file: RandomAccess, bytes: Buffer): SectionReader {
    return new SectionReader(name, file, bytes.length, bytes.length, bytes, bytes.length);
  }

  /** Where the message that was handed out last begins: in the file, or in the unpacked section. */
  get position(): number {
    return this.current;
  }

  /** A ProtocolError that says where in the file the last message stands. */
  error(what: string, cause?: unknown): ProtocolError {
    return new ProtocolError(
      `section ${this.name}, offset ${this.current}: ${what}`,
      cause === undefined ? undefined : { cause },
    );
  }

  /** Makes sure that a whole message is in the window. False at the end of the section. */
  async fill(): Promise<boolean> {
    this.current = this.at + this.start;
    for (;;) {
      const needed = this.messageBytes();
      const available = this.end - this.start;
      if (needed !== undefined && available >= needed) return true;
      const left = this.fileEnd - this.filePosition;
      if (left === 0) {
        if (available === 0) return false;
        throw this.error('the section ends within a message');
      }
      this.makeRoom(needed ?? available + 16);
      const count = Math.min(this.window.length - this.end, left);
      await fillExactly(this.file, this.window, this.end, count, this.filePosition);
      this.end += count;
      this.filePosition += count;
    }
  }

  /** Decodes the next message, which `fill` has said to be there. */
  next<T>(type: MessageType<T, never>): T {
    this.current = this.at + this.start;
    const reader = new ProtoReader(this.window, this.start, this.end);
    try {
      const message = reader.message(type.read, this.end);
      this.start = reader.position;
      return message;
    } catch (error) {
      if (error instanceof ProtocolError) throw this.error(`${type.name}: ${error.message}`, error);
      throw error;
    }
  }

  /** Decodes the one message that a section opens with. */
  async first<T>(type: MessageType<T, never>): Promise<T> {
    if (!(await this.fill())) throw this.error('the section is empty');
    return this.next(type);
  }

  /** Decodes all that is left; a ProtocolError of `visit` is told with its place. What it promises is waited for. */
  async forEach<T>(type: MessageType<T, never>, visit: (message: T) => Promise<void> | undefined | void): Promise<void> {
    while (await this.fill()) {
      do {
        const message = this.next(type);
        try {
          const visiting = visit(message);
          if (visiting !== undefined) await visiting;
        } catch (error) {
          if (error instanceof ProtocolError) throw this.error(error.message, error);
          throw error;
        }
      } while (this.ready());
    }
  }

  /** Whether a whole message is in the window already. */
  private ready(): boolean {
    const needed = this.messageBytes();
    return needed !== undefined && this.end - this.start >= needed;
  }

  /** All bytes that are left of the section, at most `limit`. */
  async rest(limit: number): Promise<Buffer> {
    const left = this.fileEnd - this.filePosition;
    const length = this.end - this.start + left;
    if (length > limit) throw this.error(`${length} bytes are more than can be carried along (${limit})`);
    const bytes = Buffer.allocUnsafe(length);
    this.window.copy(bytes, 0, this.start, this.end);
    await fillExactly(this.file, bytes, this.end - this.start, left, this.filePosition);
    return bytes;
  }

  /** Bytes of the next message with its length, or undefined when the length is not there yet. */
  private messageBytes(): number | undefined {
    let length = 0;
    for (let i = 0; i < 5; i++) {
      if (this.start + i >= this.end) return undefined;
      const byte = this.window[this.start + i] as number;
      length += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) {
        if (length > MAX_MESSAGE_BYTES) throw this.error(`a message of ${length} bytes`);
        return length + i + 1;
      }
    }
    throw this.error('a length of more than five bytes');
  }

  private makeRoom(needed: number): void {
    if (this.start > 0) {
      this.window.copyWithin(0, this.start, this.end);
      this.at += this.start;
      this.end -= this.start;
      this.start = 0;
    }
    if (needed <= this.window.length) return;
    const remaining = this.end + (this.fileEnd - this.filePosition);
    if (needed > remaining && this.messageBytes() !== undefined) throw this.error('the section ends within a message');
    const grown = Buffer.allocUnsafeSlow(Math.min(needed + WINDOW_BYTES, Math.max(remaining, 16)));
    this.window.copy(grown, 0, 0, this.end);
    this.window = grown;
  }
}
