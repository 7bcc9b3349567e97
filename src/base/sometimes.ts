// Marks of rare situations: that a run of the simulator met one is worth knowing, and that it never did is worth more. On a
// real machine a mark does nothing. Each situation is named here once and marked where it happens.

export const SITUATIONS = [
  'pipeline failed while it was set up',
  'pipeline failed while streaming',
  'pipeline failed while closing',
  'another DataNode took the place of a failed one',
  'the last node of a pipeline was lost',
  'block recovered from several replicas',
  'block recovered from crashed replicas only',
  'block given up because nobody has it',
  'replica left out of a recovery because its bytes are wrong',
  'recovery put off, as its replicas had crashed and another one was out of reach',
  'recovery overtaken by a newer one',
  'recovery answered after a newer one began',
  'block found half written at the start of a DataNode',
  'cut of a replica ended at the start of a DataNode',
  'cut of a replica refused because its bytes are not proved',
  'replica written again because a sync may have failed',
  'torn tail of the edit log cut',
  'name directory left out after an error',
  'changes came while an image was written',
  'safe mode entered for want of disk space',
  'retried call answered from the cache',
  'retried call answered from the cache after a restart',
  'excess replica chosen while another storage is stale',
  'replica reported corrupt',
  'lease expired at its hard limit',
  'volume of a DataNode left out after an error',
  'volume of a DataNode came later than its start',
  'data directory let go of while a block was written to it',
  'data directory came with a replica of a block that is being written',
  'decommission ended with all blocks elsewhere',
  'decommission called off before its end',
  'maintenance begun with all blocks elsewhere',
  'maintenance ended by its time',
  'maintenance ended while its DataNode was dead',
  'client read another replica after a failure',
  'client asked another replica beside a silent one',
  'file closed before the report of its last block',
] as const;

export type Situation = (typeof SITUATIONS)[number];

let listener: ((situation: Situation) => void) | undefined;

/** Notes that something rare has happened. */
export function sometimes(situation: Situation): void {
  listener?.(situation);
}

/** Who is told from now on; undefined: nobody. */
export function onSometimes(fn: ((situation: Situation) => void) | undefined): void {
  listener = fn;
}
