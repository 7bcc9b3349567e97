// The operations of the data-transfer protocol, version 28: every code of Hadoop's Op once, with the message that follows
// it and what a DataNode of ours does with it. The table is total: test/house holds it against Apache's.
//
//   +---------+----+------------------------+
//   | version | op | varint length, message |
//   | 2 bytes | 1  |                        |
//   +---------+----+------------------------+

import {
  OpBlockChecksumProto,
  OpBlockGroupChecksumProto,
  OpCopyBlockProto,
  OpCustomProto,
  OpReadBlockProto,
  OpReplaceBlockProto,
  OpRequestShortCircuitAccessProto,
  OpTransferBlockProto,
  OpWriteBlockProto,
  ReleaseShortCircuitAccessRequestProto,
  ShortCircuitShmRequestProto,
} from '../messages/transfer.ts';
import { type MessageType, writeDelimited } from '../protobuf/message.ts';
import { ProtoWriter } from '../protobuf/writer.ts';

/** Apache: DataTransferProtocol.DATA_TRANSFER_VERSION. */
export const DATA_TRANSFER_VERSION = 28;
/** Bytes before the delimited message: version and op. */
export const OP_HEADER_BYTES = 3;
/** Longest message after an op: a pipeline of 512 targets stays far below. */
export const MAX_OP_MESSAGE_BYTES = 1024 * 1024;
/** First four bytes of a client that wants SASL. Apache: DataTransferSaslUtil.SASL_TRANSFER_MAGIC_NUMBER. */
export const SASL_MAGIC = 0xdeadbeef;

/** Apache: Op. */
export const Op = {
  WRITE_BLOCK: 80,
  READ_BLOCK: 81,
  READ_METADATA: 82,
  REPLACE_BLOCK: 83,
  COPY_BLOCK: 84,
  BLOCK_CHECKSUM: 85,
  TRANSFER_BLOCK: 86,
  REQUEST_SHORT_CIRCUIT_FDS: 87,
  RELEASE_SHORT_CIRCUIT_FDS: 88,
  REQUEST_SHORT_CIRCUIT_SHM: 89,
  BLOCK_GROUP_CHECKSUM: 90,
  CUSTOM: 127,
} as const;
export type Op = (typeof Op)[keyof typeof Op];
export type OpName = keyof typeof Op;

export interface OpEntry {
  readonly name: OpName;
  /** Absent: Apache defines the code and no server reads a message for it. */
  readonly message: MessageType<unknown, never> | undefined;
  /** `handled`, or why the DataNode answers with an error. */
  readonly server: 'handled' | { readonly refused: string };
}

const refused = (reason: string): { readonly refused: string } => ({ refused: reason });
const SHORT_CIRCUIT =
  'short-circuit access needs file descriptors over a UNIX domain socket, which this DataNode does not pass';

export const OPS: Readonly<Record<Op, OpEntry>> = {
  [Op.WRITE_BLOCK]: { name: 'WRITE_BLOCK', message: OpWriteBlockProto, server: 'handled' },
  [Op.READ_BLOCK]: { name: 'READ_BLOCK', message: OpReadBlockProto, server: 'handled' },
  [Op.READ_METADATA]: {
    name: 'READ_METADATA',
    message: undefined,
    server: refused('Hadoop reserves the code and gives it no message'),
  },
  [Op.REPLACE_BLOCK]: {
    name: 'REPLACE_BLOCK',
    message: OpReplaceBlockProto,
    server: refused('moving a replica for the balancer is not supported yet'),
  },
  [Op.COPY_BLOCK]: {
    name: 'COPY_BLOCK',
    message: OpCopyBlockProto,
    server: refused('moving a replica for the balancer is not supported yet'),
  },
  [Op.BLOCK_CHECKSUM]: { name: 'BLOCK_CHECKSUM', message: OpBlockChecksumProto, server: 'handled' },
  [Op.TRANSFER_BLOCK]: { name: 'TRANSFER_BLOCK', message: OpTransferBlockProto, server: 'handled' },
  [Op.REQUEST_SHORT_CIRCUIT_FDS]: {
    name: 'REQUEST_SHORT_CIRCUIT_FDS',
    message: OpRequestShortCircuitAccessProto,
    server: refused(SHORT_CIRCUIT),
  },
  [Op.RELEASE_SHORT_CIRCUIT_FDS]: {
    name: 'RELEASE_SHORT_CIRCUIT_FDS',
    message: ReleaseShortCircuitAccessRequestProto,
    server: refused(SHORT_CIRCUIT),
  },
  [Op.REQUEST_SHORT_CIRCUIT_SHM]: {
    name: 'REQUEST_SHORT_CIRCUIT_SHM',
    message: ShortCircuitShmRequestProto,
    server: refused(SHORT_CIRCUIT),
  },
  [Op.BLOCK_GROUP_CHECKSUM]: {
    name: 'BLOCK_GROUP_CHECKSUM',
    message: OpBlockGroupChecksumProto,
    server: refused('erasure-coded block groups are not supported yet'),
  },
  [Op.CUSTOM]: { name: 'CUSTOM', message: OpCustomProto, server: refused('no custom operation is known') },
};

export function isOp(code: number): code is Op {
  return Object.hasOwn(OPS, code);
}

const scratch = new ProtoWriter(1024);

/** An op as it goes on the wire, in a buffer of its own. */
export function encodeOp<T, Init>(op: Op, type: MessageType<T, Init>, message: Init): Buffer {
  scratch.reset();
  scratch.putRaw(Uint8Array.of(DATA_TRANSFER_VERSION >> 8, DATA_TRANSFER_VERSION & 0xff, op));
  writeDelimited(type, message, scratch);
  return scratch.toBuffer();
}
