// What an operation of WebHDFS is given, and how one is looked up. The operations themselves, get.ts, put.ts and changes.ts,
// only ask ClientProtocol: the NameNode's web server answers them in its own process, HttpFS through a client.
import { HdfsError } from '../base/errors.ts';
import type { HttpResponse } from '../host/host.ts';
import type { RequestInitOf, ResponseOf } from '../rpc/service.ts';
import type { ClientNamenodeProtocol } from '../wire/messages/client-namenode.ts';
import { PARAMETERS, type Parameter, type ParameterName, type ParameterValue, type QueryValues } from './parameters.ts';

export type ClientMethods = typeof ClientNamenodeProtocol;

/** ClientProtocol as the user of the request. */
export interface NameNodeCalls {
  call<K extends keyof ClientMethods & string>(
    method: K,
    request: RequestInitOf<ClientMethods, K>,
  ): Promise<ResponseOf<ClientMethods, K>>;
}

export interface OperationRequest {
  readonly op: string;
  /** Absolute, decoded. */
  readonly path: string;
  readonly query: QueryValues;
  readonly user: string;
  readonly namenode: NameNodeCalls;
  /** dfs.user.home.dir.prefix. */
  readonly homePrefix: string;
  /** dfs.replication, where a request names none. */
  readonly replication: number;
  /** A holder of leases that nobody else has. */
  readonly clientName: () => string;
}

export type Operation = (request: OperationRequest) => Promise<HttpResponse>;

/** The value of a parameter that an operation cannot do without. Apache: validateOpParams. */
export function required<N extends ParameterName>(request: OperationRequest, parameter: N): ParameterValue<N> {
  const value = request.query.get(parameter);
  const declared = PARAMETERS[parameter] as Parameter<ParameterValue<N>>;
  if (value === undefined || declared.format(value) === '') {
    const reason = `Required param ${declared.name} for op: ${request.op} is null or empty`;
    throw new HdfsError('EILLEGAL', reason);
  }
  return value;
}

/** Known, and not done: the JSON of what no NameNode of ours answers yet. */
export const unsupported: Operation = async ({ op }) => {
  throw new HdfsError('EUNSUPPORTED', `${op} is not supported`);
};
