// Identifiers and quantities of HDFS, and the one decision which of them are numbers and which are bigints.
//
// Block ids are the only ids whose 64 bits are all in use (striped ids are negative, legacy ids random), so they are
// bigint at the edges and two 32-bit halves inside compact state. Everything else stays below 2^53 in any cluster that
// can exist, and is a number: a decoded value beyond that is rounded, as Java's Long.MAX_VALUE for "all of it" is, and
// the code that receives it clamps or refuses it.

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** 1 is "none"; 16385 is the root; Hadoop counts up from there. */
export type InodeId = Brand<number, 'InodeId'>;
/** Signed 64 bits. Contiguous blocks count up from 2^30; striped block groups are negative. */
export type BlockId = Brand<bigint, 'BlockId'>;
/** Generation stamp; counts up from 1000. */
export type GenStamp = Brand<number, 'GenStamp'>;
/** Transaction id of the edit log; the first is 1, and 0 means "nothing yet". */
export type TxId = Brand<number, 'TxId'>;

export const inodeId = (value: number): InodeId => value as InodeId;
export const blockId = (value: bigint): BlockId => BigInt.asIntN(64, value) as BlockId;
export const genStamp = (value: number): GenStamp => value as GenStamp;
export const txId = (value: number): TxId => value as TxId;

/** Apache: INodeId.ROOT_INODE_ID. */
export const ROOT_INODE_ID = inodeId(16385);
/** Apache: HdfsConstants.GRANDFATHER_INODE_ID; a client that does not know the id of its file sends it. */
export const UNKNOWN_INODE_ID = inodeId(0);
/** Apache: HdfsConstants.GRANDFATHER_GENERATION_STAMP. */
export const GRANDFATHER_GEN_STAMP = genStamp(0);
/** Apache: HdfsServerConstants.NAMENODE… GenerationStamp.LAST_RESERVED_STAMP. */
export const LAST_RESERVED_GEN_STAMP = genStamp(1000);
/** Apache: SequentialBlockIdGenerator.LAST_RESERVED_BLOCK_ID, 2^30. */
export const LAST_RESERVED_BLOCK_ID = blockId(1024n * 1024n * 1024n);
/** Java's Long.MAX_VALUE, as near as a number comes; encoders write it back as 2^63 - 1. */
export const LONG_MAX = 2 ** 63;
