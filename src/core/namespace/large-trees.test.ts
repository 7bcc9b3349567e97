// If this fails, listing, summing up or deleting a directory of a million files keeps every other client waiting: what one
// turn does must depend on the slice that was asked for, and not on how much there is.
import { expect, test, vi } from 'vitest';
import { blockId, genStamp, inodeId } from '../../base/ids.ts';
import { BlockState } from '../blocks/block-map.ts';
import { InodeType } from './inodes.ts';
import { checkDelete } from './ops/delete.ts';
import { SubtreeAccess } from './ops/subtree-access.ts';
import { beginContentSummary } from './queries/content-summary.ts';
import { listing } from './queries/listing.ts';
import { SubtreeSpace } from './subtree-space.ts';
import { ALICE, LoggedNamespace, rpcIds, SUPERUSER } from './testing.ts';

const SLICE = 100;

/** /big with so many files of one block, all of ALICE. */
function world(files: number) {
  const logged = new LoggedNamespace();
  const { inodes, blocks } = logged.ns;
  const common = { user: 'alice', group: 'staff', mtime: 1, atime: 1 };
  inodes.setMode(inodes.root, 0o777);
  const big = inodes.create({
    id: inodeId(16_386),
    type: InodeType.DIRECTORY,
    name: Buffer.from('big'),
    mode: 0o755,
    ...common,
  });
  inodes.attach(inodes.root, big);
  for (let i = 0; i < files; i++) {
    const name = Buffer.from(`part-${String(i).padStart(7, '0')}`);
    const file = inodes.create({ id: inodeId(16_387 + i), type: InodeType.FILE, name, mode: 0o644, ...common });
    inodes.setReplication(file, 3);
    inodes.attach(big, file);
    const id = blockId(BigInt(2 ** 30 + 1 + i));
    inodes.appendBlock(file, blocks.add(id, genStamp(1_001 + i), 1_000, file, BlockState.COMPLETE));
  }
  return { logged, ns: logged.ns, big };
}

type World = ReturnType<typeof world>;

/** The most rows of inodes that any one of the steps has looked at. */
function mostLooks({ ns }: World, step: () => boolean): number {
  const looks = [vi.spyOn(ns.inodes, 'type'), vi.spyOn(ns.inodes, 'subtreeVersion'), vi.spyOn(ns.inodes, 'detach')];
  let most = 0;
  for (let done = false; !done; ) {
    for (const look of looks) look.mockClear();
    done = step();
    most = Math.max(most, ...looks.map(({ mock }) => mock.calls.length));
  }
  for (const look of looks) look.mockRestore();
  return most;
}

const works: Readonly<Record<string, (world: World) => () => boolean>> = {
  'a count': ({ ns }) => {
    const walk = beginContentSummary(ns, ALICE, '/big');
    return () => walk.step(SLICE);
  },
  'a sum of space': ({ ns, big }) => {
    const walk = new SubtreeSpace(ns, big);
    return () => walk.step(SLICE);
  },
  'a check of rights': ({ ns, big }) => {
    const walk = new SubtreeAccess(ns, ALICE, big);
    return () => walk.step(SLICE);
  },
  'a listing': ({ ns }) => {
    let startAfter: Uint8Array = new Uint8Array(0);
    return () => {
      const page = listing(ns, ALICE, { path: '/big', startAfter, limit: SLICE });
      const left = page?.walk(({ inode }) => {
        startAfter = ns.inodes.name(inode);
        return true;
      });
      return left === 0;
    };
  },
  'a deletion': ({ ns, logged }) => {
    logged.run(checkDelete(ns, SUPERUSER, { path: '/big', recursive: true, rpc: rpcIds(1) }, 2));
    expect(ns.inodeCount).toBe(1);
    return () => !ns.reclaim(SLICE, () => undefined);
  },
};

for (const [name, begin] of Object.entries(works)) {
  test(`${name} does no more in a turn in a large directory than in a small one`, () => {
    const small = world(3 * SLICE);
    const large = world(30 * SLICE);
    const most = mostLooks(small, begin(small));
    expect(most).toBeLessThan(5 * SLICE);
    expect(mostLooks(large, begin(large))).toBeLessThanOrEqual(most + 2);
  });
}
