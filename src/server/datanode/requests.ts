// From the protobuf of an operation to the values that the DataNode works with: what is required is there, and in bounds.
import { ProtocolError } from '../../base/errors.ts';
import { blockId, genStamp } from '../../base/ids.ts';
import { ChecksumTypeProto, type ExtendedBlockProto } from '../../wire/messages/hdfs.ts';
import type { BaseHeaderProto, ChecksumProto } from '../../wire/messages/transfer.ts';
import { DataChecksum } from './data-checksum.ts';
import { isPoolId } from './layout.ts';
import type { BlockName } from './replica.ts';

export function blockOf(proto: ExtendedBlockProto | undefined): BlockName {
  if (proto?.poolId === undefined || proto.blockId === undefined || proto.generationStamp === undefined) {
    throw new ProtocolError('the request names no block');
  }
  if (!isPoolId(proto.poolId)) throw new ProtocolError(`${JSON.stringify(proto.poolId)} is not the id of a block pool`);
  const numBytes = proto.numBytes ?? 0;
  if (numBytes < 0) throw new ProtocolError(`a block of ${numBytes} bytes`);
  return { pool: proto.poolId, id: blockId(proto.blockId), genStamp: genStamp(proto.generationStamp), numBytes };
}

export function blockOfHeader(header: BaseHeaderProto | undefined): BlockName {
  return blockOf(header?.block);
}

export function protoOf(block: BlockName): ExtendedBlockProto {
  return { poolId: block.pool, blockId: block.id, generationStamp: block.genStamp, numBytes: block.numBytes };
}

export function checksumOf(proto: ChecksumProto | undefined): DataChecksum {
  if (proto?.type === undefined || proto.bytesPerChecksum === undefined)
    throw new ProtocolError('the request names no checksum');
  const type = proto.type;
  if (type !== ChecksumTypeProto.CHECKSUM_NULL && proto.bytesPerChecksum < 1) throw new ProtocolError('chunks of no bytes');
  return DataChecksum.of(type, proto.bytesPerChecksum);
}
