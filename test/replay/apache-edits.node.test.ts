// If this failed, our NameNode started on an Apache NameNode's directories would show another tree than Apache's own.
// The edits go through the same `apply` as a live request; the image that Apache saved after them is the judge.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blockId, genStamp, inodeId } from '../../src/base/ids.ts';
import { BlockMap } from '../../src/core/blocks/block-map.ts';
import { Inodes } from '../../src/core/namespace/inodes.ts';
import { Namespace } from '../../src/core/namespace/namespace.ts';
import { dump } from '../../src/core/namespace/testing.ts';
import { readEditLogBytes } from '../../src/format/edit-log/reader.ts';
import { loadImage } from '../../src/format/fsimage/loader.ts';

const file = (name: string): Buffer => readFileSync(join(import.meta.dirname, '..', 'golden', 'namespace-replay', name));

async function namespaceOfImage(name: string): Promise<Namespace> {
  const bytes = file(name);
  const inodes = new Inodes();
  const blocks = new BlockMap();
  const ns = new Namespace({}, inodes, blocks);
  const source = {
    read: (buffer: Uint8Array, offset: number, length: number, position: number) =>
      Promise.resolve(bytes.copy(buffer, offset, position, position + length)),
  };
  const { counters } = await loadImage(source, bytes.length, name, {
    inodes,
    blocks,
    onUnderConstruction: (inode, clientName) => ns.leases.add(clientName, inodes.id(inode), 0),
  });
  ns.genStamp = genStamp(counters.genStamp);
  ns.lastBlockId = blockId(counters.lastBlockId);
  ns.lastInodeId = inodeId(counters.lastInodeId);
  return ns;
}

test('edits of Apache give the tree that Apache saved', async () => {
  const ns = new Namespace({ superuser: 'root' });
  const kinds = new Set<string>();
  for (const segment of ['edits_0000000000000000001-0000000000000000084', 'edits_0000000000000000085-0000000000000000131']) {
    const { records, end } = readEditLogBytes(file(segment));
    expect(end.kind).toBe('clean');
    for (const { op, txid } of records) {
      kinds.add(op.kind);
      ns.apply(op, txid);
    }
  }
  expect(kinds.size).toBeGreaterThan(22);
  expect(dump(ns)).toEqual(dump(await namespaceOfImage('fsimage_0000000000000000131')));
});
