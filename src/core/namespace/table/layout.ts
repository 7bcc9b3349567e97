// The row of an inode: 16 words of 32 bits, one cache line. Files and directories use words 8 to 13 differently.
//
//   word   file, symlink              directory
//   0      id, low word
//   1      id, high 21 bits | erasure coding policy, 8 bits | type, 2 bits
//   2      parent
//   3      name, a reference into the arena of names
//   4      mode, 12 bits | storage policy, 4 bits | length of the name, 16 bits
//   5      owner and group, a number in the table of owners
//   6, 7   modification time
//   8      access time, low           children: none 0, one its handle, more an index node
//   9      access time, high          number of children
//   10     blocks, see file-blocks    inodes in the subtree
//   11     number of blocks, 30 bits  blocks in the subtree
//          | form of word 10, 2 bits
//   12     preferred block size, low
//   13     same, high 16 bits | replication, 16 bits
//   14     rare attributes, a reference into the arena of names; 0 none
//   15     version of the subtree
//
// A directory's words 12 and 13 are free: the place for what snapshots keep of former child lists.

export const ROW_WORDS = 16;

export const ID_LOW = 0;
export const ID_HIGH_KIND = 1;
export const PARENT = 2;
export const NAME = 3;
export const MODE_NAME_LENGTH = 4;
export const OWNER = 5;
export const MTIME = 6;
export const ATIME = 8;
export const CHILDREN = 8;
export const CHILD_COUNT = 9;
export const BLOCKS = 10;
export const SUBTREE_INODES = 10;
export const BLOCK_COUNT = 11;
export const SUBTREE_BLOCKS = 11;
export const BLOCK_SIZE_LOW = 12;
export const BLOCK_SIZE_HIGH_REPLICATION = 13;
export const ATTRIBUTES = 14;
export const VERSION = 15;

export const BLOCK_COUNT_MASK = 0x3fffffff;
export const BLOCKS_IN_RUNS = 0x40000000;
export const BLOCKS_IN_SEQUENCE = 0x80000000;

export const ID_HIGH_MASK = 0x1fffff;
export const POLICY_SHIFT = 21;
export const POLICY_MASK = 0xff;
export const TYPE_SHIFT = 29;
export const TYPE_MASK = 3;

export const MODE_MASK = 0xfff;
export const STORAGE_POLICY_SHIFT = 12;
export const STORAGE_POLICY_MASK = 0xf;
export const NAME_LENGTH_SHIFT = 16;

/** Longest name, in bytes; Hadoop's own limit (dfs.namenode.fs-limits.max-component-length) lies below. */
export const MAX_NAME_BYTES = 32_767;
/** Preferred block sizes have 48 bits, as in Apache's INodeFile.HeaderFormat. */
export const MAX_BLOCK_SIZE = 2 ** 48 - 1;
export const MAX_REPLICATION = 0xffff;
