// Whether a writer asks for a new DataNode in place of one that failed: pure, one function for all policies of
// dfs.client.block.write.replace-datanode-on-failure. Asking and copying is the shell's (client/pipeline-calls.ts).

/** DISABLE is what `...enable` = false means. Apache: ReplaceDatanodeOnFailure.Policy. */
export const REPLACE_POLICIES = ['DISABLE', 'NEVER', 'DEFAULT', 'ALWAYS'] as const;
export type ReplacePolicy = (typeof REPLACE_POLICIES)[number];

export interface ReplaceSettings {
  readonly policy: ReplacePolicy;
  /** Goes on with the nodes that are left when no new one can be had. */
  readonly bestEffort: boolean;
  /** With so many nodes it goes on too, when the NameNode knows of no new one; 0: never because of this. */
  readonly minReplication: number;
}

export interface PipelineCondition {
  /** Of the file. */
  readonly replication: number;
  /** Nodes that are left. */
  readonly existing: number;
  /** The block was there before, and was opened for more. */
  readonly appended: boolean;
  /** The file was flushed: readers were promised bytes. */
  readonly flushed: boolean;
}

/**
 * DEFAULT holds for r = replication and n = nodes that are left: r >= 3, and n <= floor(r / 2) or the block was flushed or
 * appended to. No policy replaces what is not missing, or where nothing is left to copy from.
 */
export function wantsReplacement(policy: ReplacePolicy, condition: PipelineCondition): boolean {
  const { replication, existing, appended, flushed } = condition;
  if (existing === 0 || existing >= replication) return false;
  switch (policy) {
    case 'DISABLE':
    case 'NEVER':
      return false;
    case 'ALWAYS':
      return true;
    case 'DEFAULT':
      return replication >= 3 && (existing <= Math.floor(replication / 2) || appended || flushed);
  }
}
