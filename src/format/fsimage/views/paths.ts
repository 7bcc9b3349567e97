// The inodes of an image with their paths, in two passes: the first keeps who lies in which directory, the second meets each
// inode once more. Apache: PBImageTextWriter.
import { ProtocolError } from '../../../base/errors.ts';
import { ROOT_INODE_ID } from '../../../base/ids.ts';
import {
  INodeDirectorySection_DirEntry,
  INodeReferenceSection_INodeReference,
  INodeSection,
  INodeSection_INode,
} from '../../../wire/messages/fsimage.ts';
import type { ImageSections } from '../image-sections.ts';
import type { SectionReader } from '../section-reader.ts';
import type { TreeStore } from './tree-store.ts';

export const nameOf = (inode: Pick<INodeSection_INode, 'name'>): string => Buffer.from(inode.name ?? []).toString('utf8');

/** A ProtocolError is told with its place. */
async function placed(reader: SectionReader, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof ProtocolError && !error.message.startsWith('section ')) throw reader.error(error.message, error);
    throw error;
  }
}

export async function eachInode(
  image: ImageSections,
  visit: (inode: INodeSection_INode) => Promise<void> | void,
): Promise<void> {
  const reader = await image.open('INODE');
  const { numInodes } = await reader.first(INodeSection);
  for (let i = 0; i < (numInodes ?? 0); i++) {
    if (!(await reader.fill())) throw reader.error(`${numInodes} inodes are announced, but ${i} are there`);
    const inode = reader.next(INodeSection_INode);
    await placed(reader, () => visit(inode));
  }
}

/** Ids that references stand for, by the number of the reference. */
export async function readReferences(image: ImageSections): Promise<readonly number[]> {
  const referred: number[] = [];
  if (image.has('INODE_REFERENCE')) {
    const reader = await image.open('INODE_REFERENCE');
    await reader.forEach(INodeReferenceSection_INodeReference, ({ referredId }) => {
      referred.push(referredId ?? 0);
    });
  }
  return referred;
}

export interface DirectoryEntry {
  readonly parent: number;
  readonly children: readonly number[];
  /** Inodes that lie there by a reference. */
  readonly referred: readonly number[];
}

export async function eachDirectory(
  image: ImageSections,
  references: readonly number[],
  visit: (directory: DirectoryEntry) => Promise<void> | void,
): Promise<void> {
  const reader = await image.open('INODE_DIR');
  while (await reader.fill()) {
    const { parent, children, refChildren } = reader.next(INodeDirectorySection_DirEntry);
    await placed(reader, () => {
      const referred = refChildren.map((index) => {
        const id = references[index];
        if (id === undefined) throw new ProtocolError(`directory ${parent} has the reference ${index}, which is not there`);
        return id;
      });
      return visit({ parent: parent ?? 0, children, referred });
    });
  }
}

/** Siblings follow one another: the paths of the last directories are enough. */
const KEPT_PATHS = 10_000;

export class Paths {
  readonly #store: TreeStore;
  readonly #kept = new Map<number, string>();

  constructor(store: TreeStore) {
    this.#store = store;
  }

  /** Path of the directory that an inode lies in, `/` for the root itself; undefined where only snapshots know it. */
  async ofParent(id: number): Promise<string | undefined> {
    if (id === ROOT_INODE_ID) return '/';
    const parent = await this.#store.parentOf(id);
    return parent === undefined ? undefined : this.#ofDirectory(parent);
  }

  async #ofDirectory(id: number): Promise<string | undefined> {
    const known = this.#kept.get(id);
    if (known !== undefined) return known;
    const names: string[] = [];
    const seen = new Set<number>();
    for (let at = id; at !== ROOT_INODE_ID; ) {
      const name = await this.#store.nameOf(at);
      const parent = await this.#store.parentOf(at);
      if (name === undefined || parent === undefined) return undefined;
      if (seen.has(at)) throw new ProtocolError(`directory ${at} lies within itself`);
      seen.add(at);
      names.push(name);
      at = parent;
    }
    const path = `/${names.reverse().join('/')}`;
    if (this.#kept.size >= KEPT_PATHS) this.#kept.clear();
    this.#kept.set(id, path);
    return path;
  }
}

/** The path of an inode in a directory. */
export const childPath = (directory: string, name: string): string => (directory === '/' ? `/${name}` : `${directory}/${name}`);
