// Where in an image each inode stands, and who lies in which directory: some thirty bytes for each inode, so that one is
// found by its path while the image stays on the disk. Apache's FSImageLoader keeps all of it in memory.
import { HdfsError, ProtocolError } from '../../base/errors.ts';
import { ROOT_INODE_ID } from '../../base/ids.ts';
import type { ImageSections } from '../../format/fsimage/image-sections.ts';
import { fillExactly, type RandomAccess } from '../../format/fsimage/sections.ts';
import type { LoadedStrings } from '../../format/fsimage/string-table.ts';
import { eachDirectory, readReferences } from '../../format/fsimage/views/paths.ts';
import { INodeSection, INodeSection_INode } from '../../wire/messages/fsimage.ts';
import { ProtoReader } from '../../wire/protobuf/reader.ts';
import { PagedReader } from './paged-reader.ts';

/** Most inodes are shorter: one read brings them. */
const USUAL_BYTES = 256;

/** FNV-1a: names that differ in it need not be read. */
function hashOf(name: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of name) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}

const NO_CHILDREN = new Float64Array(0);

export class InodeIndex {
  readonly strings: LoadedStrings;
  readonly #file: RandomAccess;
  /** Three columns, by ascending id. */
  readonly #ids: Float64Array;
  readonly #positions: Float64Array;
  readonly #hashes: Uint32Array;
  readonly #children: ReadonlyMap<number, Float64Array>;

  private constructor(
    strings: LoadedStrings,
    file: RandomAccess,
    columns: readonly [Float64Array, Float64Array, Uint32Array],
    children: ReadonlyMap<number, Float64Array>,
  ) {
    this.strings = strings;
    this.#file = file;
    [this.#ids, this.#positions, this.#hashes] = columns;
    this.#children = children;
  }

  static async load(image: ImageSections): Promise<InodeIndex> {
    const strings = await image.strings();
    const columns = await readColumns(image);
    const children = new Map<number, Float64Array>();
    await eachDirectory(image, await readReferences(image), (directory) => {
      children.set(directory.parent, Float64Array.from([...directory.children, ...directory.referred]));
    });
    return new InodeIndex(strings, new PagedReader(await image.content('INODE')), columns, children);
  }

  /** Ids in a directory, by the bytes of their names. */
  children(id: number): Float64Array {
    return this.#children.get(id) ?? NO_CHILDREN;
  }

  async inode(id: number): Promise<INodeSection_INode> {
    const row = this.#row(id);
    if (row === undefined) throw new ProtocolError(`inode ${id} is not in the image`);
    return readInode(this.#file, this.#positions[row] as number);
  }

  /** Throws HdfsError ENOENT. */
  async lookup(path: string): Promise<INodeSection_INode> {
    let id: number = ROOT_INODE_ID;
    for (const part of path.split('/')) {
      if (part === '') continue;
      const found = await this.child(id, Buffer.from(part, 'utf8'));
      if (found === undefined) throw new HdfsError('ENOENT', path, { path });
      id = found;
    }
    return this.inode(id);
  }

  async child(directory: number, name: Buffer): Promise<number | undefined> {
    const hash = hashOf(name);
    for (const id of this.children(directory)) {
      const row = this.#row(id);
      if (row === undefined || this.#hashes[row] !== hash) continue;
      const inode = await readInode(this.#file, this.#positions[row] as number);
      if (name.equals(inode.name ?? new Uint8Array())) return id;
    }
    return undefined;
  }

  #row(id: number): number | undefined {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ids[middle] as number) < id) low = middle + 1;
      else high = middle;
    }
    return this.#ids[low] === id ? low : undefined;
  }
}

async function readColumns(image: ImageSections): Promise<readonly [Float64Array, Float64Array, Uint32Array]> {
  const reader = await image.open('INODE');
  const { numInodes = 0 } = await reader.first(INodeSection);
  const section = image.list.find(({ name }) => name === 'INODE');
  // The shortest inode takes more than a byte; compressed ones take what they announce.
  if (image.summary.codec === undefined && numInodes > (section?.length ?? 0)) {
    throw reader.error(`${numInodes} inodes cannot stand in ${section?.length} bytes`);
  }
  const ids = new Float64Array(numInodes);
  const positions = new Float64Array(numInodes);
  const hashes = new Uint32Array(numInodes);
  let ascending = true;
  for (let row = 0; row < numInodes; row++) {
    if (!(await reader.fill())) throw reader.error(`${numInodes} inodes are announced, but ${row} are there`);
    const inode = reader.next(INodeSection_INode);
    ids[row] = inode.id;
    positions[row] = reader.position;
    hashes[row] = hashOf(inode.name ?? new Uint8Array());
    if (row > 0 && inode.id < (ids[row - 1] as number)) ascending = false;
  }
  if (ascending) return [ids, positions, hashes];
  const order = Uint32Array.from(ids, (_, row) => row).sort((a, b) => (ids[a] as number) - (ids[b] as number));
  return [
    Float64Array.from(order, (row) => ids[row] as number),
    Float64Array.from(order, (row) => positions[row] as number),
    Uint32Array.from(order, (row) => hashes[row] as number),
  ];
}

async function readInode(file: RandomAccess, position: number): Promise<INodeSection_INode> {
  let buffer = Buffer.allocUnsafe(USUAL_BYTES);
  const got = await file.read(buffer, 0, buffer.length, position);
  const { length, prefix } = varint(buffer.subarray(0, got));
  const total = prefix + length;
  if (total > got) {
    buffer = Buffer.allocUnsafe(total);
    await fillExactly(file, buffer, 0, total, position);
  }
  return INodeSection_INode.read(new ProtoReader(buffer, prefix, total), total);
}

function varint(bytes: Uint8Array): { readonly length: number; readonly prefix: number } {
  let length = 0;
  for (const [index, byte] of bytes.subarray(0, 5).entries()) {
    length += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { length, prefix: index + 1 };
  }
  throw new ProtocolError('an inode without its length');
}
