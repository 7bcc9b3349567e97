// If this failed, `oiv -t` would show files below other directories than those they lie in.
import { expect, test } from 'vitest';
import { SeededRandom } from '../../../base/random.ts';
import { DiskTreeStore, type ScratchFile } from './disk-tree-store.ts';
import { MemoryTreeStore } from './tree-store.ts';

/** A file in memory, with holes. */
function file(): ScratchFile {
  let content = Buffer.alloc(0);
  return {
    read: (buffer, offset, length, position) =>
      Promise.resolve(content.copy(buffer, offset, Math.min(position, content.length), position + length)),
    write: (bytes, position) => {
      if (position + bytes.length > content.length) content = Buffer.concat([content, Buffer.alloc(position + bytes.length)]);
      content.set(bytes, position);
      return Promise.resolve();
    },
  };
}

test('the tree on the disk answers what the one in memory does, beyond the pages that are kept', async () => {
  const random = new SeededRandom(7);
  const disk = new DiskTreeStore(file(), file(), file());
  const memory = new MemoryTreeStore();
  // Pages of 8192 ids, of which 512 are kept: a few ids on each of 600 pages.
  const ids = Array.from({ length: 3000 }, () => 16_385 + random.below(600 * 8192));
  for (const id of ids) {
    const name = random.below(3) === 0 ? undefined : 'ä'.repeat(random.below(200)) + id;
    const parent = ids[random.below(ids.length)] ?? 16_385;
    await disk.putInode(id, name);
    memory.putInode(id, name);
    await disk.putParent(id, parent);
    memory.putParent(id, parent);
  }
  for (const id of [...ids, 16_385, 16_386, 20_000_000]) {
    expect([await disk.has(id), await disk.nameOf(id), await disk.parentOf(id)]).toEqual([
      memory.has(id),
      memory.nameOf(id),
      memory.parentOf(id),
    ]);
  }
  await expect(disk.putParent(5, 16_385)).rejects.toThrow('an inode cannot have the id 5');
});
