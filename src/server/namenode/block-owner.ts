// What the block manager asks of the files to which its blocks belong.
import type { BlockOwner } from '../../core/blocks/state.ts';
import { GROUP_SIZE, lowestPlace } from '../../core/blocks/table/layout.ts';
import { effectivePolicy } from '../../core/namespace/inode-policy.ts';
import type { Namespace } from '../../core/namespace/namespace.ts';

export function blockOwner(namespace: Namespace): BlockOwner {
  const { blocks, inodes } = namespace;
  const files = new Uint32Array(GROUP_SIZE);
  return {
    replication: (block) => inodes.wantedReplicas(blocks.owner(block)),
    replications: (group, bits, into) => {
      blocks.ownersInto(group, bits, files);
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const place = lowestPlace(rest);
        into[place] = inodes.wantedReplicas(files[place] as number);
      }
    },
    storagePolicy: (block) => effectivePolicy(inodes, blocks.owner(block)),
    openFile: (block) => {
      const file = blocks.owner(block);
      if (file === 0 || inodes.underConstruction(file) === undefined) return undefined;
      return { id: inodes.id(file), isLast: inodes.blockAt(file, inodes.blockCount(file) - 1) === block };
    },
    highestGenStamp: () => namespace.genStamp,
    completed: (block) => namespace.space.blockCompleted(block),
  };
}
