// ClientProtocol's changes of the tree: directories, names, attributes. Each decodes, has the namespace check, and turns
// the result into an answer; how a change becomes durable is namesystem.ts.
import { HdfsError } from '../../../base/errors.ts';
import type { InodeHandle } from '../../../core/namespace/inodes.ts';
import {
  checkSetOwner,
  checkSetPermission,
  checkSetReplication,
  checkSetStoragePolicy,
  checkSetTimes,
  refuseToSatisfyStoragePolicy,
} from '../../../core/namespace/ops/attributes.ts';
import { checkDelete } from '../../../core/namespace/ops/delete.ts';
import { checkMkdirs } from '../../../core/namespace/ops/mkdirs.ts';
import { checkMaySetQuota, checkSetQuota } from '../../../core/namespace/ops/quota.ts';
import { checkRename, checkRename2 } from '../../../core/namespace/ops/rename.ts';
import { SubtreeAccess } from '../../../core/namespace/ops/subtree-access.ts';
import { checkNotEmpty, isPathLengthAllowed, MAX_PATH_LENGTH } from '../../../core/namespace/paths.ts';
import type { Caller } from '../../../core/namespace/permissions.ts';
import { resolvePath } from '../../../core/namespace/resolve.ts';
import type { Handlers, RpcCall } from '../../../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../../../wire/messages/client-namenode.ts';
import { answering, type NameSystem, rpcIds } from '../namesystem.ts';
import { afterSpaceWalk } from './space-walk.ts';

/** Inodes that a caller's rights are looked at for in one turn. */
const ACCESS_SLICE = 5_000;
/** Walks that are begun anew, because what had been looked at stood elsewhere in the end, before all is done in one go. */
const ACCESS_TRIES = 3;

/** Mode bits of FsPermissionProto: Hadoop carries flags above them. */
export const modeOf = (permission: { readonly perm: number }): number => permission.perm & 0o1777;

/** Replications travel as 32 bits, of which Hadoop takes 16, with their sign. */
export const javaShort = (value: number): number => (value << 16) >> 16;

const isTrue = (): { result: boolean } => ({ result: true });
const asResult = (result: boolean): { result: boolean } => ({ result });
const isEmpty = (): Record<string, never> => ({});

/**
 * Looks in slices at whether the caller may take a large subtree away, so that nobody else waits meanwhile, and then has
 * it taken away in the turn in which the walk has seen everything.
 */
async function changeAfterWalk<R>(
  system: NameSystem,
  caller: Caller,
  path: string,
  change: (walked?: SubtreeAccess) => R | Promise<R>,
): Promise<R> {
  const { namespace, host } = system;
  for (let tries = 0; tries < ACCESS_TRIES; tries++) {
    const root = resolvePath(namespace, caller, path, 'writeLink').last;
    if (root === 0) break;
    const walk = new SubtreeAccess(namespace, caller, root);
    walk.follow();
    try {
      while (!walk.step(ACCESS_SLICE)) await new Promise<void>((resolve) => host.clock.defer(resolve));
      if (walk.isOf(root)) return await change(walk);
    } finally {
      walk.end();
    }
  }
  return change();
}

/** Whether the rights over what stands at a path take a walk worth slicing. */
function needsWalk(system: NameSystem, caller: Caller, path: string): boolean {
  const { inodes, options } = system.namespace;
  if (caller.superuser || !options.permissionsEnabled) return false;
  const root = resolvePath(system.namespace, caller, path, 'writeLink').last;
  return root !== 0 && inodes.subtreeInodes(root) > ACCESS_SLICE;
}

/** A walk for `path`, if there is one and it needs a walk, then `change`. */
function afterWalk<R>(
  system: NameSystem,
  call: RpcCall,
  path: string | undefined,
  change: (walked?: SubtreeAccess) => R | Promise<R>,
): R | Promise<R> {
  if (path === undefined) return change();
  return system.as(call, (caller) => {
    let walks = false;
    try {
      walks = needsWalk(system, caller, path);
    } catch (error) {
      // The check itself will say it, in its own order.
      if (!(error instanceof HdfsError)) throw error;
    }
    return walks ? changeAfterWalk(system, caller, path, change) : change();
  });
}

export function namespaceMethods(system: NameSystem): Handlers<typeof ClientNamenodeProtocol> {
  const { namespace: ns } = system;
  /** A directory above limits space. */
  const isCounted = (inode: InodeHandle): boolean => ns.space.isCounted(ns.inodes.parent(inode));
  const anyIsCounted = (): boolean => ns.inodes.withSpaceQuota.size > 0;
  /** Without a limit on space anywhere there is nothing to sum up, nor a path to resolve for it. */
  const afterCount = <R>(
    call: RpcCall,
    path: string,
    isMoved: (inode: InodeHandle) => boolean,
    change: () => R | Promise<R>,
  ): R | Promise<R> => (anyIsCounted() ? afterSpaceWalk(system, call, path, isMoved, change) : change());
  return {
    mkdirs: ({ src, masked, unmasked, createParent }, call) =>
      system.change(call, `Cannot create directory ${src}`, (caller, now) => {
        const mode = { masked: modeOf(masked), unmasked: unmasked === undefined ? undefined : modeOf(unmasked) };
        return answering(checkMkdirs(ns, caller, { path: src, mode, createParent }, now.wallMs), asResult);
      }),

    delete: ({ src, recursive }, call) =>
      afterCount(call, src, isCounted, () =>
        afterWalk(system, call, src, (walked) =>
          system.change(
            call,
            `Cannot delete ${src}`,
            (caller, now) => {
              return answering(
                checkDelete(ns, caller, { path: src, recursive, rpc: rpcIds(call) }, now.wallMs, walked),
                asResult,
              );
            },
            isTrue,
          ),
        ),
      ),

    rename: ({ src, dst }, call) =>
      afterCount(call, src, anyIsCounted, () =>
        system.change(
          call,
          `Cannot rename ${src}`,
          (caller, now) => {
            const request = { source: src, destination: dst, rpc: rpcIds(call) };
            return answering(checkRename(ns, caller, request, now.wallMs), asResult);
          },
          isTrue,
        ),
      ),

    rename2: ({ src, dst, overwriteDest, moveToTrash }, call) =>
      afterCount(call, src, anyIsCounted, () =>
        afterWalk(system, call, moveToTrash === true ? src : undefined, (walked) =>
          system.change(
            call,
            `Cannot rename ${src}`,
            (caller, now) => {
              const request = { source: src, destination: dst, rpc: rpcIds(call) };
              const options = { overwrite: overwriteDest, toTrash: moveToTrash === true };
              return answering(checkRename2(ns, caller, request, options, now.wallMs, walked), isEmpty);
            },
            isEmpty,
          ),
        ),
      ),

    setQuota: ({ path, namespaceQuota, storagespaceQuota, storageType }, call) => {
      const request = { path, namespace: namespaceQuota, space: storagespaceQuota, storageType };
      const isNew = (inode: InodeHandle): boolean => ns.space.of(inode) === undefined;
      return system.as(call, (caller) => {
        checkMaySetQuota(ns, caller, request);
        return afterSpaceWalk(system, call, path, isNew, () =>
          system.change(call, `Cannot set quota on ${path}`, (changer) =>
            answering(checkSetQuota(ns, changer, request), isEmpty),
          ),
        );
      });
    },

    // As in Hadoop, where only a test turns them on.
    createSymlink: ({ link }) => {
      checkNotEmpty(link);
      if (!isPathLengthAllowed(link)) throw new HdfsError('EIO', `Symlink path exceeds ${MAX_PATH_LENGTH} character limit`);
      throw new HdfsError('EUNSUPPORTED', 'Symlinks not supported');
    },

    setPermission: ({ src, permission }, call) =>
      system.change(call, `Cannot set permission for ${src}`, (caller) =>
        answering(checkSetPermission(ns, caller, src, modeOf(permission)), isEmpty),
      ),

    setOwner: ({ src, username, groupname }, call) =>
      system.change(call, `Cannot set owner for ${src}`, (caller) =>
        answering(checkSetOwner(ns, caller, src, username, groupname), isEmpty),
      ),

    setTimes: ({ src, mtime, atime }, call) =>
      system.change(call, `Cannot set times ${src}`, (caller) =>
        answering(checkSetTimes(ns, caller, src, mtime, atime), isEmpty),
      ),

    setReplication: ({ src, replication }, call) =>
      system.change(call, `Cannot set replication for ${src}`, (caller) => {
        return answering(checkSetReplication(ns, caller, src, javaShort(replication)), (file) => {
          if (file !== 0) system.replicationChanged(file);
          return { result: file !== 0 };
        });
      }),

    setStoragePolicy: ({ src, policyName }, call) =>
      afterCount(call, src, isCounted, () =>
        system.change(call, `Cannot set storage policy for ${src}`, (caller) =>
          answering(checkSetStoragePolicy(ns, caller, src, policyName), isEmpty),
        ),
      ),

    unsetStoragePolicy: ({ src }, call) =>
      afterCount(call, src, isCounted, () =>
        system.change(call, `Cannot unset storage policy for ${src}`, (caller) =>
          answering(checkSetStoragePolicy(ns, caller, src, undefined), isEmpty),
        ),
      ),

    satisfyStoragePolicy: () => refuseToSatisfyStoragePolicy(ns),
  };
}
