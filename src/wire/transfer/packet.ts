// A packet: a run of a block's bytes with the checksums of its chunks. Apache: PacketHeader, PacketReceiver.
//
//   +--------+---------+-------------------+-----------+------+
//   | PLEN   | HLEN    | PacketHeaderProto | checksums | data |
//   | 4      | 2       | HLEN bytes        |           |      |
//   +--------+---------+-------------------+-----------+------+
//
// PLEN counts itself, the checksums and the data, but not HLEN and the header. Checksums are absent when the reader did
// not ask for them; an empty packet is a heartbeat (seqno -1) or the last of its block.
import { ProtocolError } from '../../base/errors.ts';
import { readPacketHeaderProto } from '../messages/transfer.ts';
import { ProtoReader } from '../protobuf/reader.ts';

/** PLEN and HLEN. */
export const PACKET_LENGTHS_BYTES = 6;
/** Header of fixed-width fields without and with `syncBlock`. */
const HEADER_BYTES = 25;
const HEADER_BYTES_SYNC = 27;
/** Most bytes that a header of ours takes, with the lengths before it. Apache: PKT_MAX_HEADER_LEN. */
export const MAX_PACKET_HEADER_BYTES = PACKET_LENGTHS_BYTES + HEADER_BYTES_SYNC;
/** Longest packet in all, where nothing else is configured. Apache: PacketReceiver.MAX_PACKET_SIZE. */
export const MAX_PACKET_BYTES = 16 * 1024 * 1024;
/** Longest protobuf header that is believed. */
export const MAX_PACKET_PROTO_BYTES = 4096;
/** Seqno of a heartbeat. Apache: DFSPacket.HEART_BEAT_SEQNO. */
export const HEARTBEAT_SEQNO = -1;

export interface PacketHeader {
  readonly offsetInBlock: number;
  readonly seqno: number;
  readonly lastPacketInBlock: boolean;
  readonly dataLen: number;
  readonly syncBlock: boolean;
}

/** How the parts of a packet lie, known after its first six bytes. */
export interface PacketLengths {
  readonly headerBytes: number;
  /** Checksums and data together. */
  readonly bodyBytes: number;
  /** Lengths, header, checksums and data. */
  readonly totalBytes: number;
}

/** Reads PLEN and HLEN at `at`. Throws ProtocolError when they are out of bounds. */
export function parsePacketLengths(buffer: Buffer, at: number, maxBytes = MAX_PACKET_BYTES): PacketLengths {
  const payload = buffer.readInt32BE(at);
  const headerBytes = buffer.readInt16BE(at + 4);
  if (payload < 4) throw new ProtocolError(`Invalid payload length ${payload}`);
  if (headerBytes < 0 || headerBytes > MAX_PACKET_PROTO_BYTES) throw new ProtocolError(`Invalid header length ${headerBytes}`);
  if (payload + headerBytes > maxBytes) throw new ProtocolError(`Incorrect value for packet payload size: ${payload}`);
  const bodyBytes = payload - 4;
  return { headerBytes, bodyBytes, totalBytes: PACKET_LENGTHS_BYTES + headerBytes + bodyBytes };
}

/** Reads the header that lies in [start, start + headerBytes). Throws ProtocolError. */
export function parsePacketHeader(buffer: Buffer, start: number, lengths: PacketLengths): PacketHeader {
  const end = start + lengths.headerBytes;
  const proto = readPacketHeaderProto(new ProtoReader(buffer, start, end), end);
  const { offsetInBlock, seqno, lastPacketInBlock, dataLen } = proto;
  if (offsetInBlock === undefined || seqno === undefined || lastPacketInBlock === undefined || dataLen === undefined) {
    throw new ProtocolError('a packet header lacks a required field');
  }
  if (dataLen < 0 || dataLen > lengths.bodyBytes) {
    throw new ProtocolError(
      `Invalid packet: data length in packet header exceeds data length received. dataPlusChecksumLen=${lengths.bodyBytes} dataLen=${dataLen}`,
    );
  }
  if (offsetInBlock < 0) throw new ProtocolError(`Invalid packet: negative offset ${offsetInBlock}`);
  return { offsetInBlock, seqno, lastPacketInBlock, dataLen, syncBlock: proto.syncBlock === true };
}

/** Bytes that `writePacketHeader` will take for such a packet: what to leave free before the checksums. */
export function packetHeaderBytes(syncBlock: boolean): number {
  return PACKET_LENGTHS_BYTES + (syncBlock ? HEADER_BYTES_SYNC : HEADER_BYTES);
}

/**
 * Writes lengths and header at `at`; checksums and data follow it directly. Answers where they begin. Byte for byte what
 * Apache's encoder writes: `syncBlock` is left out when false.
 */
export function writePacketHeader(buffer: Buffer, at: number, header: PacketHeader, checksumBytes: number): number {
  const { offsetInBlock, seqno, dataLen, syncBlock } = header;
  const protoBytes = syncBlock ? HEADER_BYTES_SYNC : HEADER_BYTES;
  buffer.writeInt32BE(4 + checksumBytes + dataLen, at);
  buffer.writeInt16BE(protoBytes, at + 4);
  let p = at + PACKET_LENGTHS_BYTES;
  buffer[p++] = 0x09;
  p = writeInt64LE(buffer, p, offsetInBlock);
  buffer[p++] = 0x11;
  p = writeInt64LE(buffer, p, seqno);
  buffer[p++] = 0x18;
  buffer[p++] = header.lastPacketInBlock ? 1 : 0;
  buffer[p++] = 0x25;
  p = buffer.writeInt32LE(dataLen, p);
  if (syncBlock) {
    buffer[p++] = 0x28;
    buffer[p++] = 1;
  }
  return p;
}

function writeInt64LE(buffer: Buffer, at: number, value: number): number {
  const high = Math.floor(value / 0x1_0000_0000);
  buffer.writeUInt32LE(value - high * 0x1_0000_0000, at);
  return buffer.writeInt32LE(high, at + 4);
}
