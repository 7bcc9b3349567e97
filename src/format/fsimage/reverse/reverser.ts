// An image made again from its XML: each section is written as its entries are read, the string table and the summary
// behind them, which is what an image allows. Apache: OfflineImageReconstructor, to the same bytes.
import { createHash } from 'node:crypto';
import { messageOf, ProtocolError } from '../../../base/errors.ts';
import { NAMENODE_LAYOUT_VERSION } from '../../../core/edits/ops.ts';
import { StringTableSection, StringTableSection_Entry } from '../../../wire/messages/fsimage.ts';
import { type MessageType, writeDelimited } from '../../../wire/protobuf/message.ts';
import { ProtoWriter } from '../../../wire/protobuf/writer.ts';
import { encodeSummary, IMAGE_FILE_VERSION, IMAGE_MAGIC, type Section } from '../sections.ts';
import { type SectionWriter, XML_SECTIONS, type XmlSection } from './sections.ts';
import { ReversedStrings } from './strings.ts';
import type { XmlNode } from './xml-node.ts';
import { ImageXmlParser } from './xml-parser.ts';

export interface ByteSink {
  /** Queues a copy. */
  put(bytes: Uint8Array): void;
  /** Waits until little enough is queued. */
  flush(): Promise<void>;
}

/** Answers the MD5 of the image, as hexadecimal digits. Throws ProtocolError. */
export async function reverseImage(xml: AsyncIterable<string>, sink: ByteSink): Promise<string> {
  const parser = new ImageXmlParser();
  const reversing = new Reversing(sink);
  for await (const piece of xml) {
    const events = parser.push(piece);
    for (const event of events) {
      try {
        if (event.kind === 'head') reversing.head(event.section, event.node);
        else if (event.kind === 'entry') reversing.entry(event.node);
        else reversing.end();
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        throw new ProtocolError(`${error.message} (section ${event.section}, up to line ${parser.line})`, { cause: error });
      }
    }
    await sink.flush();
  }
  try {
    parser.finish();
  } catch (error) {
    throw new ProtocolError(messageOf(error), { cause: error });
  }
  return reversing.finish();
}

class Reversing implements SectionWriter {
  readonly strings = new ReversedStrings();
  readonly #sink: ByteSink;
  readonly #digest = createHash('md5');
  readonly #writer = new ProtoWriter();
  readonly #sections: Section[] = [];
  readonly #left = new Set(XML_SECTIONS.keys());
  #version = false;
  #current: XmlSection | undefined;
  /** Entries that have to come before the section ends. */
  #expected: Record<string, number> = {};
  #position = 0;
  #start = 0;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.#out(IMAGE_MAGIC);
    this.#start = this.#position;
  }

  put<Init>(type: MessageType<unknown, Init>, message: Init): void {
    this.#writer.reset();
    writeDelimited(type, message, this.#writer);
    this.#out(this.#writer.view());
  }

  #out(bytes: Uint8Array): void {
    this.#digest.update(bytes);
    this.#position += bytes.length;
    this.#sink.put(bytes);
  }

  head(name: string, node: XmlNode): void {
    if (!this.#version) {
      this.#readVersion(name, node);
      return;
    }
    if (!this.#left.delete(name)) throw new ProtocolError(`Unknown or duplicate section found for ${name}`);
    this.#current = XML_SECTIONS.get(name);
    this.#expected = { ...this.#current?.head(node, this) };
    node.finish();
  }

  #readVersion(name: string, node: XmlNode): void {
    if (name !== 'version') {
      throw new ProtocolError(`No <version> section found at the top of the fsimage XML, but <${name}>: Hadoop 2 wrote it`);
    }
    const fileVersion = node.needInt('onDiskVersion');
    const layoutVersion = node.needInt('layoutVersion');
    if (fileVersion !== IMAGE_FILE_VERSION) {
      throw new ProtocolError(`image file version ${fileVersion}, where ${IMAGE_FILE_VERSION} is expected`);
    }
    if (layoutVersion !== NAMENODE_LAYOUT_VERSION) {
      throw new ProtocolError(
        `Layout version mismatch: images of layout version ${NAMENODE_LAYOUT_VERSION} are made, but the XML file has <layoutVersion> ${layoutVersion}`,
      );
    }
    this.#version = true;
  }

  entry(node: XmlNode): void {
    const left = this.#expected[node.name];
    if (left === 0) throw new ProtocolError(`more <${node.name}> than announced`);
    if (left !== undefined) this.#expected[node.name] = left - 1;
    this.#current?.entry(node, this);
  }

  end(): void {
    if (this.#current === undefined) return;
    const missing = Object.entries(this.#expected).find(([, left]) => left > 0);
    if (missing !== undefined) throw new ProtocolError(`${missing[1]} <${missing[0]}> are missing of those announced`);
    this.#endSection(this.#current.name);
    this.#current = undefined;
  }

  #endSection(name: string): void {
    this.#sections.push({ name, length: this.#position - this.#start, offset: this.#start });
    this.#start = this.#position;
  }

  finish(): string {
    const missing = [...this.#left].filter((name) => XML_SECTIONS.get(name)?.optional !== true);
    if (missing.length > 0) {
      throw new ProtocolError(`FSImage XML ended prematurely, without including section(s) ${missing.join(', ')}`);
    }
    this.put(StringTableSection, { numEntry: this.strings.size });
    for (const entry of this.strings.entries()) this.put(StringTableSection_Entry, entry);
    this.#endSection('STRING_TABLE');
    const summary = { layoutVersion: NAMENODE_LAYOUT_VERSION, codec: undefined, sections: this.#sections };
    this.#out(encodeSummary(summary));
    return this.#digest.digest('hex');
  }
}
