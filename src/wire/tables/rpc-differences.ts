// What a NameNode's calls answer otherwise than Hadoop's do, and why. The interop test of random operations passes over these
// and nothing else: it knows each by its `id`.

export interface RpcDifference {
  readonly id: string;
  readonly what: string;
  readonly why: string;
}

export const RPC_DIFFERENCES = [
  {
    id: 'directory access times',
    what: 'a directory has no access time, whatever `setTimes` says',
    why: 'Hadoop keeps it in memory only, and forgets it when it starts from an image',
  },
  {
    id: 'parents of a refused name',
    what: '`mkdirs` and `create` that are refused for the name, a quota or the number of entries leave nothing behind',
    why: 'Hadoop keeps the parents that it had made before it came to what it refuses',
  },
  {
    id: 'file that was to be overwritten',
    what: 'a file stays that `create` was to overwrite and was refused for a quota',
    why: 'Hadoop’s is gone by then, and its log does not say so',
  },
  {
    id: 'ids of refused blocks',
    what: 'a block that a quota refuses takes no id, no stamp and no transaction',
    why: 'Hadoop gives them out and logs them before it looks at the quota',
  },
  {
    id: 'stamps that were not handed out',
    what: '`updatePipeline` refuses a generation stamp that no `updateBlockForPipeline` gave out, and another block’s id',
    why: 'Hadoop takes any higher stamp, which it may hand out again, and does not look at the id',
  },
  {
    id: 'cleared quota of the root',
    what: 'a name quota that was taken away from the root stays away',
    why: 'Hadoop’s has it again when it starts from the log in which that stands',
  },
  {
    id: 'quotas beyond 53 bits',
    what: 'a quota beyond 2^53 (8 PiB) that is no whole number of KiB is kept as the nearest number of 53 bits, at most 512 away; one within 512 of Long.MAX_VALUE is taken for that',
    why: 'numbers of bytes have 53 bits here; whatever is given with a unit is a whole number of KiB',
  },
  {
    id: 'refused value that is stored',
    what: 'the change after a refused one of `dfs.datanode.outliers.report.interval` is told of as a change of the value that was in force',
    why: 'Hadoop has stored the refused one by then, though it does not go by it',
  },
  {
    id: 'node that ends',
    what: 'a DataNode that reports a fatal disk error counts as dead at once',
    why: 'Hadoop takes its replicas out at once too, but counts it as live until its heartbeats are missed',
  },
  {
    id: 'order of a walk',
    what: 'of several directories below that may not be read, `getContentSummary` and `getQuotaUsage` name the first in the order of names',
    why: 'Hadoop’s order is that of a stack, and says nothing to anybody',
  },
  {
    id: 'sticky usage',
    what: '`getQuotaUsage` and `getSnapshotDiffReport` look at a sticky directory in which others have files',
    why: 'Hadoop refuses it as if something were to be deleted, though `getContentSummary` answers',
  },
  {
    id: 'owner of a sticky directory',
    what: 'a refused deletion names the owner of the sticky directory that refuses it',
    why: 'Hadoop names the owner and mode of the directory to be deleted in its place',
  },
  {
    id: 'types of a changed policy',
    what: 'the bytes of each storage type stay right when a policy changes, a file is cut or opened again',
    why: 'Hadoop counts them wrongly, below zero too, until it starts again',
  },
  {
    id: 'space of committed blocks',
    what: '`setReplication` counts a block that is committed and not complete by the block size, as every other call does',
    why: 'Hadoop counts it by its length there alone, and the sums of quotas stay wrong until it starts again',
  },
  {
    id: 'null pointers',
    what: 'renaming the root into a directory, `fsync` with a length of a file without blocks, and a snapshot difference of no path are refused in words',
    why: 'Hadoop’s fail with a NullPointerException or a StringIndexOutOfBoundsException',
  },
  {
    id: 'truncation asked for again',
    what: '`truncate` that is asked for again while it goes on is answered as before, also where a copy is made and after a start',
    why: 'Hadoop refuses it then, though the method counts as idempotent, and takes the old length of a file that is copied for the one aimed at',
  },
  {
    id: 'shorter than synced',
    what: '`complete` with a last block that is shorter than what `fsync` told of it is refused',
    why: 'Hadoop asserts the same, but runs with assertions off: bytes that were promised would be lost',
  },
  {
    id: 'another wanted type',
    what: '`addBlock` takes another wanted type of storage on a node whose storage of the first has no room',
    why: 'Hadoop passes the node over: a file of ONE_SSD finds no place once the SSDs are full, though the disks are not',
  },
  {
    id: 'complete on nodes that have left',
    what: '`complete` and `addBlock` count a finished replica on a node that was decommissioned while it was written',
    why: 'Hadoop does not: a file whose whole last pipeline was decommissioned cannot be closed, by its writer or by lease recovery',
  },
  {
    id: 'complete before its report',
    what: '`complete` that comes before a DataNode has reported the last block is answered with that report, or after 250 ms',
    why: 'Hadoop answers at once that the file cannot be closed yet, and its client asks again after 400 ms',
  },
  {
    id: 'overflowing range',
    what: '`getBlockLocations` of an offset and a length whose sum overflows shows all blocks from the offset on',
    why: 'Hadoop shows one',
  },
] as const satisfies readonly RpcDifference[];

export type RpcDifferenceId = (typeof RPC_DIFFERENCES)[number]['id'];
