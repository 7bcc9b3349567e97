// If this fails, packets or acknowledgements of ours differ from Apache's bytes and no client can write or read a block.
import { expect, test } from 'vitest';
import { PacketHeaderProto, PipelineAckProto, Status } from '../messages/transfer.ts';
import { combineFlag, encodeAck, firstBadReply, oobStatus, UNKNOWN_SEQNO } from './acks.ts';
import { isOp, OPS, Op } from './ops.ts';
import { packetHeaderBytes, parsePacketHeader, parsePacketLengths, writePacketHeader } from './packet.ts';

test.each([
  { offsetInBlock: 0, seqno: 0, lastPacketInBlock: false, dataLen: 512, syncBlock: false },
  { offsetInBlock: 2 ** 40 + 5, seqno: -1, lastPacketInBlock: true, dataLen: 0, syncBlock: true },
])('a packet header is the bytes of its protobuf and reads back', (header) => {
  const buffer = Buffer.alloc(64);
  const end = writePacketHeader(buffer, 3, header, 4);
  expect(end - 3).toBe(packetHeaderBytes(header.syncBlock));
  const proto = PacketHeaderProto.encode({ ...header, syncBlock: header.syncBlock || undefined });
  expect(buffer.subarray(3 + 6, end)).toEqual(proto);
  const lengths = parsePacketLengths(buffer, 3);
  expect(lengths.bodyBytes).toBe(4 + header.dataLen);
  expect(parsePacketHeader(buffer, 9, lengths)).toEqual(header);
});

test('lengths out of bounds are refused', () => {
  const buffer = Buffer.alloc(6);
  for (const [plen, hlen] of [
    [3, 25],
    [-1, 25],
    [17 * 1024 * 1024, 25],
    [4, -1],
  ] as const) {
    buffer.writeInt32BE(plen, 0);
    buffer.writeInt16BE(hlen, 4);
    expect(() => parsePacketLengths(buffer, 0)).toThrow();
  }
});

test('an acknowledgement carries replies and flags', () => {
  const bytes = encodeAck(7, [combineFlag(Status.SUCCESS), combineFlag(Status.ERROR_CHECKSUM)], 12);
  const ack = PipelineAckProto.decode(bytes.subarray(1));
  expect(ack).toMatchObject({ seqno: 7, reply: [0, 2], flag: [0, 2], downstreamAckTimeNanos: 12 });
  expect(firstBadReply(ack)).toBe(1);
  expect(oobStatus(ack)).toBeUndefined();
  expect(oobStatus({ ...ack, seqno: UNKNOWN_SEQNO, reply: [Status.OOB_RESTART] })).toBe(Status.OOB_RESTART);
});

test('the table of operations is total', () => {
  for (const code of Object.values(Op))
    expect(OPS[code].name).toBe(Object.entries(Op).find(([, value]) => value === code)?.[0]);
  expect(isOp(79)).toBe(false);
  expect(isOp(127)).toBe(true);
});
