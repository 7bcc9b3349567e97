// What a failed call says to its caller: the Java class, the message and the detail that Hadoop's clients decide by.
import { AssertionError } from '../base/assert.ts';
import { HdfsError, messageOf, ProtocolError } from '../base/errors.ts';
import { ErrorDetail, type Failure } from '../wire/ipc/headers.ts';

const failure = (javaClass: string, message: string, detail: ErrorDetail): Failure => ({
  javaClass,
  message,
  detail,
  fatal: false,
});

/** The answer to a call that ended with `error`. None of these ends the connection. */
export function failureOf(error: unknown): Failure {
  if (error instanceof HdfsError) {
    switch (error.code) {
      case 'ENOMETHOD':
        return failure(error.javaClass, error.message, ErrorDetail.ERROR_NO_SUCH_METHOD);
      case 'ENOPROTOCOL':
        return failure(error.javaClass, error.message, ErrorDetail.ERROR_NO_SUCH_PROTOCOL);
      case 'EVERSION':
        return failure(error.javaClass, error.message, ErrorDetail.ERROR_RPC_VERSION_MISMATCH);
      case 'ERPC':
        return failure(error.javaClass, error.message, ErrorDetail.ERROR_RPC_SERVER);
      default:
        return failure(error.javaClass, error.message, ErrorDetail.ERROR_APPLICATION);
    }
  }
  if (error instanceof ProtocolError) {
    // As Apache: the frame was whole, its parameter was not.
    const javaClass = 'org.apache.hadoop.thirdparty.protobuf.InvalidProtocolBufferException';
    return failure(javaClass, error.message, ErrorDetail.ERROR_APPLICATION);
  }
  return failure('java.io.IOException', messageOf(error), ErrorDetail.ERROR_APPLICATION);
}

/** Whether an error is ours, not the caller's: it belongs in the log with its stack. */
export function isOurFault(error: unknown): boolean {
  return !(error instanceof HdfsError || error instanceof ProtocolError);
}

/** Whether the process must not go on. */
export function isBrokenInvariant(error: unknown): error is AssertionError {
  return error instanceof AssertionError;
}

export function noSuchMethod(method: string, protocol: string): HdfsError {
  return new HdfsError('ENOMETHOD', `Unknown method ${method} called on ${protocol} protocol.`);
}

export function refusedMethod(method: string, protocol: string, reason: string): HdfsError {
  return new HdfsError('ENOMETHOD', `Unknown method ${method} called on ${protocol} protocol: ${reason}`);
}

export function noSuchProtocol(protocol: string): HdfsError {
  return new HdfsError('ENOPROTOCOL', `Unknown protocol: ${protocol}`);
}

export function wrongProtocolVersion(protocol: string, client: number, server: number): HdfsError {
  const message = `Protocol ${protocol} version mismatch. (client = ${client}, server = ${server})`;
  return new HdfsError('EVERSION', message);
}
