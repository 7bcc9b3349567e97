// The XML of `hdfs oev`: a tree of elements that hold either text or other elements, written as Java's XML transformer
// lays it out, and read back one record at a time, so that a log of any size passes through. Apache: XmlEditsVisitor,
// OfflineEditsXmlLoader, XMLUtils.
import { SaxesParser } from 'saxes';
import { messageOf, ProtocolError } from '../../../base/errors.ts';
import { mangle, unmangle } from '../../xml-text.ts';

export type Content = string | readonly Element[];

export interface Element {
  readonly name: string;
  readonly content: Content;
}

export const element = (name: string, content: Content): Element => ({ name, content });

// ------------------------------------------------------------------------------------------------------------- writing

/** What Java's serializer writes as a reference: markup, line ends it would lose, controls, and everything beyond 16 bits. */
function escapeMarkup(text: string): string {
  if (!/[&<>\r\u007f-\u009f\u2028\u{10000}-\u{10ffff}]/u.test(text)) return text;
  return text.replaceAll(/[&<>\r\u007f-\u009f\u2028\u{10000}-\u{10ffff}]/gu, (character) => {
    if (character === '&') return '&amp;';
    if (character === '<') return '&lt;';
    return character === '>' ? '&gt;' : `&#${character.codePointAt(0)};`;
  });
}

const INDENT = '  ';

/** The element with a line for each of its own, `depth` levels deep. */
export function formatElement({ name, content }: Element, depth: number): string {
  const margin = INDENT.repeat(depth);
  if (typeof content === 'string') {
    return content === '' ? `${margin}<${name}/>\n` : `${margin}<${name}>${escapeMarkup(mangle(content))}</${name}>\n`;
  }
  if (content.length === 0) return `${margin}<${name}/>\n`;
  return `${margin}<${name}>\n${content.map((child) => formatElement(child, depth + 1)).join('')}${margin}</${name}>\n`;
}

export const XML_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

// ------------------------------------------------------------------------------------------------------------- reading

/** Deepest element that any operation has, with room. */
const MAX_DEPTH = 16;
/** Text and elements of one record. Apache bounds an operation of the binary log by dfs.namenode.max.op.size. */
const MAX_RECORD_CHARACTERS = 256 * 1024 * 1024;

/** Java's String.trim: everything up to the blank counts as white space, and nothing else. */
function trim(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && text.charCodeAt(start) <= 0x20) start++;
  while (end > start && text.charCodeAt(end - 1) <= 0x20) end--;
  return text.slice(start, end);
}

/** What stands below one element, by name. */
export class Stanza {
  readonly children = new Map<string, Stanza[]>();
  text = '';

  has(name: string): boolean {
    return this.children.has(name);
  }

  all(name: string): readonly Stanza[] {
    return this.children.get(name) ?? [];
  }

  /** The only child of that name; undefined when there is none. */
  only(name: string): Stanza | undefined {
    const found = this.children.get(name);
    if (found !== undefined && found.length > 1) throw new ProtocolError(`More than one value found for ${name}`);
    return found?.[0];
  }

  child(name: string): Stanza {
    const found = this.only(name);
    if (found === undefined) throw new ProtocolError(`no entry found for ${name}`);
    return found;
  }

  value(name: string): string {
    return this.child(name).text;
  }
}

export interface XmlRecord {
  readonly opCode: string;
  readonly data: Stanza;
}

/** Takes records out of the text of an XML edit log, which may come in pieces of any size. Throws ProtocolError with the line. */
export class XmlRecordReader {
  readonly #parser = new SaxesParser();
  readonly #path: string[] = [];
  readonly #stanzas: Stanza[] = [];
  #text = '';
  #characters = 0;
  #opCode: string | undefined;
  #version: number | undefined;
  #ended = false;
  #records: XmlRecord[] = [];

  constructor() {
    const parser = this.#parser;
    parser.on('error', (error) => this.#fail(messageOf(error)));
    parser.on('doctype', () => this.#fail('a document type is not allowed here'));
    parser.on('opentag', ({ name }) => this.#open(name));
    parser.on('closetag', ({ name }) => this.#close(name));
    parser.on('text', (text) => {
      this.#characters += text.length;
      if (this.#characters > MAX_RECORD_CHARACTERS) this.#fail(`a record of more than ${MAX_RECORD_CHARACTERS} characters`);
      this.#text += text;
    });
  }

  /** Layout version that the log says it has; undefined before it was read. */
  get version(): number | undefined {
    return this.#version;
  }

  /** The records that end within this piece. */
  push(text: string): readonly XmlRecord[] {
    this.#parser.write(text);
    const records = this.#records;
    this.#records = [];
    return records;
  }

  finish(): void {
    this.#parser.close();
    if (!this.#ended) this.#fail('the file ends before </EDITS>');
  }

  #fail(reason: string): never {
    throw new ProtocolError(`line ${this.#parser.line}: ${reason.replace(/^\d+:\d+: /, '')}`);
  }

  #open(name: string): void {
    this.#text = '';
    const depth = this.#path.length;
    if (depth >= MAX_DEPTH) this.#fail(`<${name}> lies deeper than any operation has elements`);
    this.#characters += name.length;
    const at = this.#path.join('/');
    this.#path.push(name);
    if (depth === 0 && name !== 'EDITS') this.#fail('expected <EDITS>');
    if (depth === 1 && name !== (this.#version === undefined ? 'EDITS_VERSION' : 'RECORD')) {
      this.#fail(`expected <${this.#version === undefined ? 'EDITS_VERSION' : 'RECORD'}>, not <${name}>`);
    }
    if (at === 'EDITS/RECORD') {
      const wanted = this.#opCode === undefined ? 'OPCODE' : 'DATA';
      if (name !== wanted) this.#fail(`expected <${wanted}>, not <${name}>`);
    }
    if (depth < 2 || this.#path[1] !== 'RECORD' || this.#path[2] !== 'DATA') return;
    const stanza = new Stanza();
    const parent = this.#stanzas.at(-1);
    if (parent !== undefined) {
      const before = parent.children.get(name);
      if (before === undefined) parent.children.set(name, [stanza]);
      else before.push(stanza);
    }
    this.#stanzas.push(stanza);
  }

  #close(name: string): void {
    let text: string;
    try {
      text = trim(unmangle(this.#text));
    } catch (error) {
      this.#fail(messageOf(error));
    }
    this.#text = '';
    this.#path.pop();
    const at = this.#path.join('/');
    if (at === '') this.#ended = true;
    else if (at === 'EDITS' && name === 'EDITS_VERSION') {
      this.#version = Number(text);
      if (!Number.isInteger(this.#version)) this.#fail(`${text} is no layout version`);
    } else if (at === 'EDITS/RECORD' && name === 'OPCODE') this.#opCode = text;
    else if (at === 'EDITS/RECORD' && name === 'DATA') {
      const data = this.#stanzas.pop();
      if (data !== undefined && this.#opCode !== undefined) this.#records.push({ opCode: this.#opCode, data });
      this.#characters = 0;
    } else if (at === 'EDITS') this.#opCode = undefined;
    else {
      const stanza = this.#stanzas.pop();
      if (stanza !== undefined) stanza.text = text;
    }
  }
}
