// The tree of an image in three files, with as many of their pages in memory as there is room for: parents and places of names
// by inode id, eight bytes for each, and the names one after the other. Ids are given out in a row, so that the first two have few
// gaps. Apache keeps the same in LevelDB.
import { ProtocolError } from '../../../base/errors.ts';
import { ROOT_INODE_ID } from '../../../base/ids.ts';
import type { TreeStore } from './tree-store.ts';

/** host/host.ts' DiskFile is one; empty when it is handed over. */
export interface ScratchFile {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<number>;
  write(bytes: Uint8Array, position: number): Promise<void>;
}

const PAGE_BYTES = 64 * 1024;
/** 32 MiB of each file of numbers. */
const PAGES = 512;
const ENTRY_BYTES = 8;
/** Far more inodes than a NameNode has room for: ids beyond are damage. */
const MAX_ID = ROOT_INODE_ID + 2 ** 40;
const GATHERED_BYTES = 256 * 1024;
/** A name has at most 255 bytes by default; a longer one takes a second read. */
const FIRST_READ_BYTES = 260;
const LENGTH_BYTES = 4;

interface Page {
  readonly bytes: Buffer;
  changed: boolean;
}

/** Numbers by inode id; 0 where none was set. */
class NumberFile {
  readonly #file: ScratchFile;
  /** The one used last stands last. */
  readonly #pages = new Map<number, Page>();

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  async get(id: number): Promise<number> {
    const { page, offset } = await this.#at(id);
    return page.bytes.readUInt32BE(offset) * 2 ** 32 + page.bytes.readUInt32BE(offset + 4);
  }

  async set(id: number, value: number): Promise<void> {
    const { page, offset } = await this.#at(id);
    page.bytes.writeUInt32BE(Math.floor(value / 2 ** 32), offset);
    page.bytes.writeUInt32BE(value % 2 ** 32, offset + 4);
    page.changed = true;
  }

  async #at(id: number): Promise<{ readonly page: Page; readonly offset: number }> {
    if (!(id >= ROOT_INODE_ID && id < MAX_ID)) throw new ProtocolError(`an inode cannot have the id ${id}`);
    const position = (id - ROOT_INODE_ID) * ENTRY_BYTES;
    const index = Math.floor(position / PAGE_BYTES);
    const offset = position % PAGE_BYTES;
    const known = this.#pages.get(index);
    if (known !== undefined) {
      this.#pages.delete(index);
      this.#pages.set(index, known);
      return { page: known, offset };
    }
    const bytes = await this.#makeRoom();
    const got = await this.#file.read(bytes, 0, PAGE_BYTES, index * PAGE_BYTES);
    bytes.fill(0, got);
    const page = { bytes, changed: false };
    this.#pages.set(index, page);
    return { page, offset };
  }

  /** The memory of the page that was not used for the longest time. */
  async #makeRoom(): Promise<Buffer> {
    const [oldest] = this.#pages;
    if (oldest === undefined || this.#pages.size < PAGES) return Buffer.alloc(PAGE_BYTES);
    const [index, { bytes, changed }] = oldest;
    this.#pages.delete(index);
    if (changed) await this.#file.write(bytes, index * PAGE_BYTES);
    return bytes;
  }
}

/** Texts at places of their own. */
class TextFile {
  readonly #file: ScratchFile;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #written = 0;

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  async add(text: string): Promise<number> {
    const bytes = Buffer.from(text, 'utf8');
    const length = Buffer.allocUnsafe(LENGTH_BYTES);
    length.writeUInt32BE(bytes.length);
    const place = this.#written + this.#gatheredBytes;
    this.#gathered.push(length, bytes);
    this.#gatheredBytes += length.length + bytes.length;
    if (this.#gatheredBytes >= GATHERED_BYTES) await this.#flush();
    return place;
  }

  async #flush(): Promise<void> {
    if (this.#gatheredBytes === 0) return;
    await this.#file.write(Buffer.concat(this.#gathered), this.#written);
    this.#written += this.#gatheredBytes;
    this.#gathered = [];
    this.#gatheredBytes = 0;
  }

  async get(place: number): Promise<string> {
    if (place >= this.#written) await this.#flush();
    const first = Buffer.alloc(FIRST_READ_BYTES);
    await this.#file.read(first, 0, first.length, place);
    const length = first.readUInt32BE(0);
    if (length <= first.length - LENGTH_BYTES) return first.toString('utf8', LENGTH_BYTES, LENGTH_BYTES + length);
    const all = Buffer.alloc(length);
    await this.#file.read(all, 0, length, place + LENGTH_BYTES);
    return all.toString('utf8');
  }
}

/** What the file of places holds of an inode that has no name; of a name, its place and `NAMED`. */
const NAMELESS = 1;
const NAMED = 2;

export class DiskTreeStore implements TreeStore {
  readonly #parents: NumberFile;
  readonly #places: NumberFile;
  readonly #names: TextFile;

  constructor(parents: ScratchFile, places: ScratchFile, names: ScratchFile) {
    this.#parents = new NumberFile(parents);
    this.#places = new NumberFile(places);
    this.#names = new TextFile(names);
  }

  async putInode(id: number, name: string | undefined): Promise<void> {
    await this.#places.set(id, name === undefined ? NAMELESS : NAMED + (await this.#names.add(name)));
  }

  putParent(child: number, parent: number): Promise<void> {
    return this.#parents.set(child, parent);
  }

  async has(id: number): Promise<boolean> {
    return (await this.#places.get(id)) !== 0;
  }

  async nameOf(id: number): Promise<string | undefined> {
    const place = await this.#places.get(id);
    return place < NAMED ? undefined : this.#names.get(place - NAMED);
  }

  async parentOf(id: number): Promise<number | undefined> {
    const parent = await this.#parents.get(id);
    return parent === 0 ? undefined : parent;
  }
}
