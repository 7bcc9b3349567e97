// Sums up a large subtree in slices before a change that moves its space from one quota to another, so that nobody else
// waits meanwhile. The change takes the sum where nothing has changed below, and walks again where something has.
import { HdfsError } from '../../../base/errors.ts';
import type { InodeHandle } from '../../../core/namespace/inodes.ts';
import { resolvePath } from '../../../core/namespace/resolve.ts';
import { SubtreeSpace } from '../../../core/namespace/subtree-space.ts';
import type { RpcCall } from '../../../rpc/service.ts';
import type { NameSystem } from '../namesystem.ts';

/** Inodes that are summed up in one turn. */
const SPACE_SLICE = 5_000;
/** A tree that changes this often while it is walked is summed up in one go. */
const SPACE_TRIES = 3;

async function walk(system: NameSystem, root: InodeHandle): Promise<void> {
  const { namespace: ns, host } = system;
  for (let tries = 0; tries < SPACE_TRIES && ns.inodes.isReachable(root); tries++) {
    const space = new SubtreeSpace(ns, root);
    ns.space.prepare(space);
    while (!space.step(SPACE_SLICE)) await new Promise<void>((resolve) => host.clock.defer(resolve));
    if (space.holds) return;
  }
}

/** `isMoved`: whether the change moves the space of what stands at the path. */
export function afterSpaceWalk<R>(
  system: NameSystem,
  call: RpcCall,
  path: string,
  isMoved: (inode: InodeHandle) => boolean,
  change: () => R | Promise<R>,
): R | Promise<R> {
  const { namespace: ns } = system;
  return system.as(call, (caller) => {
    let root: InodeHandle = 0;
    try {
      root = resolvePath(ns, caller, path, 'writeLink').last;
    } catch (error) {
      // The check itself will say it, in its own order.
      if (!(error instanceof HdfsError)) throw error;
    }
    if (root === 0 || ns.inodes.subtreeInodes(root) <= SPACE_SLICE || !isMoved(root)) return change();
    return walk(system, root)
      .then(change)
      .finally(() => ns.space.prepare(undefined));
  });
}
