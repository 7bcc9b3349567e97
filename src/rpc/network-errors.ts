// Failures of a call's connection in the words of Hadoop's NetUtils.wrapException, which operators know and look up.
import { ERROR_KINDS, HdfsError, messageOf } from '../base/errors.ts';
import type { Address, Host } from '../host/host.ts';

/** The connection stands, but its server has not answered a call in time. */
export class CallTimeout extends HdfsError {
  constructor() {
    super('ETIMEDOUT', 'the server has not answered in time');
  }
}

/** Whether what `describeFailure` made of an error was of an answer that did not come, rather than of a connection. */
export function isCallTimeout(error: HdfsError): boolean {
  return error.cause instanceof CallTimeout;
}

const WIKI = 'For more details see:  http://wiki.apache.org/hadoop/';

/** `name/address` of this machine, as Java prints it. */
export async function localName(host: Host): Promise<string> {
  const name = host.machine.hostName;
  try {
    const [address] = await host.dns.lookup(name);
    return address === undefined ? name : `${name}/${address}`;
  } catch {
    return name; // a machine that does not know its own name is told so elsewhere
  }
}

/** The error that a caller sees when its connection to `to` could not be made or broke. The code stays what it was. */
export function describeFailure(error: unknown, from: string, to: Address): HdfsError {
  if (error instanceof HdfsError) {
    const peer = `${to.host}:${to.port}`;
    const text = error.message.endsWith(`: ${peer}`) ? error.message.slice(0, -peer.length - 2) : error.message;
    const exception = `${ERROR_KINDS[error.code].javaClass}: ${text}`;
    if (error.code === 'ECONN' && text === 'Connection refused') {
      const message = `Call From ${from} to ${peer} failed on connection exception: ${exception}; ${WIKI}ConnectionRefused`;
      return new HdfsError('ECONN', message, { cause: error });
    }
    if (error.code === 'ECONN') {
      const message = `Call From ${from} to ${peer} failed on socket exception: java.net.SocketException: ${text}; ${WIKI}SocketException`;
      return new HdfsError('ECONN', message, { cause: error });
    }
    if (error.code === 'ETIMEDOUT') {
      const message = `Call From ${from} to ${peer} failed on socket timeout exception: ${exception}; ${WIKI}SocketTimeout`;
      return new HdfsError('ETIMEDOUT', message, { cause: error });
    }
    return error;
  }
  return new HdfsError('ECONN', messageOf(error), { cause: error });
}
