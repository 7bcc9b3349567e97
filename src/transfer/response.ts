// A DataNode's first answer to an operation, and what it means when it is not SUCCESS. Apache:
// DataTransferProtoUtil.checkBlockOpStatus, whose words are kept.
import { HdfsError } from '../base/errors.ts';
import { BlockOpResponseProto, Status, StatusNames } from '../wire/messages/transfer.ts';
import { MAX_RESPONSE_BYTES } from '../wire/transfer/acks.ts';
import type { ByteSource } from './byte-source.ts';

/** Reads the answer. Rejects when the connection fails; a status that is not SUCCESS is returned like any other. */
export function readResponse(source: ByteSource): Promise<BlockOpResponseProto> {
  return source.readDelimited(BlockOpResponseProto, MAX_RESPONSE_BYTES);
}

/** Throws the error that the answer stands for. `what` ends the message, as in Apache's. */
export function checkResponse(response: BlockOpResponseProto, what: string): void {
  const { status, message } = response;
  if (status === Status.SUCCESS) return;
  if (status === Status.ERROR_ACCESS_TOKEN) {
    throw new HdfsError('ETOKEN', `Got access token error, status message ${message}, ${what}`);
  }
  throw new HdfsError('EIO', `Got error, status=${StatusNames[status]}, status message ${message}, ${what}`);
}
