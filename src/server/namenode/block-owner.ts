// What the block manager asks of the files to which its blocks belong.
import type { BlockOwner } from '../../core/blocks/state.ts';
import { effectivePolicy } from '../../core/namespace/inode-policy.ts';
import type { Namespace } from '../../core/namespace/namespace.ts';

export function blockOwner(namespace: Namespace): BlockOwner {
  const { blocks, inodes } = namespace;
  let owners = new Uint32Array(0);
  return {
    replication: (block) => inodes.wantedReplicas(blocks.owner(block)),
    replications: (of, count, into) => {
      if (owners.length < count) owners = new Uint32Array(count);
      blocks.owners(of, count, owners);
      inodes.wantedReplicasOf(owners, count, into);
    },
    storagePolicy: (block) => effectivePolicy(inodes, blocks.owner(block)),
    openFile: (block) => {
      const file = blocks.owner(block);
      if (file === 0 || !inodes.isUnderConstruction(file)) return undefined;
      return { id: inodes.id(file), isLast: inodes.blockAt(file, inodes.blockCount(file) - 1) === block };
    },
    highestGenStamp: () => namespace.genStamp,
    completed: (block) => namespace.space.blockCompleted(block),
  };
}
