// An image's XML as it is read: its sections one after the other, each as a head and then its entries, one at a time, so
// that a file of any size passes through.
import { SaxesParser } from 'saxes';
import { messageOf, ProtocolError } from '../../../base/errors.ts';
import { unmangle } from '../../xml-text.ts';
import { XmlNode } from './xml-node.ts';

export type ImageXmlEvent =
  /** Everything of a section that comes before its entries. */
  | { readonly kind: 'head'; readonly section: string; readonly node: XmlNode }
  | { readonly kind: 'entry'; readonly section: string; readonly node: XmlNode }
  | { readonly kind: 'end'; readonly section: string };

/** Elements that are the entries of their section. What is not listed has a head only. */
const ENTRIES: Readonly<Record<string, readonly string[]>> = {
  INodeSection: ['inode'],
  INodeReferenceSection: ['ref'],
  INodeDirectorySection: ['directory'],
  FileUnderConstructionSection: ['inode'],
  SnapshotSection: ['snapshot'],
  SnapshotDiffSection: ['dirDiffEntry', 'fileDiffEntry'],
  SecretManagerSection: ['delegationKey', 'token'],
  CacheManagerSection: ['pool', 'directive'],
};

/** Deepest element that an image has (an attribute of an inode that a snapshot keeps), with room. */
const MAX_DEPTH = 16;
/** Text and elements of one entry: a directory of some six million, as a message of an image may be. */
const MAX_ENTRY_CHARACTERS = 256 * 1024 * 1024;

/** Takes the text in pieces of any size. Throws ProtocolError with the line. */
export class ImageXmlParser {
  readonly #parser = new SaxesParser();
  readonly #open: XmlNode[] = [];
  #depth = 0;
  #characters = 0;
  #section: string | undefined;
  #head: XmlNode | undefined;
  #ended = false;
  #events: ImageXmlEvent[] = [];

  constructor() {
    const parser = this.#parser;
    parser.on('error', (error) => this.#fail(messageOf(error)));
    parser.on('doctype', () => this.#fail('a document type is not allowed here'));
    parser.on('opentag', ({ name, attributes }) => {
      if (Object.keys(attributes).length > 0) this.#fail(`<${name}> has attributes, which no element of an image has`);
      this.#opened(name);
    });
    parser.on('closetag', () => this.#closed());
    parser.on('text', (text) => this.#text(text));
    parser.on('cdata', (text) => this.#text(text));
  }

  /** What has come to its end within this piece. */
  push(text: string): readonly ImageXmlEvent[] {
    this.#parser.write(this.#keepReturns(text));
    const events = this.#events;
    this.#events = [];
    return events;
  }

  /**
   * The viewer writes a carriage return of a name or value as it is, and XML takes it for the end of a line. Apache's own tool
   * makes a line feed of it; in the length of an erasure coding policy's name that is damage.
   */
  #keepReturns(text: string): string {
    if (!text.includes('\r')) return text;
    const start = this.#depth > 0 ? 0 : text.indexOf('<fsimage');
    if (start < 0) return text;
    const close = text.lastIndexOf('</fsimage');
    const end = close < 0 ? text.length : close;
    return text.slice(0, start) + text.slice(start, end).replaceAll('\r', '&#13;') + text.slice(end);
  }

  finish(): void {
    this.#parser.close();
    if (!this.#ended) this.#fail('the file ends before </fsimage>');
  }

  /** Where in the file the parser is. */
  get line(): number {
    return this.#parser.line;
  }

  #fail(reason: string): never {
    throw new ProtocolError(`line ${this.line}: ${reason.replace(/^\d+:\d+: /, '')}`);
  }

  #count(characters: number): void {
    this.#characters += characters;
    if (this.#characters > MAX_ENTRY_CHARACTERS) this.#fail(`an entry of more than ${MAX_ENTRY_CHARACTERS} characters`);
  }

  #text(text: string): void {
    const node = this.#open.at(-1);
    if (node === undefined) {
      if (text.trim() !== '') this.#fail(`unexpected text: ${text.trim().slice(0, 80)}`);
      return;
    }
    this.#count(text.length);
    node.text += text;
  }

  #opened(name: string): void {
    const depth = this.#depth++;
    if (depth >= MAX_DEPTH) this.#fail(`<${name}> lies deeper than any element of an image`);
    if (depth === 0) {
      if (name !== 'fsimage') this.#fail(`expected <fsimage>, not <${name}>`);
    } else if (depth === 1) {
      this.#section = name;
      this.#head = new XmlNode(name);
    } else {
      this.#count(name.length);
      if (depth === 2 && this.#isEntry(name)) this.#endHead();
      else if (depth === 2 && this.#head === undefined) this.#fail(`<${name}> stands among the entries of ${this.#section}`);
      this.#open.push(new XmlNode(name));
    }
  }

  #isEntry(name: string): boolean {
    return ENTRIES[this.#section ?? '']?.includes(name) === true;
  }

  #endHead(): void {
    if (this.#head === undefined) return;
    this.#events.push({ kind: 'head', section: this.#head.name, node: this.#head });
    this.#head = undefined;
    this.#characters = 0;
  }

  #closed(): void {
    const depth = --this.#depth;
    if (depth === 0) {
      this.#ended = true;
      return;
    }
    const section = this.#section ?? '';
    if (depth === 1) {
      this.#endHead();
      this.#events.push({ kind: 'end', section });
      return;
    }
    const node = this.#open.pop() as XmlNode;
    try {
      node.text = unmangle(node.text);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    const parent = this.#open.at(-1) ?? this.#head;
    if (parent !== undefined) parent.add(node);
    else {
      this.#events.push({ kind: 'entry', section, node });
      this.#characters = 0;
    }
  }
}
