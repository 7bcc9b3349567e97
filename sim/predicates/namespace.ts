// What the NameNode holds in memory, looked over from time to time: the tree, its indexes, and the leases.
import { type InodeHandle, InodeType } from '../../src/core/namespace/inodes.ts';
import type { Namespace } from '../../src/core/namespace/namespace.ts';
import type { Model } from '../model.ts';
import type { Violations } from '../violations.ts';
import { checkQuotas } from './quotas.ts';

/** NS2: one root, no cycles, names unique and sorted by bytes, one parent each, all found by their ids. LR1, LR2: leases. NS7: quotas. */
export function checkNamespace(ns: Namespace, violations: Violations): void {
  const { inodes } = ns;
  const seen = new Set<InodeHandle>([inodes.root]);
  const open = new Map<number, string>();
  const walk = (directory: InodeHandle): void => {
    let before: Buffer | undefined;
    let children = 0;
    inodes.forEachChild(directory, undefined, (child) => {
      children++;
      const name = Buffer.from(inodes.name(child));
      const id = inodes.id(child);
      violations.check(!seen.has(child), 'NS2', () => `inode ${id} (${name}) is met twice`);
      violations.check(
        before === undefined || Buffer.compare(before, name) < 0,
        'NS2',
        () => `${name} is listed behind ${before?.toString()}`,
      );
      violations.check(inodes.parent(child) === directory, 'NS2', () => `the parent of inode ${id} (${name}) is another`);
      violations.check(inodes.find(id) === child, 'NS2', () => `inode ${id} (${name}) is not found by its id`);
      before = name;
      if (seen.has(child)) return true;
      seen.add(child);
      const writer = inodes.type(child) === InodeType.FILE ? inodes.underConstruction(child)?.clientName : undefined;
      if (writer !== undefined) open.set(id, writer);
      if (inodes.type(child) === InodeType.DIRECTORY) walk(child);
      return true;
    });
    violations.check(children === inodes.childCount(directory), 'NS2', () => `${children} of ${inodes.childCount(directory)}`);
  };
  walk(inodes.root);
  const counted = inodes.subtreeInodes(inodes.root);
  violations.check(seen.size === counted, 'NS2', () => `${seen.size} inodes are reachable, ${counted} are counted`);
  for (const [id, writer] of open) {
    const holder = ns.leases.ofFile(id as never)?.holder;
    violations.check(holder !== undefined, 'LR2', () => `inode ${id} is open for ${writer}, and nobody has its lease`);
    violations.check(holder === undefined || holder === writer, 'LR1', () => `inode ${id}: ${writer} writes, ${holder} may`);
  }
  for (const id of ns.leases.files()) {
    const inode = inodes.find(id);
    // Deleted with its directory: the entry goes with the inode.
    if (inode === 0 && inodes.findAnywhere(id) !== 0) continue;
    violations.check(open.has(id), 'LR2', () => `there is a lease on inode ${id}, which nobody writes`);
  }
  checkQuotas(ns, violations);
}

/** NS9: each file has the blocks that the log tells of, with their lengths. */
export function checkBlocks(ns: Namespace, model: Model, violations: Violations): void {
  for (const [path, file] of model.files()) {
    const inode = ns.inodes.find(file.inodeId as never);
    if (inode === 0) continue;
    const own = Array.from({ length: ns.inodes.blockCount(inode) }, (_, i) => {
      const block = ns.inodes.blockAt(inode, i);
      return `${ns.blocks.id(block)}:${ns.blocks.numBytes(block)}`;
    }).join(' ');
    const told = file.blocks.map(({ id, numBytes }) => `${id}:${numBytes}`).join(' ');
    violations.check(own === told, 'NS9', () => `${path} has the blocks ${own}, the log says ${told}`);
  }
}
