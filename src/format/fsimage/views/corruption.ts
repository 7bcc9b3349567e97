// What is missing of an image's tree, as a table: inodes that directories name and that are not there, and directories that
// name such. First those whose path is known, in the order of the image, then the others by their ids.
// Apache: PBImageCorruptionDetector.
import type { ImageSections } from '../image-sections.ts';
import { csvField } from './csv-field.ts';
import { eachDirectory, eachInode, nameOf, Paths, readReferences } from './paths.ts';
import type { TextSink } from './text-sink.ts';
import type { TreeStore } from './tree-store.ts';

const HEADER = ['CorruptionType', 'Id', 'IsSnapshot', 'ParentPath', 'ParentId', 'Name', 'NodeType', 'CorruptChildren'] as const;

interface Corruption {
  /** It is named, and not there. */
  isMissing: boolean;
  /** Children of its own that are not there. */
  missingChildren: number | undefined;
}

interface Where {
  readonly isSnapshot: boolean;
  readonly parentPath: string;
  readonly name: string;
}

/** Throws ProtocolError. */
export async function writeCorruption(
  image: ImageSections,
  sink: TextSink,
  delimiter: string,
  store: TreeStore,
): Promise<void> {
  const references = await readReferences(image);
  const referenced = new Set(references);
  const found = new Map<number, Corruption>();
  const corruption = (id: number): Corruption => {
    const known = found.get(id) ?? { isMissing: false, missingChildren: undefined };
    found.set(id, known);
    return known;
  };
  await eachInode(image, (inode) => store.putInode(inode.id, inode.directory === undefined ? undefined : nameOf(inode)));
  await eachDirectory(image, references, async ({ parent, children, referred }) => {
    if (!(await store.has(parent))) corruption(parent).isMissing = true;
    let missing = 0;
    for (const child of children) {
      await store.putParent(child, parent);
      if (await store.has(child)) continue;
      corruption(child).isMissing = true;
      missing++;
    }
    if (missing > 0) corruption(parent).missingChildren = missing;
    // These are named by the number of a reference: that they are right cannot be seen here.
    for (const child of referred) await store.putParent(child, parent);
  });

  sink.put(`${HEADER.join(delimiter)}\n`);
  const put = async (id: number, { isMissing, missingChildren }: Corruption, where: Where): Promise<void> => {
    const kinds = [isMissing ? 'CorruptNode' : '', missingChildren === undefined ? '' : 'MissingChild'];
    const type = (await store.has(id)) ? 'Node' : referenced.has(id) ? 'Ref' : 'Unknown';
    const fields = [
      kinds.filter((kind) => kind !== '').join('With'),
      String(id),
      String(where.isSnapshot),
      where.parentPath,
      String((await store.parentOf(id)) ?? 'Missing'),
      where.name,
      type,
      String(missingChildren ?? 0),
    ];
    sink.put(`${fields.map(csvField).join(delimiter)}\n`);
    await sink.flush();
  };
  const paths = new Paths(store);
  await eachInode(image, async (inode) => {
    const known = found.get(inode.id);
    const parentPath = known === undefined ? undefined : await paths.ofParent(inode.id);
    if (known === undefined || parentPath === undefined) return;
    await put(inode.id, known, { isSnapshot: false, parentPath, name: nameOf(inode) });
    found.delete(inode.id);
  });
  for (const id of [...found.keys()].sort((a, b) => a - b)) {
    const name = (await store.nameOf(id)) ?? '';
    await put(id, corruption(id), { isSnapshot: true, parentPath: '', name });
  }
  await sink.flush();
}
