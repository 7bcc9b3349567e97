// A block with its places, as the client works with it.
import { HdfsError } from '../base/errors.ts';
import type { PipelineNode } from '../transfer/pipeline-client.ts';
import type { DatanodeInfoProto, ExtendedBlockProto, LocatedBlockProto } from '../wire/messages/hdfs.ts';
import { StorageTypeProto } from '../wire/messages/hdfs.ts';
import type { TokenProto } from '../wire/messages/security.ts';

export interface Located {
  readonly block: ExtendedBlockProto;
  /** Offset of its first byte in the file. */
  readonly offset: number;
  readonly length: number;
  readonly nodes: readonly PipelineNode[];
  readonly token: TokenProto;
  /** Every replica is known to be damaged. */
  readonly corrupt: boolean;
}

/** Throws EUNSUPPORTED for a block group of an erasure-coded file. */
export function located(proto: LocatedBlockProto): Located {
  const { b: block, offset, blockToken: token } = proto;
  if (proto.blockIndices !== undefined) {
    throw new HdfsError('EUNSUPPORTED', 'The file is erasure coded, which this client does not read or write yet');
  }
  const nodes = proto.locs.map((info, index) => ({
    info,
    storageType: proto.storageTypes[index] ?? StorageTypeProto.DISK,
    storageId: proto.storageIDs[index] ?? '',
  }));
  return { block, offset, length: block.numBytes, nodes, token, corrupt: proto.corrupt };
}

/** Identity of a DataNode within a client: it survives a restart of the DataNode under the same address. */
export function nodeKey(info: DatanodeInfoProto): string {
  return info.id.datanodeUuid;
}

/** As Apache prints a DataNode. */
export function nodeName(info: DatanodeInfoProto): string {
  return `${info.id.ipAddr}:${info.id.xferPort}`;
}

export function blockName(block: ExtendedBlockProto): string {
  return `${block.poolId}:blk_${block.blockId}_${block.generationStamp}`;
}
